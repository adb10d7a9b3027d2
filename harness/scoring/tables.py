"""The tables of a score: tidy CSV files and one JSON file that says what their numbers mean.

===============  ======================================================================================================
score.json       schema version, labels, definitions, plan, model, server, versions; written first
counts.csv       scenario, weather, width, height, class_id, class, tp, fp, fn: pixel counts of every counted cell
scenarios.csv    one row for every *planned* cell: status, frames, pixel accuracy, mIoU, IoU of each class
frames.csv       one row for every counted frame: pixel accuracy and mIoU of that frame alone
worst.csv        the frames of which images were kept, worst first, with the paths of the images
===============  ======================================================================================================

Decisions:

* A ratio that does not exist is an empty cell, never 0. A cell that failed has no rows in ``counts.csv``.
* Every file is replaced as a whole, so a reader, or a run that was killed, sees the state after some finished pass.
* ``scenarios.csv`` is derived from ``counts.csv``; whoever groups differently must start from the counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.run_dir import write_csv
from harness.scoring.cells import CellResult, FrameScore
from harness.scoring.plan import Cell
from harness.scoring.worst import KeptFrame, folder_name, save_frame

TABLE_NAMES = ("scenarios.csv", "counts.csv", "frames.csv", "worst.csv")
CELL_COLUMNS = ("scenario", "weather", "width", "height")
COUNT_COLUMNS = (*CELL_COLUMNS, "class_id", "class", "tp", "fp", "fn")
FRAME_COLUMNS = (*CELL_COLUMNS, "frame", "pixel_accuracy", "miou")
WORST_COLUMNS = (*CELL_COLUMNS, "rank", "frame", "pixel_accuracy", "miou", "rgb", "truth", "prediction")
_SCENARIO_COLUMNS = (
    "scenario", "town", "weather", "width", "height", "status", "frames", "pixel_accuracy", "miou", "labels_digest",
    "message",
)  # fmt: skip

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class WorstFrame:
    """One kept frame and where its images lie."""

    cell: Cell
    rank: int
    """1 is the worst of its pass."""
    score: FrameScore
    images: dict[str, str]
    """Path relative to the tables, by kind: rgb, truth, prediction."""


class ScoreTables:
    """The results of a run so far, and the files that hold them."""

    def __init__(
        self, folder: Path, cells: Iterable[Cell], *, towns: Mapping[str, str], class_names: Sequence[str]
    ) -> None:
        """Start with every planned cell "not run".

        Args:
            folder: where the files go.
            cells: what is planned, in the order of the rows.
            towns: town of each scenario.
            class_names: names in id order, K of them.
        """
        self.folder = folder
        self.class_names = tuple(class_names)
        self._towns = dict(towns)
        self._results: dict[Cell, CellResult] = {cell: CellResult(status="not run") for cell in cells}
        self._worst: dict[tuple[str, str], tuple[WorstFrame, ...]] = {}

    def put(self, results: Mapping[Cell, CellResult], worst: Sequence[WorstFrame] = ()) -> None:
        """Take the results of one pass, and its kept frames, in place of what was there."""
        unplanned = results.keys() - self._results.keys()
        assert not unplanned, f"not in the plan: {unplanned}"
        self._results.update(results)
        for cell in results:
            self._worst[cell.scenario, cell.weather] = tuple(worst)

    def keep_frames(self, cell: Cell, frames: Sequence[KeptFrame]) -> list[WorstFrame]:
        """Write the images of the frames of a pass, the worst first, and say where they are."""
        folder = self.folder / "frames" / cell.scenario / folder_name(cell.weather)
        return [
            WorstFrame(
                cell=cell,
                rank=rank,
                score=frame.score,
                images={
                    kind: path.relative_to(self.folder).as_posix() for kind, path in save_frame(folder, frame).items()
                },
            )
            for rank, frame in enumerate(frames, start=1)
        ]

    def result(self, cell: Cell) -> CellResult:
        """The result of a planned cell."""
        return self._results[cell]

    @property
    def results(self) -> dict[Cell, CellResult]:
        """Every planned cell with its result, in the order of the plan."""
        return dict(self._results)

    def save(self) -> None:
        """Write the four tables. ``scenarios.csv`` comes last: what it lists is in the others."""
        write_csv(self.folder / "counts.csv", self.count_rows(), columns=COUNT_COLUMNS)
        write_csv(self.folder / "frames.csv", self.frame_rows(), columns=FRAME_COLUMNS)
        write_csv(self.folder / "worst.csv", self.worst_rows(), columns=WORST_COLUMNS)
        write_csv(self.folder / "scenarios.csv", self.scenario_rows(), columns=self.scenario_columns)

    @property
    def scenario_columns(self) -> tuple[str, ...]:
        """Columns of ``scenarios.csv``: the last ones are ``iou_<class>``."""
        return (*_SCENARIO_COLUMNS, *(f"iou_{name}" for name in self.class_names))

    def count_rows(self) -> list[Row]:
        """Rows of ``counts.csv``: K for each counted cell."""
        return [
            {**_cell_row(cell), "class_id": index, "class": name, "tp": int(tp), "fp": int(fp), "fn": int(fn)}
            for cell, result in self._results.items()
            if result.tp is not None and result.fp is not None and result.fn is not None
            for index, (name, tp, fp, fn) in enumerate(
                zip(self.class_names, result.tp, result.fp, result.fn, strict=True)
            )
        ]

    def frame_rows(self) -> list[Row]:
        """Rows of ``frames.csv``."""
        return [
            {**_cell_row(cell), **_frame_row(frame)}
            for cell, result in self._results.items()
            for frame in result.frames
        ]

    def worst_rows(self) -> list[Row]:
        """Rows of ``worst.csv``."""
        return [
            {**_cell_row(frame.cell), "rank": frame.rank, **_frame_row(frame.score), **frame.images}
            for frames in self._worst.values()
            for frame in frames
        ]

    def scenario_rows(self) -> list[Row]:
        """Rows of ``scenarios.csv``: one for each planned cell."""
        return [self._scenario_row(cell, result) for cell, result in self._results.items()]

    def _scenario_row(self, cell: Cell, result: CellResult) -> Row:
        ious = result.class_ious(len(self.class_names))
        return {
            **_cell_row(cell),
            "town": self._towns[cell.scenario],
            "status": result.status,
            "frames": len(result.frames),
            "pixel_accuracy": number_cell(result.pixel_accuracy),
            "miou": number_cell(result.miou),
            "labels_digest": result.labels_digest,
            "message": plain_text(result.message),
            **{f"iou_{name}": number_cell(float(value)) for name, value in zip(self.class_names, ious, strict=True)},
        }


def _cell_row(cell: Cell) -> Row:
    return {"scenario": cell.scenario, "weather": cell.weather, "width": cell.width, "height": cell.height}


def _frame_row(frame: FrameScore) -> Row:
    return {
        "frame": frame.frame,
        "pixel_accuracy": number_cell(frame.pixel_accuracy),
        "miou": number_cell(frame.miou),
    }


def number_cell(value: float) -> float | str:
    """A float at full precision; an empty cell for NaN, which is how pandas and spreadsheets read it back."""
    return "" if math.isnan(value) else float(value)


def plain_text(text: str) -> str:
    """One line that no spreadsheet takes for a formula."""
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
