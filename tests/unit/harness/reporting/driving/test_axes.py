"""Charts whose height is no share: a number is where the axis says."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reporting.charts import Series
from harness.reporting.driving.axes import Cloud, Points, cloud, measure_chart, round_up


def points_of(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+),([\d.]+)", path)]


def test_a_line_of_a_measure_is_where_its_ticks_are() -> None:
    series = Series(name="mask", xs=(0, 50, 100), ys=(100, 50, 20), lows=(90, 40, 10), highs=(100, 60, 30))
    chart = measure_chart([series], title="t", text="t", x_title="fog", y_max=100.0)
    places = {tick.text: tick.place for tick in chart.y_ticks}
    assert set(places) == {"0", "20", "40", "60", "80", "100"}
    ys = [y for _, y in points_of(chart.lines[0].path)]
    assert ys[0] == pytest.approx(places["100"], abs=0.06)
    assert ys[1] == pytest.approx((places["40"] + places["60"]) / 2, abs=0.06)
    assert ys[2] == pytest.approx(places["20"], abs=0.06)
    assert chart.lines[0].band


def test_missing_values_break_a_line() -> None:
    series = Series(name="mask", xs=(0, 1, 2), ys=(1.0, math.nan, 2.0))
    assert measure_chart([series], title="t", text="t", x_title="x", y_max=2.0).lines[0].path.count("M") == 2


@given(st.floats(1e-6, 1e6))
def test_a_rounded_end_is_a_little_larger(value: float) -> None:
    assert value * (1 - 1e-9) <= round_up(value) <= 1.7 * value


def test_an_end_of_nothing_is_one() -> None:
    assert round_up(0.0) == round_up(math.nan) == round_up(-3.0) == 1.0


def test_points_lie_where_the_axes_say() -> None:
    group = Points(name="rain", style="series0", xs=(0.5, math.nan, 1.0), ys=(100.0, 50.0, 0.0), titles=("a", "b", "c"))
    made = cloud(
        [group], title="t", text="t", x_title="IoU", y_title="score", x_range=(0.0, 1.0), y_max=100.0,
        curve=((0.0, 10.0), (1.0, 90.0)), limit=0.25, target=90.0,
    )  # fmt: skip
    dots = made.groups[0].dots
    assert [dot.title for dot in dots] == ["a", "c"]
    assert points_of(dots[0].path)[0] == ((Cloud.left + Cloud.right) / 2, Cloud.top)
    assert points_of(dots[1].path)[0] == (Cloud.right, Cloud.bottom)
    assert made.limit is not None
    assert made.limit.place == Cloud.left + 0.25 * (Cloud.right - Cloud.left)
    assert made.target is not None
    height = Cloud.bottom - Cloud.top
    assert points_of(made.curve)[1] == (Cloud.right, pytest.approx(Cloud.bottom - 0.9 * height, abs=0.06))
    assert made.target.place == pytest.approx(Cloud.bottom - 0.9 * height)
    assert made.groups[0].legend


def test_small_points_have_no_entry_in_the_legend() -> None:
    small = Points(name="rain", style="series0", xs=(0.5,), ys=(1.0,), titles=("a",), is_small=True)
    made = cloud([small], title="", text="", x_title="", y_title="", x_range=(0, 1), y_max=2.0)
    assert made.groups[0].legend == ""
