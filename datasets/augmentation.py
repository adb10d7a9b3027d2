"""Random changes of a frame where it is decoded: crop, mirror image and colours, on uint8 and without torch.

For nets that are fed by loader processes. Decisions:

* **The caller gives the generator**, one for each frame, so that what is drawn does not depend on the process that
  draws it or on the batch.
* **Brightness, contrast and saturation are one matrix.** Each is linear in the pixel (contrast once the crop's mean
  grey is known), so their product is applied in a single pass with one rounding and one clipping.
* Colours never touch labels, and geometry is the same for both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.errors import ShardError
from datasets.loading_kernels import add_moments, copy_labels, recolor

LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in grey, ITU-R BT.601."""

_UNIT = 1 << 14
"""One, in the fixed point numbers of `recolor`."""


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Settings of the random changes; ShardError when one is out of range."""

    crop: tuple[int, int] | None = None
    """(width, height) [px] of the window that is cut out at random; None keeps whole frames."""
    flip: bool = True
    """Mirror each frame left to right with probability one half."""
    color_jitter: float = 0.3
    """Largest relative change s, 0 to 1, of brightness, contrast and saturation: factors in ``1 - s .. 1 + s``."""

    def __post_init__(self) -> None:
        if not 0 <= self.color_jitter <= 1:
            raise ShardError(f"color_jitter is {self.color_jitter}, expected 0 to 1")
        if self.crop is not None and min(self.crop) < 1:
            raise ShardError(f"crop is {self.crop}, expected (width, height) in pixels")

    def output_size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) [px] of what a frame of the given size becomes; ShardError when the crop is larger."""
        crop_width, crop_height = self.crop or (width, height)
        if crop_width > width or crop_height > height:
            raise ShardError(f"the crop {crop_width}x{crop_height} is larger than the frames, {width}x{height}")
        return crop_width, crop_height

    def apply(
        self,
        rgb: npt.NDArray[np.uint8],
        labels: npt.NDArray[np.uint8],
        rgb_out: npt.NDArray[np.uint8],
        labels_out: npt.NDArray[np.uint8],
        *,
        rng: np.random.Generator,
    ) -> None:
        """Fill `rgb_out` (3, h, w) and `labels_out` (h, w) from (3, H, W) and (H, W), all uint8."""
        (height, width), (source_height, source_width) = labels_out.shape, labels.shape
        top, left = rng.integers(0, (source_height - height + 1, source_width - width + 1)).tolist()
        is_mirrored = bool(rng.random() < 0.5) and self.flip
        factors = 1.0 + self.color_jitter * rng.uniform(-1.0, 1.0, 3)
        rows, columns = slice(top, top + height), slice(left, left + width)
        copy_labels(labels[rows, columns], is_mirrored, labels_out)
        seen = rgb[:, rows, columns]
        matrix, offset = color_matrix(seen, *factors.tolist())
        recolor(seen, matrix, offset, is_mirrored, rgb_out)


def color_matrix(
    rgb: npt.NDArray[np.uint8], brightness: float, contrast: float, saturation: float
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The matrix and offset of `recolor` that change (3, H, W) uint8 by three factors; 1 changes nothing.

    Brightness scales all channels, saturation the distance from the pixel's grey, contrast that from the mean grey of
    the image.
    """
    sums, squares = np.zeros(3, np.uint64), np.zeros(3, np.uint64)
    add_moments(rgb, sums, squares)
    mean_grey = float(LUMA @ (sums / (rgb.shape[1] * rgb.shape[2])))
    matrix = brightness * contrast * (saturation * np.eye(3) + (1.0 - saturation) * LUMA)
    offset = np.full(3, brightness * (1.0 - contrast) * mean_grey)
    return np.rint(_UNIT * matrix).astype(np.int32), np.rint(_UNIT * offset).astype(np.int32)
