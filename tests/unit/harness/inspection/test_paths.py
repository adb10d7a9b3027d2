from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from harness.inspection.paths import MAX_POINTS, driven_paths
from harness.streams import read_streams


def test_each_scenario_has_one_path(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one", frames=range(3))
    made.drive("one", frames=range(3), weather="DenseFog")
    made.drive("two", frames=range(600), seed=2, split="test")
    first, second = driven_paths(read_streams(made.recording))
    assert (first.number, first.scenario, second.number, second.split) == (1, "one", 2, "test")
    np.testing.assert_allclose(first.places, [(10.0, -5.0), (10.5, -5.0), (11.0, -5.0)])
    assert len(second.places) == MAX_POINTS
    np.testing.assert_allclose(second.places[-1], (20.0 + 0.5 * 599, -10.0))


def test_pictures_without_poses_have_no_path(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.add([replace(made.sample(frame), camera_transform=(0.0,) * 6) for frame in range(2)])
    made.drive("real", frames=range(2))
    (path,) = driven_paths(read_streams(made.recording))
    assert (path.number, path.scenario) == (2, "real")
