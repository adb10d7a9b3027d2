"""Frames of a recording for training: decoded once into memory where they fit, else read again each epoch.

Decisions:

* **Decode once.** Shards are compressed; a run reads each frame once per epoch, always the same bytes. What fits is
  kept as uint8, in the GPU's memory if the net is there (at most half of what is free; a batch is then one gather and
  there is nothing to wait for), else in the computer's. What does not fit is streamed by worker processes.
  ``Frames.storage`` says which.
* **The order is a function of seed and epoch**, not of a generator's history: a resumed run needs no saved order.
* **One size.** A batch is one tensor, so all frames must have one size; a recording of several needs ``size``.
* Worker processes are spawned, not forked: neither CUDA nor HDF5 survives a fork.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, Sampler

from harness.errors import TrainingError

Progress = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""

Pair = tuple[Tensor, Tensor]
"""``rgb (3, H, W)`` uint8 and ``labels (H, W)`` uint8 class ids, 255 ignored."""


@dataclass(frozen=True)
class Batch:
    """Some frames, on the training device."""

    rgb: Tensor
    """``(B, 3, H, W)`` uint8."""

    labels: Tensor
    """``(B, H, W)`` uint8 class ids, 255 ignored."""

    indices: Sequence[int]
    """Which frames of the split they are."""


class FrameDataset(Protocol):
    """What this module needs of a data set: a length and pairs."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Pair: ...


class Frames(Protocol):
    """The frames of one split, ready to be drawn in any order."""

    @property
    def storage(self) -> str:
        """Where the pixels are: ``"GPU memory"``, ``"memory"`` or ``"read from disk each epoch"``."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) [px] of every frame."""

    def __len__(self) -> int: ...

    def batches(self, order: Sequence[int], batch_size: int) -> Iterator[Batch]:
        """Give the frames named by ``order`` in batches; the last may be smaller."""


class CachedFrames:
    """Frames that lie decoded in the memory of the computer or of the GPU."""

    def __init__(self, rgb: Tensor, labels: Tensor) -> None:
        """Take over ``rgb (N, 3, H, W)`` and ``labels (N, H, W)``, both uint8 and on the training device."""
        self._rgb, self._labels = rgb, labels

    @property
    def storage(self) -> str:
        """Where the pixels are."""
        return "GPU memory" if self._rgb.is_cuda else "memory"

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) [px] of every frame."""
        height, width = self._labels.shape[1:]
        return width, height

    def __len__(self) -> int:
        return self._labels.shape[0]

    def batches(self, order: Sequence[int], batch_size: int) -> Iterator[Batch]:
        """Give the frames named by ``order`` in batches; the last may be smaller."""
        # The whole order goes to the device at once: a transfer each step would make the host wait.
        on_device = torch.tensor(order, device=self._rgb.device)
        for start in range(0, len(order), batch_size):
            chosen = on_device[start : start + batch_size]
            yield Batch(self._rgb[chosen], self._labels[chosen], order[start : start + batch_size])


class StreamedFrames:
    """Frames that are read, decoded and resized anew whenever they are drawn."""

    def __init__(self, dataset: _Resized, *, workers: int, device: torch.device) -> None:
        self._dataset, self._device = dataset, device
        self._order = _BatchOrder()
        self._loader: DataLoader[tuple[Tensor, Tensor]] = DataLoader(
            dataset,
            batch_sampler=self._order,
            num_workers=workers,
            multiprocessing_context="spawn" if workers else None,
            persistent_workers=workers > 0,
            pin_memory=device.type == "cuda",
        )

    @property
    def storage(self) -> str:
        """Where the pixels are."""
        return "read from disk each epoch"

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) [px] of every frame."""
        return self._dataset.frame_size

    def __len__(self) -> int:
        return len(self._dataset)

    def batches(self, order: Sequence[int], batch_size: int) -> Iterator[Batch]:
        """Give the frames named by ``order`` in batches; the last may be smaller."""
        self._order.batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
        for indices, (rgb, labels) in zip(self._order.batches, self._loader, strict=True):
            yield Batch(rgb.to(self._device, non_blocking=True), labels.to(self._device, non_blocking=True), indices)


def open_frames(
    dataset: FrameDataset,
    *,
    size: tuple[int, int] | None,
    device: torch.device,
    cache_gib: float,
    workers: int,
    progress: Progress,
    what: str,
) -> Frames:
    """Return the frames of ``dataset``, decoded into memory if they fit.

    Args:
        dataset: pairs of one split, at least one.
        size: (width, height) [px] to resize to; None keeps what was recorded.
        device: where batches are wanted.
        cache_gib: most memory [GiB] that decoded frames may take.
        workers: loader processes for frames that do not fit.
        progress: told of each decoded frame.
        what: what to call that in ``progress``.

    Raises:
        TrainingError: frames of different sizes, and no ``size``.
    """
    resized = _Resized(dataset, size)
    width, height = resized.frame_size
    if not _fits(len(resized) * height * width * 4, cache_gib=cache_gib, device=device):
        return StreamedFrames(resized, workers=workers, device=device)
    rgb = torch.empty((len(resized), 3, height, width), dtype=torch.uint8, device=device).to(
        memory_format=torch.channels_last
    )
    labels = torch.empty((len(resized), height, width), dtype=torch.uint8, device=device)
    for index in range(len(resized)):
        rgb[index], labels[index] = resized[index]
        progress(what, index + 1, len(resized))
    return CachedFrames(rgb, labels)


def epoch_order(num_frames: int, *, seed: int, epoch: int) -> list[int]:
    """Return the order in which epoch ``epoch`` of a run with ``seed`` draws its frames."""
    order: list[int] = np.random.default_rng([seed, epoch]).permutation(num_frames).tolist()
    return order


class _Resized(Dataset[Pair]):
    """Pairs at one size: resized to ``size``, or checked to be all alike. Can be sent to worker processes."""

    def __init__(self, dataset: FrameDataset, size: tuple[int, int] | None) -> None:
        self._dataset, self._size = dataset, size
        height, width = dataset[0][1].shape
        self.frame_size: tuple[int, int] = size or (width, height)

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: int) -> Pair:
        rgb, labels = self._dataset[index]
        height, width = labels.shape
        if (width, height) == self.frame_size:
            return rgb, labels
        if self._size is None:
            raise TrainingError(
                f"Frame {index} is {width}x{height}, but frame 0 is {self.frame_size[0]}x{self.frame_size[1]}. "
                "Frames of several sizes need one to be resized to: give --size WxH."
            )
        return resize_pair(rgb, labels, self._size)


def resize_pair(rgb: Tensor, labels: Tensor, size: tuple[int, int]) -> Pair:
    """Resize ``rgb (3, H, W)``, with anti-aliasing, and ``labels (H, W)``, to the nearest; both are uint8."""
    shape = size[::-1]
    smooth = functional.interpolate(rgb[None], shape, mode="bilinear", antialias=True, align_corners=False)
    nearest = functional.interpolate(labels[None, None], shape, mode="nearest-exact")
    return smooth[0], nearest[0, 0]


class _BatchOrder(Sampler[list[int]]):
    """The batches of the coming epoch; set before the loader is iterated, which keeps its workers alive."""

    def __init__(self) -> None:
        self.batches: list[Sequence[int]] = []

    def __iter__(self) -> Iterator[list[int]]:
        return iter([list(batch) for batch in self.batches])

    def __len__(self) -> int:
        return len(self.batches)


def _fits(num_bytes: int, *, cache_gib: float, device: torch.device) -> bool:
    if num_bytes > cache_gib * 2**30:
        return False
    return device.type != "cuda" or num_bytes <= torch.cuda.mem_get_info(device)[0] // 2
