"""Reading the tables of a score, and refusing those that are missing, half-written or of another version.

The report trusts nothing that it can check: a table with a missing column, a repeated row or a cell without its counts
would otherwise become a plausible wrong figure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from harness.errors import DataError

SCHEMA_VERSION = 1
"""Version of ``score.json`` and its tables that this report understands."""

CELL = ["scenario", "weather", "width", "height"]
"""Columns that name a cell."""

COUNTS = ["tp", "fp", "fn"]

_TEXT = ("scenario", "weather", "class", "town", "status", "labels_digest", "message", "rgb", "truth", "prediction")
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "counts.csv": (*CELL, "class_id", "class", *COUNTS),
    "scenarios.csv": (*CELL, "town", "status", "frames", "pixel_accuracy", "miou", "labels_digest", "message"),
    "worst.csv": (*CELL, "rank", "frame", "pixel_accuracy", "miou", "rgb", "truth", "prediction"),
}
_KEYS: Mapping[str, list[str]] = {
    "counts.csv": [*CELL, "class"],
    "scenarios.csv": CELL,
    "worst.csv": [*CELL, "rank"],
}


@dataclass(frozen=True, kw_only=True)
class LabelColor:
    """One class of the label set that was scored."""

    name: str
    color: tuple[int, int, int]
    """sRGB, 0..255 each."""


@dataclass(frozen=True, kw_only=True)
class ScoreData:
    """Everything that a score left behind."""

    folder: Path
    description: Mapping[str, Any]
    """``score.json``."""
    environment: Mapping[str, Any]
    """The last session of ``manifest.json``: command line, versions, platform; empty where there is none."""
    labels: tuple[LabelColor, ...]
    """Classes in id order."""
    counts: pd.DataFrame
    """``counts.csv``: one row for each counted cell and class."""
    scenarios: pd.DataFrame
    """``scenarios.csv``: one row for each planned cell."""
    worst: pd.DataFrame
    """``worst.csv``: one row for each frame of which there are images."""

    @property
    def weathers(self) -> list[str]:
        """Scored weathers in the order in which they were planned."""
        return [str(name) for name in self.scenarios["weather"].unique()]

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Scored (width, height) [px], the largest first."""
        pairs = self.scenarios[["width", "height"]].drop_duplicates().itertuples(index=False)
        return sorted(((int(width), int(height)) for width, height in pairs), key=lambda s: s[0] * s[1], reverse=True)


def read_score(folder: Path) -> ScoreData:
    """Read and check the tables that ``harness score`` wrote into ``folder``.

    Raises:
        DataError: a file is missing, cut short, inconsistent or of another version; the message names it.
    """
    description = _read_json(folder / "score.json")
    if description.get("schema_version") != SCHEMA_VERSION:
        raise DataError(
            f"{folder / 'score.json'} has schema version {description.get('schema_version')}, this program reads "
            f"{SCHEMA_VERSION}: make the report with the version that scored, or score again"
        )
    labels = _labels(folder / "score.json", description)
    tables = {name: _read_table(folder / name) for name in _COLUMNS}
    counts, scenarios = tables["counts.csv"], tables["scenarios.csv"]
    if scenarios.empty:
        raise DataError(f"{folder / 'scenarios.csv'} has no rows: score at least one scenario, {_again(folder)}")
    _check_counts(folder, counts, scenarios, [label.name for label in labels])
    return ScoreData(
        folder=folder,
        description=description,
        environment=_environment(folder / "manifest.json"),
        labels=labels,
        counts=counts,
        scenarios=scenarios,
        worst=tables["worst.csv"],
    )


def _again(folder: Path) -> str:
    return f"with `harness score RUN SUITE -o {folder} --resume`"


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: {path.parent} is not the output of a score. Make one with "
            f"`harness score RUN SUITE -o {path.parent}`"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}): score again, {_again(path.parent)}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} is not a JSON object: score again, {_again(path.parent)}")
    return content


def _labels(path: Path, description: Mapping[str, Any]) -> tuple[LabelColor, ...]:
    try:
        labels = tuple(
            LabelColor(
                name=str(each["name"]), color=(int(each["color"][0]), int(each["color"][1]), int(each["color"][2]))
            )
            for each in description["labels"]["classes"]
        )
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise DataError(f"{path} has no usable list of classes ({error!r}): score again") from error
    if not labels:
        raise DataError(f"{path} lists no classes: score again")
    return labels


def _color(values: Sequence[int]) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in values)
    return red, green, blue


def _environment(path: Path) -> dict[str, Any]:
    """The last session of a manifest. It only informs, so a missing or odd one costs its block of the page, no more."""
    if not path.exists():
        return {}
    sessions = _read_json(path).get("sessions")
    last = sessions[-1] if isinstance(sessions, list) and sessions else {}
    return last if isinstance(last, dict) else {}


def _read_table(path: Path) -> pd.DataFrame:
    # Only an empty cell is missing: pandas' own list would turn a class called "None" into NaN.
    types = dict.fromkeys(_TEXT, str)
    try:
        table = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=_na_values(path))
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: the score did not come that far. Finish it, {_again(path.parent)}"
        ) from None
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise DataError(f"{path} cannot be read ({error}): score again, {_again(path.parent)}") from error
    missing = [column for column in _COLUMNS[path.name] if column not in table.columns]
    if missing:
        raise DataError(f"{path} has no column {', '.join(missing)}: it is cut short or not the table of a score")
    repeated = table.duplicated(_KEYS[path.name])
    if repeated.any():
        first = table.loc[repeated, _KEYS[path.name]].iloc[0].to_dict()
        raise DataError(f"{path} has rows that appear twice, such as {first}: remove them, or score again")
    return table


def _na_values(path: Path) -> dict[str, list[str]]:
    """Columns of numbers in which an empty cell means NaN: all that are not text."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header = pd.read_csv(file, nrows=0).columns
    except FileNotFoundError:
        return {}
    return {column: [""] for column in header if column not in _TEXT}


def _check_counts(folder: Path, counts: pd.DataFrame, scenarios: pd.DataFrame, class_names: Sequence[str]) -> None:
    """Every counted cell has one row for each class, and every cell with frames is counted."""
    path = folder / "counts.csv"
    for column in COUNTS:
        if not pd.api.types.is_integer_dtype(counts[column]) and not counts.empty:
            raise DataError(f"{path} has something else than whole numbers in column {column}: score again")
    if not counts.empty and (counts[COUNTS] < 0).any(axis=None):
        raise DataError(f"{path} has negative counts: score again")
    counted = {tuple(key): len(rows) for key, rows in counts.groupby(CELL, sort=False)}
    has_frames = scenarios["frames"] > 0
    expected = {tuple(row) for row in scenarios.loc[has_frames, CELL].itertuples(index=False, name=None)}
    for cell in sorted(expected | counted.keys()):
        rows = counted.get(cell, 0)
        if cell not in expected or rows != len(class_names):
            raise DataError(
                f"{path} has {rows} rows for {dict(zip(CELL, cell, strict=True))}, expected "
                f"{len(class_names) if cell in expected else 0}: it is cut short or from another run. "
                f"Score again, {_again(folder)}"
            )
    unknown = sorted(set(counts["class"]) - set(class_names))
    if unknown:
        raise DataError(f"{path} has classes that score.json does not list: {', '.join(unknown)}")
