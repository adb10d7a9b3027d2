from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.frame_index import INDEX_DTYPE
from harness.inspection.motion import holes_in, motion_of


def _index(places: list[tuple[float, float]], times: list[float]) -> np.ndarray:
    index = np.zeros(len(places), INDEX_DTYPE)
    index["frame"] = np.arange(len(places)) * 10
    index["timestamp_s"] = times
    index["camera_transform"][:, :2] = places
    return index


def test_metres_standing_and_the_largest_step() -> None:
    motion = motion_of(_index([(0, 0), (3, 4), (3, 4.001), (3, 14)], [0.0, 0.5, 1.0, 1.5]))
    assert motion.metres == pytest.approx(15.0, abs=0.01)
    assert motion.still_share == pytest.approx(1 / 3)
    assert (motion.largest_step_m, motion.largest_step_s) == (pytest.approx(9.999), pytest.approx(0.5))
    assert motion.largest_step_frame == 30
    assert (motion.first_s, motion.last_s) == (0.0, 1.5)


def test_one_frame_has_no_motion() -> None:
    motion = motion_of(_index([(5, 5)], [2.0]))
    assert (motion.metres, motion.still_share, motion.largest_step_m, motion.largest_step_frame) == (0.0, None, 0.0, 0)


def test_frames_without_times_of_their_own_stand_still() -> None:
    """Pictures from elsewhere: no poses, no times."""
    assert motion_of(_index([(0, 0)] * 3, [0.0] * 3)).still_share == 1.0


def test_holes_are_counted_in_recorded_frames() -> None:
    holes = holes_in(np.array([0, 4, 8, 20, 24, 32], np.uint64))
    assert (holes.every, holes.missing, holes.longest, holes.longest_after) == (4, 3, 2, 8)
    assert holes_in(np.array([7], np.uint64)).missing == 0


@given(st.integers(1, 50), st.sets(st.integers(0, 200), min_size=2))
def test_holes_and_frames_fill_the_range(every: int, numbers: set[int]) -> None:
    frames = np.array(sorted(numbers), np.uint64) * np.uint64(every)
    holes = holes_in(frames)
    assert holes.every % every == 0
    assert (len(frames) + holes.missing - 1) * holes.every == int(frames[-1] - frames[0])
    assert holes.longest <= holes.missing
