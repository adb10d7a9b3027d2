"""Drive a scenario: the ego under autopilot, traffic around it, cameras on it, and a log of everything that moved.

Order in a tick: the world ticks, its snapshot goes into the log, then the images are waited for; the server renders
while the log is written. Nothing between spawning and the first logged tick moves time, so that a replay, which spawns
the same actors in the same places, is in step from the first tick on.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import carla
import numpy as np

from harness.carla_client.actors import ActorScope
from harness.carla_client.cast import (
    CastMember,
    make_walkers_alike,
    spawn_controllers,
    spawn_ego,
    spawn_vehicles,
    spawn_walkers,
    start_walking,
)
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.log_writer import LogWriter
from harness.carla_client.observation import Observation
from harness.carla_client.observer import Observer
from harness.carla_client.session import Session
from harness.carla_client.weather import ShownWeather
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario

_CROSSING_WALKERS = 0.2
_SPEED_BELOW_LIMIT = 5.0
"""[%]"""


class Drive:
    """One drive of a scenario; iterate once over it, then take its log."""

    def __init__(self, session: Session, scenario: Scenario, *, cameras: Sequence[CameraSpec], first_tick: int) -> None:
        self._session = session
        self._scenario = scenario
        self._specs = tuple(cameras)
        self._first_tick = first_tick
        self._writer: LogWriter | None = None
        self.shortfalls: tuple[str, ...] = ()
        """What the scenario asks for and the town had no room for, one sentence each."""

    @property
    def log(self) -> DriveLog:
        """Of the ticks that were driven so far."""
        assert self._writer is not None, "the log exists once the drive has started"
        return self._writer.finish()

    def __iter__(self) -> Generator[Observation, None, None]:
        """Drive.

        Yields:
            One observation for each recorded tick from ``first_tick`` on, with a pair for each camera.

        Raises:
            ScenarioFileError: an unknown town, blueprint or spawn point.
            ServerLostError: the server stopped answering.
        """
        session, scenario = self._session, self._scenario
        with session.reporting_loss(f"driving {scenario.name}"):
            session.load_town(scenario.town)
            make_walkers_alike(session)
            weather = ShownWeather(session.world, scenario.timeline, fixed_delta_seconds=scenario.fixed_delta_seconds)
            weather.before_tick(-scenario.warmup_ticks)
            with session.actors() as scope:
                rng = np.random.default_rng(scenario.seed)
                session.start_traffic(scenario.seed)
                try:
                    members, controllers = self._spawn(scope, rng)
                    self._writer = LogWriter(session, scenario, members)
                    self._writer.tick()
                    self._set_moving(scope, members, controllers, rng)
                    yield from self._drive(scope, members, weather)
                finally:
                    session.end_traffic()

    def _spawn(self, scope: ActorScope, rng: np.random.Generator) -> tuple[list[CastMember], list[carla.Actor]]:
        """The ego first, then vehicles, then walkers; and the walkers' controllers."""
        world, traffic = self._session.world, self._scenario.traffic
        ego_spec = self._scenario.ego
        ego = spawn_ego(scope, self._session.map, blueprint=ego_spec.blueprint, spawn_point=ego_spec.spawn_point)
        near = carla.Location(*ego.spawned_at[:3])
        vehicles = spawn_vehicles(scope, world, count=traffic.vehicles, near=near, rng=rng)
        walkers = spawn_walkers(scope, world, count=traffic.walkers, near=near, rng=rng)
        self.shortfalls = tuple(
            f"{len(found)} of {wanted} {kind} found room"
            for kind, wanted, found in (("vehicles", traffic.vehicles, vehicles), ("walkers", traffic.walkers, walkers))
            if len(found) < wanted
        )
        return [ego, *vehicles, *walkers], spawn_controllers(scope, walkers)

    def _set_moving(
        self,
        scope: ActorScope,
        members: Sequence[CastMember],
        controllers: Sequence[carla.Actor],
        rng: np.random.Generator,
    ) -> None:
        session = self._session
        manager, port = session.traffic_manager, session.traffic_manager_port
        manager.global_percentage_speed_difference(_SPEED_BELOW_LIMIT)
        vehicles = [member.actor for member in members if not member.made_as.is_walker]
        for vehicle in vehicles:
            vehicle.set_autopilot(True, port)
            manager.update_vehicle_lights(vehicle, True)
        session.world.set_pedestrians_cross_factor(_CROSSING_WALKERS)
        start_walking(scope, session.world, controllers, rng=rng)

    def _drive(self, scope: ActorScope, members: Sequence[CastMember], weather: ShownWeather) -> Iterator[Observation]:
        scenario, session = self._scenario, self._session
        assert self._writer is not None
        observer = Observer(
            session,
            scope,
            [member.actor for member in members],
            0,
            self._specs,
            weather=weather,
            record_every_n=scenario.record_every_n,
            first_tick=self._first_tick,
        )
        for tick in range(1 - scenario.warmup_ticks, scenario.num_ticks):
            observer.before_tick(tick)
            snapshot = self._writer.tick()
            observation = observer.after_tick(tick, snapshot)
            if observation is not None:
                yield observation


def drive(session: Session, scenario: Scenario, *, cameras: Sequence[CameraSpec], first_tick: int = 0) -> Drive:
    """A drive of ``scenario``. Nothing happens until it is iterated.

    Args:
        session: With the scenario's time step.
        scenario: What is to happen.
        cameras: Who sees it; none: a drive for its log alone.
        first_tick: Observations begin with the first recorded tick from here on; before, the same happens unseen.
    """
    return Drive(session, scenario, cameras=cameras, first_tick=first_tick)
