"""Which entry of a tracker belongs to a run: ids kept in the run folder, so that a resumed run goes on in its entry."""

from __future__ import annotations

import json

from harness.errors import DataError
from harness.run_dir import RunDir, write_json


def kept_id(run: RunDir, tracker: str) -> str | None:
    """Return the id that ``keep_id`` stored for this tracker, or None.

    Raises:
        DataError: the file is damaged.
    """
    return _ids(run).get(tracker)


def keep_id(run: RunDir, tracker: str, entry: str) -> None:
    """Store the id of the run's entry in a tracker."""
    write_json(run.trackers, {**_ids(run), tracker: entry})


def _ids(run: RunDir) -> dict[str, str]:
    if not run.trackers.is_file():
        return {}
    try:
        ids = json.loads(run.trackers.read_text())
    except ValueError as error:
        raise DataError(f"{run.trackers} cannot be read ({error}). Without it the run gets new entries.") from error
    if not isinstance(ids, dict) or not all(isinstance(entry, str) for entry in ids.values()):
        raise DataError(f"{run.trackers} is not a table of ids. Without it the run gets new entries.")
    return ids
