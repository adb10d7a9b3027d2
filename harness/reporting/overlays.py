"""Four pictures of one frame side by side: what the camera saw, the truth, the prediction, and where they differ.

Colours of classes are those of the label set. The error map can be read without colour vision: right pixels are a dark
grey picture, wrong ones bright orange, and pixels that are not scored plain mid-grey.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError
from harness.reporting.source import LabelColor

Image = NDArray[np.uint8]

IGNORE_ID = 255
WRONG = (230, 97, 0)
"""sRGB, from the colour-blind safe pair orange and blue."""
NOT_SCORED = (128, 128, 128)
"""sRGB"""

_GAP_PX = 4
_TITLE_PX = 26
_BACKGROUND = 245
_PANEL_WIDTH_PX = 480
"""Smaller frames are enlarged to about this, by whole factors, so that titles fit and pixels stay square."""


def palette_of(labels: Sequence[LabelColor]) -> Image:
    """(256, 3) uint8 sRGB by class id; ids without a class, 255 too, are black."""
    palette = np.zeros((256, 3), dtype=np.uint8)
    for index, label in enumerate(labels):
        palette[index] = label.color
    return palette


def error_map(rgb: Image, truth: Image, prediction: Image) -> Image:
    """Where the prediction is wrong.

    Args:
        rgb: ``(H, W, 3)`` uint8 sRGB.
        truth: ``(H, W)`` uint8 class ids, 255 where not scored.
        prediction: ``(H, W)`` uint8 class ids.

    Returns:
        ``(H, W, 3)`` uint8 sRGB: dark grey where right, orange where wrong, mid-grey where not scored.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) // 3
    picture = np.repeat(grey[..., np.newaxis], 3, axis=2).astype(np.uint8)
    picture[truth != prediction] = WRONG
    picture[truth == IGNORE_ID] = NOT_SCORED
    return picture


def panels(rgb: Image, truth: Image, prediction: Image, palette: Image) -> dict[str, Image]:
    """Input, truth, prediction and error map by title, each ``(H, W, 3)`` uint8 sRGB."""
    return {
        "input": rgb,
        "truth": palette.take(truth, axis=0),
        "prediction": palette.take(prediction, axis=0),
        "error": error_map(rgb, truth, prediction),
    }


def one_picture(pictures: Mapping[str, Image]) -> Image:
    """Two or four panels of one size with their titles, two in a row, as one sRGB image."""
    titled = [_titled(title, picture) for title, picture in pictures.items()]
    gap = np.full((titled[0].shape[0], _GAP_PX, 3), _BACKGROUND, dtype=np.uint8)
    return np.vstack([np.hstack([left, gap, right]) for left, right in zip(titled[::2], titled[1::2], strict=True)])


def thumbnail(picture: Image) -> Image:
    """The picture at no more than the width that it has on the page."""
    height, width = picture.shape[:2]
    if width <= _PANEL_WIDTH_PX:
        return picture
    size = (_PANEL_WIDTH_PX, max(1, round(height * _PANEL_WIDTH_PX / width)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def encode_jpeg(rgb: Image, *, quality: int) -> bytes:
    """An sRGB image as JPEG, with full colour resolution: class borders are colour borders."""
    options = [
        *(cv2.IMWRITE_JPEG_QUALITY, quality),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
    ]
    encoded, content = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), options)
    assert encoded, f"an image of shape {rgb.shape} cannot be a JPEG"
    return content.tobytes()


def read_frame(folder: Path, *, rgb: str, truth: str, prediction: str) -> tuple[Image, Image, Image]:
    """Read the three images of a kept frame: ``(H, W, 3)`` sRGB and two ``(H, W)`` masks of class ids.

    A net may have seen a smaller picture than it is scored on: that is enlarged to the size of the masks, each pixel
    taking the colour of its nearest.

    Raises:
        DataError: a file is missing, no image, of another shape, or outside ``folder``.
    """
    color = cv2.cvtColor(_read(folder, rgb, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB).astype(np.uint8)
    masks = [_read(folder, name, cv2.IMREAD_GRAYSCALE) for name in (truth, prediction)]
    height, width = masks[0].shape
    if masks[1].shape != (height, width):
        raise DataError(
            f"{folder / prediction} is {masks[1].shape[1]} x {masks[1].shape[0]} pixels, its truth {truth} is "
            f"{width} x {height}: score again"
        )
    if abs(color.shape[1] * height - color.shape[0] * width) > max(width, height):
        raise DataError(
            f"{folder / rgb} is {color.shape[1]} x {color.shape[0]} pixels, its truth {truth} is {width} x {height}, "
            "which is another shape: score again"
        )
    if color.shape[:2] != (height, width):
        color = np.asarray(cv2.resize(color, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    return color, masks[0], masks[1]


def _read(folder: Path, name: str, how: int) -> Image:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise DataError(f"worst.csv names {name!r}, which is outside {folder}: it was not written by a score")
    if not path.is_file():
        raise DataError(f"{path} is missing, but worst.csv lists it: score again with --resume, or remove its row")
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), dtype=np.uint8), how)
    if image is None:
        raise DataError(f"{path} is not an image that can be read: delete it and repeat the score with --resume")
    return np.asarray(image, dtype=np.uint8)


def _titled(title: str, picture: Image) -> Image:
    """The picture, enlarged if it is small, under a bar with its title."""
    scale = max(1, round(_PANEL_WIDTH_PX / picture.shape[1]))
    height, width = picture.shape[0] * scale, picture.shape[1] * scale
    large = cv2.resize(picture, (width, height), interpolation=cv2.INTER_NEAREST)
    bar = np.full((_TITLE_PX, width, 3), _BACKGROUND, dtype=np.uint8)
    cv2.putText(bar, title, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (30, 30, 30), 1, cv2.LINE_AA)
    return np.vstack([bar, large]).astype(np.uint8)
