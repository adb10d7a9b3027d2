from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from datasets.labels import CARLA_29, LabelClass, LabelSet
from harness.inspection.class_shares import class_shares
from harness.streams import read_streams


def _histogram(**pixels: int) -> np.ndarray:
    counts = np.zeros(CARLA_29.num_classes, np.int64)
    for name, count in pixels.items():
        counts[CARLA_29.class_id(name)] = count
    return counts


def test_shares_are_of_labelled_pixels_by_weather_and_split(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("one", frames=range(1))
    made.drive("two", frames=range(1), split="test")
    made.drive("two", frames=range(1), split="test", weather="DenseFog")
    histograms = [_histogram(Roads=60, NONE=40), _histogram(Roads=20, Sky=80), _histogram(Sky=100)]
    (table,) = class_shares(read_streams(made.recording), histograms)
    roads, sky = CARLA_29.class_id("Roads"), CARLA_29.class_id("Sky")
    assert table.by_weather.groups == ("ClearNoon", "DenseFog")
    np.testing.assert_allclose(table.by_weather.labelled[:, [roads, sky]], [[0.5, 0.5], [0.0, 1.0]])
    np.testing.assert_allclose(table.by_weather.void, [0.2, 0.0])
    np.testing.assert_allclose(table.by_split.labelled[:, roads], [1.0, 0.1])
    assert table.overall.labelled[0, 0] == 0.0
    assert table.present == (sky, roads)


def test_each_tag_table_has_its_own_shares(new_recording: Callable[..., Any]) -> None:
    two = LabelSet(
        name="two",
        classes=(LabelClass(name="void", color=(0, 0, 0)), LabelClass(name="car", color=(0, 0, 9))),
        ignored=frozenset({0}),
    )
    made = new_recording()
    made.drive("carla", frames=range(1))
    sample = made.sample(0)
    sample.tags[:] = 0
    made.add([sample], scenario="masks", tag_table=two)
    first, second = class_shares(read_streams(made.recording), [_histogram(Roads=10), np.array([12, 0])])
    assert (first.labels.name, second.labels.name) == ("carla29", "two")
    assert second.present == ()
    assert second.overall.labelled.sum() == 0.0
    assert second.overall.void[0] == pytest.approx(1.0)
