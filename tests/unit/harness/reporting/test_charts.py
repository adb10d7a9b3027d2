from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.reporting.charts import HEIGHT, NUM_STYLES, WIDTH, Series, line_chart

SHARES = st.one_of(st.floats(0, 1), st.just(math.nan))


def chart_of(*ys: list[float], **options: object):  # type: ignore[no-untyped-def]
    series = [
        Series(name=f"line {index}", xs=range(len(values)), ys=values, is_main=index == 0)
        for index, values in enumerate(ys)
    ]
    return line_chart(series, title="t", text="t", x_title="x", **options)  # type: ignore[arg-type]


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", path)]


def test_the_ends_of_the_axes_are_the_ends_of_the_picture() -> None:
    chart = chart_of([0.0, 1.0])
    assert points(chart.lines[0].path) == [(chart.left, chart.bottom), (chart.right, chart.top)]
    assert chart.y_ticks[0].place == chart.bottom
    assert chart.y_ticks[-1].place == chart.top


def test_a_missing_value_breaks_the_line_and_has_no_mark() -> None:
    line = chart_of([0.1, 0.2, math.nan, 0.4, 0.5]).lines[0]
    assert re.findall("[ML]", line.path) == ["M", "L", "M", "L"]
    assert len(re.findall("M", line.marks)) == 4


def test_a_limit_lies_where_its_number_does() -> None:
    chart = line_chart(
        [Series(name="a", xs=[0, 50, 100], ys=[1, 0.5, 0])], title="t", text="t", x_title="x", limits=[25], target=0.75
    )
    (start, _, end) = points(chart.lines[0].path)
    assert chart.limits[0].place == pytest.approx(start[0] + (end[0] - start[0]) / 4)
    assert chart.limits[0].text == "25"
    assert chart.target is not None
    assert chart.target.place == pytest.approx(start[1] + (end[1] - start[1]) / 4)


def test_a_band_goes_round_the_values_that_have_an_interval() -> None:
    series = Series(name="a", xs=[0, 1, 2], ys=[0.5] * 3, lows=[0.4, math.nan, 0.4], highs=[0.6, math.nan, 0.6])
    band = line_chart([series], title="t", text="t", x_title="x").lines[0].band
    assert len(points(band)) == 4
    assert band.endswith("Z")


def test_lines_differ_in_colour_and_in_shape() -> None:
    chart = chart_of(*[[0.1, 0.2]] * (NUM_STYLES + 1))
    assert len({line.style for line in chart.lines}) == NUM_STYLES + 1
    assert len({re.sub(r"M[\d.]+,[\d.]+", "", line.marks) for line in chart.lines}) == NUM_STYLES + 1


@given(st.lists(st.lists(SHARES, min_size=3, max_size=3), min_size=1, max_size=NUM_STYLES + 1))
def test_names_never_lie_on_each_other_and_all_is_inside(ys: list[list[float]]) -> None:
    chart = chart_of(*ys)
    places = sorted(line.name_y for line in chart.lines)
    assert all(low + 13.9 <= high for low, high in pairwise(places))
    assert places[0] >= 0
    assert places[-1] <= HEIGHT
    for line in chart.lines:
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points(line.path))


@pytest.mark.parametrize("ys", [[math.nan, math.nan], [0.5], [0.5, 0.5]])
def test_a_line_of_almost_nothing_can_be_drawn(ys: list[float]) -> None:
    chart = chart_of(ys)
    assert len(chart.x_ticks) >= 1
    assert chart.lines[0].name == ("" if math.isnan(ys[0]) else "line 0")


def test_a_long_name_is_cut_at_the_line_and_whole_in_its_title() -> None:
    chart = line_chart([Series(name="n" * 60, xs=[0, 1], ys=[0, 1])], title="t", text="t", x_title="x")
    assert chart.lines[0].title == "n" * 60
    assert len(chart.lines[0].name) == 16
