from __future__ import annotations

import errno
import io
from pathlib import Path

import h5py
import numpy as np
import pytest

from datasets.deferred_error_file import DeferredErrorFile


def test_hdf5_writes_through_it(tmp_path: Path) -> None:
    with DeferredErrorFile(tmp_path / "a.h5") as file:
        with h5py.File(file, "w", libver=("v110", "v110")) as hdf5:
            hdf5["x"] = np.arange(5_000)
            hdf5.attrs["y"] = 3
            assert hdf5["x"][4_999] == 4_999
        file.sync()
    with h5py.File(tmp_path / "a.h5", "r") as hdf5:
        assert np.array_equal(hdf5["x"], np.arange(5_000))
        assert hdf5.attrs["y"] == 3


def test_as_a_file(tmp_path: Path) -> None:
    with DeferredErrorFile(tmp_path / "a") as file:
        assert file.write(memoryview(b"abcdef")) == 6
        assert file.seek(0, io.SEEK_END) == 6
        assert (file.seek(-4, io.SEEK_CUR), file.tell()) == (2, 2)
        assert file.read(3) == b"cde"
        buffer = bytearray(b"......")
        assert file.readinto(memoryview(buffer)) == 6
        assert buffer == b"cdef\0\0"
        file.truncate(3)
        file.flush()
    assert (tmp_path / "a").read_bytes() == b"abc"


def test_the_first_error_is_kept_and_nothing_more_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DeferredErrorFile(tmp_path / "a") as file:
        file.raise_error()
        with monkeypatch.context() as patch:
            patch.setattr("os.pwrite", lambda *_: 2)
            assert file.write(memoryview(b"abcdef")) == 6
        file.write(memoryview(b"xyz"))
        for refused in (file.raise_error, file.sync):
            with pytest.raises(OSError, match="only 2 of 6 bytes") as caught:
                refused()
            assert caught.value.errno == errno.ENOSPC
    assert (tmp_path / "a").read_bytes() == b""


def test_a_size_that_cannot_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EFBIG, "File too large")

    monkeypatch.setattr("os.ftruncate", fail)
    with DeferredErrorFile(tmp_path / "a") as file:
        file.truncate(1 << 40)
        with pytest.raises(OSError, match="File too large"):
            file.raise_error()
