"""The frames that a net did worst on, kept as images to be looked at.

A frame is stored as three PNG files of equal size: ``*_rgb.png`` what the camera saw, ``*_truth.png`` and
``*_prediction.png`` the 8-bit class ids (255: not scored). Colours are put on by who reads them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from harness.run_dir import write_bytes
from harness.scoring.cells import FrameScore

Image = NDArray[np.uint8]

IMAGE_KINDS = ("rgb", "truth", "prediction")


@dataclass(frozen=True, kw_only=True)
class KeptFrame:
    """One frame of a pass with what was seen, known and predicted."""

    score: FrameScore
    rgb: Image
    """``(H, W, 3)`` uint8 sRGB."""
    truth: Image
    """``(H, W)`` uint8 class ids."""
    prediction: Image
    """``(H, W)`` uint8 class ids."""


class WorstFrames:
    """Keeps the frames with the lowest mean IoU out of a pass; ties go to the earlier frame."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: list[KeptFrame] = []

    def offer(self, frame: KeptFrame) -> None:
        """Consider one frame. A frame without any class (mean IoU is NaN) is never kept."""
        if np.isnan(frame.score.miou):
            return
        self._kept.append(frame)
        self._kept.sort(key=lambda kept: (kept.score.miou, kept.score.frame))
        del self._kept[self._limit :]

    @property
    def frames(self) -> tuple[KeptFrame, ...]:
        """The kept frames, worst first."""
        return tuple(self._kept)


def save_frame(folder: Path, frame: KeptFrame) -> dict[str, Path]:
    """Write the three images of a frame into ``folder`` (made if it is missing) and return their paths by kind."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {kind: folder / f"{frame.score.frame:06d}_{kind}.png" for kind in IMAGE_KINDS}
    write_png(paths["rgb"], cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR))
    write_png(paths["truth"], frame.truth)
    write_png(paths["prediction"], frame.prediction)
    return paths


def write_png(path: Path, image: Image) -> None:
    """Write grey ``(H, W)`` or BGR ``(H, W, 3)`` uint8 as PNG, whole or not at all."""
    encoded, content = cv2.imencode(".png", image)
    assert encoded, f"an image of shape {image.shape} cannot be a PNG"
    write_bytes(path, content.tobytes())


def folder_name(name: str) -> str:
    """A folder name for a weather: itself where that is safe, else with a short digest in place of what is not.

    Weather names may be notations such as ``ClearNoon:fog_density=60``, and not every file system takes those.
    """
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip(".-")
    return safe if safe == name else f"{safe[:60]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
