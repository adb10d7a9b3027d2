from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import DataError
from harness.scoring.plan import Pass
from harness.workers.journal import Journal, JournalEntry

CONTENT = b"counts"
CLEAR = Pass(scenario="town", weather="ClearNoon")
FOG = Pass(scenario="town", weather="DenseFog", repeat=2)


def entry(folder: Path, of: Pass = CLEAR, **changes: object) -> JournalEntry[Pass]:
    """Of a pass that is done; its file is written, too."""
    file = f"{of.weather}.npz"
    (folder / file).write_bytes(CONTENT)
    done = JournalEntry(
        of=of,
        status="done",
        seconds=1.25,
        file=file,
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        labels={"32x24 @ 90": "abc"},
    )
    return replace(done, **changes)  # type: ignore[arg-type]


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Pass)
    assert journal.entries() == {}
    failed = JournalEntry(of=FOG, status="failed", message='a "quoted"\nmessage, ünïcode', retries=3)
    journal.append(entry(tmp_path))
    journal.append(failed)
    assert Journal(tmp_path, Pass).entries() == {CLEAR: entry(tmp_path), FOG: failed}
    assert list(journal.finished()) == [CLEAR]


def test_of_repeated_passes_the_last_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Pass)
    journal.append(JournalEntry(of=CLEAR, status="crashed"))
    journal.append(entry(tmp_path, retries=1))
    assert journal.finished()[CLEAR].retries == 1
    journal.append(entry(tmp_path, status="partial"))
    assert journal.finished() == {}


def test_a_pass_that_crashes_in_the_next_run_keeps_what_was_counted_of_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Pass)
    partial, crashed = entry(tmp_path, status="partial"), JournalEntry(of=CLEAR, status="crashed", retries=3)
    journal.append(partial)
    journal.append(crashed)
    assert journal.entries() == {CLEAR: partial}
    assert journal.finished() == {}
    (tmp_path / partial.file).unlink()
    assert journal.entries() == {CLEAR: crashed}


def test_without_its_file_as_it_was_a_pass_is_not_finished(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Pass)
    journal.append(entry(tmp_path))
    (tmp_path / "ClearNoon.npz").write_bytes(b"count!")
    assert journal.finished() == {}
    (tmp_path / "ClearNoon.npz").unlink()
    assert journal.finished() == {}


def test_wherever_a_writer_was_killed_the_whole_lines_count(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Pass)
    journal.append(entry(tmp_path))
    first = journal.path.stat().st_size
    journal.append(entry(tmp_path, FOG))
    whole = journal.path.read_bytes()
    for cut in range(first, len(whole)):
        journal.path.write_bytes(whole[:cut])
        assert list(journal.entries()) == [CLEAR], cut
    journal.append(entry(tmp_path, FOG))
    assert journal.path.read_bytes() == whole, "the torn line is gone"


@pytest.mark.parametrize("damaged", [b"{\n", b"[]\n", b'{"of": {}}\n', b"\xff\n"])
def test_any_other_damaged_line_is_an_error(tmp_path: Path, damaged: bytes) -> None:
    journal = Journal(tmp_path, Pass)
    journal.append(entry(tmp_path))
    journal.path.write_bytes(journal.path.read_bytes() + damaged + journal.path.read_bytes())
    with pytest.raises(DataError, match=r"journal\.jsonl: line 2 cannot be read"):
        journal.entries()


@pytest.mark.parametrize(
    "change",
    [
        {"status": "perfect"},
        {"status": []},
        {"message": None},
        {"retries": "1"},
        {"file": 5},
        {"labels": ["a"]},
        {"of": {"scenario": ["town"], "weather": "ClearNoon", "repeat": 1}},
        {"of": {"scenario": "town"}},
        {"of": 3},
    ],
)
def test_a_line_with_another_kind_of_value_is_refused_with_its_number(tmp_path: Path, change: dict[str, Any]) -> None:
    journal = Journal(tmp_path, Pass)
    journal.append(entry(tmp_path))
    line = json.loads(journal.path.read_text())
    journal.path.write_text(f"{json.dumps(line)}\n{json.dumps(line | change)}\n")
    with pytest.raises(DataError, match="line 2 cannot be read"):
        journal.entries()


def test_a_line_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path, Pass)
    journal.path.write_text("[" * 100_000 + "\n")
    with pytest.raises(DataError, match="line 1 cannot be read"):
        journal.entries()
