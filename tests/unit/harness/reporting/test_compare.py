from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.errors import UsageError
from harness.reporting.compare import Comparison, Scored, compare
from harness.scoring.statistics.bootstrap import Bootstrap
from tests.unit.harness.reporting.conftest import write_score_folder

BOOTSTRAP = Bootstrap(resamples=100)
CLEAR = {"weathers": ("ClearNoon",), "repeats": 1, "models": ("large",), "incomplete": {}}


def compared(a: Path, b: Path, model_a: str | None = None, model_b: str | None = None) -> Comparison:
    return compare(Scored(folder=a, model=model_a), Scored(folder=b, model=model_b), bootstrap=BOOTSTRAP)


def folder(path: Path, **plan: Any) -> Path:
    return write_score_folder(path, **{**CLEAR, **plan})


def test_two_nets_of_one_folder(whole_score: Path) -> None:
    found = compared(whole_score, whole_score, "large", "small")
    assert set(found.table["model_a"]) == {"large"}
    assert set(found.table["model_b"]) == {"small"}
    clear = found.table[(found.table["weather"] == "ClearNoon") & (found.table["width"] == 32)]
    assert clear["class"].tolist() == ["(mean)", "road", "car", "pedestrian", "=train"]
    assert set(clear["frames"]) == {12}
    assert clear["significant"].tolist() == ["yes"] * 4 + [""]
    assert found.absent == {"=train"}
    rain = [notice for notice in found.notices if notice.startswith("HardRainNoon at 32x18")]
    assert "west, south left out" in rain[0], "they are incomplete on both sides, which must be said, too"
    assert not any(notice.startswith("ClearNoon at") for notice in found.notices)


def test_two_folders_give_what_one_gives(tmp_path: Path, whole_score: Path) -> None:
    other = Path(shutil.copytree(whole_score, tmp_path / "other"))
    one, two = (compared(whole_score, each, "large", "small").table for each in (whole_score, other))
    pd.testing.assert_frame_equal(one, two)
    swapped = compared(other, whole_score, "small", "large").table
    np.testing.assert_allclose(swapped["difference_points"], -one["difference_points"])
    np.testing.assert_allclose(swapped["low"], -one["high"], atol=1e-9)


def test_nets_of_the_same_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    a, b = folder(tmp_path / "a"), folder(tmp_path / "b")
    table = compared(a, b).table
    assert table.iloc[0][["model_a", "model_b"]].tolist() == [f"{a}:large", f"{b}:large"]
    assert set(table["significant"]) == {"no", ""}
    assert table["difference_points"].dropna().eq(0).all()


def test_only_common_scenarios_and_weathers_are_compared(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", weathers=("ClearNoon", "HardRainNoon"))
    b = folder(tmp_path / "b", scenarios=("east", "west", "north"))
    found = compared(a, b)
    assert set(found.table["weather"]) == {"ClearNoon"}
    assert set(found.table["frames"]) == {8}, "south, north: same place in the list, another truth"
    assert any(notice.startswith("only one side has HardRainNoon at 32x18") for notice in found.notices)
    assert any("south, north left out" in notice for notice in found.notices)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"classes": ("road", "car", "tram", "=train")}, r"other classes \(pedestrian, tram\)"),
        ({"classes": ("car", "road", "pedestrian", "=train")}, "the same ones in another order"),
        ({"weathers": ("DustStorm",)}, "no weather and size that both have scored completely; there are: ClearNoon at"),
        ({"scenarios": ("north",)}, "no scenario in common"),
        ({"seed": 5}, r"their ground truth differs \(labels_digest .* Score both on the same drives, with --drives"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path: Path, plan: dict[str, object], message: str) -> None:
    a, b = folder(tmp_path / "a"), folder(tmp_path / "b", **plan)
    with pytest.raises(UsageError, match=message):
        compared(a, b)


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ((None, "small"), "has several models: name one as .*:large; there are: large, small"),
        (("large", "tiny"), "has no model 'tiny'; there are: large, small"),
        (("large", "large"), "both sides are 'large'"),
    ],
)
def test_nets_are_named(whole_score: Path, models: tuple[str | None, str | None], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compared(whole_score, whole_score, *models)
