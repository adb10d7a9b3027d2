"""The cards at the top say what the numbers say, whatever their sign and however much of them is missing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.reporting.headline import hardest_weather, headlines, limit_words, worst_weathers
from harness.reporting.outline import outline_of
from harness.reporting.page import Headline
from harness.reporting.report import make_tables
from harness.reporting.source import read_score
from harness.scoring.statistics.bootstrap import Bootstrap
from tests.unit.harness.reporting.conftest import write_score_folder

NAN = math.nan


def cards_of(folder: Path, reference: str, **plan: Any) -> list[Headline]:
    small = {"scenarios": ("east",), "repeats": 1, "models": ("net",), "incomplete": {}, "frames": 3}
    data = read_score(write_score_folder(folder, **{**small, **plan}))
    tables = make_tables(data, bootstrap=Bootstrap(resamples=50), reference_weather=reference)
    return list(headlines(outline_of(data, reference, tables.bootstrap), tables)[0].cards)


@pytest.mark.parametrize(
    ("low", "high", "low_holds", "high_holds", "words"),
    [
        (NAN, 47.04, "yes", "no", "up to 47"),
        (-12.5, NAN, "no", "yes", "from −12.5"),
        (12, 60, "no", "no", "12 to 60"),
        (NAN, 60, "unknown", "no", "unknown to 60"),
        (0.0312, NAN, "no", "unknown", "0.0312 to unknown"),
        (NAN, NAN, "yes", "yes", "holds"),
        (NAN, NAN, "no", "no", "missed from the start"),
        (NAN, NAN, "yes", "unknown", "unknown"),
        (NAN, NAN, "", "", "–"),
    ],
)
def test_a_limit_in_words(low: float, high: float, low_holds: str, high_holds: str, words: str) -> None:
    row = {"low_limit": low, "high_limit": high, "low_holds": low_holds, "high_holds": high_holds}
    assert limit_words(row) == words


def test_where_every_weather_is_better_none_is_called_hard(tmp_path: Path) -> None:
    weather = cards_of(tmp_path / "scores", "HardRainNoon", weathers=("ClearNoon", "HardRainNoon"))[1]
    assert weather.label == "No weather does worse than HardRainNoon; nearest: ClearNoon"
    assert weather.value.startswith("+")


def test_one_weather_and_one_size_have_one_card(tmp_path: Path) -> None:
    cards = cards_of(tmp_path / "scores", "ClearNoon", weathers=("ClearNoon",), sizes=((32, 18),))
    assert [card.label for card in cards] == ["mIoU in ClearNoon"]


def test_a_size_is_named_with_what_it_was_compared_with(tmp_path: Path) -> None:
    folder = write_score_folder(
        tmp_path / "scores", scenarios=("east",), repeats=1, models=("net",), incomplete={}, weathers=("ClearNoon",)
    )
    data = read_score(folder)
    tables = make_tables(data, bootstrap=Bootstrap(resamples=50), reference_weather="ClearNoon")
    outline = outline_of(data, "ClearNoon")
    own = tables.degradation["axis"] == "size"
    assert [card.label for card in headlines(outline, tables)[0].cards][1:] == ["16 × 9 instead of 32 × 18"]
    tables.degradation.loc[own, ["reference_width", "reference_height"]] = 20  # as of a square view
    assert len(headlines(outline, tables)[0].cards) == 1, "no size was compared with the largest one"


def test_what_was_not_compared_is_not_the_hardest(score_folder: Path) -> None:
    data = read_score(score_folder)
    outline = outline_of(data, "ClearNoon")
    rows = pd.DataFrame(
        [("large", "HardRainNoon", NAN), ("small", "HardRainNoon", 3.0), ("small", "ClearNoon:fog_density=100", 30.0)],
        columns=["model", "weather", "drop_points"],
    ).assign(**{"axis": "weather", "class": "(mean)", "width": 32, "height": 18, "fov": 90.0})
    assert hardest_weather(outline, rows, "large", outline.largest[0]) is None
    assert worst_weathers(outline, rows) == {"small": "HardRainNoon"}, "values of a sweep do not take part"
