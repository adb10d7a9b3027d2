"""What the command says about runs that differ; that a server repeats itself is tested with one."""

from __future__ import annotations

import json
import math

import pytest

from harness.cli.check_determinism import _lines, choose_scenarios, to_json
from harness.determinism.check import Answer
from harness.determinism.compare import PictureDifference, PoseDifference
from harness.errors import UsageError
from sim_scenarios.scenario import Suite

POSES = PoseDifference(
    tick=3, actor=2, blueprint="vehicle.audi.tt", distance_m=0.25, angle_deg=1.5,
    num_ticks=7, max_distance_m=2.0, max_angle_deg=4.0,
)  # fmt: skip
PICTURES = PictureDifference(tick=4, camera="front", plane="rgb", share=0.125, largest=9, num_pictures=3, max_share=0.5)
DIFFERENT = Answer(
    scenario="a", question="drive twice", num_ticks=20, num_pictures=40, cast=None, poses=POSES, pictures=PICTURES
)
SUITE = Suite.model_validate(
    {"name": "s", "scenarios": [{"name": name, "split": "test", "duration_s": 1.0} for name in ("a", "b")]}
)


def test_a_difference_is_told_in_words() -> None:
    assert list(_lines(DIFFERENT)) == [
        "a, drive twice: from tick 3 on: actor 2 (vehicle.audi.tt) is 0.25 m and 1.5 deg apart; 7 of 20 ticks differ, "
        "by up to 2 m and 4 deg",
        "a, drive twice: from tick 4 on: camera front, rgb: 12.50% of its pixels by up to 9; 3 of 40 pictures differ, "
        "in up to 50.00% of their pixels",
    ]


def test_json_is_json_also_where_an_actor_was_gone() -> None:
    gone = Answer(
        scenario="a", question="drive twice", num_ticks=20, num_pictures=40, cast=None, pictures=None,
        poses=PoseDifference(
            tick=3, actor=2, blueprint="vehicle.audi.tt", distance_m=math.nan, angle_deg=math.nan,
            num_ticks=7, max_distance_m=0.0, max_angle_deg=0.0,
        ),
    )  # fmt: skip
    text = json.dumps(to_json([gone], server="CARLA"), allow_nan=False)
    content = json.loads(text)
    assert content["identical"] is False
    assert content["comparisons"][0]["poses"]["distance_m"] is None
    assert content["comparisons"][0]["identical"] is False


def test_scenarios_are_chosen_by_name() -> None:
    assert [each.name for each in choose_scenarios(SUITE, ())] == ["a", "b"]
    assert [each.name for each in choose_scenarios(SUITE, ("b",))] == ["b"]
    with pytest.raises(UsageError, match="'c'"):
        choose_scenarios(SUITE, ("b", "c"))
