from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.scoring.plan import Cell, ScorePlan, make_plan, size_cameras
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import PRESETS, parse_weathers

SIZES = [(320, 180), (640, 360)]


def test_cells_are_scenario_by_weather_by_size(plan: ScorePlan) -> None:
    cells = list(plan.cells())
    assert len(cells) == len(set(cells)) == 2 * 2 * 2
    assert cells[1] == Cell(scenario="alpha", weather="ClearNoon", width=64, height=48)
    assert plan.cells_of_pass("alpha", "ClearNoon") == tuple(cells[:2])
    assert plan.largest_size == (64, 48)
    assert plan.towns == {"alpha": "Town10HD", "beta": "Town10HD"}


def test_the_reference_is_clear_noon_or_the_first_weather(scenarios: tuple[Scenario, ...]) -> None:
    def reference(names: str, wanted: str | None = None) -> str:
        return make_plan(scenarios, parse_weathers(names), SIZES, reference_weather=wanted).reference_weather

    assert reference("WetNoon,ClearNoon") == "ClearNoon"
    assert reference("WetNoon,DenseFog") == "WetNoon"
    assert reference("WetNoon,DenseFog", "DenseFog") == "DenseFog"
    with pytest.raises(UsageError, match="'HardRainNoon' is not among the scored ones \\(WetNoon, DenseFog\\)"):
        reference("WetNoon,DenseFog", "HardRainNoon")


def test_empty_and_repeated_parts_are_refused(scenarios: tuple[Scenario, ...]) -> None:
    clear = {"ClearNoon": PRESETS["ClearNoon"]}
    with pytest.raises(UsageError, match="no scenario"):
        make_plan([], clear, SIZES)
    with pytest.raises(UsageError, match="no weather"):
        make_plan(scenarios, {}, SIZES)
    with pytest.raises(UsageError, match="no size"):
        make_plan(scenarios, clear, [])
    with pytest.raises(UsageError, match="scenario given twice: alpha"):
        make_plan([*scenarios, scenarios[0]], clear, SIZES)
    with pytest.raises(UsageError, match="size given twice: 320x180"):
        make_plan(scenarios, clear, [*SIZES, SIZES[0]])


def test_cameras_of_all_sizes_sit_in_one_place() -> None:
    mounting = CameraSpec(name="front", x=1.2, z=1.7, pitch=-5, fov=100)
    cameras = size_cameras(mounting, SIZES)
    assert [camera.size for camera in cameras] == SIZES
    assert len({camera.name for camera in cameras}) == 2
    assert {(camera.x, camera.z, camera.pitch, camera.fov) for camera in cameras} == {(1.2, 1.7, -5, 100)}
