"""What a name means, what is refused, and what each policy is for, in episodes whose answers are known."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datasets.labels import CARLA_29, LabelClass, LabelSet, label_set
from harness.carla_client.route_plan import Command, RoutePlan
from harness.closed_loop.policies import (
    NEED_NET,
    PolicyContext,
    check_policy,
    known_policies,
    make_policy,
    policy_class,
)
from harness.closed_loop.policies.autopilot import AutopilotPolicy
from harness.closed_loop.policies.mask import MaskPolicy
from harness.closed_loop.policies.route import RoutePolicy, route_ahead
from harness.closed_loop.policies.straight import SPEED_MPS, StraightPolicy
from harness.closed_loop.policies.truth import TruthPolicy
from harness.closed_loop.policy import (
    FULL_BRAKE,
    DrivingObservation,
    EpisodeFacts,
    Policy,
    Sense,
    VehicleControl,
    VehicleFacts,
)
from harness.closed_loop.policy_contract import make_episode
from harness.errors import CheckpointError, ScenarioFileError, UsageError
from harness.scoring.live import Net
from sim_scenarios.camera import CameraSpec
from tests.unit.harness.closed_loop.policies.stand_in_nets import ReadingNet

SENSES = {
    "mask": {Sense.CAMERA},
    "truth": {Sense.TAGS},
    "autopilot": {Sense.AUTOPILOT},
    "route": {Sense.ROUTE},
    "straight": set(),
}


def no_net() -> Net:
    raise AssertionError("a net was loaded")


def made(name: str) -> Policy:
    return make_policy(name, context=PolicyContext(load_net=no_net if name not in NEED_NET else ReadingNet))


@pytest.mark.parametrize("name", known_policies())
def test_what_each_is_shown(name: str) -> None:
    assert made(name).senses == SENSES[name]
    check_policy(name)


def test_another_one_each_time() -> None:
    assert made("truth") is not made("truth")


# --- one of the user's own ----------------------------------------------------------------------------------------

OWN = """
from harness.closed_loop.policy import Policy, VehicleControl

class Full(Policy):
    def begin(self, episode): pass
    def act(self, observation): return VehicleControl(throttle=1.0)

class Tuned(Full):
    def __init__(self, context):
        self.gain = float(context.options["gain"])

class Half(Policy):
    def begin(self, episode): pass

class Other: pass

number = 3
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "my policies.py"
    path.write_text(OWN)
    return str(path)


def test_a_class_without_arguments_and_one_with_the_context(own: str) -> None:
    context = PolicyContext(load_net=no_net, options={"gain": "0.5"})
    assert type(make_policy(f"{own}:Full", context=context)).__name__ == "Full"
    tuned = make_policy(f"{own}:Tuned", context=context)
    assert vars(tuned) == {"gain": 0.5}
    assert policy_class(f"{own}:Full").__name__ == "Full"
    check_policy(f"{own}:Tuned")


@pytest.mark.parametrize("name", ["Half", "Other", "number", "Nobody", ""])
def test_what_is_no_complete_policy_is_refused(own: str, name: str) -> None:
    with pytest.raises(
        UsageError, match=f"has no class {name} that is a complete subclass of .*Policy .*begin and act"
    ):
        check_policy(f"{own}:{name}")


@pytest.mark.parametrize(
    ("name", "meant"),
    [("mask2", "mask"), ("tuth", "truth"), ("autopilo", "autopilot"), ("", ""), ("own.txt:Name", ""), ("own.py", "")],
)
def test_an_unknown_name_is_answered_with_those_there_are(name: str, meant: str) -> None:
    answer = f": did you mean {meant}?" if meant else "."
    expected = f"unknown policy {name!r}{answer} Known: {', '.join(known_policies())}; one of your own is path.py:Name"
    for refuse in (check_policy, lambda wrong: make_policy(wrong, context=PolicyContext(load_net=no_net))):
        with pytest.raises(UsageError, match=re.escape(expected)):
            refuse(name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the file .*gone\.py does not exist"):
        check_policy(f"{tmp_path / 'gone.py'}:Name")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        ("def broken(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_file_that_cannot_be_imported(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    with pytest.raises(UsageError, match=f"cannot be imported: {message}"):
        check_policy(f"{path}:Name")


# --- what each is for ---------------------------------------------------------------------------------------------


def facts(*, camera: CameraSpec | None = None, route: RoutePlan | None = None) -> EpisodeFacts:
    vehicle = VehicleFacts(
        wheelbase_m=2.9, rear_axle_x_m=-1.45, front_m=2.4, rear_m=2.4, width_m=1.9, max_steer_deg=70.0,
        steering_curve=((0.0, 1.0),),
    )  # fmt: skip
    return EpisodeFacts(
        camera=camera or CameraSpec(), vehicle=vehicle, decision_s=0.1, tag_set=CARLA_29, seed=0, route=route
    )


def seen(
    *,
    speed: float = 5.0,
    speed_limit: float = 10.0,
    pose: tuple[float, float, float] | None = None,
    s_m: float | None = None,
    applied: VehicleControl = FULL_BRAKE,
) -> DrivingObservation:
    """With ``pose`` as x, y [m] and yaw [deg]."""
    return DrivingObservation(
        tick=0, time_s=0.0, speed=speed, yaw_rate=0.0, pitch_deg=0.0, roll_deg=0.0, speed_limit=speed_limit,
        command=Command.FOLLOW, command_distance_m=math.inf,
        pose=None if pose is None else (pose[0], pose[1], 0.0, 0.0, pose[2], 0.0), route_s_m=s_m, applied=applied,
    )  # fmt: skip


def test_the_truth_policy_is_the_mask_policy_with_a_net_that_cannot_be_wrong() -> None:
    """The picture's red is the tag, and the net reads it."""
    truth, mask = TruthPolicy(), MaskPolicy(ReadingNet())
    episode = make_episode(frozenset({Sense.TAGS, Sense.CAMERA}), tag_set=CARLA_29, seed=5, decisions=25)
    for policy in (truth, mask):
        policy.begin(episode.facts)
    for each in episode.observations:
        assert each.tags is not None
        picture = np.repeat(each.tags[..., None], 3, axis=2)
        assert mask.act(replace(each, rgb=picture)) == truth.act(each)
    assert truth.label_set == mask.label_set == CARLA_29


def test_the_mask_policy_has_the_classes_and_the_origin_of_its_net() -> None:
    net = ReadingNet(label_set("cityscapes19"))
    policy = MaskPolicy(net)
    assert policy.label_set is net.label_set
    assert policy.origin is net.origin
    assert policy.explain() is None, "nothing was decided yet"


def test_a_net_without_a_road_is_refused_when_it_is_made() -> None:
    cats = LabelSet(name="cats", classes=(LabelClass(name="cat", color=(1, 2, 3)),))
    with pytest.raises(CheckpointError, match="no class for the road"):
        MaskPolicy(ReadingNet(cats))


@pytest.mark.parametrize("policy", [TruthPolicy(), MaskPolicy(ReadingNet())])
def test_a_camera_that_sees_no_ground_is_refused_when_an_episode_begins(policy: Policy) -> None:
    with pytest.raises(ScenarioFileError, match="sees no ground ahead"):
        policy.begin(facts(camera=CameraSpec(pitch=40.0)))


def test_the_autopilot_policy_says_what_the_traffic_manager_did() -> None:
    policy = AutopilotPolicy()
    policy.begin(facts())
    control = VehicleControl(throttle=0.4, steer=-0.2)
    assert policy.act(seen(applied=control)) == control


@pytest.mark.parametrize("speed_limit", [4.0, 20.0])
def test_the_straight_policy_holds_its_speed_and_the_wheel(speed_limit: float) -> None:
    policy, speed = StraightPolicy(), 0.0
    policy.begin(facts())
    for _ in range(300):
        control = policy.act(seen(speed=speed, speed_limit=speed_limit))
        assert control.steer == 0.0
        speed = max(0.0, speed + 0.1 * (4.0 * control.throttle - 8.0 * control.brake - 0.1))
    assert speed == pytest.approx(min(SPEED_MPS, speed_limit), abs=0.45)


def circle(radius_m: float, *, length_m: float = 100.0) -> RoutePlan:
    """From the origin along x, then round to the right."""
    s_m = np.arange(length_m + 1.0)
    angle = s_m / radius_m
    count = len(s_m)
    return RoutePlan(
        points=np.stack([radius_m * np.sin(angle), radius_m * (1 - np.cos(angle)), np.zeros(count)], axis=1),
        yaws_deg=np.degrees(angle), s_m=s_m, lane_widths_m=np.full(count, 3.5),
        commands=np.full(count, int(Command.FOLLOW), np.uint8), junctions=np.zeros(count, bool),
        lanes=np.zeros((count, 3), np.int32),
    )  # fmt: skip


@pytest.mark.parametrize("radius_m", [12.0, 30.0, -30.0])
@pytest.mark.parametrize("yaw_deg", [0.0, 73.0])
def test_the_route_policy_keeps_to_a_circle_of_its_route(radius_m: float, yaw_deg: float) -> None:
    """Wherever on it the car is, in the world turned in any way, the wheel is that of the circle."""
    plan, turn = circle(radius_m), math.radians(yaw_deg)
    c, s = math.cos(turn), math.sin(turn)
    to_world = np.array([[c, s], [-s, c]])
    turned = np.column_stack([plan.points[:, :2] @ to_world, plan.points[:, 2]])
    policy, known = RoutePolicy(), facts(route=replace(plan, points=turned))
    policy.begin(known)
    for s_m in (10.0, 40.5):
        # The rear axle rolls along the circle; the middle of the car is ahead of it on the tangent.
        angle = s_m / radius_m
        axle = np.array([radius_m * math.sin(angle), radius_m * (1 - math.cos(angle))])
        place = axle - known.vehicle.rear_axle_x_m * np.array([math.cos(angle), math.sin(angle)])
        place = place @ to_world
        yaw = math.degrees(angle) + yaw_deg
        control = policy.act(seen(speed=4.0, pose=(float(place[0]), float(place[1]), yaw), s_m=s_m + 1.45))
        turns = math.tan(control.steer * known.vehicle.lock_rad(4.0)) / known.vehicle.wheelbase_m
        assert turns == pytest.approx(1.0 / radius_m, rel=0.06)


def test_the_route_around_the_car_is_in_its_own_frame() -> None:
    straight_on = circle(1e9)
    line, here = route_ahead(straight_on, seen(pose=(30.0, 1.0, 90.0), s_m=30.0))
    np.testing.assert_allclose(line[round(here)], [-1.0, 0.0], atol=1e-6)  # 1 m left of it, which is behind
    np.testing.assert_allclose(line[-1] - line[0], [0.0, -(len(line) - 1.0)], atol=1e-3)
    assert here == pytest.approx(4.0)


@pytest.mark.parametrize("s_m", [0.0, 2.5, 97.0, 100.0, 130.0])
def test_the_route_goes_on_beyond_its_goal_and_begins_at_its_start(s_m: float) -> None:
    line, here = route_ahead(circle(1e9), seen(pose=(s_m, 0.0, 0.0), s_m=s_m))
    assert len(line) > 40
    assert np.isfinite(line).all()
    assert 0.0 <= here <= 35.0
