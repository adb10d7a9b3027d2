from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.closed_loop.episode_log import EpisodeLog
from harness.closed_loop.metrics.ego_track import ego_track
from harness.closed_loop.metrics.time_to_collision import HORIZON_S, times_to_collision
from tests.unit.harness.closed_loop.made_logs import ACTORS, CAR, make_log


def times_of(log: EpisodeLog) -> np.ndarray:
    return times_to_collision(log, ego_track(log))


def corners(x: float, y: float, yaw: float, half: tuple[float, float]) -> np.ndarray:
    cos, sin = np.cos(yaw), np.sin(yaw)
    own = np.array([(1, 1), (1, -1), (-1, -1), (-1, 1)]) * half
    return own @ np.array([(cos, sin), (-sin, cos)]) + (x, y)


def overlap(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether no edge of either rectangle has them on different sides."""
    for box, rest in ((one, other), (other, one)):
        for start, end in zip(box, np.roll(box, -1, axis=0), strict=True):
            normal = np.array([end[1] - start[1], start[0] - end[0]])
            inside, outside = (box - start) @ normal, (rest - start) @ normal
            if outside.min() > inside.max() + 1e-9 or outside.max() < inside.min() - 1e-9:
                return False
    return True


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["car", "walker"]),
    x=st.floats(-15, 30),
    y=st.floats(-15, 15),
    yaw=st.floats(-180, 180),
    speed=st.floats(0, 12),
    own_speed=st.floats(0.5, 12),
    own_yaw=st.floats(-180, 180),
)
def test_it_is_what_moving_the_boxes_step_by_step_gives(
    kind: str, x: float, y: float, yaw: float, speed: float, own_speed: float, own_yaw: float
) -> None:
    log = make_log(
        start=(0.0, 0.0, own_yaw), moves=[{"ticks": 2, "speed": own_speed}],
        others=[{"actor": kind, "start": (x, y, yaw), "moves": [{"ticks": 2, "speed": speed}]}],
    )  # fmt: skip
    found = times_of(log)[0]
    ego, other = np.radians(own_yaw), np.radians(yaw)
    step = 0.01
    expected = np.nan
    for time in np.arange(0, HORIZON_S + step, step):
        ways = own_speed * time, speed * time
        mine = corners(ways[0] * np.cos(ego), ways[0] * np.sin(ego), ego, CAR.half_extents_m[:2])
        half = ACTORS[kind].half_extents_m[:2]
        theirs = corners(x + ways[1] * np.cos(other), y + ways[1] * np.sin(other), other, half)
        if overlap(mine, theirs):
            expected = time
            break
    if np.isnan(expected):
        # A touch of a corner may fall between two steps.
        assert np.isnan(found) or found > HORIZON_S - step or grazes(log)
    elif np.isnan(found):
        assert expected > HORIZON_S - step or grazes(log)
    else:
        assert expected - step - 1e-3 <= found <= expected + 1e-3 or grazes(log)


def grazes(log: EpisodeLog) -> bool:
    """Whether a box 2 cm larger, or smaller, gives another answer."""
    answers = []
    for grown in (-0.02, 0.02):
        length, width, height = CAR.half_extents_m
        ego = replace(CAR, half_extents_m=(length + grown, width + grown, height))
        answers.append(times_of(replace(log, actors=(ego, *log.actors[1:])))[0])
    return bool(np.isnan(answers).any() or abs(answers[0] - answers[1]) > 0.02)


def test_boxes_that_touch_have_no_time_left() -> None:
    log = make_log(moves=[{"ticks": 3, "speed": 5.0}], others=[{"actor": "car", "start": (4.0, 0.5, 20.0)}])
    np.testing.assert_array_equal(times_of(log), 0.0)


def test_the_nearest_of_many_counts() -> None:
    far, near = ({"actor": "car", "start": (distance, 0.0, 0.0)} for distance in (40.0, 24.5))
    log = make_log(moves=[{"ticks": 1, "speed": 10.0}], others=[far, near, far])
    assert times_of(log)[0] == pytest.approx(2.0)


def test_a_standing_ego_has_none() -> None:
    behind = {"actor": "car", "start": (-20.0, 0.0, 0.0), "moves": [{"ticks": 3, "speed": 10.0}]}
    assert np.isnan(times_of(make_log(moves=[{"ticks": 3, "speed": 0.0}], others=[behind], reason="blocked"))).all()
    assert times_of(make_log(moves=[{"ticks": 3, "speed": 1.0}], others=[behind]))[0] == pytest.approx(
        15.5 / 9, rel=1e-4
    )


def test_someone_who_appears_moves_from_the_first_tick() -> None:
    other = {
        "actor": "car",
        "start": (30.0, 0.0, 180.0),
        "moves": [{"ticks": 10, "speed": 10.0}],
        "from": 4,
        "until": 6,
    }
    found = times_of(make_log(moves=[{"ticks": 10, "speed": 10.0}], others=[other]))
    assert np.isnan(found[[0, 1, 2, 3, 6, 7, 8, 9]]).all()
    np.testing.assert_allclose(found[4:6], [(25.5 - 4) / 20, (25.5 - 5) / 20], rtol=1e-4)


def test_what_is_there_for_one_tick_stands() -> None:
    other = {"actor": "car", "start": (24.5, 0.0, 0.0), "from": 0, "until": 1}
    assert times_of(make_log(moves=[{"ticks": 2, "speed": 10.0}], others=[other]))[0] == pytest.approx(2.0)


def test_a_bridge_is_no_obstacle() -> None:
    log = make_log(moves=[{"ticks": 2, "speed": 10.0}], others=[{"actor": "car", "start": (20.0, 0.0, 0.0)}])
    transforms = log.actor_transforms.copy()
    transforms[:, 1, 2] = 6.0
    assert np.isnan(times_of(replace(log, actor_transforms=transforms))).all()
    transforms[:, 1, 2] = 1.0
    assert not np.isnan(times_of(replace(log, actor_transforms=transforms))).any()


def test_boxes_lie_where_their_middle_is() -> None:
    shifted = replace(CAR, center_m=(1.0, 0.0, 0.75))
    log = make_log(moves=[{"ticks": 1, "speed": 10.0}], others=[{"actor": "car", "start": (24.5, 0.0, 0.0)}])
    ego = replace(log, actors=(shifted, log.actors[1]))
    assert times_of(ego)[0] == pytest.approx(1.9)
    both = replace(log, actors=(shifted, shifted))
    assert times_of(both)[0] == pytest.approx(2.0)


def test_nobody_there_and_nothing_but_things() -> None:
    assert np.isnan(times_of(make_log(moves=[{"ticks": 5, "speed": 5.0}]))).all()
    box = {"actor": "box", "start": (10.0, 0.0, 0.0)}
    assert np.isnan(times_of(make_log(moves=[{"ticks": 5, "speed": 5.0}], others=[box]))).all()
