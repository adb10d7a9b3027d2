"""The table that recording and replaying end with, and the error where it is not all there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.output import print_table, say
from harness.errors import IncompleteError

if TYPE_CHECKING:
    from harness.recording.rows import RecordRow, RecordSummary


def print_rows(
    done: str,
    output: Path,
    rows: Sequence[RecordRow],
    *,
    ended_by: Exception | None = None,
    gaps: str | None = None,
) -> None:
    """Print what became of each scenario.

    Args:
        done: "recorded" or "replayed".
        output: Where.
        rows: One for each scenario, or for each weather of it.
        ended_by: Not told here, because it is at the very end.
        gaps: Where the gaps are listed, or what became of them. [default: the recording's list]
    """
    columns: dict[str, list[object]] = {
        "scenario": [row.scenario for row in rows],
        "weather": [row.weather for row in rows],
        "split": [row.split for row in rows],
        "status": [row.status for row in rows],
        "frames": [row.frames for row in rows],
        "frames/s": [f"{row.frames_per_s:.1f}" if row.frames_per_s else None for row in rows],
        "gaps": [row.gaps for row in rows],
    }
    if any(row.idle for row in rows):
        columns["idle"] = [row.idle for row in rows]
    if any(row.quarantined for row in rows):
        columns["quarantined"] = [row.quarantined for row in rows]
    if any(row.other_labels is not None for row in rows):
        columns["labels differ"] = [row.other_labels for row in rows]
    print_table(f"{done} into {output}", tuple(columns), list(zip(*columns.values(), strict=True)))
    _print_remarks(done, output, rows, ended_by, gaps)


def end_with(summary: RecordSummary, *, done: str) -> None:
    """Raise what ended a run early, or say which scenarios were not ``done``.

    Raises:
        ServerLostError: it was the server.
        DiskError: it was the disk.
        IncompleteError: some scenario was not finished in some weather.
    """
    if summary.ended_by is not None:
        raise summary.ended_by
    failed = [f"{row.scenario} in {row.weather}" for row in summary.rows if row.status != "done"]
    if failed:
        raise IncompleteError(
            f"{len(failed)} of {len(summary.rows)} were not {done} to their end ({', '.join(failed)}); "
            f"what was {done} is kept. Run the same command with --resume to try them again."
        )


def _print_remarks(
    done: str, output: Path, rows: Sequence[RecordRow], ended_by: Exception | None, gaps: str | None
) -> None:
    from datasets.omissions import GAPS_NAME, QUARANTINE_FOLDER, QUARANTINE_NAME
    from harness.recording.scenario_recorder import RECORDED_BEFORE

    for row in rows:
        if row.note not in ("", RECORDED_BEFORE) and row.note not in str(ended_by):
            say(f"{row.scenario} in {row.weather}: {row.note}")
    before = sum(row.note == RECORDED_BEFORE for row in rows)
    if before:
        say(f"{before} of {len(rows)} were {done} before.")
    if any(row.gaps for row in rows):
        say(f"Gaps, with the reason of each: {gaps or output / GAPS_NAME}")
    if any(row.quarantined for row in rows):
        say(f"Quarantined frames: {output / QUARANTINE_NAME}; images of some: {output / QUARANTINE_FOLDER}")
    if any(row.other_labels for row in rows):
        say("Labels differ: frames whose tags, depth or instances are not those of the first weather.")
