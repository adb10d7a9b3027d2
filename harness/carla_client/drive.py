"""Drive a scenario: the ego and its driver, traffic around it, cameras on it, and a log of everything that moved.

Order in a tick: the world ticks, its snapshot goes into the log, then the images are waited for; the server renders
while the log is written. Nothing between spawning and the first logged tick moves time, so that a replay, which spawns
the same actors in the same places, is in step from the first tick on.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import carla
import numpy as np

from harness.carla_client.actors import ActorScope
from harness.carla_client.cast import (
    CastMember,
    make_walkers_alike,
    spawn_controllers,
    spawn_ego,
    spawn_parked_vehicles,
    spawn_vehicles,
    spawn_walkers,
    start_walking,
)
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.ego_drivers import EgoDriver, choose_driver, hand_to_traffic_manager
from harness.carla_client.log_writer import LogWriter
from harness.carla_client.observation import Observation
from harness.carla_client.observer import Observer
from harness.carla_client.routes import plan_journey
from harness.carla_client.session import Session
from harness.carla_client.staging import Staging
from harness.carla_client.weather import ShownWeather
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario

_SPEED_BELOW_LIMIT = 5.0
"""[%]"""
OnTick: TypeAlias = Callable[[int, carla.WorldSnapshot], None]
_PARKING = 1
"""Beside the seed: parked cars are chosen by a generator of their own."""


@dataclass(frozen=True, kw_only=True)
class _Cast:
    ego: CastMember
    staged: list[CastMember]
    vehicles: list[CastMember]
    walkers: list[CastMember]
    parked: list[CastMember]
    controllers: list[carla.Actor]
    """Of the walkers."""

    @property
    def members(self) -> list[CastMember]:
        """All that the log has a column for, in its order."""
        return [self.ego, *self.staged, *self.vehicles, *self.walkers, *self.parked]


class Drive:
    """One drive of a scenario; iterate once over it, then take its log."""

    def __init__(
        self,
        session: Session,
        scenario: Scenario,
        *,
        cameras: Sequence[CameraSpec],
        first_tick: int,
        driver: EgoDriver | None,
        observe_every_n: int | None,
        extra_ticks: int,
        on_tick: OnTick | None,
    ) -> None:
        self._session = session
        self._scenario = scenario
        self._specs = tuple(cameras)
        self._first_tick = first_tick
        self._driver = driver
        self._observe_every_n = observe_every_n or scenario.record_every_n
        self._num_ticks = scenario.num_ticks + extra_ticks
        self._on_tick = on_tick
        self._is_ended = False
        self._staging: Staging | None = None
        self._writer: LogWriter | None = None
        self.cast: tuple[CastMember, ...] = ()
        """All that the log has a column for, in its order, the ego first; there once the drive has started."""
        self.scope: ActorScope | None = None
        """Of the drive's actors, while it lasts: for what is attached to them."""
        self.shortfalls: tuple[str, ...] = ()
        """What the scenario asks for and the town had no room for, one sentence each."""

    @property
    def log(self) -> DriveLog:
        """Of the ticks that were driven so far."""
        assert self._writer is not None, "the log exists once the drive has started"
        return self._writer.finish()

    @property
    def traffic_lights(self) -> tuple[int, ...]:
        """Values of ``carla.TrafficLightState`` after the latest tick, in the order of the log's columns."""
        assert self._writer is not None, "there are lights once the drive has started"
        return tuple(self._writer.latest_traffic_lights)

    def end(self) -> None:
        """The tick that is being driven is the last one."""
        self._is_ended = True

    def __iter__(self) -> Generator[Observation, None, None]:
        """Drive.

        Yields:
            One observation for each recorded tick from ``first_tick`` on, with a pair for each camera.

        Raises:
            DataError: the drive log that the ego is to repeat is missing, damaged, or does not fit.
            ScenarioFileError: an unknown town, blueprint or spawn point, or a route that cannot be driven.
            ServerLostError: the server stopped answering.
        """
        session, scenario = self._session, self._scenario
        with session.reporting_loss(f"driving {scenario.name}"):
            session.load_town(scenario.town)
            driver = self._driver or choose_driver(session.map, scenario, server_version=session.endpoint.version)
            if scenario.staged:
                self._staging = Staging(plan_journey(session.map, scenario), scenario)
            make_walkers_alike(session)
            weather = ShownWeather(session.world, scenario.timeline, fixed_delta_seconds=scenario.fixed_delta_seconds)
            weather.before_tick(-scenario.warmup_ticks)
            with session.actors() as self.scope:
                session.start_traffic(scenario.seed)
                try:
                    # Once more: a server that hangs must be known to, before the TrafficManager is asked to end.
                    with session.reporting_loss(f"driving {scenario.name}"):
                        yield from self._run(self.scope, driver, weather)
                finally:
                    session.end_traffic()

    def _run(self, scope: ActorScope, driver: EgoDriver, weather: ShownWeather) -> Iterator[Observation]:
        rng = np.random.default_rng(self._scenario.seed)
        cast = self._spawn(scope, driver.start, rng)
        self.cast = tuple(cast.members)
        self._writer = LogWriter(self._session, self._scenario, self.cast)
        self._tick(cast, driver, weather, -self._scenario.warmup_ticks)
        self._set_moving(scope, cast, driver, rng)
        yield from self._drive(scope, cast, driver, weather)

    def _spawn(self, scope: ActorScope, start: carla.Transform, rng: np.random.Generator) -> _Cast:
        """The ego first, then what is staged, then vehicles, then walkers, then parked cars."""
        world, traffic = self._session.world, self._scenario.traffic
        ego = spawn_ego(scope, blueprint=self._scenario.ego.blueprint, start=start)
        staged = self._staging.spawn(scope) if self._staging is not None else []
        near = carla.Location(*ego.spawned_at[:3])
        vehicles = spawn_vehicles(scope, world, count=traffic.vehicles, near=near, rng=rng)
        walkers = spawn_walkers(scope, world, count=traffic.walkers, near=near, rng=rng)
        parking = np.random.default_rng((self._scenario.seed, _PARKING))
        parked = spawn_parked_vehicles(scope, world, count=traffic.parked_vehicles, near=near, rng=parking)
        wanted = (
            ("vehicles", traffic.vehicles, vehicles),
            ("walkers", traffic.walkers, walkers),
            ("parked vehicles", traffic.parked_vehicles, parked),
        )
        self.shortfalls = tuple(
            f"{len(found)} of {count} {kind} found room" for kind, count, found in wanted if len(found) < count
        )
        controllers = spawn_controllers(scope, walkers)
        return _Cast(ego=ego, staged=staged, vehicles=vehicles, walkers=walkers, parked=parked, controllers=controllers)

    def _set_moving(self, scope: ActorScope, cast: _Cast, driver: EgoDriver, rng: np.random.Generator) -> None:
        session = self._session
        session.traffic_manager.global_percentage_speed_difference(_SPEED_BELOW_LIMIT)
        driver.take_over(session, cast.ego.actor)
        for vehicle in cast.vehicles:
            hand_to_traffic_manager(session, vehicle.actor)
        session.world.set_pedestrians_cross_factor(self._scenario.traffic.crossing_factor)
        start_walking(scope, session.world, cast.controllers, rng=rng)

    def _drive(self, scope: ActorScope, cast: _Cast, driver: EgoDriver, weather: ShownWeather) -> Iterator[Observation]:
        scenario, session = self._scenario, self._session
        observer = Observer(
            session,
            scope,
            [member.actor for member in cast.members],
            0,
            self._specs,
            weather=weather,
            record_every_n=self._observe_every_n,
            first_tick=self._first_tick,
        )
        for tick in range(1 - scenario.warmup_ticks, self._num_ticks):
            observer.before_tick(tick)
            snapshot = self._tick(cast, driver, weather, tick)
            observation = observer.after_tick(tick, snapshot, ego_speed=driver.speed(tick))
            if observation is not None:
                yield observation
            if self._is_ended:
                return

    def _tick(self, cast: _Cast, driver: EgoDriver, weather: ShownWeather, tick: int) -> carla.WorldSnapshot:
        assert self._writer is not None
        driver.before_tick(self._session, cast.ego.actor, tick, weather)
        if self._staging is not None:
            self._staging.before_tick(self._session, tick, weather)
        snapshot = self._writer.tick(ego_speed=driver.speed(tick))
        if self._staging is not None:
            self._staging.after_tick(snapshot.find(cast.ego.actor.id).get_transform().location)
        if self._on_tick is not None:
            self._on_tick(tick, snapshot)
        return snapshot


def drive(
    session: Session,
    scenario: Scenario,
    *,
    cameras: Sequence[CameraSpec],
    first_tick: int = 0,
    driver: EgoDriver | None = None,
    observe_every_n: int | None = None,
    extra_ticks: int = 0,
    on_tick: OnTick | None = None,
) -> Drive:
    """A drive of ``scenario``. Nothing happens until it is iterated.

    Args:
        session: With the scenario's time step.
        scenario: What is to happen.
        cameras: Who sees it; none: a drive for its log alone.
        first_tick: Observations begin with the first recorded tick from here on; before, the same happens unseen.
        driver: Who drives the ego; None: as the scenario says.
        observe_every_n: There is an observation of every n-th tick; None: of those that the scenario records.
        extra_ticks: So many more than the scenario's duration, unless ``Drive.end`` is called.
        on_tick: Called after every tick, the warm-up's with negative numbers, with its number and the world after it,
            before images are waited for.
    """
    return Drive(
        session,
        scenario,
        cameras=cameras,
        first_tick=first_tick,
        driver=driver,
        observe_every_n=observe_every_n,
        extra_ticks=extra_ticks,
        on_tick=on_tick,
    )
