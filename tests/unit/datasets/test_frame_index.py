from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from datasets.checksums import xxh64
from datasets.errors import ShardError
from datasets.frame_index import INDEX_DTYPE, INDEX_DTYPE_V1, checked_rows, index_digest, index_row
from datasets.sample import Sample

_PLANES = ("rgb", "tags", "depth", "instance")


def _row(sample: Sample) -> np.void:
    hashes = {plane: xxh64(image) for plane in _PLANES if (image := getattr(sample, plane)) is not None}
    return np.frombuffer(index_row(sample, hashes), INDEX_DTYPE)[0]


def _rows(make_sample: Callable[..., Sample], count: int = 4) -> np.ndarray:
    return np.array([_row(make_sample(number, has_geometry=True)) for number in range(count)], INDEX_DTYPE)


def test_row_holds_the_sample(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(3, has_geometry=True)
    row = _row(sample)
    assert INDEX_DTYPE.itemsize == 104
    assert (row["frame"], row["timestamp_s"]) == (sample.frame, sample.timestamp_s)
    assert tuple(row["camera_transform"]) == sample.camera_transform
    for plane in _PLANES:
        assert row[f"{plane}_xxh64"] == xxh64(getattr(sample, plane).tobytes())


def test_a_plane_that_is_not_there_has_no_hash(make_sample: Callable[..., Sample]) -> None:
    row = _row(make_sample(3))
    assert row["depth_xxh64"] == row["instance_xxh64"] == 0


def test_equal_images_have_equal_hashes_whatever_the_frame(make_sample: Callable[..., Sample]) -> None:
    first, second = (_row(make_sample(1, frame=frame)) for frame in (5, 6))
    assert first["tags_xxh64"] == second["tags_xxh64"]
    assert first["row_xxh64"] != second["row_xxh64"]


@pytest.mark.parametrize("field", [name for name in INDEX_DTYPE.names or ()])
def test_a_change_in_any_field_is_found(make_sample: Callable[..., Sample], field: str) -> None:
    rows = _rows(make_sample)
    other = _rows(make_sample, 6)[5]
    rows[2][field] = other[field]
    with pytest.raises(ShardError, match="index row 2"):
        checked_rows(rows)


def test_swapped_rows_are_found(make_sample: Callable[..., Sample]) -> None:
    rows = _rows(make_sample)
    with pytest.raises(ShardError, match="frame 1001 follows frame 1002"):
        checked_rows(rows[[0, 2, 1, 3]])


def test_a_repeated_row_is_found(make_sample: Callable[..., Sample]) -> None:
    rows = _rows(make_sample)
    with pytest.raises(ShardError, match="frame 1001 follows frame 1001"):
        checked_rows(rows[[0, 1, 1, 3]])


def test_rows_of_version_1_are_brought_to_version_2(make_sample: Callable[..., Sample]) -> None:
    old = np.zeros(3, INDEX_DTYPE_V1)
    new = _rows(make_sample, 3)
    for name in ("frame", "timestamp_s", "camera_transform", "rgb_xxh64", "tags_xxh64"):
        old[name] = new[name]
    for row in old:
        row["row_xxh64"] = xxh64(row.tobytes()[:80])
    brought = checked_rows(old)
    assert brought.dtype == INDEX_DTYPE
    assert brought["frame"].tolist() == [1000, 1001, 1002]
    assert not brought["depth_xxh64"].any()
    assert checked_rows(brought) is brought
    old["frame"][1] += 1
    with pytest.raises(ShardError, match="index row 1"):
        checked_rows(old)


def test_digest_is_of_every_byte(make_sample: Callable[..., Sample]) -> None:
    rows = _rows(make_sample)
    assert index_digest(rows) == index_digest(rows.copy())
    assert index_digest(rows) != index_digest(rows[:3])
    other = rows.copy()
    other["instance_xxh64"][3] ^= 1
    assert index_digest(rows) != index_digest(other)


def test_200_000_rows_are_tested_in_no_time() -> None:
    """Without a Python loop over the rows, which takes more than a second."""
    rows = np.zeros(200_000, INDEX_DTYPE)
    rows["frame"] = np.arange(200_000)
    with pytest.raises(ShardError, match="index row 0"):
        checked_rows(rows)  # compiles, too
    started = time.perf_counter()
    with pytest.raises(ShardError, match="index row 0"):
        checked_rows(rows)
    assert time.perf_counter() - started < 1
