"""What every policy promises, as something to run.

On one of your own, without a server::

    from harness.closed_loop.policy_contract import check_policy_contract
    check_policy_contract(MyPolicy)

Episodes are made up from a seed, with pictures from plausible to noise, every command, and speeds up to 30 m/s. Asked
in the way of a rollout, a policy must

1. say what it needs in ``senses``, and do with that: all else of its observations is None;
2. begin, and answer each observation with a control that can be applied, leaving the pictures as they are;
3. explain itself, if it does, by a mask of the camera's size in classes that ``label_set`` names, and a finite line;
4. decide the same for the same observations, in a new policy and after another episode.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from datasets.labels import CARLA_29, LabelSet
from harness.carla_client.observation import Image
from harness.carla_client.route_plan import Command, RoutePlan
from harness.closed_loop.policy import (
    DrivingObservation,
    EpisodeFacts,
    Explanation,
    Policy,
    Sense,
    VehicleControl,
    VehicleFacts,
)
from harness.closed_loop.policy_guard import PolicyFailure, PolicyGuard, senses_problem
from harness.errors import UsageError
from sim_scenarios.camera import CameraSpec

ACT_TIMEOUT_S = 120.0
"""Wall time of one decision [s]: generous, because the first one may compile."""
CAMERA = CameraSpec(width=160, height=90)
_CAR = VehicleFacts(
    wheelbase_m=2.9, rear_axle_x_m=-1.45, front_m=2.4, rear_m=2.4, width_m=1.9, max_steer_deg=70.0,
    steering_curve=((0.0, 1.0), (20.0, 0.9), (60.0, 0.8), (120.0, 0.7)),
)  # fmt: skip
_STEP_S = 0.1
_ROUTE_M = 300
_KEPT_FOR = 15
"""Decisions between two commands."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MadeEpisode:
    """An episode that was never driven."""

    facts: EpisodeFacts
    observations: tuple[DrivingObservation, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """Of one decision, to be compared."""

    control: VehicleControl
    explained: str


def check_policy_contract(
    make: Callable[[], Policy], *, tag_set: LabelSet = CARLA_29, seed: int = 0, decisions: int = 60
) -> None:
    """Run a policy through episodes that were made up.

    Args:
        make: Makes a new policy; called twice.
        tag_set: Of the server's tags.
        seed: Of everything that is made up.
        decisions: In each of the episodes.

    Raises:
        UsageError: it breaks a promise; the message says which, when, and what was expected.
    """
    policy, other = make(), make()
    if not isinstance(policy, Policy):
        raise UsageError(
            f"a policy must be a subclass of harness.closed_loop.policy.Policy, got {type(policy).__name__}"
        )
    name = type(policy).__name__
    problem = senses_problem(policy)
    if problem is not None:
        raise UsageError(problem)
    one, another = (
        make_episode(policy.senses, tag_set=tag_set, seed=number, decisions=decisions) for number in (seed, seed + 1)
    )
    first = _driven(policy, one, name)
    _driven(policy, another, name)
    _require_same(
        first, _driven(policy, one, name), f"{name} decides otherwise after another episode: begin must forget"
    )
    _require_same(
        first, _driven(other, one, name), f"two new {name} decide otherwise: seed all that is random in begin"
    )


def make_episode(senses: frozenset[Sense], *, tag_set: LabelSet, seed: int, decisions: int) -> MadeEpisode:
    """Make an episode up that shows what ``senses`` ask for; pictures cannot be written to."""
    rng = np.random.default_rng(seed)
    route = _route(rng)
    facts = EpisodeFacts(
        camera=CAMERA,
        vehicle=_CAR,
        decision_s=_STEP_S,
        tag_set=tag_set,
        seed=seed,
        route=route if Sense.ROUTE in senses else None,
    )
    return MadeEpisode(facts=facts, observations=tuple(_observations(senses, tag_set, route, rng, decisions)))


def _observations(
    senses: frozenset[Sense], tag_set: LabelSet, route: RoutePlan, rng: np.random.Generator, decisions: int
) -> Iterator[DrivingObservation]:
    for k in range(decisions):
        command = (*Command,)[k // _KEPT_FOR % len(Command)]
        left_m = 2.0 * (_KEPT_FOR - 5 - k % _KEPT_FOR)
        tags, s_m = _tags(rng, tag_set, kind=k % 5), float(rng.uniform(0.0, _ROUTE_M))
        x, y = (float(np.interp(s_m, route.s_m, route.points[:, axis])) for axis in (0, 1))
        noise = rng.normal(0.0, 1.0, 3)
        yield DrivingObservation(
            tick=2 * k,
            time_s=k * _STEP_S,
            speed=float(rng.choice([0.0, rng.uniform(0.0, 30.0)])),
            yaw_rate=float(rng.uniform(-1.0, 1.0)),
            pitch_deg=float(rng.uniform(-6.0, 6.0)),
            roll_deg=float(rng.uniform(-6.0, 6.0)),
            speed_limit=float(rng.uniform(5.0, 30.0)),
            command=command,
            command_distance_m=math.inf if command is Command.FOLLOW else max(0.0, left_m),
            rgb=_picture(rng, tags) if Sense.CAMERA in senses else None,
            tags=tags if Sense.TAGS in senses else None,
            pose=(x + noise[0], y + noise[1], 0.0, 0.0, 20.0 * noise[2], 0.0) if Sense.ROUTE in senses else None,
            route_s_m=s_m if Sense.ROUTE in senses else None,
            applied=VehicleControl(throttle=float(rng.uniform()), steer=float(rng.uniform(-1.0, 1.0))),
        )


def _tags(rng: np.random.Generator, tag_set: LabelSet, *, kind: int) -> Image:
    """(H, W) uint8: a straight road, one with things on it, blocks, noise, or one class everywhere."""
    height, width = CAMERA.height, CAMERA.width
    classes = tag_set.num_classes
    if kind <= 1:
        road, sky = 1 % classes, 11 % classes  # Roads and Sky of CARLA; any other set has others there
        rows, columns = np.mgrid[0:height, 0:width]
        below = rows - height // 2
        tags = np.where((below > 0) & (np.abs(columns - width / 2) < 1.2 * below), road, (below > 0) * 2 % classes)
        tags[below <= 0] = sky
        if kind == 1:
            left, top = rng.integers(0, width - 20), rng.integers(0, height - 20)
            tags[top : top + 20, left : left + 20] = rng.integers(classes)
    elif kind == 2:
        tags = np.kron(rng.integers(0, classes, (height // 10, width // 10)), np.ones((10, 10), int))
    elif kind == 3:
        tags = rng.integers(0, classes, (height, width))
    else:
        tags = np.full((height, width), rng.integers(classes))
    return _frozen(tags.astype(np.uint8))


def _picture(rng: np.random.Generator, tags: Image) -> Image:
    """(H, W, 3) uint8 in which each tag has a colour of its own, under some noise."""
    colours = rng.integers(0, 256, (256, 3))
    noisy = colours[tags] + rng.integers(-8, 9, (*tags.shape, 3))
    return _frozen(np.clip(noisy, 0, 255).astype(np.uint8))


def _frozen(picture: Image) -> Image:
    picture.setflags(write=False)
    return picture


def _route(rng: np.random.Generator) -> RoutePlan:
    """Along x, now to the left, now to the right."""
    s_m = np.arange(_ROUTE_M + 1.0)
    yaws = np.cumsum(0.03 * np.sin(s_m / rng.uniform(15.0, 40.0)))
    steps = np.stack([np.cos(yaws), np.sin(yaws), np.zeros_like(yaws)], axis=1)
    return RoutePlan(
        points=np.cumsum(steps, axis=0) - steps[0],
        yaws_deg=np.degrees(yaws),
        s_m=s_m,
        lane_widths_m=np.full(len(s_m), 3.5),
        commands=np.full(len(s_m), int(Command.FOLLOW), np.uint8),
        junctions=np.zeros(len(s_m), bool),
        lanes=np.zeros((len(s_m), 3), np.int32),
    )


def _driven(policy: Policy, episode: MadeEpisode, name: str) -> list[_Answer]:
    """What it decides in an episode, asked as a rollout asks."""
    guard = PolicyGuard(policy, act_timeout_s=ACT_TIMEOUT_S)
    try:
        failure = guard.begin(episode.facts)
        if failure is not None:
            raise UsageError(f"{name}.begin: {failure.reason}: {failure.message}")
        answers = []
        for k, observation in enumerate(episode.observations):
            decision = guard.act(observation)
            if isinstance(decision, PolicyFailure):
                raise UsageError(f"{name}, decision {k}: {decision.reason}: {decision.message}")
            problem = _explanation_problem(decision.explanation, policy.label_set)
            if problem is not None:
                raise UsageError(f"{name}, decision {k}: explain gave {problem}")
            answers.append(_Answer(control=decision.control, explained=_explained(decision.explanation)))
        return answers
    finally:
        guard.close()


def _explanation_problem(shown: Explanation | None, label_set: LabelSet | None) -> str | None:
    """What a log or a video could not use; the rollout's own checks come before."""
    if shown is None:
        return None
    line = shown.center_line
    if line.dtype != np.float32 or not np.isfinite(line).all():
        return f"a center_line of {line.dtype}, expected finite float32 (P, 2)"
    if shown.mask is not None and label_set is None:
        return "a mask, but label_set is None: it must name the mask's classes from begin on"
    if math.isnan(shown.hazard_distance_m) or not 0.0 <= shown.corridor_width_m < math.inf:
        return f"hazard {shown.hazard_distance_m} m ahead in a corridor {shown.corridor_width_m} m wide"
    return None


def _explained(shown: Explanation | None) -> str:
    """Equal where explanations are, NaN included."""
    if shown is None:
        return ""
    mask = b"" if shown.mask is None else shown.mask.tobytes()
    pictures = hashlib.sha256(mask + shown.center_line.tobytes()).hexdigest()
    numbers = (shown.corridor_width_m, shown.hazard_distance_m, shown.hazard_class, shown.target_speed)
    return f"{pictures} {numbers} {shown.state!r} {shown.reason}"


def _require_same(one: list[_Answer], other: list[_Answer], message: str) -> None:
    for k, (before, after) in enumerate(zip(one, other, strict=True)):
        if before != after:
            raise UsageError(f"{message} (decision {k}: {before.control}, then {after.control})")
