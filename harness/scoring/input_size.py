"""A net that sees pictures at another size than they are scored at.

A net that was trained on resized pictures (``harness train --size``) is to see such pictures when it is scored, too.
Only the net sees them: its prediction is brought back to the size of the labels, so scores at different sizes are
scores of the same pixels.

Pictures are resized as training does it (:func:`harness.training.decoding.resize_pair`), or the net would be given
pictures of another kind than it has learnt from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from datasets.labels import LabelSet
from harness.errors import CheckpointError
from harness.run_dir import RunDir
from harness.scoring.live import Net
from harness.scoring.plan import size_name
from harness.scoring.views import resize_ids
from sim_scenarios.camera import Size

Image = NDArray[np.uint8]


class ResizingNet:
    """Shows a net each picture at one size and gives back class ids at the picture's own."""

    def __init__(self, net: Net, size: Size) -> None:
        """Wrap a net.

        Args:
            net: predicts the pictures.
            size: (width, height) [px] at which it sees them.
        """
        self._net = net
        self.size = size

    @property
    def label_set(self) -> LabelSet:
        """The classes that the net knows."""
        return self._net.label_set

    @property
    def origin(self) -> Mapping[str, Any]:
        """Where the net comes from, and the size of its pictures."""
        return {**self._net.origin, "input_size": list(self.size)}

    def predict(self, rgb: Image) -> Image:
        """Class ids ``(H, W)`` uint8 of an image ``(H, W, 3)`` uint8."""
        height, width = rgb.shape[:2]
        if (width, height) == self.size:
            return self._net.predict(rgb)
        return resize_ids(self._net.predict(resize_picture(rgb, self.size)), (width, height))


def resize_picture(rgb: Image, size: Size) -> Image:
    """Resize ``(H, W, 3)`` uint8 to (width, height) ``size``: bilinear with anti-aliasing."""
    planes = torch.from_numpy(rgb).permute(2, 0, 1)[None]
    smooth = functional.interpolate(planes, size[::-1], mode="bilinear", antialias=True, align_corners=False)
    resized: Image = np.ascontiguousarray(smooth[0].permute(1, 2, 0).numpy())
    return resized


def size_note(run: Path, sizes: Iterable[Size]) -> list[str]:
    """Say so where the net in ``run`` was trained on pictures of another size than it is going to see.

    Args:
        run: a run folder.
        sizes: (width, height) [px] of the pictures.

    Raises:
        CheckpointError: the run's configuration is there and cannot be read.
    """
    trained = _trained_size(run)
    other = sorted({size for size in sizes if trained not in (None, size)})
    if trained is None or not other:
        return []
    return [
        f"the net was trained on pictures resized to {size_name(trained)} and now sees "
        f"{', '.join(map(size_name, other))}, which is another task: --size {size_name(trained)} shows it what it knows"
    ]


def _trained_size(run: Path) -> Size | None:
    """The ``--size`` of the training in ``run``; None where that was the recorded size, or is not known."""
    path = RunDir(run).config
    if not path.is_file():
        return None
    try:
        size = json.loads(path.read_text()).get("size")
        return None if size is None else (int(size[0]), int(size[1]))
    except (OSError, ValueError, AttributeError, TypeError, IndexError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}): restore it from a copy, or train again") from error
