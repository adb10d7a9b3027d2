"""From the journal and the logs to one result for every planned episode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.closed_loop.episode_log import EpisodeKey, EpisodeLog
from harness.workers.journal import Journal, JournalEntry
from harness.workers.status import Status


@dataclass(frozen=True, kw_only=True, eq=False)
class CollectedEpisode:
    """What a drive folder holds of one planned episode."""

    key: EpisodeKey
    status: Status
    message: str
    """Why, where the status is not "done"."""
    retries: int
    log: EpisodeLog | None
    """None where it was not driven."""


def collect(folder: Path, keys: Sequence[EpisodeKey]) -> Iterator[CollectedEpisode]:
    """The episodes in the order of the plan, one log at a time. One without a log of its own that is whole was not run.

    Raises:
        DataError: the journal cannot be read, or a log is of another version.
    """
    journal = Journal(folder, EpisodeKey)
    entries = journal.entries()
    for key in keys:
        yield _result(folder, journal, key, entries.get(key))


def _result(
    folder: Path, journal: Journal[EpisodeKey], key: EpisodeKey, entry: JournalEntry[EpisodeKey] | None
) -> CollectedEpisode:
    if entry is None:
        return CollectedEpisode(key=key, status="not run", message="", retries=0, log=None)
    if not entry.file:
        return CollectedEpisode(key=key, status=entry.status, message=entry.message, retries=entry.retries, log=None)
    log = EpisodeLog.load(folder / entry.file) if journal.holds(entry) else None
    if log is None or log.key != key:
        problem = f"{entry.file} is {'missing or damaged' if log is None else 'the log of another episode'}"
        return CollectedEpisode(key=key, status="not run", message=problem, retries=0, log=None)
    return CollectedEpisode(key=key, status=entry.status, message=entry.message, retries=entry.retries, log=log)
