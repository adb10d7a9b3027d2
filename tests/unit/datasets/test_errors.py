from __future__ import annotations

import errno
import resource
from pathlib import Path

import h5py
import pytest

from datasets.errors import DiskError, ShardError, storage_error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG])
def test_the_disk_is_at_fault(number: int) -> None:
    error = storage_error("a.h5 cannot be written", OSError(number, "reason"))
    assert type(error) is DiskError
    assert str(error) == f"a.h5 cannot be written: [Errno {number}] reason"


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "x"), OSError("x"), RuntimeError("x"), ValueError("x")])
def test_something_else_is(error: Exception) -> None:
    assert type(storage_error("a.h5", error)) is ShardError


def test_what_hdf5_says_of_a_full_disk(tmp_path: Path) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, unlimited[1]))
    try:
        with pytest.raises(OSError, match="errno = 27") as caught:
            h5py.File(tmp_path / "a.h5", "w")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    error = storage_error("a.h5", caught.value)
    assert type(error) is DiskError
    assert str(error) == "a.h5: File too large"
