"""Looking several times: a picture in tiles, mirrored and at several scales; the mean of all probabilities decides.

Tiles are for pictures larger than what the net was trained on, or than memory holds. They overlap by a quarter, and
each counts less towards its edges, where the net knows little of the surroundings; so no seam shows. Mirroring and
scaling (test-time augmentation) cost a pass each and usually gain a point or two of IoU.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from datasets.labels import LabelSet
from sim_scenarios.camera import Size

Image = NDArray[np.uint8]

TTA_SCALES = (0.75, 1.0, 1.25)
"""Of test-time augmentation, each as it is and mirrored: six passes."""

OVERLAP = 0.25
"""Share of a tile, at each side, that its neighbour sees, too."""


class ProbabilisticNet(Protocol):
    """What this file needs of a net; :class:`harness.segmenter.Segmenter` is one."""

    @property
    def label_set(self) -> LabelSet:
        """The classes that the net knows."""

    @property
    def origin(self) -> Mapping[str, Any]:
        """Where the net comes from, JSON values."""

    def probabilities(self, images: NDArray[np.uint8]) -> Tensor:
        """Class probabilities ``(B, K, H, W)`` float32 of ``(B, H, W, 3)`` uint8 RGB images."""


class MultiViewNet:
    """A net that looks at each picture several times; a ``Net`` as scoring and predicting want it."""

    def __init__(
        self,
        net: ProbabilisticNet,
        *,
        tile: Size | None = None,
        scales: Sequence[float] = (1.0,),
        is_mirrored: bool = False,
    ) -> None:
        """Wrap a net.

        Args:
            net: gives the probabilities of one view.
            tile: (width, height) [px] of what the net sees at a time; None shows it the whole picture.
            scales: factors to resize the picture by, one view each.
            is_mirrored: show each view mirrored left to right, too.
        """
        self._net = net
        self._tile = tile
        self._scales = tuple(scales)
        self._mirrors = (False, True) if is_mirrored else (False,)

    @property
    def label_set(self) -> LabelSet:
        """The classes that the net knows."""
        return self._net.label_set

    @property
    def origin(self) -> Mapping[str, Any]:
        """Where the net comes from."""
        return self._net.origin

    def predict(self, rgb: Image) -> Image:
        """Class ids ``(H, W)`` uint8 of an image ``(H, W, 3)`` uint8."""
        total = sum(self._views(rgb))
        assert isinstance(total, Tensor)
        ids: Image = total.argmax(dim=0).to(torch.uint8).cpu().numpy()
        return ids

    def _views(self, rgb: Image) -> Iterator[Tensor]:
        """The probabilities ``(K, H, W)`` of each view, brought back to where the picture's pixels are."""
        height, width = rgb.shape[:2]
        for scale in self._scales:
            size = max(1, round(width * scale)), max(1, round(height * scale))
            view = rgb if size == (width, height) else _resized(rgb, size)
            for mirror in self._mirrors:
                probabilities = self._tiled(np.ascontiguousarray(view[:, ::-1]) if mirror else view)
                if mirror:
                    probabilities = probabilities.flip(-1)
                if size != (width, height):
                    probabilities = functional.interpolate(
                        probabilities[None], (height, width), mode="bilinear", align_corners=False
                    )[0]
                yield probabilities

    def _tiled(self, rgb: Image) -> Tensor:
        """The probabilities ``(K, H, W)`` of one view, put together from those of its tiles."""
        height, width = rgb.shape[:2]
        tile_width, tile_height = self._tile or (width, height)
        rows, columns = window_starts(height, tile_height), window_starts(width, tile_width)
        if len(rows) == len(columns) == 1:
            return self._net.probabilities(rgb[None])[0]
        weight = torch.from_numpy(
            np.outer(blend_weights(min(tile_height, height)), blend_weights(min(tile_width, width)))
        )
        total: Tensor | None = None
        weights = torch.zeros((height, width))
        for top in rows:
            for left in columns:
                window = slice(top, top + tile_height), slice(left, left + tile_width)
                seen = self._net.probabilities(np.ascontiguousarray(rgb[window])[None])[0]
                if total is None:
                    total = torch.zeros((seen.shape[0], height, width), device=seen.device)
                total[:, window[0], window[1]] += seen * weight.to(seen.device)
                weights[window] += weight
        assert total is not None
        return total / weights.to(total.device)


def window_starts(length: int, window: int) -> list[int]:
    """Where windows of ``window`` pixels begin that cover ``length`` pixels evenly and overlap by a quarter or more."""
    if window >= length:
        return [0]
    step = max(1, window - int(window * OVERLAP))
    count = -(-(length - window) // step) + 1
    return [round(index * (length - window) / (count - 1)) for index in range(count)]


def blend_weights(length: int) -> NDArray[np.float32]:
    """How much each pixel of a window counts, ``(length,)`` above 0 and at most 1: rising over what overlaps."""
    ramp = np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1)).astype(np.float32)
    flank = max(1, int(length * OVERLAP))
    weights: NDArray[np.float32] = np.minimum(ramp, flank) / np.float32(flank)
    return weights


def _resized(rgb: Image, size: Size) -> Image:
    """Resized to (width, height), by areas where it shrinks."""
    is_smaller = size[0] < rgb.shape[1]
    how = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, size, interpolation=how), dtype=np.uint8)
