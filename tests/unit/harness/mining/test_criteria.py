"""Which frames of an episode are worth learning from, on logs of a drawn drive."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.closed_loop.episode_log import EpisodeLog
from harness.closed_loop.policy import DriverState
from harness.errors import UsageError
from harness.mining.criteria import Candidate, Criterion, candidates, frame_ious
from tests.unit.harness.closed_loop.made_logs import make_log

MOVES = ({"ticks": 100, "speed": 5.0},)


def counts_of(*road: tuple[int, int, int], size: int = 320 * 180) -> np.ndarray[Any, Any]:
    """(D, 3, 3) with these counts of class 1, the road; lines are always found."""
    rest = [[0, 0, 0], [size, 0, 0]]
    return np.array([[rest[0], each, rest[1]] for each in road], np.int64)


def log_of(*road: tuple[int, int, int], every: int = 10, states: tuple[int, ...] = (), **changes: Any) -> EpisodeLog:
    decisions = [{"tick": number * every, "state": states[number] if states else 0} for number in range(len(road))]
    return make_log(moves=MOVES, decisions=decisions, counts=counts_of(*road), **changes)


def found(log: EpisodeLog, criterion: Criterion, **options: Any) -> list[Candidate]:
    return candidates(log, criterion, **{"class_name": None, "before_s": 1.0, **options})


def test_poor_masks_come_first_and_perfect_ones_not_at_all() -> None:
    log = log_of((900, 50, 50), (1000, 0, 0), (500, 250, 250))
    chosen = found(log, "iou")
    assert [each.tick for each in chosen] == [20, 0, 10][:2]
    # road 0.5 and 0.9; lines are perfect
    assert [each.iou for each in chosen] == pytest.approx([0.75, 0.95])
    assert chosen[0].reason == "low IoU of road and lines"


def test_of_a_class_only_pictures_count_that_show_enough_of_it() -> None:
    enough = math.ceil(0.001 * 320 * 180)
    log = log_of((enough - 2, 1, 1), (enough - 4, 1, 2), (0, 0, 0))
    assert np.isnan(frame_ious(log, "class 1")).tolist() == [False, True, True]
    (only,) = found(log, "iou", class_name="class 1")
    assert only.tick == 0
    assert only.iou == pytest.approx((enough - 2) / enough)
    assert only.reason == "low IoU of class 1"


def test_a_class_that_masks_lack_is_refused_unless_there_are_no_masks() -> None:
    with pytest.raises(UsageError, match="no class 'Car': they have class 0, class 1"):
        frame_ious(log_of((1, 1, 1)), "Car")
    blind = make_log(moves=MOVES, decisions=[{"tick": 5}])
    assert np.isnan(frame_ious(blind, "Car")).all()
    assert found(blind, "iou") == []


def test_frames_before_a_collision_come_the_later_the_sooner() -> None:
    log = log_of(*[(9, 1, 0)] * 10, reason="collision", collisions=[{"tick": 74, "other": "vehicle.audi.tt"}])
    chosen = found(log, "infraction", before_s=1.2)
    assert [each.tick for each in chosen] == [70, 60, 50], "50 is just 1.2 s before it, what is behind it is left out"
    assert chosen[0].reason == "0.20 s before collision vehicle (vehicle.audi.tt, 100 N s)"
    assert [each.rank for each in chosen] == pytest.approx([0.2, 0.7, 1.2])
    assert chosen[0].iou == pytest.approx(0.95)


def test_a_safe_stop_is_a_failure_and_a_broken_line_is_none() -> None:
    safe = int(DriverState.SAFE_STOP)
    invasions = [{"tick": 33, "markings": ["Broken"]}]
    log = log_of(*[(9, 1, 0)] * 10, states=(0, 0, 0, 0, 0, 0, safe, safe, 0, 0), invasions=invasions)
    assert [(each.tick, each.reason) for each in found(log, "infraction", before_s=0.5)] == [
        (60, "0.00 s before a safe stop"),
        (50, "0.50 s before a safe stop"),
    ]
    solid = log_of(*[(9, 1, 0)] * 10, invasions=[{"tick": 33, "markings": ["Solid"]}])
    assert [each.tick for each in found(solid, "infraction", before_s=0.5)] == [30]


def test_how_an_episode_ended_is_a_failure() -> None:
    log = log_of(*[(9, 1, 0)] * 10, reason="time limit")
    assert [each.reason for each in found(log, "infraction", before_s=0.5)] == ["0.45 s before time limit"]
    assert found(log_of(*[(9, 1, 0)] * 10), "infraction") == []


@given(
    at=st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True),
    every=st.integers(1, 7),
    before_ticks=st.integers(0, 40),
)
def test_a_frame_is_chosen_where_the_next_failure_is_near(at: list[int], every: int, before_ticks: int) -> None:
    """Against a search over all pairs."""
    ticks = range(0, 99, every)
    log = log_of(
        *[(9, 1, 0)] * len(ticks), every=every, invasions=[{"tick": tick, "markings": ["Solid"]} for tick in sorted(at)]
    )
    expected = {
        tick: min(later - tick for later in at if later >= tick)
        for tick in ticks
        if any(0 <= later - tick <= before_ticks for later in at)
    }
    chosen = found(log, "infraction", before_s=before_ticks * 0.05)
    assert {each.tick: round(each.rank / 0.05) for each in chosen} == expected
    assert [each.rank for each in chosen] == sorted(each.rank for each in chosen)
