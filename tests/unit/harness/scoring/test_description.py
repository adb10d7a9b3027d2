from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datasets.labels import CARLA_29
from harness.errors import DataError, OutputInUseError
from harness.scoring.description import check_same_run, describe, save_description
from harness.scoring.plan import ScorePlan, make_plan
from sim_scenarios.weather_grid import parse_weather_grid

SERVER = {"host": "127.0.0.1", "port": 2000, "version": "0.9.16", "embedded": True}
MODELS = {"net": {"run": "here", "weights_sha256": "0" * 64}}


def description(plan: ScorePlan, **changes: Any) -> dict[str, Any]:
    return describe(plan, CARLA_29, **{"models": MODELS, "suite": "smoke", "server": SERVER, **changes})


def test_the_description_says_what_the_numbers_mean(plan: ScorePlan, tmp_path: Path) -> None:
    save_description(tmp_path, description(plan))
    content = json.loads((tmp_path / "score.json").read_text())
    assert content["schema_version"] == 2
    assert content["reference_weather"] == "ClearNoon"
    assert content["reference_model"] is None
    assert content["labels"]["classes"][1] == {"id": 1, "name": "Roads", "color": [128, 64, 128]}
    assert content["labels"]["ignore_id"] == 255
    assert "tp / (tp + fp + fn)" in content["definitions"]["iou"]
    assert content["seeds"] == {"alpha": 0, "beta": 1}
    (key,) = content["weathers"]["ClearNoon:wetness=50:fog_density=60"]["keys"]
    assert key["weather"]["fog_density"] == 60
    assert content["server"] == SERVER
    assert content["models"] == MODELS
    assert content["label_sizes"][0] == {"width": 32, "height": 24, "fov": 90, "label_width": 64, "label_height": 48}
    assert content["distance_bands"][-1] == "80+ m"
    assert content["object_bands"][0] == "< 0.05 %"


def test_a_sweep_is_described_with_its_base(plan: ScorePlan) -> None:
    grid = parse_weather_grid("ClearNoon:fog_density=0..100..50")
    swept = make_plan(plan.scenarios, grid, plan.sizes, models=plan.models)
    assert description(swept)["sweeps"] == [
        {
            "name": "ClearNoon:fog_density",
            "field": "fog_density",
            "base": 2.0,
            "values": [0.0, 50.0, 100.0],
            "weathers": [f"ClearNoon:fog_density={value}" for value in (0, 50, 100)],
        }
    ]


def test_the_same_run_may_go_on_at_another_port_with_the_net_moved(plan: ScorePlan, tmp_path: Path) -> None:
    save_description(tmp_path, description(plan))
    moved = {"net": {"run": "moved/elsewhere", "weights_sha256": "0" * 64}}
    check_same_run(tmp_path, description(plan, server={**SERVER, "port": 4711}, models=moved))


def test_another_plan_net_or_recording_is_refused(plan: ScorePlan, tmp_path: Path) -> None:
    save_description(tmp_path, description(plan, drives=Path("a")))
    other = make_plan(plan.scenarios, parse_weather_grid("ClearNoon"), [(32, 24)], models=plan.models)
    with pytest.raises(OutputInUseError, match="other label_sizes, weathers, sizes: repeat the command"):
        check_same_run(tmp_path, description(other, drives=Path("a")))
    with pytest.raises(OutputInUseError, match="other models"):
        check_same_run(tmp_path, description(plan, drives=Path("a"), models={"net": {"weights_sha256": "1" * 64}}))
    with pytest.raises(OutputInUseError, match="other drives"):
        check_same_run(tmp_path, description(plan, drives=Path("b")))
    with pytest.raises(OutputInUseError, match="other server"):
        check_same_run(tmp_path, description(plan, drives=Path("a"), server={**SERVER, "embedded": False}))


def test_a_folder_without_a_description_cannot_be_resumed(plan: ScorePlan, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing in .* can be resumed: choose another folder"):
        check_same_run(tmp_path, description(plan))


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_damaged_description_is_an_error(plan: ScorePlan, tmp_path: Path, content: str) -> None:
    (tmp_path / "score.json").write_text(content)
    with pytest.raises(DataError, match=r"score\.json"):
        check_same_run(tmp_path, description(plan))
