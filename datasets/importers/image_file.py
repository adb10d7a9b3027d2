"""Reading image files of unknown origin: PNG, JPEG, GIF and BMP, by Pillow.

Decisions:

* Pillow and not OpenCV: OpenCV hands out a truncated JPEG as a half grey image, expands palettes (an index mask is
  lost by that) and narrows 16 bits silently.
* Pixels are taken as they lie in the file. A file whose EXIF orientation says otherwise is refused: nobody can tell
  whether its mask was drawn on the turned image.
* What a conversion would lose is refused: 16-bit samples, transparent pixels, more than one frame, CMYK.
* Sizes are read and limited before any pixel is decoded.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from datasets.errors import ShardError
from datasets.importers.source import SourceError
from datasets.shard_layout import check_frame_size

FORMATS = ("PNG", "JPEG", "GIF", "BMP")
_ORIENTATION = 0x0112
_PNG_BIT_DEPTH = 24
"""Offset of the byte in the file: signature, length, "IHDR", width, height, depth."""


def image_size(path: Path) -> tuple[int, int]:
    """(width, height) [px] of the image at `path`, from its head; SourceError when it cannot be imported."""
    with warnings.catch_warnings():
        # Pillow warns of sizes beyond ours, which are refused anyway.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with _opened(path) as image:
            width, height = image.size
            return int(width), int(height)


def read_rgb(path: Path) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 sRGB of the image at `path`; grey and palette images are expanded. SourceError otherwise."""
    image = _decoded(path)
    if image.mode in ("RGBA", "LA"):
        if np.asarray(image.getchannel("A")).min() < 255:
            raise SourceError(f"{path.name} has transparent pixels; expected an opaque image. Flatten it first")
        image = image.convert(image.mode[:-1])
    if image.mode == "RGB":
        return np.array(image, np.uint8)
    if image.mode == "P":
        indices = np.asarray(image, np.uint8)
        return _palette_of(path, indices, image)[indices]
    if image.mode in ("1", "L"):
        grey = np.array(image.convert("L"), np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    raise SourceError(f"{path.name} holds pixels of mode {image.mode!r}; expected RGB, grey or a palette of 8 bits")


def read_indices(path: Path) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 of the index mask at `path`: grey values, or palette indices as stored; SourceError otherwise."""
    image = _decoded(path)
    if image.mode not in ("1", "L", "P"):
        raise SourceError(
            f"{path.name} holds pixels of mode {image.mode!r}; expected an index mask: one channel of 8 bits"
        )
    return np.array(image, np.uint8)


def _opened(path: Path) -> Image.Image:
    """The image with only its head read."""
    try:
        image = Image.open(path, formats=FORMATS)
    except Exception as error:  # whatever a decoder makes of bytes from elsewhere
        raise _unreadable(path, error) from error
    try:
        _check_head(path, image)
    except BaseException:
        image.close()
        raise
    return image


def _decoded(path: Path) -> Image.Image:
    """The image with its pixels; its file is closed."""
    image = _opened(path)
    with image:
        try:
            image.load()
        except Exception as error:  # as above
            raise _unreadable(path, error) from error
    return image


def _check_head(path: Path, image: Image.Image) -> None:
    width, height = image.size
    try:
        check_frame_size(height, width)
        orientation = image.getexif().get(_ORIENTATION, 1) if image.format == "JPEG" else 1
        is_animated = getattr(image, "is_animated", False)
    except ShardError as error:
        raise SourceError(f"{path.name}: {error}") from error
    except Exception as error:
        raise _unreadable(path, error) from error
    if orientation != 1:
        raise SourceError(f"{path.name} is to be turned (EXIF orientation {orientation}); turn its pixels first")
    if is_animated:
        raise SourceError(f"{path.name} holds several frames, expected one")
    if image.format == "PNG" and _png_bit_depth(path) > 8:
        raise SourceError(f"{path.name} has 16 bits a channel, expected 8; convert it first")


def _png_bit_depth(path: Path) -> int:
    """Pillow opens 16-bit colour as mode RGB and drops the lower halves."""
    with path.open("rb") as file:
        return file.read(_PNG_BIT_DEPTH + 1)[_PNG_BIT_DEPTH]


def _palette_of(path: Path, indices: npt.NDArray[np.uint8], image: Image.Image) -> npt.NDArray[np.uint8]:
    """(256, 3) uint8 colours of the indices; which of them count as transparent does not matter here."""
    colors = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    highest = int(indices.max())
    if highest >= len(colors):
        raise SourceError(f"{path.name} holds index {highest}, but its palette has {len(colors)} colours")
    palette = np.zeros((256, 3), np.uint8)
    palette[: len(colors)] = colors
    return palette


def _unreadable(path: Path, error: Exception) -> SourceError:
    return SourceError(f"{path.name} cannot be read as an image ({type(error).__name__}: {str(error)[:200]})")
