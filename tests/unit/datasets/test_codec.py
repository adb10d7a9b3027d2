from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datasets.checksums import xxh64
from datasets.codec import (
    COMPRESSIONS,
    PLANE_DTYPES,
    PLANE_NAMES,
    checked_frame,
    compression_named,
    residual_planes,
    sealed,
)
from datasets.errors import ShardError
from datasets.kernels import split_channels

_SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))
_IMAGES = hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))


def _inverse_by_numpy(planes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The formula of FORMAT.md 2.4."""
    red, green, blue = np.cumsum(planes, axis=-1, dtype=np.uint8)
    return np.stack([red + green, green, blue + green], axis=-1)


@settings(deadline=None, max_examples=100)
@given(_IMAGES)
def test_residual_is_undone_by_the_published_formula(rgb: npt.NDArray[np.uint8]) -> None:
    assert np.array_equal(_inverse_by_numpy(residual_planes(rgb)), rgb)


@settings(deadline=None, max_examples=150)
@given(data=st.data(), size=_SIZES, name=st.sampled_from(sorted(COMPRESSIONS)), plane=st.sampled_from(PLANE_NAMES))
def test_every_lossless_plane_comes_back(data: st.DataObject, size: tuple[int, int], name: str, plane: str) -> None:
    codec = compression_named(name).planes[plane]
    if not codec.filter.is_lossless:
        return
    shape = (*size, 3) if plane == "rgb" else size
    largest = 2**24 - 1 if plane == "depth" else np.iinfo(PLANE_DTYPES[plane]).max
    image = data.draw(hnp.arrays(PLANE_DTYPES[plane], shape, elements=st.integers(0, int(largest))))
    chunk, digest = codec.encode(image)
    assert digest == xxh64(image)
    found = np.empty_like(image)
    codec.decode(chunk, digest, found)
    assert np.array_equal(found, image)
    with pytest.raises(ShardError, match="swapped or damaged"):
        codec.decode(chunk, digest ^ 1, found)


@settings(deadline=None, max_examples=50)
@given(hnp.arrays(np.uint32, _SIZES, elements=st.integers(0, 2**24 - 1)))
def test_depth_is_undone_by_the_published_formula(codes: npt.NDArray[np.uint32]) -> None:
    low, middle, high = COMPRESSIONS["residual"].planes["depth"].transform.forward(codes).astype(np.uint32)
    deltas = low + (middle << 8) + (high << 16)
    assert np.array_equal(np.cumsum(deltas, axis=-1, dtype=np.uint32) % 2**24, codes)


def test_residual_by_hand() -> None:
    rgb = np.array([[[10, 20, 30], [11, 22, 29]]], np.uint8)
    expected = [[[246, 255]], [[20, 2]], [[10, 253]]]
    assert residual_planes(rgb).tolist() == expected


def test_depth_by_hand() -> None:
    codes = np.array([[0x010203, 0x010202, 0xFFFFFF]], np.uint32)  # deltas 0x010203, 0xffffff, 0xfefdfd
    planes = COMPRESSIONS["residual"].planes["depth"].transform.forward(codes)
    assert planes.tolist() == [[[0x03, 0xFF, 0xFD]], [[0x02, 0xFF, 0xFD]], [[0x01, 0xFF, 0xFE]]]


def test_a_view_that_is_not_contiguous() -> None:
    bgra = np.random.default_rng(1).integers(0, 256, (6, 7, 4), dtype=np.uint8)
    rgb = bgra[:, :, 2::-1]
    assert np.array_equal(_inverse_by_numpy(residual_planes(rgb)), rgb)
    assert bgra.flags.writeable
    for mode in COMPRESSIONS.values():
        assert mode.planes["rgb"].encode(rgb) == mode.planes["rgb"].encode(rgb.copy())


def test_split_channels_is_a_transposition() -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (5, 9, 3), dtype=np.uint8)
    planes = np.empty((3, 5, 9), np.uint8)
    split_channels(rgb, planes)
    assert np.array_equal(planes, rgb.transpose(2, 0, 1))


def _smooth(height: int = 48, width: int = 64) -> npt.NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 3, y * 4, 120 + 20 * np.sin(x / 9)], axis=-1).astype(np.uint8)


def test_jpeg_is_near_and_hashes_its_own_bytes() -> None:
    rgb = _smooth()
    codec = COMPRESSIONS["jpeg"].planes["rgb"]
    chunk, digest = codec.encode(rgb)
    assert digest == xxh64(chunk[:-4])
    found = np.empty_like(rgb)
    codec.decode(chunk, digest, found)
    assert np.abs(found.astype(int) - rgb).mean() < 1.5
    with pytest.raises(ShardError, match="bytes have XXH64"):
        codec.decode(chunk, digest ^ 1, found)


def test_jpeg_quality_is_the_users() -> None:
    low, high = (
        len(compression_named("jpeg", jpeg_quality=quality).planes["rgb"].encode(_smooth())[0]) for quality in (30, 100)
    )
    assert low < high
    for quality in (0, 101):
        with pytest.raises(ShardError, match=r"expected 1 \.\. 100"):
            compression_named("jpeg", jpeg_quality=quality)


def test_only_jpeg_says_that_it_loses() -> None:
    assert {name for name, mode in COMPRESSIONS.items() if not mode.is_lossless} == {"jpeg"}


@pytest.mark.parametrize("name", sorted(COMPRESSIONS))
def test_every_flipped_bit_of_a_chunk_is_found(name: str) -> None:
    rgb = np.random.default_rng(3).integers(0, 40, (4, 8, 3), dtype=np.uint8)
    codec = COMPRESSIONS[name].planes["rgb"]
    chunk, digest = codec.encode(rgb)
    out: npt.NDArray[Any] = np.empty_like(rgb)
    for bit in np.random.default_rng(4).permutation(8 * len(chunk))[:800]:
        flipped = bytearray(chunk)
        flipped[bit // 8] ^= 1 << int(bit % 8)
        with pytest.raises(ShardError, match="Fletcher32"):
            codec.decode(bytes(flipped), digest, out)


def test_a_chunk_without_a_frame() -> None:
    assert checked_frame(sealed(b"x")) == b"x"
    for chunk in (b"", b"abc", sealed(b"")):
        with pytest.raises(ShardError, match="cannot hold a frame and its checksum"):
            checked_frame(chunk)


def test_unknown_compression_lists_the_known() -> None:
    with pytest.raises(ShardError, match="compression is 'lzf', expected one of residual, plain, gzip, jpeg"):
        compression_named("lzf")
