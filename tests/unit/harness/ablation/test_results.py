from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from harness.ablation.results import RunResult, load_result, save_result
from harness.errors import DataError
from harness.training.config import TrainConfig


def test_what_is_saved_is_read_again(tmp_path: Path, baseline: TrainConfig, score: Any) -> None:
    result = score(cost=1 / 3)
    save_result(tmp_path / "a.json", baseline, result)
    config, again = load_result(tmp_path / "a.json") or (None, None)
    assert config == baseline
    assert repr(again) == repr(result)  # NaN does not equal itself
    assert "NaN" not in (tmp_path / "a.json").read_text()


def test_no_file_is_no_result(tmp_path: Path) -> None:
    assert load_result(tmp_path / "a.json") is None


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"config": {}, "result": {}}'])
def test_a_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    (tmp_path / "a.json").write_text(damage)
    with pytest.raises(DataError, match=r"a\.json cannot be read"):
        load_result(tmp_path / "a.json")


def test_rare_is_seldom_in_training_and_there_in_the_test(score: Any) -> None:
    """Poles have 0.5 % of the training pixels; of the train there is none in the test, so it cannot be scored."""
    result = score(poles=0.25)
    assert result.rare_classes == ("Poles",)
    assert result.rare_miou == 0.25
    assert math.isnan(RunResult(status="failed").rare_miou)


def test_the_file_says_what_was_trained(tmp_path: Path, baseline: TrainConfig, score: Any) -> None:
    save_result(tmp_path / "a.json", baseline, score())
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["config"]["net_options"] == {"base_channels": 4, "depth": 2}
    assert content["result"]["measures"]["classes"][3]["iou"] is None
