from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import DataError, OutputInUseError
from harness.scoring.description import check_same_run, describe, save_description
from harness.scoring.plan import ScorePlan, make_plan

SERVER = {"host": "127.0.0.1", "port": 2000, "version": "0.9.16", "embedded": True}


def test_the_description_says_what_the_numbers_mean(plan: ScorePlan, net: Any, tmp_path: Path) -> None:
    save_description(tmp_path, describe(plan, net, suite="smoke", server=SERVER))
    content = json.loads((tmp_path / "score.json").read_text())
    assert content["schema_version"] == 1
    assert content["reference_weather"] == "ClearNoon"
    assert content["labels"]["classes"][1] == {"id": 1, "name": "Roads", "color": [128, 64, 128]}
    assert content["labels"]["ignore_id"] == 255
    assert "tp / (tp + fp + fn)" in content["definitions"]["iou"]
    assert content["seeds"] == {"alpha": 0, "beta": 1}
    assert content["weathers"]["ClearNoon:wetness=50:fog_density=60"]["fog_density"] == 60
    assert content["server"] == SERVER
    assert content["model"] == net.origin


def test_the_same_run_may_go_on_at_another_port_with_the_net_moved(plan: ScorePlan, net: Any, tmp_path: Path) -> None:
    save_description(tmp_path, describe(plan, net, suite="smoke", server=SERVER))
    net.origin = {**net.origin, "run": "moved/elsewhere"}
    check_same_run(tmp_path, describe(plan, net, suite="smoke", server={**SERVER, "port": 4711}))


def test_drives_of_another_recording_are_refused(plan: ScorePlan, net: Any, tmp_path: Path) -> None:
    save_description(tmp_path, describe(plan, net, suite="smoke", server=SERVER, drives=Path("a")))
    with pytest.raises(OutputInUseError, match="other drives"):
        check_same_run(tmp_path, describe(plan, net, suite="smoke", server=SERVER, drives=Path("b")))


def test_another_plan_or_net_is_refused(plan: ScorePlan, net: Any, tmp_path: Path) -> None:
    save_description(tmp_path, describe(plan, net, suite="smoke", server=SERVER))
    other = make_plan(plan.scenarios, plan.weathers, [(32, 24)])
    with pytest.raises(OutputInUseError, match="other sizes, worst_frames: repeat the command"):
        check_same_run(tmp_path, describe(other, net, suite="smoke", server=SERVER))
    net.origin = {"weights_sha256": "1" * 64}
    with pytest.raises(OutputInUseError, match="other model"):
        check_same_run(tmp_path, describe(plan, net, suite="smoke", server=SERVER))


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_damaged_description_is_an_error(plan: ScorePlan, net: Any, tmp_path: Path, content: str) -> None:
    (tmp_path / "score.json").write_text(content)
    with pytest.raises(DataError, match=r"score\.json"):
        check_same_run(tmp_path, describe(plan, net, suite="smoke", server=SERVER))
