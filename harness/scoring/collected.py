"""From the journal and the files of the passes to one result for every planned cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.scoring.cell_files import SavedPass, load_pass
from harness.scoring.cells import Cell, CellResult
from harness.scoring.plan import Pass, ScorePlan
from harness.scoring.worst import WorstFrame
from harness.workers.journal import Journal, JournalEntry


@dataclass(frozen=True, kw_only=True, eq=False)
class Collected:
    """What a score folder holds of a plan."""

    results: dict[Cell, CellResult]
    """Of every planned cell, in the order of the plan; "not run" where no pass has reached it."""
    worst: tuple[WorstFrame, ...]
    """The kept frames of all passes."""


def collect(folder: Path, plan: ScorePlan) -> Collected:
    """Read what there is. A pass whose file is missing or damaged was not run.

    Raises:
        DataError: the journal cannot be read, or a pass is of another version.
    """
    journal = Journal(folder, Pass)
    entries = journal.entries()
    results: dict[Cell, CellResult] = {}
    worst: list[WorstFrame] = []
    for each in plan.passes():
        saved = _saved(folder, journal, entries.get(each))
        results |= _results(plan, each, entries.get(each), saved)
        worst += () if saved is None else saved.worst
    return Collected(results=results, worst=tuple(worst))


def _saved(folder: Path, journal: Journal[Pass], entry: JournalEntry[Pass] | None) -> SavedPass | None:
    return load_pass(folder / entry.file) if entry is not None and journal.holds(entry) else None


def _results(
    plan: ScorePlan, each: Pass, entry: JournalEntry[Pass] | None, saved: SavedPass | None
) -> dict[Cell, CellResult]:
    cells = plan.cells_of_pass(each)
    if entry is not None and saved is not None:
        return {cell: replace(saved.results[cell], retries=entry.retries) for cell in cells}
    ended = CellResult(status="not run", planned_frames=plan.planned_frames(each.scenario))
    if entry is not None and not entry.file:
        ended = replace(ended, status=entry.status, message=entry.message, retries=entry.retries)
    return dict.fromkeys(cells, ended)
