from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from datasets.checksums import xxh64
from datasets.errors import ShardError
from datasets.frame_index import INDEX_DTYPE, checked_rows, index_row
from datasets.sample import Sample


def _rows(make_sample: Callable[..., Sample], count: int = 4) -> np.ndarray:
    return np.frombuffer(b"".join(index_row(make_sample(number)) for number in range(count)), INDEX_DTYPE).copy()


def test_row_holds_the_sample(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(3)
    row = np.frombuffer(index_row(sample), INDEX_DTYPE)[0]
    assert INDEX_DTYPE.itemsize == 88
    assert (row["frame"], row["timestamp_s"]) == (sample.frame, sample.timestamp_s)
    assert tuple(row["camera_transform"]) == sample.camera_transform
    assert row["rgb_xxh64"] == xxh64(sample.rgb.tobytes())
    assert row["tags_xxh64"] == xxh64(sample.tags.tobytes())


def test_equal_images_have_equal_hashes_whatever_the_frame(make_sample: Callable[..., Sample]) -> None:
    first, second = (np.frombuffer(index_row(make_sample(1, frame=frame)), INDEX_DTYPE)[0] for frame in (5, 6))
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
