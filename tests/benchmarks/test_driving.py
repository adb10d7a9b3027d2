"""What the driver costs beside the net, and a rollout beside a loop that only ticks and receives.

Each test prints its figures (``pytest -m benchmark -s``) and fails on wrong results only, never on time. Judging
episodes has a file of its own, ``test_driving_metrics.py``.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator

import numpy as np
import pytest

from datasets.labels import CARLA_29, tag_table_for_server
from harness.carla_client.endpoint import Endpoint, open_endpoint
from harness.carla_client.route_plan import Command
from harness.carla_client.session import open_session
from harness.closed_loop.episode_log import EpisodeKey
from harness.closed_loop.mask_driver.driver import MaskDriver
from harness.closed_loop.mask_driver.roles import roles_of
from harness.closed_loop.policies.truth import TruthPolicy
from harness.closed_loop.rollout import run_episode
from harness.closed_loop.rules import RolloutRules
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Ego, Scenario, Traffic
from tests.benchmarks.test_spine import bare_seconds_per_tick
from tests.unit.harness.closed_loop.mask_driver.drawn_crossing import Crossing
from tests.unit.harness.closed_loop.mask_driver.drawn_world import (
    CAR,
    WALKER,
    Box,
    Car,
    Ground,
    Street,
    bend,
    draw,
    episode,
    observe,
)

pytestmark = pytest.mark.benchmark

CAMERA = CameraSpec(width=640, height=360)
FIRST = 5
"""Decisions that may compile, and are not counted."""


def parked(x: float, y: float) -> Box:
    return Box(x=x, y=y, half_m=0.9, height_m=1.5, tag=CAR)


def somebody(x: float, y: float) -> Box:
    return Box(x=x, y=y, half_m=0.25, height_m=1.75, tag=WALKER)


STREET = Street(
    lane=bend(60.0, before_m=40.0, after_m=120.0),
    dash_m=3.0,
    boxes=(parked(25.0, 3.4), parked(33.0, 3.4), parked(45.0, -3.5), somebody(20.0, 4.0), somebody(38.0, -7.0)),
)
CROSSING = Crossing(
    entrance_m=45.0, zebra=True, boxes=(parked(60.0, -3.6), somebody(42.0, 4.5), somebody(43.0, -8.0))
)  # fmt: skip
"""Of two streets; the car is to turn right into one of them."""


@pytest.mark.parametrize("scene", ["a street", "the approach of a junction"])
def test_a_decision(scene: str, *, is_full: bool) -> None:
    decisions = 90 if is_full else 25
    command, ground = (Command.FOLLOW, STREET) if scene == "a street" else (Command.RIGHT, CROSSING)
    seconds = seconds_of_decisions(ground, command, decisions=decisions)[FIRST:]
    milliseconds = 1e3 * np.array(seconds)
    print(
        f"\na decision without the net, 640x360, {scene}: mean {milliseconds.mean():.1f} ms, median "
        f"{np.median(milliseconds):.1f} ms, 95th percentile {np.percentile(milliseconds, 95):.1f} ms of one core "
        "(target: 5 ms)"
    )


def seconds_of_decisions(ground: Ground, command: Command, *, decisions: int) -> list[float]:
    """Processor time [s] of each decision, all threads together, of a car that drives by them."""
    car, driver, seconds = Car(speed=5.0), MaskDriver(episode(CAMERA), roles_of(CARLA_29)), []
    for k in range(decisions):
        mask = draw(ground, car, CAMERA)
        distance_m = math.inf if command is Command.FOLLOW else max(0.0, CROSSING.entrance_m - car.x)
        seen = observe(car, k, command=command, command_distance_m=distance_m, speed_limit=7.0)
        started = time.process_time()
        control = driver.act(mask, seen)
        seconds.append(time.process_time() - started)
        assert control.problem() is None
        car.step(control, step_s=0.1)
    assert car.x > 5.0, "it drives"
    return seconds


@pytest.fixture(scope="module")
def scenario(is_full: bool) -> Scenario:
    """Along a street without junctions, so that TrafficManager and route go the same way and see the same."""
    return Scenario(
        name="benchmark",
        split="test",
        seed=1,
        duration_s=10.0 if is_full else 2.0,
        ego=Ego.model_validate({"spawn_point": 99, "route": [{"x": 218.2, "y": 135.0}]}),
        traffic=Traffic(vehicles=20, walkers=20),
        cameras=(CAMERA,),
        warmup_ticks=20 if is_full else 10,
    )


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """A simulator that nothing else has used."""
    with open_endpoint(None, None, timeout_s=240.0) as found:
        yield found


def rollout_seconds(endpoint: Endpoint, scenario: Scenario) -> tuple[float, float]:
    """(of a tick with its picture and decision, of a decision) [s], means over an episode."""
    with open_session(endpoint, fixed_delta_seconds=scenario.fixed_delta_seconds) as session:
        result = run_episode(
            session,
            scenario,
            TruthPolicy(),
            key=EpisodeKey(
                scenario=scenario.name, weather="ClearNoon", width=640, height=360, fov=90.0, policy="truth", repeat=1
            ),
            timeline=scenario.timeline,
            camera=CAMERA,
            rules=RolloutRules(),
            tag_set=tag_table_for_server(endpoint.version),
        )
    assert result.log.reason == "time limit"
    assert len(result.timing["act_s"]) >= scenario.num_ticks - 1
    return float(result.timing["tick_s"].mean()), float(result.timing["act_s"].mean())


def test_a_rollout_over_a_bare_loop(endpoint: Endpoint, scenario: Scenario, *, is_full: bool) -> None:
    rollout_seconds(endpoint, scenario.model_copy(update={"duration_s": 0.5}))  # compiles what is not compiled yet
    rounds = []
    for _ in range(5 if is_full else 1):
        bare = bare_seconds_per_tick(endpoint, scenario)
        rounds.append((*rollout_seconds(endpoint, scenario), bare))
    ratios = sorted(tick / bare for tick, _, bare in rounds)
    tick, act, bare = (1e3 * statistics.median(each) for each in zip(*rounds, strict=True))
    print(
        f"\na tick of a rollout of the truth policy over a bare tick, 640x360, 20 vehicles, 20 walkers: median "
        f"{statistics.median(ratios):.3f} of {', '.join(f'{ratio:.3f}' for ratio in ratios)} (target: 1.2); "
        f"{tick:.1f} ms, of which {act:.1f} ms the decision, over {bare:.1f} ms"
    )
