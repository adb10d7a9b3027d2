"""From recorded frames to pixels of one size, in threads; and which frames are damaged.

Decisions:

* **Threads decode into the store itself**: decoding lets go of the interpreter lock.
* **One size.** A batch is one tensor, so all frames must have one size; a recording of several needs ``size``.
* **A damaged frame ends the run, or is left out before it starts**, never replaced: with ``corrupt="skip"`` every frame
  is decoded once, which frames in memory are anyway, and those that cannot be had do not exist for the rest of the run.
  That a disk fails is no property of a frame, and ends the run in both cases.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from datasets.errors import DiskError, LabelError, ShardError
from harness.errors import DataError, TrainingError
from harness.training.config import Corrupt

_BLOCK = 8
"""Frames that a thread decodes at a time."""


class FrameDataset(Protocol):
    """What this module needs of a data set; it can be sent to worker processes and is safe for threads."""

    def __len__(self) -> int: ...

    def size_of(self, number: int) -> tuple[int, int]:
        """(width, height) [px] of a frame, without reading it."""

    def name_of(self, number: int) -> str:
        """What to call a frame in messages."""

    def read(self, number: int, rgb: NDArray[np.uint8], labels: NDArray[np.uint8], *, planar: bool) -> None:
        """Decode a frame into ``rgb``, (3, H, W) if ``planar`` else (H, W, 3), and ``labels`` (H, W), both uint8.

        ShardError or LabelError when it cannot be had.
        """


class SizedFrames:
    """Frames at one size: resized to ``size``, or all alike. Can be sent to worker processes."""

    def __init__(self, dataset: FrameDataset, size: tuple[int, int] | None) -> None:
        """Look at the sizes of all frames.

        Raises:
            TrainingError: they differ, and there is no ``size`` to resize to.
        """
        self._dataset = dataset
        self.width, self.height = first = size or dataset.size_of(0)
        for number in range(len(dataset) if size is None else 0):
            width, height = dataset.size_of(number)
            if (width, height) != first:
                raise TrainingError(
                    f"Frame {number} is {width}x{height}, but frame 0 is {self.width}x{self.height}. "
                    "Frames of several sizes need one to be resized to: give --size WxH."
                )

    def __len__(self) -> int:
        return len(self._dataset)

    def name_of(self, number: int) -> str:
        """What to call a frame in messages."""
        return self._dataset.name_of(number)

    def read(self, number: int, rgb: NDArray[np.uint8], labels: NDArray[np.uint8], *, planar: bool = True) -> None:
        """Decode a frame, at the common size, into buffers as those of ``FrameDataset.read``; errors name it."""
        try:
            self._read(number, rgb, labels, planar=planar)
        except (ShardError, LabelError) as error:
            raise type(error)(f"{self.name_of(number)}: {error}") from error

    def _read(self, number: int, rgb: NDArray[np.uint8], labels: NDArray[np.uint8], *, planar: bool) -> None:
        width, height = self._dataset.size_of(number)
        if (width, height) == (self.width, self.height):
            self._dataset.read(number, rgb, labels, planar=planar)
            return
        recorded = torch.empty((3, height, width), dtype=torch.uint8), torch.empty((height, width), dtype=torch.uint8)
        self._dataset.read(number, recorded[0].numpy(), recorded[1].numpy(), planar=True)
        smooth, nearest = resize_pair(*recorded, (self.width, self.height))
        rgb[...] = (smooth if planar else smooth.permute(1, 2, 0)).numpy()
        labels[...] = nearest.numpy()


def decoded(
    source: SizedFrames, device: torch.device, corrupt: Corrupt, progress: Callable[[int], None]
) -> tuple[Tensor, Tensor, list[bool]]:
    """Return ``rgb (N, H, W, 3)`` and ``labels (N, H, W)`` of all frames, uint8 on ``device``, and which are whole.

    Args:
        source: the frames.
        device: where to keep them.
        corrupt: ``"skip"`` goes on after a damaged frame, whose pixels are then worth nothing.
        progress: told how many frames are done.

    Raises:
        DataError: a frame is damaged.
    """
    rgb = torch.empty((len(source), source.height, source.width, 3), dtype=torch.uint8, device=device)
    labels = torch.empty((len(source), source.height, source.width), dtype=torch.uint8, device=device)

    def decode(block: range) -> list[bool]:
        stores = rgb[block.start : block.stop], labels[block.start : block.stop]
        buffers = stores if device.type == "cpu" else tuple(torch.empty_like(s, device="cpu") for s in stores)
        frames = zip(block, *(buffer.numpy() for buffer in buffers), strict=True)
        are_whole = [_is_whole(source, *frame, corrupt=corrupt) for frame in frames]
        if buffers is not stores:
            for store, buffer in zip(stores, buffers, strict=True):
                store.copy_(buffer)
        return are_whole

    return rgb, labels, _by_blocks(len(source), decode, progress)


def examined(source: SizedFrames, progress: Callable[[int], None]) -> list[bool]:
    """Decode all frames only to see which are whole; ``progress`` is told how many are done."""

    def examine(block: range) -> list[bool]:
        rgb = np.empty((source.height, source.width, 3), np.uint8)
        labels = np.empty((source.height, source.width), np.uint8)
        return [_is_whole(source, number, rgb, labels, corrupt="skip") for number in block]

    return _by_blocks(len(source), examine, progress)


def _by_blocks(num_frames: int, work: Callable[[range], list[bool]], progress: Callable[[int], None]) -> list[bool]:
    """Return the results of ``work`` on all frame numbers, done in as many threads as there are cores."""
    blocks = [range(start, min(start + _BLOCK, num_frames)) for start in range(0, num_frames, _BLOCK)]
    results: list[bool] = []
    with ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="decode") as threads:
        for result in threads.map(work, blocks):
            results += result
            progress(len(results))
    return results


def _is_whole(
    source: SizedFrames, number: int, rgb: NDArray[np.uint8], labels: NDArray[np.uint8], *, corrupt: Corrupt
) -> bool:
    """Decode a frame into the buffers; False when it is damaged and to be left out."""
    try:
        source.read(number, rgb, labels, planar=False)
    except (ShardError, LabelError) as error:
        if corrupt == "skip" and not isinstance(error, DiskError):
            return False
        raise damaged_frame(error) from error
    return True


def damaged_frame(error: ShardError | LabelError) -> DataError:
    """Return the error to end a run with when a frame cannot be had."""
    if isinstance(error, DiskError):
        return DataError(str(error))
    return DataError(f"{error}. Record it again, or give --corrupt skip: a run then leaves out what is damaged.")


def resize_pair(rgb: Tensor, labels: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Resize ``rgb (3, H, W)``, with anti-aliasing, and ``labels (H, W)``, to the nearest; both are uint8."""
    shape = size[::-1]
    smooth = functional.interpolate(rgb[None], shape, mode="bilinear", antialias=True, align_corners=False)
    nearest = functional.interpolate(labels[None, None], shape, mode="nearest-exact")
    return smooth[0], nearest[0, 0]
