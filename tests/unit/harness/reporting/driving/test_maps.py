"""Maps: metres to pixels, the right way round, and what is drawn where."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.reporting.driving.maps import MAX_PX, MIN_PX, kind_shapes, lane_area, scenario_maps, shape_of
from harness.reporting.driving.outline import outline_of
from harness.reporting.driving.scale import fit, round_length
from harness.reporting.driving.source import read_drive
from tests.unit.harness.reporting.driving.conftest import EVENTS, LANE_M, route_of


def test_a_square_of_the_world_is_a_square_of_the_picture_with_y_downwards() -> None:
    scale = fit(np.array([[0.0, 0.0], [100.0, 40.0]]), margin_m=10.0, largest=(600, 600), smallest=(100, 100))
    assert scale.px_per_m == pytest.approx(5.0)
    assert (scale.width, scale.height) == (600, 300)
    np.testing.assert_allclose(scale.pixels([[0, 0], [100, 40], [0, 40]]), [[50, 50], [550, 250], [50, 250]])


def test_a_long_thin_route_lies_in_the_middle_of_its_picture() -> None:
    scale = fit(np.array([[5.0, 0.0], [5.0, 100.0]]), margin_m=5.0, largest=(500, 440), smallest=(300, 170))
    assert (scale.width, scale.height) == (300, 440)
    np.testing.assert_allclose(scale.pixels([[5, 50]]), [[150, 220]])


@pytest.mark.parametrize(("longest", "expected"), [(7.0, 5.0), (1.0, 1.0), (99.0, 50.0), (0.3, 0.2), (20.0, 20.0)])
def test_the_bar_is_a_round_length(longest: float, expected: float) -> None:
    assert round_length(longest) == pytest.approx(expected)


def test_a_lane_is_half_its_width_to_each_side() -> None:
    points, yaws = np.array([[0.0, 0.0], [0.0, 10.0]]), np.array([90.0, 90.0])
    area = lane_area(points, yaws, np.array([4.0, 3.0]))
    # Driving to +y, which is to the right of +x, the right-hand side is -x.
    np.testing.assert_allclose(area, [[2, 0], [1.5, 10], [-1.5, 10], [-2, 0]], atol=1e-12)


def test_kinds_have_symbols_of_their_own() -> None:
    kinds = (
        "collision pedestrian", "collision vehicle", "collision static", "red light", "stop sign", "lane invasion",
        "solid lane invasion", "outside lanes", "off road", "wrong way", "blocked", "route deviation", "time limit",
        "something new",
    )  # fmt: skip
    assert len({shape_of(kind) for kind in kinds}) == len(kinds)
    legend = kind_shapes(pd.DataFrame({"kind": ["red light", "blocked", "red light"]}))
    assert [each.name for each in legend] == ["blocked", "red light"]


def numbers(path: str) -> np.ndarray:
    return np.array([[float(x), float(y)] for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)])


def test_the_maps_of_a_run(whole_drive: Path) -> None:
    data = read_drive(whole_drive)
    outline = outline_of(data)
    maps = scenario_maps(outline, data)
    assert [each.title for each in maps] == ["bend", "turn"]
    for each in maps:
        assert each.width <= MAX_PX[0] + 1
        assert each.height <= MAX_PX[1] + 1
        assert each.width >= MIN_PX[0]
        rows = data.driven[data.driven["scenario"] == each.title]
        assert len(each.paths) == len(rows)
        events = data.infractions[data.infractions["scenario"] == each.title]
        assert len(each.marks) == len(events)
        assert sorted(mark.title.split(" =")[0] for mark in each.marks) == sorted(events["kind"])
        assert {mark.style for mark in each.marks} <= {"series0", "series1", "series2"}
        assert each.paths[-1].style == "series0", "the first policy is on top"


def test_a_path_runs_where_the_car_ran(whole_drive: Path) -> None:
    data = read_drive(whole_drive)
    outline = outline_of(data)
    bend = scenario_maps(outline, data)[0]
    points, _ = route_of("bend", 90.0)
    per_m = (bend.goal[1] - bend.start[1]) / (points[-1, 1] - points[0, 1])
    assert per_m > 0, "y downwards"
    np.testing.assert_allclose((bend.goal[0] - bend.start[0]) / (points[-1, 0] - points[0, 0]), per_m, rtol=0.01)
    assert bend.bar_px / float(bend.bar_text.split()[0]) == pytest.approx(per_m, rel=0.01)
    lane = numbers(bend.lane)
    half = np.linalg.norm(lane[: len(points)] - lane[: len(points) - 1 : -1], axis=1) / per_m
    np.testing.assert_allclose(half, LANE_M, rtol=0.05)
    ticks = data.ticks[(data.ticks["scenario"] == "bend") & (data.ticks["policy"] == "route")]
    last = ticks[ticks["weather"] == "ClearNoon"].iloc[-1]
    path = next(each for each in bend.paths if each.title.startswith("route, ClearNoon"))
    end = (np.array([last["x"], last["y"]]) - points[0]) * per_m + bend.start
    assert np.linalg.norm(numbers(path.path)[-1] - end) < 1.0
    assert len(numbers(path.path)) < 60, "thinned"


def test_a_run_whose_logs_were_deleted_has_maps_without_routes(drive_folder: Path) -> None:
    for path in (drive_folder / "logs").iterdir():
        path.unlink()
    data = read_drive(drive_folder)
    maps = scenario_maps(outline_of(data), data)
    assert [each.lane for each in maps] == ["", ""]
    assert all(each.paths for each in maps)


def test_the_events_of_the_maker_are_kinds_of_the_metrics() -> None:
    assert all(shape_of(kind) != shape_of("something new") for kind in EVENTS)
