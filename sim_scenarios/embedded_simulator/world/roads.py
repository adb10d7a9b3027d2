"""What the OpenDRIVE text says that the world needs: speed limits and the place on Earth.

Both are looked up by CARLA's own offline ``carla.Map``, so that the server and its clients mean the same.
"""

from __future__ import annotations

import carla

from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.actors import DEFAULT_SPEED_LIMIT_KMH
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.signs import SignSite, sign_sites
from sim_scenarios.embedded_simulator.world.snapshot import Vector


class Roads:
    """Answers about one OpenDRIVE map.

    Raises:
        WorldError: ``carla.Map`` does not take the text; no client could work with such a map.

    """

    def __init__(self, town: Town) -> None:
        try:
            self._map = carla.Map(town.name, town.opendrive)
        except RuntimeError as error:
            raise WorldError(f"the carla client cannot read this OpenDRIVE: {error}") from error
        self._limits_kmh = town.speed_limits_kmh

    def signs(self) -> tuple[SignSite, ...]:
        """Stop, yield and speed signs."""
        return sign_sites(self._map)

    def speed_limit_kmh(self, location: Vector) -> float:
        """The limit on the nearest driving lane; roads without one have CARLA's default of 30 km/h."""
        waypoint = self._map.get_waypoint(carla.Location(*location))
        if waypoint is None:
            return DEFAULT_SPEED_LIMIT_KMH
        return float(self._limits_kmh.get(waypoint.road_id, DEFAULT_SPEED_LIMIT_KMH))

    def geolocation(self, location: Vector) -> tuple[float, float, float]:
        """Latitude [deg], longitude [deg], altitude [m]: what the client's ``Map.transform_to_geolocation`` gives."""
        place = self._map.transform_to_geolocation(carla.Location(*location))
        return place.latitude, place.longitude, place.altitude
