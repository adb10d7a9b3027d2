from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.inspection.sampling import BRIGHTNESS_BINS, FRAMES_PER_WEATHER, brightness, evenly, sampled
from harness.streams import read_streams


@given(st.integers(0, 10_000), st.integers(1, 100))
def test_positions_are_distinct_inside_and_evenly_spread(total: int, count: int) -> None:
    found = evenly(total, count)
    assert len(found) == min(total, count)
    assert all(0 <= position < total for position in found)
    steps = np.diff(found)
    assert steps.size == 0 or (steps.min() >= 1 and steps.max() - steps.min() <= 1)


def test_frames_are_spread_over_all_streams(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("long", frames=range(30))
    made.drive("short", frames=range(10))
    streams = read_streams(made.recording)
    assert [sample.frame for sample in sampled(streams, 4)] == [5, 15, 25, 5]
    assert len(list(sampled(streams, 1000))) == 40


def test_brightness_is_the_histogram_of_luma(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("city", frames=range(3))
    shares, frames = brightness(read_streams(made.recording))
    luma = np.concatenate([cv2.cvtColor(made.sample(k).rgb, cv2.COLOR_RGB2GRAY).ravel() for k in range(3)])
    expected = np.histogram(luma, bins=BRIGHTNESS_BINS, range=(0, 256))[0] / luma.size
    np.testing.assert_allclose(shares, expected)
    assert frames == 3


def test_a_long_recording_decodes_a_few_frames_only(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("city", frames=range(40))
    assert brightness(read_streams(made.recording))[1] == FRAMES_PER_WEATHER
