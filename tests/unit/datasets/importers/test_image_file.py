from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from datasets.importers.image_file import image_size, read_indices, read_rgb
from datasets.importers.source import SourceError
from tests.unit.datasets.importers.trees import rgb_of, save, tags_of


def test_png_pixels_arrive_as_they_were(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", rgb_of(1))
    np.testing.assert_array_equal(read_rgb(path), rgb_of(1))
    assert image_size(path) == (22, 15)


def test_jpeg_is_decoded_as_opencv_does(tmp_path: Path) -> None:
    smooth = cv2.GaussianBlur(rgb_of(2, height=64, width=96), (0, 0), 3)
    path = save(tmp_path / "a.jpg", np.asarray(smooth), quality=90)
    np.testing.assert_array_equal(read_rgb(path), cv2.imread(str(path))[:, :, ::-1])


def test_grey_and_palette_images_become_rgb(tmp_path: Path) -> None:
    grey, palette = tags_of(3, 256), rgb_of(4).reshape(-1, 3)[:7]
    indices = tags_of(5, 7)
    np.testing.assert_array_equal(read_rgb(save(tmp_path / "a.png", grey)), np.stack([grey] * 3, axis=-1))
    np.testing.assert_array_equal(read_rgb(save(tmp_path / "b.png", indices, palette=palette)), palette[indices])
    np.testing.assert_array_equal(read_indices(save(tmp_path / "c.gif", indices, palette=palette)), indices)


def test_an_opaque_alpha_channel_is_dropped_and_a_transparent_one_refused(tmp_path: Path) -> None:
    rgba = np.dstack([rgb_of(6), np.full((15, 22), 255, np.uint8)])
    np.testing.assert_array_equal(read_rgb(save(tmp_path / "a.png", rgba)), rgb_of(6))
    rgba[3, 4, 3] = 254
    with pytest.raises(SourceError, match="transparent"):
        read_rgb(save(tmp_path / "b.png", rgba))


@pytest.mark.parametrize("shape", [(9, 8), (9, 8, 3)])
def test_sixteen_bits_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), np.full(shape, 1000, np.uint16))
    for read in (image_size, read_rgb, read_indices):
        with pytest.raises(SourceError, match="16 bits"):
            read(path)


def test_an_index_mask_must_have_one_channel(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="mode 'RGB'; expected an index mask"):
        read_indices(save(tmp_path / "a.png", rgb_of(1)))


def test_an_image_to_be_turned_is_refused(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(tmp_path / "phone.jpg", rgb_of(1), exif=exif)
    with pytest.raises(SourceError, match="orientation 6"):
        image_size(path)


def test_several_frames_are_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(tags_of(number, 4)) for number in range(3)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(SourceError, match="several frames"):
        image_size(tmp_path / "moving.gif")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".bmp"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = save(tmp_path / f"cut{suffix}", rgb_of(7, height=60, width=80))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(SourceError, match="cannot be read as an image"):
        read_rgb(path)


def test_other_formats_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tiff", rgb_of(1))
    with pytest.raises(SourceError, match="cannot be read as an image"):
        image_size(path)


@pytest.mark.parametrize(("width", "height"), [(60_000, 4), (12_000, 12_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_by_its_head(tmp_path: Path, width: int, height: int) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))
    with pytest.raises(SourceError):
        image_size(path)


@given(st.sampled_from([".png", ".jpg", ".gif", ".bmp"]), st.integers(0, 2**32), st.integers(0, 255))
def test_damaged_bytes_give_pixels_or_a_source_error(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, place: int, value: int
) -> None:
    path = save(tmp_path_factory.mktemp("damaged") / f"a{suffix}", rgb_of(1))
    content = bytearray(path.read_bytes())
    content[place % len(content)] = value
    path.write_bytes(content)
    try:
        width, height = image_size(path)
        rgb = read_rgb(path)
    except SourceError:
        return
    assert rgb.shape == (height, width, 3)
