"""Against the published test vectors, libzstd's own XXH64 and HDF5's own Fletcher32."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.checksums import fletcher32, xxh64, xxh64_each


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", 0xEF46DB3751D8E999),
        (b"a", 0xD24EC4F1A98C6E5B),
        (b"abc", 0x44BC2CF5AD770999),
        (b"Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1),
    ],
)
def test_xxh64_vectors(content: bytes, expected: int) -> None:
    assert xxh64(content) == expected


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=300))
def test_xxh64_agrees_with_the_checksum_in_zstd_frames(content: bytes) -> None:
    frame = zstandard.ZstdCompressor(write_checksum=True).compress(content)
    assert xxh64(content) & 0xFFFFFFFF == int.from_bytes(frame[-4:], "little")


def test_xxh64_takes_arrays_and_odd_addresses() -> None:
    octets = np.random.default_rng(0).integers(0, 256, 1001, dtype=np.uint8)
    assert xxh64(octets[1:]) == xxh64(octets[1:].tobytes())
    assert xxh64(octets[:1000].reshape(10, 100)) == xxh64(octets[:1000].tobytes())
    assert octets.flags.writeable


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.float64])
def test_wide_numbers_count_with_all_their_bytes(dtype: type) -> None:
    numbers = np.random.default_rng(1).integers(0, 60_000, (31, 5)).astype(dtype)
    assert xxh64(numbers) == xxh64(numbers.tobytes())
    assert xxh64(numbers.T) == xxh64(numbers.T.tobytes())
    assert fletcher32(numbers) == fletcher32(numbers.tobytes())


@pytest.mark.parametrize("size", [1, 20, 31, 32, 80, 96, 144])
def test_xxh64_of_rows(size: int) -> None:
    rows = np.random.default_rng(size).integers(0, 256, (5, size + 3), dtype=np.uint8)[:, 1:-2]
    assert xxh64_each(rows).tolist() == [xxh64(row.tobytes()) for row in rows]


@pytest.mark.parametrize("size", [1, 2, 3, 719, 720, 721, 722, 1441, 100_003])
@pytest.mark.parametrize("kind", ["random", "zeros", "ones"])
def test_fletcher32_is_that_of_hdf5(size: int, kind: str) -> None:
    octets = {
        "random": np.random.default_rng(size).integers(0, 256, size, dtype=np.uint8),
        "zeros": np.zeros(size, np.uint8),
        "ones": np.full(size, 255, np.uint8),
    }[kind]
    with h5py.File("sums", "w", driver="core", backing_store=False) as file:
        dataset = file.create_dataset("octets", data=octets, chunks=(size,), fletcher32=True)
        file.flush()
        _, chunk = dataset.id.read_direct_chunk((0,))
    assert fletcher32(octets) == int.from_bytes(chunk[-4:], "little")
