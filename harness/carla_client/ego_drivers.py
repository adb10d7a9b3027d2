"""Who drives the ego: the TrafficManager, with a route or as it likes, or poses that were fixed beforehand.

Decisions:

- Traffic drives live around the ego in each case: it sees where the ego is, and yields to it as to any other car.
- Fixed poses are applied before each tick, with physics off, from the very first one: the ego never falls onto its
  wheels and then jumps. Its speed is that between two poses, because CARLA reports none for what its client moves.
- An ego with fixed poses carries the lamps that the weather asks for, as the TrafficManager would switch them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import carla
import numpy as np
import numpy.typing as npt

from harness.carla_client.actors import to_transform
from harness.carla_client.drive_log import DriveLog, Floats
from harness.carla_client.log_checks import logged_scenario, require_same_version
from harness.carla_client.routes import ABOVE_ROAD_M, plan_route, transform_at
from harness.carla_client.session import Session
from harness.carla_client.weather import WEATHER_LIGHTS, ShownWeather, lights_for
from harness.errors import DataError
from sim_scenarios.scenario import PathPose, Scenario


class EgoDriver(Protocol):
    """Drives one ego through one drive."""

    start: carla.Transform
    """Where the ego is spawned."""

    def take_over(self, session: Session, ego: carla.Actor) -> None:
        """Begin; called once, after the first tick, together with all other traffic."""

    def before_tick(self, session: Session, ego: carla.Actor, tick: int, weather: ShownWeather) -> None:
        """Do what is to be done before a tick, also the first; ``tick`` is counted from 0 after the warm-up."""

    def speed(self, tick: int) -> float | None:
        """[m/s] at a tick; None: as the server says."""


def choose_driver(town: carla.Map, scenario: Scenario, *, server_version: str) -> EgoDriver:
    """The driver that a scenario asks for.

    Raises:
        DataError: its drive log is missing, damaged, or does not fit the scenario or the server.
        ScenarioFileError: a place that does not exist, or a route that cannot be driven.
    """
    ego = scenario.ego
    if ego.drive_log is not None:
        return logged_driver(Path(ego.drive_log), scenario, server_version=server_version)
    if ego.path:
        times_s = np.multiply(_ticks(scenario), scenario.fixed_delta_seconds, dtype=np.float64)
        return PosedDriver(poses_along(ego.path, times_s), scenario)
    start = transform_at(town, ego.spawn_point, what="the ego")
    return AutopilotDriver(start, plan_route(town, start, ego.route) if ego.route else ())


class AutopilotDriver:
    """The TrafficManager, along a way if there is one; at its end, and without one, it turns as it likes."""

    def __init__(self, start: carla.Transform, way: Sequence[carla.Location] = ()) -> None:
        """See ``routes.plan_route`` for what ``way`` must be like."""
        self.start = start
        self._way = list(way)

    def take_over(self, session: Session, ego: carla.Actor) -> None:
        """Switch the autopilot on."""
        hand_to_traffic_manager(session, ego)
        if self._way:
            session.traffic_manager.auto_lane_change(ego, False)
            session.traffic_manager.set_path(ego, self._way)

    def before_tick(self, session: Session, ego: carla.Actor, tick: int, weather: ShownWeather) -> None:
        """Nothing: the TrafficManager acts by itself."""

    def speed(self, tick: int) -> float | None:
        """As the server says."""
        return None


class PosedDriver:
    """Puts the ego where it is to be, tick by tick."""

    def __init__(
        self,
        poses: Floats,
        scenario: Scenario,
        *,
        controls: Floats | None = None,
        lamps: npt.NDArray[np.uint32] | None = None,
    ) -> None:
        """Prepare.

        Args:
            poses: (T, 6) float32, for each tick of ``scenario`` from the first one of its warm-up on: x, y, z [m],
                pitch, yaw, roll [deg].
            scenario: Says when.
            controls: (T, 3) throttle, steer, brake, which turn the wheels; None: zeros.
            lamps: (T,) bits of ``carla.VehicleLightState``; None: none but those for the weather.
        """
        self.start = to_transform(poses[0])
        self.start.location.z += ABOVE_ROAD_M  # CARLA spawns nothing that touches the road
        self._poses = poses
        self._warmup_ticks = scenario.warmup_ticks
        self._controls = np.zeros((len(poses), 3), np.float32) if controls is None else controls
        self._lamps = np.zeros(len(poses), np.uint32) if lamps is None else lamps
        steps_m = np.linalg.norm(np.diff(poses[:, :3].astype(np.float64), axis=0, prepend=poses[:1, :3]), axis=1)
        self._speeds = steps_m / scenario.fixed_delta_seconds
        self._shown_lamps: int | None = None

    def take_over(self, session: Session, ego: carla.Actor) -> None:
        """Nothing: poses have been applied from the first tick on."""

    def before_tick(self, session: Session, ego: carla.Actor, tick: int, weather: ShownWeather) -> None:
        """Put the ego where it is at ``tick``."""
        row = tick + self._warmup_ticks
        throttle, steer, brake = (float(value) for value in self._controls[row])
        control = carla.VehicleControl(throttle=throttle, steer=steer, brake=brake)
        commands: list[Any] = [
            carla.command.ApplyVehicleControl(ego, control),
            carla.command.ApplyTransform(ego, to_transform(self._poses[row])),
        ]
        if row == 0:
            commands.insert(0, carla.command.SetSimulatePhysics(ego, False))
        lamps = int(self._lamps[row]) & ~WEATHER_LIGHTS | lights_for(weather.at(tick))
        if lamps != self._shown_lamps:
            commands.append(carla.command.SetVehicleLightState(ego.id, lamps))
            self._shown_lamps = lamps
        session.client.apply_batch_sync(commands, False)

    def speed(self, tick: int) -> float | None:
        """Between the pose before and the one at ``tick``."""
        return float(self._speeds[tick + self._warmup_ticks])


def hand_to_traffic_manager(session: Session, vehicle: carla.Actor) -> None:
    """Let the session's TrafficManager drive ``vehicle`` and switch its lamps."""
    vehicle.set_autopilot(True, session.traffic_manager_port)
    session.traffic_manager.update_vehicle_lights(vehicle, True)


def logged_driver(path: Path, scenario: Scenario, *, server_version: str) -> PosedDriver:
    """Repeats what the ego of a drive log did; in a longer warm-up than the log's it waits where that began.

    Raises:
        DataError: the log is missing, damaged, of another town, time step or server version, or shorter than the
            scenario.
    """
    log = DriveLog.load(path)
    require_same_version(log, server_version, path=path)
    _require_fits(log, scenario, path=path)
    rows = np.maximum(_ticks(scenario) + log.warmup_ticks, 0)
    return PosedDriver(
        log.transforms[rows, log.ego],
        scenario,
        controls=log.controls[rows, log.ego],
        lamps=log.vehicle_lights[rows, log.ego],
    )


def poses_along(path: Sequence[PathPose], times_s: npt.NDArray[np.float64]) -> Floats:
    """Poses of a path at any time: linear in between, angles the shorter way round, the ends held.

    Args:
        path: With times that increase.
        times_s: (T,) [s] on the path's own clock.

    Returns:
        (T, 6) float32: x, y, z [m], pitch, yaw, roll [deg].
    """
    at_s = np.array([pose.at_s for pose in path])
    places = np.array([(pose.x, pose.y, pose.z) for pose in path])
    angles = np.unwrap(np.array([(pose.pitch, pose.yaw, pose.roll) for pose in path]), period=360.0, axis=0)
    columns = np.concatenate([places, angles], axis=1).T
    return np.stack([np.interp(times_s, at_s, column) for column in columns], axis=1).astype(np.float32)


def _require_fits(log: DriveLog, scenario: Scenario, *, path: Path) -> None:
    town = logged_scenario(log, path=path).town
    facts = (
        ("town", town, scenario.town),
        ("fixed_delta_seconds", log.fixed_delta_seconds, scenario.fixed_delta_seconds),
    )
    for name, seen, wanted in facts:
        if seen != wanted:
            raise DataError(
                f"the ego of scenario {scenario.name} cannot repeat drive log {path}: its {name} is {seen}, the "
                f"scenario's {wanted}. Give the scenario the log's"
            )
    if log.num_ticks - log.warmup_ticks < scenario.num_ticks:
        driven_s = (log.num_ticks - log.warmup_ticks) * log.fixed_delta_seconds
        raise DataError(
            f"the ego of scenario {scenario.name} cannot repeat drive log {path}: the log has {driven_s:g} s, the "
            f"scenario wants {scenario.duration_s:g} s. Shorten its duration_s"
        )
    if np.isnan(log.transforms[:, log.ego]).any():
        raise DataError(f"in drive log {path} the ego was gone for a while: record its scenario again")


def _ticks(scenario: Scenario) -> npt.NDArray[np.int64]:
    """All ticks of a drive, the warm-up's with negative numbers."""
    return np.arange(-scenario.warmup_ticks, scenario.num_ticks, dtype=np.int64)
