from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest

from harness.reporting.figures import heat_map, mean_iou_bars


def size_of(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    image = cv2.imdecode(np.frombuffer(png, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.std() > 5, "something is drawn"
    return image.shape[1], image.shape[0]


def test_the_heat_map_grows_with_its_table() -> None:
    small = pd.DataFrame({"ClearNoon": [0.9, np.nan]}, index=["road", "car"])
    large = pd.DataFrame({f"Weather{i}": np.linspace(0, 1, 29) for i in range(22)}, index=[f"c{i}" for i in range(29)])
    small_size, large_size = size_of(heat_map(small, title="small")), size_of(heat_map(large, title="large"))
    assert large_size[0] > 2 * small_size[0]
    assert large_size[1] > 2 * small_size[1]


def test_figures_are_the_same_every_time() -> None:
    table = pd.DataFrame({"ClearNoon": [0.9, 0.1]}, index=["road", "car"])
    assert heat_map(table, title="t") == heat_map(table, title="t")


@pytest.mark.parametrize("name", ["ClearNoon:fog_density=60", "$x^2$", "$", "a" * 80])
def test_any_name_can_be_drawn(name: str) -> None:
    size_of(heat_map(pd.DataFrame({name: [0.5]}, index=[name]), title=name))
    bars = pd.DataFrame({"weather": [name, name], "width": [8, 4], "height": [4, 2], "miou": [0.5, np.nan]})
    size_of(mean_iou_bars(bars))
