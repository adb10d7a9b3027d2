"""A disk that is full, fails or cannot be written: recording stops, says so, loses nothing, and can be gone on with."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path

import pytest

from datasets.errors import DiskError, ShardError
from tests.faults.conftest import RunFaulty
from tests.faults.drive import check_survival, frames_in, record
from tests.faults.system_calls import CALLS_THAT_FAIL, WRITES, before_call


def _fail_at(number: int, calls: frozenset[str], fault: int, root: Path) -> tuple[list[str], BaseException | None, str]:
    """Record into `root` while `number` of the `calls` fails with `fault`: events, the error, the name of the call."""
    events: list[str] = []
    failed = ""

    def fail(name: str) -> None:
        nonlocal failed
        failed = name
        raise OSError(fault, os.strerror(fault))

    try:
        with before_call(number, fail, calls=calls):
            record(root, events.append)
    except Exception as error:
        return events, error, failed
    return events, None, failed


@pytest.mark.parametrize(
    ("calls", "faults"),
    [
        (WRITES, (errno.ENOSPC,)),
        pytest.param(CALLS_THAT_FAIL, (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS), marks=pytest.mark.slow),
    ],
    ids=["writes", "all"],
)
def test_each_call_fails_once(tmp_path: Path, calls: frozenset[str], faults: tuple[int, ...]) -> None:
    record(tmp_path / "compiled")
    for fault in faults:
        for number in itertools.count():
            root = tmp_path / f"{fault}-{number}"
            events, error, failed = _fail_at(number, calls, fault, root)
            if not failed:
                break
            assert isinstance(error, ShardError | None), (number, failed, error)
            if error is not None:
                assert os.strerror(fault) in str(error), (number, failed, error)
                assert str(root) in str(error), (number, failed, error)
            check_survival(root, events, recover_first=number % 2 == 0)
        assert number > 80


@pytest.mark.parametrize("count", [20, pytest.param(400, marks=pytest.mark.slow)])
def test_no_file_grows_beyond_a_size(run_faulty: RunFaulty, count: int) -> None:
    """Where HDF5 writes, too; and the kernel takes a part of what it was given."""
    outcomes = run_faulty("sizes", count)
    assert outcomes[0][1]["ended"] != ["done"]
    assert outcomes[-1][1]["ended"] == ["done"]
    for number, (root, outcome) in enumerate(outcomes):
        _check_stopped(outcome)
        check_survival(root, outcome["events"], recover_first=number % 2 == 0)


def test_a_full_disk(may_mount: None, run_faulty: RunFaulty) -> None:
    outcomes = run_faulty("space", mounts=True)
    assert len(outcomes) > 5
    for number, (root, outcome) in enumerate(outcomes):
        _check_stopped(outcome)
        check_survival(root, outcome["events"], recover_first=number % 2 == 0)


def test_a_disk_that_can_only_be_read(may_mount: None, run_faulty: RunFaulty) -> None:
    ((root, outcome),) = run_faulty("read-only", mounts=True)
    assert "DiskError" in outcome["ended"], outcome
    assert "Read-only file system" in outcome["text"]
    assert frames_in(root) == [0, 1]
    check_survival(root, outcome["events"], recover_first=False)


def test_a_folder_that_may_only_be_read(not_root: None, tmp_path: Path) -> None:
    record(tmp_path / "a", num_frames=2)
    for folder in (tmp_path / "a", tmp_path / "a" / "shards"):
        folder.chmod(0o500)
    try:
        with pytest.raises(ShardError, match="Permission denied"):
            record(tmp_path / "a")
        assert frames_in(tmp_path / "a") == [0, 1]
    finally:
        for folder in (tmp_path / "a", tmp_path / "a" / "shards"):
            folder.chmod(0o700)


def _check_stopped(outcome: dict[str, object]) -> None:
    ended = outcome["ended"]
    assert isinstance(ended, list)
    assert ended == ["done"] or DiskError.__name__ in ended, outcome
