"""Each way back gives the bytes that went in or says no, before it takes more memory than was asked for."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.chunk_filters import ChunkFilter, DeflateFilter, JpegFilter, ZstdFilter, jpeg_size
from datasets.errors import ShardError

_LOSSLESS: list[ChunkFilter] = [ZstdFilter(1), ZstdFilter(3), DeflateFilter(4)]
_SHAPE = (20, 10)
_NOISE = np.random.default_rng(4).integers(0, 256, _SHAPE, dtype=np.uint8)


def _jpeg(rgb: npt.NDArray[np.uint8], *options: int) -> bytes:
    is_done, octets = cv2.imencode(".jpg", rgb, options)
    assert is_done
    return bytes(octets)


@pytest.mark.parametrize("chunk_filter", _LOSSLESS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_there_and_back(chunk_filter: ChunkFilter, dtype: type) -> None:
    stored = np.arange(600, dtype=dtype).reshape(20, 30)
    found = chunk_filter.decompress(memoryview(chunk_filter.compress(stored)), stored.shape, dtype)
    assert found.dtype == dtype
    assert np.array_equal(found, stored)


@pytest.mark.parametrize("chunk_filter", [*_LOSSLESS, JpegFilter(100)])
def test_nothing_grows_beyond_the_bound(chunk_filter: ChunkFilter) -> None:
    for size in (1, 7, 100):
        noise = np.random.default_rng(size).integers(0, 256, (size, size, 3), dtype=np.uint8)
        assert len(chunk_filter.compress(noise)) <= chunk_filter.most_bytes(noise.nbytes)


def test_threads_do_not_share_a_compressor() -> None:
    images = [np.full((64, 64, 3), number, np.uint8) for number in range(40)]

    def there_and_back(image: npt.NDArray[np.uint8]) -> bool:
        frame = memoryview(ZstdFilter(1).compress(image))
        return np.array_equal(ZstdFilter(1).decompress(frame, image.shape, np.uint8), image)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(there_and_back, images))


@pytest.mark.parametrize(
    ("chunk_filter", "forged"),
    [
        (ZstdFilter(1), lambda whole: whole[: len(whole) // 2]),
        (ZstdFilter(1), lambda whole: whole + b"more"),
        (ZstdFilter(1), lambda whole: zstandard.ZstdCompressor(write_content_size=False).compress(_NOISE.tobytes())),
        (ZstdFilter(1), lambda whole: zstandard.ZstdCompressor().compress(bytes(199))),
        (ZstdFilter(1), lambda whole: _NOISE.tobytes()),
        (DeflateFilter(4), lambda whole: whole[:-1]),
        (DeflateFilter(4), lambda whole: whole[:-4] + b"\0\0\0\0"),
        (DeflateFilter(4), lambda whole: whole + b"more"),
        (DeflateFilter(4), lambda whole: zlib.compress(bytes(199))),
        (DeflateFilter(4), lambda whole: zlib.compress(bytes(201))),
        (DeflateFilter(4), lambda whole: _NOISE.tobytes()),
    ],
)
def test_what_is_not_exactly_one_image_is_refused(chunk_filter: ChunkFilter, forged: object) -> None:
    assert callable(forged)
    frame = forged(chunk_filter.compress(_NOISE))
    with pytest.raises(ShardError):
        chunk_filter.decompress(memoryview(frame), _SHAPE, np.uint8)


@pytest.mark.parametrize(
    ("chunk_filter", "bomb"),
    [
        (ZstdFilter(1), zstandard.ZstdCompressor().compress(bytes(1 << 27))),
        (DeflateFilter(4), zlib.compress(bytes(1 << 27))),
        (JpegFilter(95), _jpeg(np.zeros((7000, 7000, 3), np.uint8))),
    ],
)
def test_a_bomb_costs_no_memory(chunk_filter: ChunkFilter, bomb: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(ShardError, match="expected"):
        chunk_filter.decompress(memoryview(bomb), (2, 2, 3), np.uint8)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("options", [(), (cv2.IMWRITE_JPEG_RST_INTERVAL, 4), (cv2.IMWRITE_JPEG_OPTIMIZE, 1)])
def test_size_of_a_jpeg(options: tuple[int, ...]) -> None:
    assert jpeg_size(memoryview(_jpeg(np.zeros((37, 53, 3), np.uint8), *options))) == (37, 53)


def test_jpegs_of_other_kinds_are_refused() -> None:
    progressive = _jpeg(np.zeros((8, 8, 3), np.uint8), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    grey = _jpeg(np.zeros((8, 8), np.uint8))
    whole = _jpeg(np.zeros((8, 8, 3), np.uint8))
    for forged in (progressive, grey, b"", b"\xff\xd8", whole[2:], whole[:20], b"\x89PNG" + whole):
        with pytest.raises(ShardError, match="baseline JPEG"):
            jpeg_size(memoryview(forged))


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_bytes_are_a_size_or_an_error(data: st.DataObject) -> None:
    whole = bytearray(_jpeg(np.zeros((8, 8, 3), np.uint8)))
    for at, octet in data.draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=4)):
        whole[at] = octet
    try:
        height, width = jpeg_size(memoryview(whole[: data.draw(st.integers(0, len(whole)))]))
    except ShardError:
        return
    assert 0 <= min(height, width) <= max(height, width) < 2**16


def test_turned_by_its_metadata_or_not_a_jpeg_keeps_its_pixels() -> None:
    """A viewer turns an image whose Exif block says so; what is compared with labels must not be turned."""
    image = np.zeros((8, 16, 3), np.uint8)
    image[:, :8] = 200
    whole = JpegFilter(95).compress(image)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    turned = whole[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + whole[2:]
    found = JpegFilter(95).decompress(memoryview(turned), image.shape, np.uint8)
    assert np.abs(found.astype(int) - image).max() < 10


def test_colours_are_not_swapped() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[:, :, 0] = 250
    found = JpegFilter(95).decompress(memoryview(JpegFilter(95).compress(red)), red.shape, np.uint8)
    assert found[:, :, 0].min() > 230
    assert found[:, :, 1:].max() < 20
