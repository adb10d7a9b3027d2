from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.scoring.cells import Cell
from harness.scoring.plan import Pass, ScorePlan, make_plan, size_name
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather_grid import parse_weather_grid

SIZES = [(320, 180), (640, 360)]
CLEAR = parse_weather_grid("ClearNoon")


def test_cells_are_the_product_of_all_parts(scenarios: tuple[Scenario, ...]) -> None:
    grid = parse_weather_grid("ClearNoon,ClearNoon:fog_density=0..100..50")
    plan = make_plan(scenarios, grid, SIZES, fovs=(60, 90), models=("a", "b"), repeats=2)
    cells = list(plan.cells())
    assert len(cells) == len(set(cells)) == 2 * 4 * 2 * 2 * 2 * 2
    assert plan.num_passes == len(list(plan.passes())) == 2 * 4 * 2
    assert cells[1] == Cell(scenario="alpha", weather="ClearNoon", width=320, height=180, fov=60.0, model="b")
    assert plan.cells_of_pass(Pass(scenario="alpha", weather="ClearNoon")) == tuple(cells[:8])
    assert plan.towns == {"alpha": "Town10HD", "beta": "Town10HD"}
    assert [sweep.name for sweep in plan.sweeps] == ["ClearNoon:fog_density"]


def test_passes_of_a_scenario_follow_each_other(plan: ScorePlan) -> None:
    assert [str(each) for each in plan.passes()] == [
        f"{scenario} under {weather}" for scenario in ("alpha", "beta") for weather in plan.weathers
    ]


def test_without_fields_of_view_each_scenario_has_that_of_its_camera(scenarios: tuple[Scenario, ...]) -> None:
    wide = scenarios[1].model_copy(update={"cameras": (CameraSpec(fov=120.0, x=2.0),)})
    plan = make_plan([scenarios[0], wide], CLEAR, SIZES, models=("net",))
    assert {(cell.scenario, cell.fov) for cell in plan.cells()} == {("alpha", 90.0), ("beta", 120.0)}
    assert {view.camera.x for view in plan.views("beta")} == {2.0}
    assert plan.label_sizes() == {(width, height, fov): (640, 360) for width, height in SIZES for fov in (90.0, 120.0)}


def test_the_reference_is_clear_noon_or_the_first_weather(scenarios: tuple[Scenario, ...]) -> None:
    def reference(names: str, wanted: str | None = None) -> str:
        grid = parse_weather_grid(names)
        return make_plan(scenarios, grid, SIZES, models=("net",), reference_weather=wanted).reference_weather

    assert reference("WetNoon,ClearNoon") == "ClearNoon"
    assert reference("WetNoon,DenseFog") == "WetNoon"
    assert reference("WetNoon,DenseFog", "DenseFog") == "DenseFog"
    with pytest.raises(UsageError, match="'HardRainNoon' is not among the scored ones \\(WetNoon, DenseFog\\)"):
        reference("WetNoon,DenseFog", "HardRainNoon")


def test_empty_and_repeated_parts_are_refused(scenarios: tuple[Scenario, ...]) -> None:
    with pytest.raises(UsageError, match="no scenario"):
        make_plan([], CLEAR, SIZES, models=("net",))
    with pytest.raises(UsageError, match="no size"):
        make_plan(scenarios, CLEAR, [], models=("net",))
    with pytest.raises(UsageError, match="no model"):
        make_plan(scenarios, CLEAR, SIZES, models=())
    with pytest.raises(UsageError, match="scenario given twice: alpha"):
        make_plan([*scenarios, scenarios[0]], CLEAR, SIZES, models=("net",))
    with pytest.raises(UsageError, match="size given twice: 320x180"):
        make_plan(scenarios, CLEAR, [*SIZES, SIZES[0]], models=("net",))
    with pytest.raises(UsageError, match="model given twice: net"):
        make_plan(scenarios, CLEAR, SIZES, models=("net", "net"))


def test_a_warm_up_that_leaves_no_frame_is_refused(scenarios: tuple[Scenario, ...]) -> None:
    assert make_plan(scenarios, CLEAR, SIZES, models=("net",), warmup_frames=5).planned_frames("alpha") == 1
    with pytest.raises(UsageError, match="alpha has 6 frames, and 6 are not to be counted"):
        make_plan(scenarios, CLEAR, SIZES, models=("net",), warmup_frames=6)


def test_a_size_is_written_as_in_options() -> None:
    assert size_name((640, 360)) == "640x360"
