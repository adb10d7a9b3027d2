"""Driven episodes as a recording: what ``drive --record`` and ``mine --to`` have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import choose_endpoint
from harness.cli.output import progress_bar
from harness.cli.recorded_rows import end_with
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.mining.episode_drives import DrivenSuite
    from harness.mining.mine import MinedFrame
    from harness.recording.rows import RecordRow


def check_recording_folder(
    out: Path, drive: Path, *, resume: bool, overwrite: bool, inputs: Sequence[Path] = ()
) -> None:
    """Refuse a folder that the episodes of a drive cannot be recorded into, and change nothing.

    Args:
        out: of the recording.
        drive: folder of the drive.
        resume: whether ``out`` may hold what an earlier run left.
        overwrite: whether it may be emptied.
        inputs: what else the command reads, which must not lie in ``out``.

    Raises:
        UsageError: one of the folders lies in the other, an input in ``out``, or both options were given.
        OutputInUseError: ``out`` is used.
    """
    from harness.run_dir import check_output

    inner, outer = out.resolve(), drive.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise UsageError(f"{out} and the drive in {drive} must not lie in each other: choose another folder")
    check_output(out, resume=resume, overwrite=overwrite, inputs=inputs)


def record_driven(
    suite: DrivenSuite,
    out: Path,
    *,
    frames: Sequence[MinedFrame] | None,
    host: str | None,
    port: int | None,
    resume: bool,
    overwrite: bool,
    note: Callable[[str], None],
) -> None:
    """Replay the episodes of ``suite`` into the recording ``out`` and say what became of them.

    Args:
        suite: what to record.
        out: of the recording; see ``check_recording_folder``.
        frames: those that were chosen, to be listed there; None: all.
        host: of ``--host``.
        port: of ``--port``.
        resume: go on with what ``out`` holds.
        overwrite: delete it.
        note: prints a line.

    Raises:
        IncompleteError: some episode was not recorded.
        DataError: the server cannot show the drives.
        OutputInUseError: the folder is used, or was begun with other frames.
        ServerLostError: the server stopped answering.
        DiskError: the disk failed.
    """
    from harness.mining.record import check_recordable, keep_choice, record_episodes, rows_not_run, seed_of
    from harness.run_dir import lock_output, prepare_output

    ended: list[RecordRow] = []

    def tell_what_there_is() -> None:
        _tell(out, [*ended, *rows_not_run(suite, len(ended))], note)

    with (
        choose_endpoint(host, port, seed=seed_of(suite), if_lost=tell_what_there_is) as endpoint,
        progress_bar() as progress,
    ):
        note(endpoint.describe())
        check_recordable(endpoint, suite)
        prepare_output(out, resume=resume, overwrite=overwrite)
        with lock_output(out):
            if frames is not None:
                keep_choice(frames, out)
            summary = record_episodes(endpoint, suite, out, progress=progress, on_row=ended.append)
    _tell(out, summary.rows, note, ended_by=summary.ended_by)
    end_with(summary, done="recorded")


def _tell(
    out: Path, rows: Sequence[RecordRow], note: Callable[[str], None], *, ended_by: Exception | None = None
) -> None:
    for row in rows:
        if row.status == "failed" and row.note not in str(ended_by):
            note(f"{row.scenario}: {row.note}")
    gaps, aside = sum(row.gaps for row in rows), sum(row.quarantined for row in rows)
    lacking = f" (gaps: {gaps}, quarantined: {aside})" if gaps or aside else ""
    done = sum(row.status == "done" for row in rows)
    note(
        f"recorded into {out}: {sum(row.frames for row in rows)} frames{lacking} of {done} of {len(rows)} episodes; by "
        f"split: {_by_split(rows)}"
    )


def _by_split(rows: Iterable[RecordRow]) -> str:
    frames: dict[str, int] = {}
    for row in rows:
        frames[row.split] = frames.get(row.split, 0) + row.frames
    return ", ".join(f"{split} {number}" for split, number in sorted(frames.items())) or "none"
