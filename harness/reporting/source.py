"""Reading what a score left behind, and refusing what is missing, half-written or of another version.

The report trusts nothing that it can check: a table with a missing column, a repeated row or a cell without its counts
would otherwise become a plausible wrong figure. Single tables are read in :mod:`harness.reporting.raw_tables`; this
file holds them against each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.errors import DataError
from harness.reporting.raw_tables import (
    CELL,
    CONDITION,
    COUNTS,
    STATUSES,
    TICK_COLUMNS,
    again,
    check_tick_columns,
    read_confusion,
    read_table,
    read_ticks,
)
from harness.scoring.statistics.metrics import MEAN

SCHEMA_VERSION = 2
"""Version of ``score.json`` and its tables that this report understands."""


class Condition(NamedTuple):
    """What a row of the report's tables is about: a net, and what it saw."""

    model: str
    weather: str
    width: int
    """[px]"""
    height: int
    """[px]"""
    fov: float
    """Horizontal [deg]."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) [px]."""
        return self.width, self.height


@dataclass(frozen=True, kw_only=True)
class LabelColor:
    """One class of the label set that was scored."""

    name: str
    color: tuple[int, int, int]
    """sRGB, 0..255 each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreData:
    """Everything that a score left behind."""

    folder: Path
    description: Mapping[str, Any]
    """``score.json``."""
    environment: Mapping[str, Any]
    """The last session of ``manifest.json``: command line, versions, platform; empty where there is none."""
    labels: tuple[LabelColor, ...]
    """Classes in id order, K of them."""
    counts: pd.DataFrame
    """``counts.csv``: one row for each counted cell and class."""
    scenarios: pd.DataFrame
    """``scenarios.csv``: one row for each planned cell."""
    bands: pd.DataFrame
    """``bands.csv``: one row for each counted cell, class and band with a count."""
    worst: pd.DataFrame
    """``worst.csv``: one row for each frame of which there are images."""
    timing: pd.DataFrame
    """``timing.csv``: one row for each counted cell."""
    confusion: tuple[pd.DataFrame, NDArray[np.int64]]
    """Cells (seven columns, C rows) and their ``(C, K, K)`` counts: rows truth, columns prediction."""

    def ticks(self, columns: tuple[str, ...] = TICK_COLUMNS) -> pd.DataFrame:
        """``ticks.parquet``: one row for each frame and class with a count; text columns are categories.

        Args:
            columns: those to read; it is the one large table.

        Raises:
            DataError: the file is cut short.
        """
        return read_ticks(self.folder / "ticks.parquet", columns)

    @property
    def class_names(self) -> list[str]:
        """In id order."""
        return [label.name for label in self.labels]

    @property
    def scenario_names(self) -> list[str]:
        """Planned scenarios, in order."""
        return _in_order(self.scenarios["scenario"])

    @property
    def models(self) -> list[str]:
        """Planned nets, in order."""
        return _in_order(self.scenarios["model"])

    @property
    def weathers(self) -> list[str]:
        """Planned weathers, in order."""
        return _in_order(self.scenarios["weather"])

    @property
    def fovs(self) -> list[float]:
        """Planned fields of view [deg], in order."""
        return [float(fov) for fov in self.scenarios["fov"].unique()]

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Planned (width, height) [px], the largest first."""
        pairs = self.scenarios[["width", "height"]].drop_duplicates().itertuples(index=False)
        return sorted(((int(width), int(height)) for width, height in pairs), key=lambda s: s[0] * s[1], reverse=True)

    @property
    def conditions(self) -> list[Condition]:
        """Every planned net, fov, size and weather, in this order of precedence: the order of the rows."""
        rows = self.scenarios[CONDITION].drop_duplicates().itertuples(index=False, name=None)
        planned = [Condition(str(m), str(w), int(x), int(y), float(fov)) for m, w, x, y, fov in rows]
        models, fovs, sizes, weathers = (
            {value: index for index, value in enumerate(values)}
            for values in (self.models, self.fovs, self.sizes, self.weathers)
        )
        return sorted(planned, key=lambda c: (models[c.model], fovs[c.fov], sizes[c.size], weathers[c.weather]))

    @property
    def label_sizes(self) -> dict[tuple[int, int, float], tuple[int, int]]:
        """The (width, height) [px] at which each width, height and fov is scored: the largest camera of its view."""
        columns = ["width", "height", "fov", "label_width", "label_height"]
        rows = self.scenarios[columns].drop_duplicates().itertuples(index=False, name=None)
        return {(int(w), int(h), float(fov)): (int(lw), int(lh)) for w, h, fov, lw, lh in rows}


def read_score(folder: Path) -> ScoreData:
    """Read and check what ``harness score`` or ``harness evaluate`` wrote into ``folder``.

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
    tables = {name: read_table(folder / f"{name}.csv") for name in ("scenarios", "counts", "bands", "worst", "timing")}
    if tables["scenarios"].empty:
        raise DataError(f"{folder / 'scenarios.csv'} has no rows: score at least one scenario, {again(folder)}")
    names = [label.name for label in labels]
    _check_scenarios(folder / "scenarios.csv", tables["scenarios"])
    for name in ("counts", "bands", "worst"):
        _check_classes(folder / f"{name}.csv", tables[name], {*names, MEAN} if name == "worst" else {*names})
    _check_counts(folder / "counts.csv", tables["counts"], tables["scenarios"], len(names))
    for name in ("bands", "worst", "timing"):
        _check_planned(folder / f"{name}.csv", tables[name], tables["scenarios"])
    _check_bands(folder / "bands.csv", tables["bands"], tables["counts"])
    check_tick_columns(folder / "ticks.parquet")
    confusion = read_confusion(folder / "confusion.npz", len(labels))
    _check_confusion(folder / "confusion.npz", confusion, tables["counts"])
    return ScoreData(
        folder=folder,
        description=description,
        environment=_environment(folder / "manifest.json"),
        labels=labels,
        confusion=confusion,
        **tables,
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing: {path.parent} is not the output of a score. Make one with "
            f"`harness score RUN SUITE -o {path.parent}`"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}): score again, {again(path.parent)}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path} is not a JSON object: score again, {again(path.parent)}")
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


def _environment(path: Path) -> dict[str, Any]:
    """The last session of a manifest. It only informs, so a missing or odd one costs its block of the page, no more."""
    if not path.exists():
        return {}
    sessions = _read_json(path).get("sessions")
    last = sessions[-1] if isinstance(sessions, list) and sessions else {}
    return last if isinstance(last, dict) else {}


def _check_scenarios(path: Path, scenarios: pd.DataFrame) -> None:
    unknown = sorted(set(scenarios["status"]) - set(STATUSES))
    if unknown:
        raise DataError(f"{path} has status {', '.join(map(repr, unknown))}; known are: {', '.join(STATUSES)}")
    wrong = scenarios[(scenarios["status"] == "done") & (scenarios["frames"] < 1)]
    if len(wrong):
        raise DataError(f"{path} calls {_cell(wrong)} done, but without a frame: score again, {again(path.parent)}")


def _check_classes(path: Path, table: pd.DataFrame, known: set[str]) -> None:
    unknown = sorted(set(table["class"]) - known)
    if unknown:
        raise DataError(f"{path} has classes that score.json does not list: {', '.join(unknown)}")


def _check_counts(path: Path, counts: pd.DataFrame, scenarios: pd.DataFrame, num_classes: int) -> None:
    """Every counted cell has one row for each class, and every cell with frames is counted."""
    rows = counts.groupby(CELL, sort=False).size()
    planned = scenarios.set_index(CELL)["frames"] > 0
    expected = planned[planned].index
    for cell in [*rows.index.difference(expected, sort=False), *expected]:
        found, needed = int(rows.get(cell, 0)), num_classes if cell in expected else 0
        if found != needed:
            raise DataError(
                f"{path} has {found} rows for {dict(zip(CELL, cell, strict=True))}, expected {needed}: it is cut short "
                f"or from another run. Score again, {again(path.parent)}"
            )


def _check_bands(path: Path, bands: pd.DataFrame, counts: pd.DataFrame) -> None:
    """Every labelled pixel is in one object size: their sums are those of ``counts.csv``."""
    keys, columns = [*CELL, "class_id"], ["tp", "fn"]
    sums = bands[bands["kind"] == "object size"].groupby(keys)[columns].sum()
    difference = counts.set_index(keys)[columns].sub(sums, fill_value=0)
    wrong = difference[(difference != 0).any(axis=1)]
    if len(wrong):
        raise DataError(
            f"{path} does not add up to counts.csv for {dict(zip(keys, wrong.index[0], strict=True))}: it is cut short "
            f"or from another run. Score again, {again(path.parent)}"
        )


def _check_confusion(path: Path, confusion: tuple[pd.DataFrame, NDArray[np.int64]], counts: pd.DataFrame) -> None:
    """Diagonals, columns and rows of the matrices are the counts of ``counts.csv``, cell by cell."""
    cells, matrices = confusion
    right = np.diagonal(matrices, axis1=1, axis2=2)
    triples = np.stack([right, matrices.sum(axis=1) - right, matrices.sum(axis=2) - right], axis=-1)
    num_classes = matrices.shape[1]
    keys = cells.loc[cells.index.repeat(num_classes)].assign(class_id=np.tile(np.arange(num_classes), len(cells)))
    found = pd.DataFrame(triples.reshape(-1, 3), columns=COUNTS, index=pd.MultiIndex.from_frame(keys))
    expected = counts.set_index([*CELL, "class_id"])[COUNTS]
    if not found.sort_index().equals(expected.sort_index()):
        raise DataError(
            f"{path} does not add up to counts.csv: one of them is from another run. Score again, {again(path.parent)}"
        )


def _check_planned(path: Path, table: pd.DataFrame, scenarios: pd.DataFrame) -> None:
    """Every row is about a cell that was planned."""
    known = table.merge(scenarios[CELL], on=CELL, how="left", indicator="found")["found"] == "both"
    if not known.all():
        raise DataError(
            f"{path} has rows of {_cell(table[~known.to_numpy()])}, which scenarios.csv does not list: it is from "
            f"another run. Score again, {again(path.parent)}"
        )


def _cell(rows: pd.DataFrame) -> dict[str, Any]:
    first: dict[str, Any] = rows[CELL].iloc[0].to_dict()
    return first


def _in_order(column: pd.Series) -> list[str]:
    return [str(name) for name in column.unique()]
