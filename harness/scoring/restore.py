"""Reading the finished passes of an earlier run back from its tables, so that ``--resume`` does not repeat them.

A pass is taken over only as a whole: when each of its cells is "done", with all its counts and frames. What is missing,
partial or failed is scored again.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from harness.errors import DataError
from harness.scoring.cells import CellResult, FrameScore
from harness.scoring.plan import Cell, ScorePlan
from harness.scoring.tables import ScoreTables, WorstFrame
from harness.scoring.worst import IMAGE_KINDS

Row = dict[str, str]


def restore(tables: ScoreTables, plan: ScorePlan) -> int:
    """Fill ``tables`` with the finished passes that its folder holds, and return how many they are.

    Raises:
        DataError: a table that cannot be read.
    """
    folder = tables.folder
    if not (folder / "scenarios.csv").exists():
        return 0
    counts, frames, worst = (_rows_by_cell(folder / name) for name in ("counts.csv", "frames.csv", "worst.csv"))
    states = {cell: rows[0] for cell, rows in _rows_by_cell(folder / "scenarios.csv").items()}
    restored = 0
    for scenario in plan.scenarios:
        for weather in plan.weathers:
            cells = plan.cells_of_pass(scenario.name, weather)
            if all(_is_whole(states.get(cell), counts[cell], frames[cell], tables.class_names) for cell in cells):
                results = {cell: _result(states[cell], counts[cell], frames[cell]) for cell in cells}
                tables.put(results, [_worst_frame(cell, row) for cell in cells for row in worst[cell]])
                restored += 1
    return restored


def _rows_by_cell(path: Path) -> defaultdict[Cell, list[Row]]:
    rows: defaultdict[Cell, list[Row]] = defaultdict(list)
    try:
        for row in _rows(path):
            rows[_cell(row)].append(row)
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise DataError(f"{path} cannot be read ({error}): use --overwrite to start anew") from error
    return rows


def _rows(path: Path) -> Iterator[Row]:
    with path.open(newline="") as file:
        yield from csv.DictReader(file)


def _cell(row: Row) -> Cell:
    return Cell(scenario=row["scenario"], weather=row["weather"], width=int(row["width"]), height=int(row["height"]))


def _is_whole(state: Row | None, counts: Sequence[Row], frames: Sequence[Row], class_names: tuple[str, ...]) -> bool:
    return (
        state is not None
        and state["status"] == "done"
        and tuple(row["class"] for row in counts) == class_names
        and str(len(frames)) == state["frames"]
    )


def _result(state: Row, counts: Sequence[Row], frames: Sequence[Row]) -> CellResult:
    tp, fp, fn = (np.array([int(row[column]) for row in counts], dtype=np.int64) for column in ("tp", "fp", "fn"))
    return CellResult(
        status="done",
        tp=tp,
        fp=fp,
        fn=fn,
        frames=tuple(_frame_score(row) for row in frames),
        labels_digest=state["labels_digest"],
    )


def _frame_score(row: Row) -> FrameScore:
    return FrameScore(frame=int(row["frame"]), pixel_accuracy=_number(row["pixel_accuracy"]), miou=_number(row["miou"]))


def _worst_frame(cell: Cell, row: Row) -> WorstFrame:
    return WorstFrame(
        cell=cell, rank=int(row["rank"]), score=_frame_score(row), images={kind: row[kind] for kind in IMAGE_KINDS}
    )


def _number(text: str) -> float:
    return float(text) if text else float("nan")
