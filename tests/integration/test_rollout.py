"""Episodes on the embedded simulator: how they end, what is staged on the way, and that they happen twice."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.labels import CARLA_29, LabelSet
from harness.carla_client.drive import drive
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.preflight import check_scenarios
from harness.carla_client.replay import replay
from harness.carla_client.route_plan import Command, RoutePlan
from harness.carla_client.session import Session, open_session
from harness.closed_loop.episode_log import EpisodeKey, EpisodeLog
from harness.closed_loop.policy import (
    DrivingObservation,
    EpisodeFacts,
    Explanation,
    Policy,
    Sense,
    VehicleControl,
)
from harness.closed_loop.rollout import EpisodeResult, run_episode
from harness.closed_loop.rules import RolloutRules
from harness.errors import ScenarioFileError
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario

pytestmark = pytest.mark.integration

CAMERA = CameraSpec(name="front", width=96, height=54)
ROUTE = {"spawn_point": 99, "route": [{"x": 218.2, "y": 20.0}]}
"""60 m of the ring, straight and without a junction."""


class Constant(Policy):
    """The same pedals whatever happens."""

    def __init__(self, throttle: float = 0.5, steer: float = 0.0, brake: float = 0.0) -> None:
        self._control = VehicleControl(throttle=throttle, steer=steer, brake=brake)
        self.seen: list[DrivingObservation] = []
        self.facts: EpisodeFacts | None = None

    def begin(self, episode: EpisodeFacts) -> None:
        self.facts, self.seen = episode, []

    def act(self, observation: DrivingObservation) -> VehicleControl:
        self.seen.append(observation)
        return self._control


class Looking(Constant):
    """Sees the tags, and says that it drove by them."""

    senses = frozenset({Sense.TAGS})

    def explain(self) -> Explanation:
        tags = self.seen[-1].tags
        assert tags is not None
        return Explanation(mask=tags, center_line=np.array([[2.0, 0.0], [20.0, 1.0]], np.float32))

    @property
    def label_set(self) -> LabelSet:
        return CARLA_29


class Following(Constant):
    """Steers at a point of the route ahead, and keeps 8 m/s."""

    senses = frozenset({Sense.ROUTE})

    def act(self, observation: DrivingObservation) -> VehicleControl:
        self.seen.append(observation)
        assert self.facts is not None
        assert observation.pose is not None
        assert observation.route_s_m is not None
        dx, dy = ahead_of(self.facts.route, observation.route_s_m + 7.0) - observation.pose[:2]
        yaw = math.radians(observation.pose[4])
        aside = dy * math.cos(yaw) - dx * math.sin(yaw)
        angle = math.atan2(2.0 * aside * self.facts.vehicle.wheelbase_m, dx * dx + dy * dy)
        steer = max(-1.0, min(1.0, angle / self.facts.vehicle.lock_rad(observation.speed)))
        slow = observation.speed < (4.0 if observation.command in (Command.LEFT, Command.RIGHT) else 8.0)
        return VehicleControl(throttle=0.6 if slow else 0.0, steer=steer, brake=0.0 if slow else 0.2)


class Failing(Constant):
    """Does something else than to drive, from a decision of its choice on."""

    def __init__(self, failing: Any, *, after: int) -> None:
        super().__init__()
        self._failing, self._after = failing, after

    def act(self, observation: DrivingObservation) -> VehicleControl:
        control = super().act(observation)
        return self._failing() if len(self.seen) > self._after else control


class Autopilot(Constant):
    senses = frozenset({Sense.AUTOPILOT})


def ahead_of(route: RoutePlan | None, s_m: float) -> Any:
    assert route is not None
    return np.array([np.interp(s_m, route.s_m, route.points[:, axis]) for axis in (0, 1)])


def a_scenario(**content: Any) -> Scenario:
    shared = {"name": "tiny", "split": "test", "seed": 4, "duration_s": 30.0, "warmup_ticks": 5, "ego": ROUTE}
    return Scenario.model_validate(shared | content)


@pytest.fixture(scope="module")
def session(simulator: Endpoint) -> Iterator[Session]:
    with open_session(simulator, fixed_delta_seconds=0.05) as opened:
        yield opened


def rollout(session: Session, policy: Policy, scenario: Scenario, **more: Any) -> EpisodeResult:
    key = EpisodeKey(scenario=scenario.name, weather="ClearNoon", width=96, height=54, fov=90.0, policy="own", repeat=1)
    rules = more.pop("rules", RolloutRules())
    return run_episode(
        session, scenario, policy, key=key, timeline=scenario.timeline, camera=CAMERA, rules=rules, tag_set=CARLA_29,
        **more,
    )  # fmt: skip


def saved(result: EpisodeResult, folder: Path) -> tuple[bytes, bytes]:
    result.log.save(folder / "log.npz")
    result.drive_log.save(folder / "drive.npz")
    return (folder / "log.npz").read_bytes(), (folder / "drive.npz").read_bytes()


def staged_at(log: EpisodeLog, column: int = 1) -> Any:
    return log.actor_transforms[:, column, :2]


def test_the_same_episode_twice_is_the_same_bytes(simulator: Endpoint, tmp_path: Path) -> None:
    scenario = a_scenario(
        duration_s=2.0,
        weather_timeline="ClearNoon->DenseFog",
        traffic={"vehicles": 6, "walkers": 6, "parked_vehicles": 2},
        staged=[{"kind": "lead_vehicle", "at_s": 1.0}],
    )
    files, results = [], []
    for _ in range(2):
        with open_session(simulator, fixed_delta_seconds=0.05) as fresh:
            results.append(rollout(fresh, Looking(), scenario))
        files.append(saved(results[-1], tmp_path))
    assert files[0] == files[1]
    log = EpisodeLog.load(tmp_path / "log.npz")
    assert (log.reason, log.ending, log.num_ticks) == ("time limit", "truncated", 40)
    assert log.decision_ticks.tolist() == list(range(39))
    assert log.classes == CARLA_29.names
    assert (log.counts[:, :, 1:] == 0).all(), "the truth against itself has no mistakes"
    assert (log.counts.sum(axis=(1, 2)) == 96 * 54).all()
    assert len(set(log.mask_digests.tolist())) > 5
    assert log.policy["senses"] == ["tags"]
    assert log.policy["road_classes"] == [CARLA_29.class_id("Roads")]
    assert [key["at_s"] for key in log.weather_keys] == [0.0, 2.0]
    assert results[0].drive_log.frames[0] == 0


def test_where_the_weights_of_a_net_lie_is_not_in_the_log(session: Session, tmp_path: Path) -> None:
    files = []
    for folder in ("/home/one/run", "/srv/run"):
        policy = Constant()
        policy.origin = {"run": folder, "weights_sha256": "abc"}  # type: ignore[attr-defined]
        result = rollout(session, policy, a_scenario(duration_s=0.5))
        assert result.log.policy["origin"] == {"weights_sha256": "abc"}
        files.append(saved(result, tmp_path))
    assert files[0] == files[1]


def test_an_episode_can_be_replayed(session: Session, tmp_path: Path) -> None:
    pictures: list[Any] = []
    scenario = a_scenario(duration_s=1.0, traffic={"vehicles": 4}, staged=[{"kind": "parked_in_lane", "at_m": 30.0}])
    result = rollout(session, Looking(), scenario, on_pictures=pictures.append)
    saved(result, tmp_path)
    log = DriveLog.load(tmp_path / "drive.npz")
    run = replay(session, replace(log, record_every_n=1), weather=None, cameras=[CAMERA])
    shown = list(run)
    assert run.max_pose_error_m == 0.0
    for drove, again in zip(pictures, shown, strict=False):
        np.testing.assert_array_equal(drove.cameras["front"].rgb, again.cameras["front"].rgb)
        np.testing.assert_array_equal(drove.cameras["front"].tags, again.cameras["front"].tags)
    assert len(shown) == len(pictures) + 1


def test_a_route_through_a_junction_is_followed_to_its_goal(session: Session) -> None:
    policy = Following()
    scenario = a_scenario(duration_s=60.0, ego={"spawn_point": 25, "route": [{"x": 188.0, "y": 63.2}]})
    log = rollout(session, policy, scenario).log
    assert (log.reason, log.ending) == ("goal", "terminated")
    assert log.route_progress_m[-1] >= log.route_s_m[-1] - 3.0
    assert (np.diff(log.route_progress_m) >= 0.0).all()
    assert log.collisions == ()
    assert (log.on_lane_types[~log.in_junction, 0] == 2).all()
    assert log.in_junction.any()
    given = [each.command for each in policy.seen]
    assert list(dict.fromkeys(given)) == [Command.FOLLOW, Command.LEFT] or Command.LEFT in given
    inside = [each for each in policy.seen if each.command is Command.LEFT]
    assert {each.command_distance_m for each in inside[-5:]} <= {0.0} or inside[0].command_distance_m > 10.0
    # It turned to the left: less and less yaw, by about a quarter of a circle.
    assert np.sum(log.yaw_rates) * 0.05 == pytest.approx(-math.pi / 2, abs=0.25)
    assert log.speed_limits[0] == pytest.approx(50.0 / 3.6), "of the ring"
    assert log.speed_limits[-1] == pytest.approx(40.0 / 3.6), "of the curved street"


def test_what_the_instruments_say_fits_together(session: Session) -> None:
    log = rollout(session, Following(), a_scenario(duration_s=20.0)).log
    track = log.actor_transforms[:, 0].astype(np.float64)
    np.testing.assert_allclose(np.diff(track[:, :2], axis=0) / 0.05, log.velocities[1:, :2], atol=0.2)
    offsets = np.linalg.norm(track[:, :2] - log.lane_centers[:, :2], axis=1)
    assert offsets.max() < 0.5
    np.testing.assert_allclose(log.lane_widths_m, 3.5)
    assert (log.on_lane_types == 2).all()
    kinds = {line.kind for line in log.stop_lines}
    assert kinds == {"light", "stop"}
    assert max(line.light for line in log.stop_lines) == log.light_states.shape[1] - 1
    # A stop line lies across its lane, and lights stand where a lane leads into a junction.
    for line in log.stop_lines:
        waypoint = session.map.get_waypoint(_location(line.x, line.y))
        assert math.hypot(waypoint.transform.location.x - line.x, waypoint.transform.location.y - line.y) < 0.1
        assert abs((waypoint.transform.rotation.yaw - line.yaw_deg + 180.0) % 360.0 - 180.0) < 1.0
        assert not waypoint.is_junction
        assert any(each.is_junction for each in waypoint.next(0.6 if line.kind == "light" else 6.0)), line


def _location(x: float, y: float) -> Any:
    import carla

    return carla.Location(x, y, 0.0)


def test_what_the_maker_knows_of_the_car(session: Session) -> None:
    policy = Constant(throttle=0.0, brake=1.0)
    log = rollout(session, policy, a_scenario(duration_s=0.2)).log
    assert policy.facts is not None
    vehicle = policy.facts.vehicle
    assert vehicle.wheelbase_m == pytest.approx(2.87, abs=0.05)
    assert vehicle.rear_axle_x_m == pytest.approx(-vehicle.wheelbase_m / 2, abs=0.05)
    assert vehicle.front_m == pytest.approx(log.actors[0].half_extents_m[0], abs=0.01)
    assert vehicle.max_steer_deg == 70.0
    assert vehicle.lock_rad(0.0) == pytest.approx(math.radians(70.0))
    assert vehicle.lock_rad(30.0) < vehicle.lock_rad(5.0)


def test_the_ego_stands_until_the_first_decision(session: Session) -> None:
    policy = Constant()
    result = rollout(session, policy, a_scenario(duration_s=1.0, warmup_ticks=20))
    speeds = np.linalg.norm(result.drive_log.transforms[1:, 0, :2] - result.drive_log.transforms[:-1, 0, :2], axis=1)
    assert speeds[:20].max() < 1e-3
    assert policy.seen[0].applied.brake == 1.0
    assert policy.seen[0].speed == pytest.approx(0.0, abs=1e-3)
    assert policy.seen[2].applied.throttle == pytest.approx(0.5)


@pytest.mark.parametrize(("every", "latency"), [(1, 0), (1, 4), (3, 0), (4, 2)])
def test_decisions_take_their_time(session: Session, every: int, latency: int) -> None:
    rules = RolloutRules(decide_every=every, latency_ticks=latency)
    result = rollout(session, Constant(throttle=0.25), a_scenario(duration_s=1.0), rules=rules)
    log = result.log
    assert log.decision_ticks.tolist() == list(range(0, 19, every))
    first = 1 + latency
    np.testing.assert_allclose(log.controls[:first, 0], 0.0)
    np.testing.assert_allclose(log.controls[first:, 0], 0.25)
    assert len(result.timing["act_s"]) == len(log.decision_ticks)
    assert len(result.timing["tick_s"]) == log.num_ticks
    assert (result.timing["tick_s"] > 0.0).all()


class Slow(Constant):
    def act(self, observation: DrivingObservation) -> VehicleControl:
        time.sleep(0.12)
        return super().act(observation)


def test_a_measured_latency_is_what_the_decision_took(session: Session) -> None:
    rules = RolloutRules(decide_every=10, measured_latency=True)
    log = rollout(session, Slow(throttle=0.25), a_scenario(duration_s=1.0), rules=rules).log
    begins = int(np.flatnonzero(log.controls[:, 0] > 0.0)[0])
    assert 1 + 3 <= begins <= 1 + 6


def test_a_parked_car_is_hit_and_ends_the_episode(session: Session) -> None:
    log = rollout(session, Constant(), a_scenario(staged=[{"kind": "parked_in_lane", "at_m": 25.0}])).log
    (event,) = log.collisions
    assert (log.reason, log.message) == ("collision", "with vehicle.audi.tt")
    assert (event.tick, event.other, event.other_actor) == (log.num_ticks - 1, "vehicle.audi.tt", 1)
    assert event.impulse > 1000.0
    assert log.actors[1].blueprint == "vehicle.audi.tt"
    gap = np.linalg.norm(staged_at(log)[-1] - log.actor_transforms[-1, 0, :2])
    assert gap == pytest.approx(log.actors[0].half_extents_m[0] + log.actors[1].half_extents_m[0], abs=0.3)


def test_a_car_that_the_client_moves_is_hit_as_well(session: Session) -> None:
    staged = {"kind": "lead_vehicle", "ahead_m": 15.0, "speed": 3.0, "at_s": 2.0, "stands_s": 60.0}
    log = rollout(session, Constant(throttle=0.7), a_scenario(staged=[staged])).log
    assert log.reason == "collision"
    assert [event.other_actor for event in log.collisions] == [1]


def test_who_is_hit_while_standing_goes_on(session: Session) -> None:
    """A walker runs into the side of a car that never moved: logged, and no end of the episode."""
    staged = {"kind": "crossing_walker", "at_m": 0.5, "start_offset_m": 3.0, "speed": 2.0, "trigger_m": 200.0}
    log = rollout(session, Constant(throttle=0.0, brake=1.0), a_scenario(duration_s=3.0, staged=[staged])).log
    assert log.collisions
    assert log.reason == "time limit"


def test_a_lead_vehicle_keeps_its_lane_and_stops(session: Session) -> None:
    staged = {"kind": "lead_vehicle", "ahead_m": 12.0, "speed": 5.0, "at_s": 4.0, "stands_s": 1.0}
    scenario = a_scenario(duration_s=9.0, ego=ROUTE | {"spawn_point": 90, "route": [{"x": 125.0, "y": 188.2}]})
    scenario = Scenario.model_validate(scenario.model_dump() | {"staged": [staged]})
    log = rollout(session, Constant(throttle=0.0, brake=1.0), scenario).log
    speeds = np.linalg.norm(np.diff(staged_at(log), axis=0), axis=1) / 0.05
    assert speeds.max() == pytest.approx(5.0, abs=0.05)
    assert (speeds[104:116] < 0.05).all()
    assert speeds[-1] > 4.0
    for x, y in staged_at(log)[::20]:
        middle = session.map.get_waypoint(_location(float(x), float(y))).transform.location
        assert math.hypot(middle.x - x, middle.y - y) < 0.05


def test_recording_a_suite_stages_it_too(session: Session) -> None:
    scenario = a_scenario(duration_s=6.0, staged=[{"kind": "lead_vehicle", "at_s": 2.0}])
    run = drive(session, scenario, cameras=())
    for _ in run:
        pass
    assert [actor.attributes.get("role_name") for actor in run.log.actors] == ["hero", "staged"]
    lead = run.log.transforms[5:, 1, :2]
    assert np.linalg.norm(lead[-1] - lead[0]) > 5.0
    again = replay(session, run.log, weather=None, cameras=())
    for _ in again:
        pass
    assert again.max_pose_error_m == 0.0


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_walker_waits_for_the_ego_and_crosses(session: Session, side: str) -> None:
    staged = {
        "kind": "crossing_walker",
        "at_m": 40.0,
        "side": side,
        "start_offset_m": 5.0,
        "speed": 2.5,
        "trigger_m": 25.0,
    }
    log = rollout(session, Constant(throttle=0.6), a_scenario(duration_s=9.0, staged=[staged])).log
    walker, progress = staged_at(log), log.route_progress_m
    east = walker[:, 0] - 218.25  # the ego drives south: its right is west
    moves = np.flatnonzero(np.abs(np.diff(east)) > 0.01)
    assert east[0] == pytest.approx(-5.0 if side == "right" else 5.0, abs=0.2)
    assert progress[moves[0]] == pytest.approx(15.0, abs=0.6)
    thrown = 3 if log.reason == "collision" else 0  # the last ticks of a walker that the ego has hit
    assert np.abs(np.diff(walker[: len(walker) - thrown, 1])).max() < 0.3
    speeds = np.abs(np.diff(east))[moves[2 : -2 - thrown]] / 0.05
    np.testing.assert_allclose(speeds, 2.5, atol=0.05)
    if log.reason != "collision":
        assert east[-1] == pytest.approx(-east[0], abs=0.3)


def test_leaving_the_road_ends_an_episode(session: Session) -> None:
    log = rollout(session, Constant(throttle=0.35, steer=-0.02), a_scenario()).log
    assert log.reason in ("off road", "wrong way", "collision")
    assert log.lane_invasions
    assert log.lane_invasions[0].markings
    assert [each.tick for each in log.lane_invasions] == sorted(each.tick for each in log.lane_invasions)


def test_standing_is_blocked(session: Session) -> None:
    scenario = a_scenario(warmup_ticks=30)  # a car that has just been spawned bounces on its springs
    log = rollout(session, Constant(throttle=0.0, brake=1.0), scenario, rules=RolloutRules(blocked_s=1.0)).log
    assert (log.reason, log.num_ticks) == ("blocked", 20)


def fail() -> None:
    raise ValueError("lost my glasses")


@pytest.mark.parametrize(
    ("failing", "reason"),
    [
        (fail, "policy raised"),
        (lambda: VehicleControl(throttle=math.nan), "policy returned nonsense"),
        (lambda: time.sleep(5.0), "policy hung"),
    ],
)
def test_a_policy_that_cannot_go_on_brakes_to_a_standstill(session: Session, failing: Any, reason: str) -> None:
    policy = Failing(failing, after=60)
    log = rollout(session, policy, a_scenario(), rules=RolloutRules(act_timeout_s=0.5)).log
    assert (log.reason, log.ending) == (reason, "aborted")
    assert log.decision_ticks.tolist() == list(range(60))
    np.testing.assert_allclose(log.controls[61:], [(0.0, 0.0, 1.0)] * (log.num_ticks - 61))
    speeds = np.linalg.norm(log.velocities, axis=1)
    assert speeds[60] > 5.0
    assert speeds[-1] < 0.1
    assert speeds[-2] >= 0.1
    assert len(policy.seen) == 61


def test_a_policy_that_cannot_begin_ends_at_once(session: Session) -> None:
    class Late(Constant):
        def begin(self, episode: EpisodeFacts) -> None:
            fail()

    log = rollout(session, Late(), a_scenario()).log
    assert (log.reason, log.num_ticks, len(log.decision_ticks)) == ("policy raised", 2, 0)
    assert "lost my glasses" in log.message


def test_the_traffic_manager_drives_where_a_policy_asks_for_it(session: Session) -> None:
    policy = Autopilot()
    scenario = a_scenario(duration_s=60.0, ego={"spawn_point": 25, "route": [{"x": 188.0, "y": 63.2}]})
    log = rollout(session, policy, scenario).log
    assert log.reason == "goal"
    assert max(each.applied.throttle for each in policy.seen) > 0.3
    assert np.linalg.norm(log.velocities[0, :2]) < 0.1


def test_who_sees_nothing_is_shown_nothing(session: Session) -> None:
    policy, looks = Constant(), []
    rollout(session, policy, a_scenario(duration_s=0.3), on_look=lambda *look: looks.append(look))
    assert policy.facts is not None
    assert policy.facts.route is None
    for seen in policy.seen:
        assert (seen.rgb, seen.tags, seen.pose, seen.route_s_m) == (None, None, None, None)
    assert [look[0] for look in looks] == policy.seen
    assert looks[0][1] == VehicleControl(throttle=0.5)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"ego": {"spawn_point": 99, "route": [9999]}}, "scenario tiny: route, place 0: spawn point 9999"),
        (
            {"ego": {"spawn_point": 99, "route": [{"x": 5000.0, "y": 0.0}]}},
            "scenario tiny: route, place 0: .* no driving",
        ),
        (
            {"staged": [{"kind": "parked_in_lane", "at_m": 500.0}]},
            "scenario tiny: parked_in_lane is staged 500 m along",
        ),
        (
            {"staged": [{"kind": "parked_in_lane", "at_m": 9.0, "blueprint": "vehicle.audi.xyz"}]},
            "scenario tiny: .*vehicle.audi.xyz",
        ),
    ],
)
def test_what_the_map_or_the_server_cannot_give_is_refused(
    session: Session, simulator: Endpoint, content: dict[str, Any], said: str
) -> None:
    with pytest.raises(ScenarioFileError, match=said):
        rollout(session, Constant(), a_scenario(**content))
    with pytest.raises(ScenarioFileError, match=said):
        check_scenarios(simulator, [a_scenario(**content)])


def test_an_ego_whose_way_is_fixed_is_refused(session: Session) -> None:
    path = [{"at_s": 0.0, "x": 0.0, "y": 0.0, "z": 0.0}]
    with pytest.raises(ScenarioFileError, match=r"scenario tiny: its ego.path says how the ego drives"):
        rollout(session, Constant(), a_scenario(ego={"path": path}))


def test_a_scenario_without_a_route_has_one_of_its_seed(session: Session) -> None:
    logs = [
        rollout(session, Constant(), a_scenario(duration_s=0.2, ego={"spawn_point": 50}, seed=s)).log for s in (1, 1)
    ]
    np.testing.assert_array_equal(logs[0].route_points, logs[1].route_points)
    long = a_scenario(duration_s=40.0, ego={"spawn_point": 50})
    log = rollout(session, Constant(throttle=0.0, brake=1.0), long, rules=RolloutRules(time_limit_s=0.2)).log
    assert log.route_s_m[-1] == pytest.approx(240.0)
    assert log.num_ticks == 4


LOSING_A_SERVER = """
import os, signal, sys
from pathlib import Path
from datasets.labels import CARLA_29
from harness.carla_client import session as session_module
from harness.carla_client.endpoint import open_endpoint
from harness.carla_client.session import open_session
from harness.closed_loop.episode_log import EpisodeKey
from harness.closed_loop.policy import Policy, VehicleControl
from harness.closed_loop.rollout import run_episode
from harness.closed_loop.rules import RolloutRules
from harness.errors import ServerLostError
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario

session_module.CALL_TIMEOUT_S = 5.0  # the call in progress is waited for to its end
scenario = Scenario.model_validate_json(sys.argv[2])
key = EpisodeKey(scenario="tiny", weather="ClearNoon", width=96, height=54, fov=90.0, policy="own", repeat=1)

class Killing(Policy):
    def begin(self, episode):
        self.asked = 0
    def act(self, observation):
        self.asked += 1
        if self.asked == 10:
            os.kill(endpoint.child.process.pid, signal.SIGKILL)
        return VehicleControl(throttle=0.3)

try:
    with open_endpoint(None, None, timeout_s=240.0, log_dir=Path(sys.argv[1])) as endpoint:
        with open_session(endpoint, fixed_delta_seconds=0.05) as session:
            run_episode(
                session, scenario, Killing(), key=key, timeline=scenario.timeline, camera=CameraSpec(),
                rules=RolloutRules(), tag_set=CARLA_29,
            )
except ServerLostError as error:
    print(error, flush=True)
    os._exit(error.exit_code)
"""


def test_a_server_that_dies_in_mid_episode_is_reported(tmp_path: Path) -> None:
    scenario = json.dumps(a_scenario().definition)
    child = subprocess.run(
        [sys.executable, "-c", LOSING_A_SERVER, str(tmp_path), scenario],
        capture_output=True, text=True, timeout=300, cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip
    assert child.returncode == 5, child.stderr
    assert "was lost while driving tiny: the embedded simulator ended with code -9" in child.stdout
