"""Render a logged drive again: other weather, also one that changes, other cameras, the same scene.

The replay is kinematic. Every actor of the log is spawned as it was, its physics is switched off, and in each tick one
batch puts all of them where the log has them, with their lamps; traffic lights are frozen and set. Nothing decides
anything, so every weather and every camera sees the identical scene and a difference between two replays is the
weather's alone.

Every logged tick is replayed, also those that nobody records: how far a wheel has rolled and a leg has swung, and when
a blinker blinks, depends on the whole way, which no command can set.

Walkers get their pose twice in a batch: ``ApplyWalkerState`` sets the walking speed, which the animation needs, but
CARLA adds half the walker's height to that pose, so ``ApplyTransform`` follows with the pose that was logged.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence, Set
from typing import Any

import carla
import numpy as np

from harness.carla_client.actors import ActorScope, pose_of, to_transform
from harness.carla_client.drive_log import DriveLog, Floats
from harness.carla_client.log_checks import logged_scenario
from harness.carla_client.log_writer import traffic_lights
from harness.carla_client.observation import Observation
from harness.carla_client.observer import Observer
from harness.carla_client.session import Session
from harness.carla_client.weather import WEATHER_LIGHTS, ShownWeather, lights_for
from harness.errors import DataError, ScenarioFileError
from sim_scenarios.camera import CameraSpec
from sim_scenarios.weather import Weather
from sim_scenarios.weather_timeline import WeatherTimeline

_OUT_OF_SIGHT = carla.Transform(carla.Location(0.0, 0.0, -500.0))
"""Where actors wait that the log has no pose for."""


class Replay:
    """One replay of a log; iterate once over it."""

    def __init__(
        self,
        session: Session,
        log: DriveLog,
        *,
        weather: WeatherTimeline | Weather | None,
        cameras: Sequence[CameraSpec],
        first_tick: int,
        on_poses: Callable[[int, Floats], None] | None,
    ) -> None:
        self._session = session
        self._log = log
        logged = logged_timeline(log)
        self._timeline = _as_timeline(weather, logged)
        self._lamps_as_logged = self._timeline == logged
        self._first_tick = first_tick
        self._specs = tuple(cameras)
        self._on_poses = on_poses
        self.max_pose_error_m = 0.0
        """Largest distance so far between a logged position and where the server had the actor at a recorded tick."""

    def __iter__(self) -> Generator[Observation, None, None]:
        """Replay.

        Yields:
            One observation for each recorded tick of the log from ``first_tick`` on.

        Raises:
            DataError: the log is of another time step than the session, or of another town of the same name.
            ScenarioFileError: the town or a blueprint of the log does not exist on this server, or has no room.
            ServerLostError: the server stopped answering.
        """
        session, log = self._session, self._log
        if log.fixed_delta_seconds != session.fixed_delta_seconds:
            raise DataError(
                f"the log was driven with {log.fixed_delta_seconds} s a tick, this session has "
                f"{session.fixed_delta_seconds}: open the session with the log's"
            )
        with session.reporting_loss("replaying"):
            session.load_town(log.scenario["town"])
            weather = ShownWeather(session.world, self._timeline, fixed_delta_seconds=session.fixed_delta_seconds)
            weather.before_tick(-log.warmup_ticks)
            with session.actors() as scope:
                yield from self._replay(scope, self._spawn(scope), weather)

    def _spawn(self, scope: ActorScope) -> list[carla.Actor]:
        log = self._log
        cast = [(made_as, to_transform(pose)) for made_as, pose in zip(log.actors, log.spawn_transforms, strict=True)]
        actors = scope.spawn_all(cast)
        for made_as, actor, (_, transform) in zip(log.actors, actors, cast, strict=True):
            if actor is None:
                raise ScenarioFileError(
                    f"replay: {made_as.blueprint} has no room at {transform.location}, where the drive spawned it; "
                    "is the server's town free of other actors?"
                )
        return [actor for actor in actors if actor is not None]

    def _replay(self, scope: ActorScope, actors: list[carla.Actor], weather: ShownWeather) -> Iterator[Observation]:
        session, log = self._session, self._log
        observer = Observer(
            session,
            scope,
            actors,
            log.ego,
            self._specs,
            weather=weather,
            record_every_n=log.record_every_n,
            first_tick=self._first_tick,
        )
        session.client.apply_batch_sync([carla.command.SetSimulatePhysics(actor, False) for actor in actors], False)
        with _FrozenTrafficLights(session.world, log) as lights:
            for row in range(log.num_ticks):
                tick = row - log.warmup_ticks
                observer.before_tick(tick)
                session.client.apply_batch_sync(self._commands(actors, row, weather), False)
                lights.show(row)
                snapshot = session.tick()
                if self._on_poses is not None:
                    self._on_poses(tick, _poses(actors, snapshot))
                observation = observer.after_tick(tick, snapshot, ego_speed=float(log.speeds[row, log.ego]))
                if observation is not None:
                    self._check_poses(actors, snapshot, row)
                    yield observation

    def _commands(self, actors: Sequence[carla.Actor], row: int, weather: ShownWeather) -> list[Any]:
        """Everything that changes at this tick, for one batch."""
        log = self._log
        commands: list[Any] = []
        lamps, lamps_before = self._lamps(row, weather), self._lamps(row - 1, weather) if row else None
        for i, actor in enumerate(actors):
            pose = log.transforms[row, i]
            transform = _OUT_OF_SIGHT if np.isnan(pose[0]) else to_transform(pose)
            if log.actors[i].is_walker:
                commands.append(carla.command.ApplyWalkerState(actor, transform, float(log.speeds[row, i])))
            else:
                throttle, steer, brake = (float(value) for value in log.controls[row, i])
                control = carla.VehicleControl(throttle=throttle, steer=steer, brake=brake)
                commands.append(carla.command.ApplyVehicleControl(actor, control))
                if lamps_before is None or lamps[i] != lamps_before[i]:
                    # By id: the overload that takes an actor reads the state as a bool (carla 0.9.16).
                    commands.append(carla.command.SetVehicleLightState(actor.id, int(lamps[i])))
            commands.append(carla.command.ApplyTransform(actor, transform))
        return commands

    def _lamps(self, row: int, weather: ShownWeather) -> np.ndarray[Any, np.dtype[np.uint32]]:
        """(A,) as logged; in another weather, those that depend on it are as the weather of the moment wants them."""
        lamps: np.ndarray[Any, np.dtype[np.uint32]] = self._log.vehicle_lights[row]
        if not self._lamps_as_logged:
            now = weather.at(row - self._log.warmup_ticks)
            lamps = (lamps & ~np.uint32(WEATHER_LIGHTS)) | np.uint32(lights_for(now))
        return lamps

    def _check_poses(self, actors: Sequence[carla.Actor], snapshot: carla.WorldSnapshot, row: int) -> None:
        errors_m = np.linalg.norm(_poses(actors, snapshot)[:, :3] - self._log.transforms[row, :, :3], axis=1)
        self.max_pose_error_m = max(self.max_pose_error_m, float(np.nanmax(errors_m, initial=0.0)))


def _poses(actors: Sequence[carla.Actor], snapshot: carla.WorldSnapshot) -> Floats:
    """(A, 6) where the server has the actors; NaN where it has none."""
    poses = np.full((len(actors), 6), np.nan, np.float32)
    for pose, actor in zip(poses, actors, strict=True):
        state = snapshot.find(actor.id)
        if state is not None:
            pose[:] = pose_of(state.get_transform())
    return poses


def logged_timeline(log: DriveLog) -> WeatherTimeline:
    """The weather that the log was driven in.

    Raises:
        DataError: the scenario in the log is not one.
    """
    return logged_scenario(log).timeline


def _as_timeline(weather: WeatherTimeline | Weather | None, logged: WeatherTimeline) -> WeatherTimeline:
    if weather is None:
        return logged
    return WeatherTimeline.constant(weather) if isinstance(weather, Weather) else weather


class _FrozenTrafficLights:
    """Traffic lights that show what the log says and go on by themselves afterwards."""

    def __init__(self, world: carla.World, log: DriveLog) -> None:
        self._world = world
        self._log = log
        self._by_column: dict[int, carla.TrafficLight] | None = None

    def __enter__(self) -> _FrozenTrafficLights:
        self._world.freeze_all_traffic_lights(True)
        return self

    def __exit__(self, *_: object) -> None:
        self._world.freeze_all_traffic_lights(False)

    def show(self, row: int) -> None:
        """Set the lights that change at this tick."""
        if self._by_column is None:
            column = {signal: i for i, signal in enumerate(self._log.traffic_light_ids)}
            found = {str(light.get_opendrive_id()): light for light in traffic_lights(self._world)}
            _require_same_town(column.keys(), found.keys(), town=str(self._log.scenario["town"]))
            self._by_column = {column[signal]: light for signal, light in found.items()}
        states = self._log.traffic_lights
        for i, light in self._by_column.items():
            if row == 0 or states[row, i] != states[row - 1, i]:
                light.set_state(carla.TrafficLightState.values[int(states[row, i])])


def _require_same_town(logged: Set[str], found: Set[str], *, town: str) -> None:
    """A town of the same name may be another one: its traffic lights tell."""
    if logged != found:
        raise DataError(
            f"the log's {town} has {len(logged)} traffic lights, this server's has {len(found)}, of which "
            f"{len(logged & found)} are the same: it is another town of that name. Replay the log where it was driven"
        )


def replay(
    session: Session,
    log: DriveLog,
    *,
    weather: WeatherTimeline | Weather | None,
    cameras: Sequence[CameraSpec],
    first_tick: int = 0,
    on_poses: Callable[[int, Floats], None] | None = None,
) -> Replay:
    """A replay of ``log``. Nothing happens until it is iterated.

    Args:
        session: With the log's time step.
        log: Of the drive.
        weather: Constant or changing; None: as logged.
        cameras: Who sees it.
        first_tick: Observations begin with the first recorded tick from here on; before, the same happens unseen.
        on_poses: Called after every tick, the warm-up's with negative numbers, with where the server has the actors:
            (A, 6) float32 as in the log.
    """
    return Replay(session, log, weather=weather, cameras=cameras, first_tick=first_tick, on_poses=on_poses)
