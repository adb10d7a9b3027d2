"""The counts of single frames as arrays: what intervals are drawn from, and what is compared on the same frames.

Decisions:

* A frame is one tick of one scenario, whatever its weather, size or net. Its counts are summed over repeats.
* Frames of all conditions are in the same order, so that equal draws take equal frames.
* Comparisons see only scenarios that are *complete*: each repeat of them is done. A scenario that failed in the rain
  must not make the rain look better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.errors import DataError
from harness.reporting.raw_tables import CELL, CONDITION, COUNTS, again
from harness.reporting.source import Condition, ScoreData

_READ = (*CELL, "frame", "class_id", *COUNTS)
_NAMES = {"scenario", "weather", "model"}
_TICKS = 1 << 32
"""More than the ticks of any drive."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Frames:
    """N frames of one condition."""

    keys: NDArray[np.int64]
    """Scenario's number * 2**32 + tick, ``(N,)``, rising."""
    counts: NDArray[np.int64]
    """tp, fp, fn of each class, ``(N, K, 3)``."""

    @cached_property
    def scenarios(self) -> NDArray[np.int64]:
        """Number of the scenario that each frame is from, ``(N,)``, rising."""
        return self.keys // _TICKS

    @cached_property
    def total(self) -> NDArray[np.int64]:
        """Counts summed over the frames, ``(K, 3)``."""
        total: NDArray[np.int64] = self.counts.sum(axis=0)
        return total

    def of_scenarios(self, numbers: frozenset[int]) -> Frames:
        """Those of some scenarios only."""
        chosen = np.isin(self.scenarios, list(numbers))
        return self if chosen.all() else Frames(keys=self.keys[chosen], counts=self.counts[chosen])


class FrameTable:
    """The frames of every condition of a score."""

    def __init__(self, data: ScoreData, scenario_names: Sequence[str] | None = None) -> None:
        """Read them.

        Args:
            data: the score.
            scenario_names: the number of a scenario is its place in here; the score's own list where omitted.

        Raises:
            DataError: ``ticks.parquet`` is damaged, has a row twice, or is not what ``counts.csv`` is the sum of.
        """
        names = data.scenario_names if scenario_names is None else list(scenario_names)
        self.num_classes = len(data.labels)
        self._numbers = {name: number for number, name in enumerate(names)}
        self._frames = _read(data, self._numbers)
        self._complete = _complete_scenarios(data.scenarios, self._numbers)
        self._empty = Frames(keys=np.zeros(0, np.int64), counts=np.zeros((0, self.num_classes, 3), np.int64))
        self._complete_frames: dict[Condition, Frames] = {}

    def counted(self, condition: Condition) -> Frames:
        """Every frame that was counted."""
        return self._frames.get(condition, self._empty)

    def complete(self, condition: Condition) -> Frames:
        """The frames of the scenarios that were scored completely."""
        if condition not in self._complete_frames:
            complete = self._complete.get(condition, frozenset())
            self._complete_frames[condition] = self.counted(condition).of_scenarios(complete)
        return self._complete_frames[condition]


def aligned(*sides: Frames) -> list[Frames]:
    """The frames that all sides have, in the same order."""
    if all(np.array_equal(side.keys, sides[0].keys) for side in sides[1:]):
        return list(sides)
    keys = reduce(np.intersect1d, (side.keys for side in sides))
    places = [np.searchsorted(side.keys, keys) for side in sides]
    return [Frames(keys=keys, counts=side.counts[place]) for side, place in zip(sides, places, strict=True)]


def _complete_scenarios(scenarios: pd.DataFrame, numbers: Mapping[str, int]) -> dict[Condition, frozenset[int]]:
    """Numbers of the scenarios of which each repeat is done, by condition."""
    done = (scenarios["status"] == "done").groupby([scenarios[name] for name in [*CONDITION, "scenario"]]).all()
    complete: dict[Condition, set[int]] = {}
    for model, weather, width, height, fov, scenario in done[done].index:
        condition = Condition(str(model), str(weather), int(width), int(height), float(fov))
        complete.setdefault(condition, set()).add(numbers[str(scenario)])
    return {condition: frozenset(found) for condition, found in complete.items()}


def _read(data: ScoreData, numbers: Mapping[str, int]) -> dict[Condition, Frames]:
    """Dense counts by condition, out of one row for each frame and class with a count."""
    ticks = data.ticks(_READ)
    cell, cells = _numbered(ticks, CELL)
    _check_ticks(data, ticks, cell, cells)
    condition_of, conditions = _numbered(cells, CONDITION)
    scenario_of = cells["scenario"].map(numbers).to_numpy(dtype=np.int64)
    keys = scenario_of[cell] * _TICKS + ticks["frame"].to_numpy(dtype=np.int64)
    condition = condition_of[cell]
    classes = ticks["class_id"].to_numpy(dtype=np.int64)
    order = np.argsort(condition, kind="stable")
    ends = np.searchsorted(condition[order], np.arange(len(conditions) + 1))
    frames = {}
    for number, row in enumerate(conditions.itertuples(index=False, name=None)):
        rows = order[ends[number] : ends[number + 1]]
        model, weather, width, height, fov = row
        frames[Condition(str(model), str(weather), int(width), int(height), float(fov))] = _dense(
            keys[rows], classes[rows], [ticks[name].to_numpy()[rows] for name in COUNTS], len(data.labels)
        )
    return frames


def _dense(
    keys: NDArray[np.int64], classes: NDArray[np.int64], counts: Sequence[NDArray[np.int64]], num_classes: int
) -> Frames:
    """Sums of the rows of each frame and class; a class without a row has none."""
    unique, frame = np.unique(keys, return_inverse=True)
    place = frame * num_classes + classes
    sums = [np.bincount(place, weights=column, minlength=len(unique) * num_classes) for column in counts]
    dense = np.stack(sums, axis=-1).astype(np.int64)  # exact: float64 holds whole numbers up to 2**53
    return Frames(keys=unique, counts=dense.reshape(len(unique), num_classes, 3))


def _numbered(table: pd.DataFrame, columns: Sequence[str]) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """A number for each row, the same where the columns are the same, and what the numbers mean.

    Rows that belong together follow each other, so that only the first of each run has to be looked up.
    """
    is_first = np.zeros(len(table), dtype=np.bool_)
    is_first[:1] = True
    for column in columns:
        values = table[column]
        codes = (values.cat.codes if isinstance(values.dtype, pd.CategoricalDtype) else values).to_numpy()
        is_first[1:] |= codes[1:] != codes[:-1]
    firsts = table.loc[is_first, list(columns)].astype(dict.fromkeys(_NAMES & set(columns), str))
    of_run = firsts.groupby(list(columns), sort=False).ngroup().to_numpy(dtype=np.int64)
    return of_run[np.cumsum(is_first) - 1], firsts.drop_duplicates(ignore_index=True)


def _check_ticks(data: ScoreData, ticks: pd.DataFrame, cell: NDArray[np.int64], cells: pd.DataFrame) -> None:
    """No frame twice, and the sums are those of ``counts.csv``."""
    path = data.folder / "ticks.parquet"
    num_classes = len(data.labels)
    classes = ticks["class_id"].to_numpy(dtype=np.int64)
    if len(ticks) and not 0 <= classes.min() <= classes.max() < num_classes:
        raise DataError(f"{path} has class ids that score.json does not list: it is from another run")
    place = cell * num_classes + classes
    row = np.sort(place * (int(ticks["frame"].max() if len(ticks) else 0) + 1) + ticks["frame"].to_numpy())
    if (row[1:] == row[:-1]).any():
        raise DataError(f"{path} has rows that appear twice: score again, {again(data.folder)}")
    summed = np.stack(
        [np.bincount(place, weights=ticks[name], minlength=len(cells) * num_classes) for name in COUNTS], axis=-1
    )
    keys = cells.loc[cells.index.repeat(num_classes), CELL].reset_index(drop=True)
    keys["class_id"] = np.tile(np.arange(num_classes), len(cells))
    expected = data.counts.set_index([*CELL, "class_id"])[COUNTS]
    found = pd.DataFrame(summed, columns=COUNTS, index=pd.MultiIndex.from_frame(keys))
    difference = expected.sub(found, fill_value=0)
    wrong = (difference != 0).any(axis=1)
    if wrong.any():
        where = dict(zip(expected.index.names, wrong[wrong].index[0], strict=True))
        raise DataError(
            f"{path} does not add up to counts.csv for {where}: one of them is from another run. "
            f"Score again, {again(data.folder)}"
        )
