"""One episode: a policy drives the ego along its route until the rules end it, and everything is written down.

Decisions:

- A tick, the pictures of that tick, a decision from them, the control from the next tick on (or ``latency_ticks``
  later): the simulation waits for the policy, so that an episode does not depend on how fast the machine is.
- The end is judged in the tick itself. Messages of collisions may come a little later, so ``SETTLE_TICKS`` more are
  driven, and an episode that turns out to have ended earlier is cut there: the same episode twice gives the same bytes.
- After a policy has failed the car brakes to a standstill before the episode ends, as a car on a road would have to.
- Nothing is judged here but the end; nothing of the wall clock goes into a log but a latency that was asked to be
  measured.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.labels import LabelSet
from harness.carla_client.commanded_driver import CommandedDriver, WaitingAutopilotDriver
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.ego_events import SETTLE_TICKS, Collision
from harness.carla_client.ego_instruments import EgoReading
from harness.carla_client.observation import CameraPair, Observation
from harness.carla_client.routes import Journey, plan_journey
from harness.carla_client.session import Session, base_name
from harness.carla_client.watched_drive import WatchedDrive
from harness.closed_loop.episode_log import EpisodeKey, EpisodeLog, Reason
from harness.closed_loop.episode_recorder import EpisodeEnd, EpisodeRecorder, EpisodeSetting, stop_line
from harness.closed_loop.mask_driver.roles import roles_of
from harness.closed_loop.policy import (
    DrivingObservation,
    EpisodeFacts,
    Explanation,
    Policy,
    Sense,
    VehicleControl,
    VehicleFacts,
)
from harness.closed_loop.policy_guard import PolicyFailure, PolicyGuard
from harness.closed_loop.rules import STANDING_BELOW, Referee, RolloutRules, Situation
from harness.errors import ScenarioFileError
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import Weather
from sim_scenarios.weather_timeline import WeatherTimeline

BRAKING_S = 5.0
"""At most so long a car brakes after its policy has failed, before the episode ends."""

OnLook = Callable[[DrivingObservation, VehicleControl, Explanation | None], None]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EpisodeResult:
    """What an episode left."""

    log: EpisodeLog
    drive_log: DriveLog
    """Of the same ticks and the warm-up: ``replay`` renders the episode again."""
    timing: dict[str, npt.NDArray[np.float64]]
    """Wall-clock time [s]: ``act_s`` (D,) of each decision, ``tick_s`` (T,) of each tick, picture and all."""
    notes: tuple[str, ...]
    """What a user should know, such as a picture that never came; a sentence each."""


def run_episode(
    session: Session,
    scenario: Scenario,
    policy: Policy,
    *,
    key: EpisodeKey,
    timeline: WeatherTimeline,
    camera: CameraSpec,
    rules: RolloutRules,
    tag_set: LabelSet,
    on_tick: Callable[[int], None] = lambda tick: None,
    on_look: OnLook | None = None,
    on_pictures: Callable[[Observation], None] | None = None,
) -> EpisodeResult:
    """Drive one episode.

    Args:
        session: With the scenario's time step.
        scenario: What happens, with the seed to use; its weather and cameras do not count.
        policy: Who drives.
        key: Which episode of the run this is.
        timeline: The weather.
        camera: What the policy sees by; none is made for one that does not look.
        rules: How the episode is driven and ended.
        tag_set: The tags that the server writes.
        on_tick: Called after each tick, with its number from 0.
        on_look: Called after each decision, with what it was made from, the control and what it rested on.
        on_pictures: Called before each decision, with the pictures as they were received.

    Raises:
        LabelError: the server's tags cannot be translated to the classes of the policy's masks.
        ScenarioFileError: an unknown town or blueprint, no room, or a route that the map cannot give.
        ServerLostError: the server stopped answering.
    """
    with _naming(scenario):
        _require_free_ego(scenario)
        with session.reporting_loss(f"planning {scenario.name}"):
            session.load_town(scenario.town)
            journey = plan_journey(session.map, scenario)
        driven = _as_driven(scenario, timeline, camera, rules)
        guard = PolicyGuard(policy, act_timeout_s=rules.act_timeout_s)
        try:
            rollout = _Rollout(session, driven, policy, guard, journey, key, camera, rules, tag_set)
            return rollout.run(on_tick=on_tick, on_look=on_look, on_pictures=on_pictures)
        finally:
            guard.close()


class _Rollout:
    """One episode while it lasts."""

    def __init__(
        self,
        session: Session,
        scenario: Scenario,
        policy: Policy,
        guard: PolicyGuard,
        journey: Journey,
        key: EpisodeKey,
        camera: CameraSpec,
        rules: RolloutRules,
        tag_set: LabelSet,
    ) -> None:
        self._scenario = scenario
        self._policy = policy
        self._guard = guard
        self._journey = journey
        self._camera = camera
        self._rules = rules
        self._tag_set = tag_set
        self._delta_s = scenario.fixed_delta_seconds
        self._max_ticks = rules.max_ticks(scenario)
        self._looks = bool(policy.senses & {Sense.CAMERA, Sense.TAGS})
        self._driver = (
            WaitingAutopilotDriver(journey.start, journey.exits)
            if Sense.AUTOPILOT in policy.senses
            else CommandedDriver(journey.start)
        )
        self._drive = WatchedDrive(
            session,
            scenario,
            driver=self._driver,
            plan=journey.plan,
            cameras=(camera,) if self._looks else (),
            observe_every_n=rules.decide_every,
            extra_ticks=math.ceil(BRAKING_S / self._delta_s) + SETTLE_TICKS + 1,
            on_reading=self._on_reading,
        )
        self._recorder = EpisodeRecorder(
            EpisodeSetting(
                key=key,
                scenario=scenario.definition,
                timeline=scenario.timeline,
                rules=asdict(rules),
                server={
                    "version": session.endpoint.version,
                    "town": base_name(str(session.map.name)),
                    "embedded": session.endpoint.embedded,
                    "seed": session.endpoint.seed,
                },
                plan=journey.plan,
                tag_set=tag_set,
            )
        )
        self._referee: Referee | None = None
        self._reading: EgoReading | None = None
        self._end: EpisodeEnd | None = None
        self._has_begun = False
        self._failed_at: int | None = None
        """Tick of the picture that the policy failed at."""
        self._stamps: list[float] = []
        self._speeds: list[float] = []
        """[m/s] of the ego in each tick."""
        self._acts: list[tuple[int, float]] = []
        self._notes: list[str] = []
        self._on_tick: Callable[[int], None] = lambda tick: None

    def run(
        self,
        *,
        on_tick: Callable[[int], None],
        on_look: OnLook | None,
        on_pictures: Callable[[Observation], None] | None,
    ) -> EpisodeResult:
        self._on_tick = on_tick
        with contextlib.closing(iter(self._drive)) as observations:
            for observation in observations:
                pair = observation.cameras.get(self._camera.name)
                if self._looks and pair is None:
                    reasons = "; ".join(gap.reason for gap in observation.gaps)
                    self._notes.append(f"no decision at tick {observation.tick}: {reasons}")
                elif self._end is None and self._failed_at is None:
                    if on_pictures is not None:
                        on_pictures(observation)
                    self._decide(observation.tick, pair, on_look)
        return self._result()

    # --- in each tick ---------------------------------------------------------------------------------------------

    def _on_reading(self, tick: int, reading: EgoReading) -> None:
        self._stamps.append(time.perf_counter())
        self._reading = reading
        self._speeds.append(abs(reading.speed))
        self._recorder.add_tick(reading)
        self._judge(tick, reading)
        if self._end is None or tick == self._end.tick:
            self._on_tick(tick)
        if self._end is not None and tick >= self._end.tick + SETTLE_TICKS:
            self._drive.end()

    def _judge(self, tick: int, reading: EgoReading) -> None:
        """Find the end, perhaps one that lies some ticks back."""
        collision = self._first_collision()
        if collision is not None and collision.tick <= self._latest_end(tick):
            self._end = EpisodeEnd(tick=collision.tick, reason="collision", message=f"with {collision.other}")
        elif self._end is not None:
            return
        elif self._guard.failure is not None and self._failed_at is not None:
            has_braked = abs(reading.speed) < STANDING_BELOW or tick >= self._failed_at + self._ticks(BRAKING_S)
            if has_braked and tick > self._failed_at:
                failure = self._guard.failure
                self._end = EpisodeEnd(tick=tick, reason=failure.reason, message=failure.message)
        else:
            reason = self._judged_by_rules(reading)
            if reason is not None:
                self._end = EpisodeEnd(tick=tick, reason=reason)
            elif tick == self._max_ticks - 1:
                self._end = EpisodeEnd(tick=tick, reason="time limit")

    def _first_collision(self) -> Collision | None:
        """The first that found the ego moving: one that is hit while it stands is not to blame, and goes on."""
        events = self._drive.instruments.events
        if not events.has_collisions():
            return None
        moving = (each for each in events.collisions() if self._speeds[max(each.tick - 1, 0)] >= STANDING_BELOW)
        return next(moving, None)

    def _latest_end(self, tick: int) -> int:
        """Until when a collision ends the episode: one of a car that only brakes any more does not."""
        if self._failed_at is not None:
            return self._failed_at
        return tick if self._end is None else self._end.tick

    def _judged_by_rules(self, reading: EgoReading) -> Reason | None:
        if self._referee is None:
            self._referee = Referee(
                self._rules,
                delta_s=self._delta_s,
                route_length_m=self._journey.plan.length_m,
                stop_lines=[stop_line(line) for line in self._drive.instruments.stop_lines],
            )
        return self._referee.judge(_situation(reading))

    def _ticks(self, seconds: float) -> int:
        return round(seconds / self._delta_s)

    # --- in each tick with a decision -----------------------------------------------------------------------------

    def _decide(self, tick: int, pair: CameraPair | None, on_look: OnLook | None) -> None:
        if not self._has_begun and not self._begin(tick):
            return
        observed = self._observed(tick, pair)
        started = time.perf_counter()
        decision = self._guard.act(observed)
        act_s = time.perf_counter() - started
        if isinstance(decision, PolicyFailure):
            self._fail(tick)
            return
        self._acts.append((tick, act_s))
        self._recorder.add_decision(tick, decision.explanation, None if pair is None else pair.tags)
        if isinstance(self._driver, CommandedDriver):
            late = self._rules.latency_ticks
            late += math.ceil(act_s / self._delta_s) if self._rules.measured_latency else 0
            control = decision.control
            pedals = (float(control.throttle), float(control.steer), float(control.brake))
            self._driver.command(pedals, from_tick=tick + 1 + late)
        if on_look is not None:
            on_look(observed, decision.control, decision.explanation)

    def _begin(self, tick: int) -> bool:
        """Begin the policy's episode; whether that went well."""
        self._has_begun = True
        measures = self._drive.instruments.measures
        failure = self._guard.begin(
            EpisodeFacts(
                camera=self._camera,
                vehicle=VehicleFacts(**{each.name: getattr(measures, each.name) for each in fields(measures)}),
                decision_s=self._rules.decide_every * self._delta_s,
                tag_set=self._tag_set,
                seed=self._scenario.seed,
                route=self._journey.plan if Sense.ROUTE in self._policy.senses else None,
            )
        )
        if failure is not None:
            self._fail(tick)
            return False
        self._recorder.know_classes(self._guard.label_set)
        return True

    def _fail(self, tick: int) -> None:
        self._failed_at = tick
        self._driver.hold(from_tick=tick + 1)

    def _observed(self, tick: int, pair: CameraPair | None) -> DrivingObservation:
        reading, senses = self._reading, self._policy.senses
        assert reading is not None
        command, distance_m = self._journey.plan.command_at(reading.route.s_m)
        throttle, steer, brake = reading.control
        return DrivingObservation(
            tick=tick,
            time_s=tick * self._delta_s,
            speed=reading.speed,
            yaw_rate=reading.yaw_rate,
            pitch_deg=reading.pose[3],
            roll_deg=reading.pose[5],
            speed_limit=reading.speed_limit,
            command=command,
            command_distance_m=distance_m,
            rgb=pair.rgb if pair is not None and Sense.CAMERA in senses else None,
            tags=pair.tags if pair is not None and Sense.TAGS in senses else None,
            pose=reading.pose if Sense.ROUTE in senses else None,
            route_s_m=reading.route.s_m if Sense.ROUTE in senses else None,
            applied=VehicleControl(throttle=throttle, steer=steer, brake=brake),
        )

    # --- afterwards -----------------------------------------------------------------------------------------------

    def _result(self) -> EpisodeResult:
        end, instruments = self._end, self._drive.instruments
        assert end is not None, "an episode ends at its time limit at the latest"
        drive_log = self._drive.log.until(self._scenario.warmup_ticks + end.tick + 1)
        events = instruments.events
        log = self._recorder.finish(
            end,
            drive_log,
            policy=self._described(),
            boxes=instruments.boxes,
            stop_lines=[stop_line(line) for line in instruments.stop_lines],
            collisions=events.collisions(),
            lane_invasions=events.lane_invasions(),
        )
        timing = {
            "act_s": np.array([act_s for tick, act_s in self._acts if tick < end.tick], np.float64),
            "tick_s": np.diff(np.array(self._stamps[: end.tick + 2], np.float64)),
        }
        notes = (*self._drive.shortfalls, *self._notes)
        return EpisodeResult(log=log, drive_log=drive_log, timing=timing, notes=notes)

    def _described(self) -> dict[str, Any]:
        """The policy as JSON."""
        policy, labels = self._policy, self._recorder.label_set
        described: dict[str, Any] = {
            "name": self._recorder.key.policy,
            "senses": sorted(sense.value for sense in policy.senses),
        }
        origin = getattr(policy, "origin", None)
        if origin is not None:  # a net is known by its weights; where they lie is no part of what happened
            described["origin"] = {name: value for name, value in dict(origin).items() if name != "run"}
        if labels is not None:
            roles = roles_of(labels)
            described |= {"road_classes": list(roles.road), "line_classes": list(roles.lines)}
        return described


def _situation(reading: EgoReading) -> Situation:
    return Situation(
        x=reading.pose[0],
        y=reading.pose[1],
        yaw_deg=reading.pose[4],
        speed=math.hypot(*reading.velocity),
        lane_center=reading.road.lane_center,
        lane_width_m=reading.road.lane_width_m,
        in_junction=reading.road.in_junction,
        lane_type=reading.road.lane_types[0],
        route_progress_m=reading.route.progress_m,
        route_distance_m=reading.route.distance_m,
        light_states=reading.light_states,
    )


def _as_driven(scenario: Scenario, timeline: WeatherTimeline, camera: CameraSpec, rules: RolloutRules) -> Scenario:
    """The scenario as it is driven and logged: with the episode's weather, camera and time limit."""
    duration_s = rules.max_ticks(scenario) * scenario.fixed_delta_seconds
    timed = timeline.over(duration_s)
    changes = len(timed.keys) > 1
    return scenario.model_copy(
        update={
            "duration_s": duration_s,
            "cameras": (camera,),
            "weather": Weather() if changes else timed.keys[0].weather,
            "weather_timeline": timed.keys if changes else (),
        }
    )


def _require_free_ego(scenario: Scenario) -> None:
    for name in ("drive_log", "path"):
        if getattr(scenario.ego, name):
            raise ScenarioFileError(
                f"its ego.{name} says how the ego drives, so that no policy can: give spawn_point and route instead"
            )


@contextlib.contextmanager
def _naming(scenario: Scenario) -> Iterator[None]:
    try:
        yield
    except ScenarioFileError as error:
        raise ScenarioFileError(f"scenario {scenario.name}: {error}") from error
