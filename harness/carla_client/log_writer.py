"""Writes down, tick by tick, what a ``DriveLog`` holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import carla
import numpy as np

from harness.carla_client.actors import pose_of
from harness.carla_client.cast import CastMember
from harness.carla_client.drive_log import DriveLog, Floats
from harness.carla_client.session import Session
from sim_scenarios.scenario import Scenario


class LogWriter:
    """Grows by a row with each of its ticks; ``finish`` makes the log of the rows so far."""

    def __init__(self, session: Session, scenario: Scenario, members: Sequence[CastMember]) -> None:
        """Start the log of ``members``, of which the first is the ego."""
        self._session = session
        self._scenario = scenario
        self._members = tuple(members)
        self._map_name = str(session.map.name)
        self._lights: list[carla.TrafficLight] | None = None
        self._frames: list[int] = []
        self._transforms: list[Floats] = []
        self._speeds: list[Floats] = []
        self._controls: list[Floats] = []
        self._vehicle_lights: list[list[int]] = []
        self._traffic_lights: list[list[int]] = []

    def tick(self, *, ego_speed: float | None = None) -> carla.WorldSnapshot:
        """Let the session tick and add the row of it.

        Args:
            ego_speed: [m/s]; None: as the snapshot has it.

        Returns:
            The world after the tick.

        Raises:
            ServerLostError: as ``Session.tick``.
        """
        # Before: the TrafficManager switches lamps after its tick, to be seen in the next one.
        lamps = self._session.world.get_vehicles_light_states()
        snapshot = self._session.tick()
        self._add(snapshot, lamps)
        if ego_speed is not None:
            self._speeds[-1][0] = ego_speed
        return snapshot

    @property
    def latest_traffic_lights(self) -> Sequence[int]:
        """Values of ``carla.TrafficLightState`` in the latest row, by column."""
        return self._traffic_lights[-1]

    def _add(self, snapshot: carla.WorldSnapshot, lamps: Mapping[int, carla.VehicleLightState]) -> None:
        if self._lights is None:
            # Only now: before the first tick of a session its client knows no actors.
            self._lights = traffic_lights(self._session.world)
        count = len(self._members)
        transforms = np.full((count, 6), np.nan, np.float32)
        speeds = np.zeros(count, np.float32)
        controls = np.zeros((count, 3), np.float32)
        for i, member in enumerate(self._members):
            state = snapshot.find(member.actor.id)
            if state is None:
                continue
            transforms[i] = pose_of(state.get_transform())
            speeds[i] = state.get_velocity().length()
            if not member.made_as.is_walker:
                control = member.actor.get_control()
                controls[i] = control.throttle, control.steer, control.brake
        self._frames.append(snapshot.frame)
        self._transforms.append(transforms)
        self._speeds.append(speeds)
        self._controls.append(controls)
        self._vehicle_lights.append([int(lamps.get(member.actor.id, 0)) for member in self._members])
        self._traffic_lights.append([int(light.get_state()) for light in self._lights])

    def finish(self) -> DriveLog:
        """The log of all rows that were added."""
        ticks, actors = len(self._frames), len(self._members)
        ids = tuple(str(light.get_opendrive_id()) for light in self._lights or ())
        return DriveLog(
            scenario=self._scenario.definition,
            town=self._map_name,
            server_version=self._session.endpoint.version,
            fixed_delta_seconds=self._scenario.fixed_delta_seconds,
            seed=self._scenario.seed,
            warmup_ticks=self._scenario.warmup_ticks,
            record_every_n=self._scenario.record_every_n,
            actors=tuple(member.made_as for member in self._members),
            ego=0,
            traffic_light_ids=ids,
            simulator_seed=self._session.endpoint.seed,
            frames=np.array(self._frames, np.int64),
            spawn_transforms=np.array([member.spawned_at for member in self._members], np.float32),
            transforms=np.array(self._transforms, np.float32).reshape(ticks, actors, 6),
            speeds=np.array(self._speeds, np.float32).reshape(ticks, actors),
            controls=np.array(self._controls, np.float32).reshape(ticks, actors, 3),
            vehicle_lights=np.array(self._vehicle_lights, np.uint32).reshape(ticks, actors),
            traffic_lights=np.array(self._traffic_lights, np.uint8).reshape(ticks, len(ids)),
        )


def traffic_lights(world: carla.World) -> list[carla.TrafficLight]:
    """All traffic lights of the town, by their OpenDRIVE signal id."""
    lights = [light for light in world.get_actors().filter("traffic.traffic_light*") if light.get_opendrive_id()]
    return sorted(lights, key=lambda light: str(light.get_opendrive_id()))
