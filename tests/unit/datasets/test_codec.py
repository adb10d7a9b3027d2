from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datasets.checksums import fletcher32
from datasets.codec import COMPRESSIONS, compression_named, packed, residual_planes, unpacked
from datasets.errors import ShardError
from datasets.kernels import split_channels

_IMAGES = hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))


def _inverse_by_numpy(planes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The formula of FORMAT.md 2.4."""
    red, green, blue = np.cumsum(planes, axis=-1, dtype=np.uint8)
    return np.stack([red + green, green, blue + green], axis=-1)


def _with_sum(frame: bytes) -> bytes:
    return frame + fletcher32(frame).to_bytes(4, "little")


@settings(deadline=None, max_examples=100)
@given(_IMAGES)
def test_residual_is_undone_by_the_published_formula(rgb: npt.NDArray[np.uint8]) -> None:
    assert np.array_equal(_inverse_by_numpy(residual_planes(rgb)), rgb)


@settings(deadline=None, max_examples=100)
@given(_IMAGES, st.sampled_from(sorted(COMPRESSIONS)))
def test_every_mode_is_lossless(rgb: npt.NDArray[np.uint8], name: str) -> None:
    mode = compression_named(name)
    height, width, _ = rgb.shape
    chunk = packed(mode.forward(rgb), level=1)
    pixels = np.empty_like(rgb)
    mode.inverse(unpacked(chunk, mode.item_shape(height, width)), pixels)
    assert np.array_equal(pixels, rgb)


def test_residual_by_hand() -> None:
    rgb = np.array([[[10, 20, 30], [11, 22, 29]]], np.uint8)
    expected = [[[246, 255]], [[20, 2]], [[10, 253]]]
    assert residual_planes(rgb).tolist() == expected


def test_residual_of_a_view_that_is_not_contiguous() -> None:
    bgra = np.random.default_rng(1).integers(0, 256, (6, 7, 4), dtype=np.uint8)
    rgb = bgra[:, :, 2::-1]
    assert np.array_equal(_inverse_by_numpy(residual_planes(rgb)), rgb)
    assert bgra.flags.writeable


def test_split_channels_is_a_transposition() -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (5, 9, 3), dtype=np.uint8)
    planes = np.empty((3, 5, 9), np.uint8)
    split_channels(rgb, planes)
    assert np.array_equal(planes, rgb.transpose(2, 0, 1))


def test_threads_do_not_share_a_compressor() -> None:
    images = [np.full((64, 64, 3), number, np.uint8) for number in range(40)]

    def there_and_back(image: npt.NDArray[np.uint8]) -> bool:
        return np.array_equal(unpacked(packed(image, level=1), image.shape), image)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(there_and_back, images))


def test_every_flipped_bit_of_a_chunk_is_found() -> None:
    rgb = np.random.default_rng(3).integers(0, 40, (4, 8, 3), dtype=np.uint8)
    chunk = packed(rgb, level=1)
    for bit in range(8 * len(chunk)):
        flipped = bytearray(chunk)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ShardError, match="Fletcher32"):
            unpacked(bytes(flipped), rgb.shape)


@pytest.mark.parametrize("kept", [0, 3, 4, 5, 20, -1])
def test_a_cut_chunk_is_found(kept: int) -> None:
    chunk = packed(np.arange(240, dtype=np.uint8), level=3)
    with pytest.raises(ShardError):
        unpacked(chunk[:kept], (240,))


def test_a_frame_of_another_size_is_refused_before_it_is_decompressed() -> None:
    bomb = _with_sum(zstandard.ZstdCompressor().compress(bytes(1 << 28)))
    with pytest.raises(ShardError, match="declares 268435456 bytes, expected 12"):
        unpacked(bomb, (2, 2, 3))


@pytest.mark.parametrize("forged", ["half", "trailing", "no size", "no zstd"])
def test_a_forged_frame_with_a_right_sum_is_refused(forged: str) -> None:
    content = np.random.default_rng(4).integers(0, 256, 4000, dtype=np.uint8).tobytes()
    frame = zstandard.ZstdCompressor().compress(content)
    frame = {
        "half": frame[: len(frame) // 2],
        "trailing": frame + b"more",
        "no size": zstandard.ZstdCompressor(write_content_size=False).compress(content),
        "no zstd": content,
    }[forged]
    with pytest.raises(ShardError):
        unpacked(_with_sum(frame), (4000,))


def test_unknown_compression_lists_the_known() -> None:
    with pytest.raises(ShardError, match="compression is 'gzip', expected one of residual, plain"):
        compression_named("gzip")
