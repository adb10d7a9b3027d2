"""Driven episodes as a recording like any other: what the driving camera saw, from replays of their drive logs.

Decisions:

- A replay, not the pictures of the drive: policies are not slowed down, any number of servers can drive, and a choice
  of frames is made afterwards. On the embedded simulator the pictures are those that the policy saw, to the last bit.
- One episode after the other: the logs of a suite together would not fit into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.carla_client.endpoint import Endpoint
from harness.errors import DataError, OutputInUseError, ServerLostError
from harness.mining.episode_drives import DrivenSuite, WantedEpisode, load_episode, recorded_name
from harness.mining.mine import MinedFrame
from harness.mining.table import frame_table
from harness.recording.passes import Progress
from harness.recording.rows import RecordRow, RecordSummary
from harness.replaying.drives import check_replayable, simulator_seed
from harness.replaying.replay import replay_drives
from harness.scoring.spreadsheet import write_table

FRAMES_NAME = "mined.csv"
"""In a recording of chosen frames: which ones, and why."""


def seed_of(suite: DrivenSuite) -> int:
    """The seed that the embedded simulator has to build its towns from.

    Raises:
        DataError: no episode was driven, or its log cannot be read.
    """
    return simulator_seed([load_episode(suite, _first(suite))])


def check_recordable(endpoint: Endpoint, suite: DrivenSuite) -> None:
    """Refuse a suite that this server cannot show; its first episode stands for all, which were driven alike.

    Raises:
        DataError: no episode was driven, its log cannot be read, or is of another server.
        ServerLostError: the server stopped answering.
    """
    check_replayable(endpoint, [load_episode(suite, _first(suite))])


def keep_choice(frames: Sequence[MinedFrame], out: Path) -> None:
    """Write down in ``out``, a prepared folder, which frames it is going to hold.

    Raises:
        OutputInUseError: it holds others.
    """
    path, fresh = out / FRAMES_NAME, out / f"{FRAMES_NAME}.new"
    write_table(fresh, frame_table(frames))
    if path.exists() and path.read_bytes() != fresh.read_bytes():
        fresh.unlink()
        raise OutputInUseError(
            f"{out} was begun with other frames than these ({path} lists them): repeat the command as it was, choose "
            "another folder, or start anew with --overwrite"
        )
    fresh.replace(path)


def record_episodes(
    endpoint: Endpoint,
    suite: DrivenSuite,
    out: Path,
    *,
    progress: Progress | None = None,
    on_row: Callable[[RecordRow], None] = lambda row: None,
) -> RecordSummary:
    """Write what is missing in ``out``, a prepared folder; one row for each episode.

    Args:
        endpoint: the server.
        suite: what to record.
        out: empty, or left by an earlier call for the same episodes and frames.
        progress: called with the name of the pass, its frames so far and in all.
        on_row: called with each row as it is known.

    Raises:
        OutputInUseError: the folder was begun with other drives or frames.
        ShardError: the folder cannot be used.
    """
    rows: list[RecordRow] = []

    def keep(row: RecordRow) -> None:
        rows.append(row)
        on_row(row)

    for number, wanted in enumerate(suite.episodes):
        try:
            drive = load_episode(suite, wanted)
            check_replayable(endpoint, [drive])
        except DataError as error:
            keep(replace(not_run(wanted), status="failed", note=str(error)))
            continue
        except ServerLostError as error:
            rest = rows_not_run(suite, number)
            return RecordSummary(rows=(*rows, *rest), ended_by=error)
        summary = replay_drives(endpoint, [drive], out, kind="shards", progress=progress, on_row=on_row)
        rows += summary.rows
        if summary.ended_by is not None:
            return RecordSummary(rows=(*rows, *rows_not_run(suite, number + 1)), ended_by=summary.ended_by)
    return RecordSummary(rows=tuple(rows))


def rows_not_run(suite: DrivenSuite, first: int) -> tuple[RecordRow, ...]:
    """Rows of the episodes from number ``first`` on, which were never begun."""
    return tuple(not_run(each) for each in suite.episodes[first:])


def not_run(wanted: WantedEpisode) -> RecordRow:
    """The row of an episode that was never begun."""
    return RecordRow(scenario=recorded_name(wanted.key), weather=wanted.weather, split=wanted.split, status="not run")


def _first(suite: DrivenSuite) -> WantedEpisode:
    if not suite.episodes:
        raise DataError(f"{suite.folder} holds no driven episode to record: go on with `harness drive --resume`")
    return suite.episodes[0]
