"""What the OpenDRIVE text says that the world needs: speed limits and the place on Earth.

Both are looked up by CARLA's own offline ``carla.Map``, so that the server and its clients mean the same.
"""

from __future__ import annotations

import subprocess
import sys

import carla

from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.actors import DEFAULT_SPEED_LIMIT_KMH
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.signs import SignSite, sign_sites
from sim_scenarios.embedded_simulator.world.snapshot import Vector

_READ = "import carla, sys; carla.Map('map', sys.stdin.read())"
_READ_TIMEOUT_S = 120.0
_CELL_M, _CELL_HEIGHT_M = 2.0, 3.0


def require_readable(opendrive: str) -> None:
    """Has ``carla.Map`` read a text that a client sent, in a process of its own: some broken texts take it down.

    Raises:
        WorldError: It cannot; neither could any client.
    """
    command = [sys.executable, "-c", _READ]
    try:
        reader = subprocess.run(
            command, input=opendrive, capture_output=True, text=True, timeout=_READ_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise WorldError(f"the carla client needs more than {error.timeout:g} s to read this OpenDRIVE") from error
    if reader.returncode != 0:
        last = (reader.stderr.strip().splitlines() or [f"it ended with code {reader.returncode}"])[-1]
        raise WorldError(f"the carla client cannot read this OpenDRIVE: {last}")


class Roads:
    """Answers about one OpenDRIVE map."""

    def __init__(self, town: Town) -> None:
        self._map = carla.Map(town.name, town.opendrive)
        self._limits_kmh = town.speed_limits_kmh
        self._limit_of_cell: dict[tuple[float, float, float], float] = {}

    def signs(self) -> tuple[SignSite, ...]:
        """Stop, yield and speed signs."""
        return sign_sites(self._map)

    def speed_limit_kmh(self, location: Vector) -> float:
        """The limit on the driving lane nearest to the middle of the cell that ``location`` is in.

        Roads without one have CARLA's default of 30 km/h. Cells, because looking a lane up costs more than driving.
        """
        cell = (location.x // _CELL_M, location.y // _CELL_M, round(location.z / _CELL_HEIGHT_M))
        limit = self._limit_of_cell.get(cell)
        if limit is None:
            limit = self._limit_of_cell[cell] = self._look_up(cell)
        return limit

    def _look_up(self, cell: tuple[float, float, float]) -> float:
        x, y, z = (cell[0] + 0.5) * _CELL_M, (cell[1] + 0.5) * _CELL_M, cell[2] * _CELL_HEIGHT_M
        waypoint = self._map.get_waypoint(carla.Location(x, y, z))
        if waypoint is None:
            return DEFAULT_SPEED_LIMIT_KMH
        return float(self._limits_kmh.get(waypoint.road_id, DEFAULT_SPEED_LIMIT_KMH))

    def geolocation(self, location: Vector) -> tuple[float, float, float]:
        """Latitude [deg], longitude [deg], altitude [m]: what the client's ``Map.transform_to_geolocation`` gives."""
        place = self._map.transform_to_geolocation(carla.Location(*location))
        return place.latitude, place.longitude, place.altitude
