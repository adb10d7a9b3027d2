"""Frames of a recording for training: decoded once into memory where they fit, else read again each epoch.

Decisions:

* **Decode once.** Shards are compressed; a run reads each frame once per epoch, always the same bytes. What fits is
  kept as uint8, in the GPU's memory if the net is there (a batch is then one gather and there is nothing to wait for),
  else in the computer's. What does not fit is streamed by worker processes. ``Frames.storage`` says which; the batches
  are the same.
* **Threads decode into the store itself**: decoding lets go of the interpreter lock.
* **uint8 travels, channels last.** Scaling and augmentation come after the transfer to the device.
* **The order is a function of seed and epoch** (``datasets.frame_order``): a resumed run needs no saved order.
* **One size.** A batch is one tensor, so all frames must have one size; a recording of several needs ``size``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from datasets.errors import LabelError, ShardError
from datasets.torch_batches import BatchLoader
from harness.errors import DataError, TrainingError
from harness.training.cache import CacheSetting, choose_cache, free_ram_bytes

Progress = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""

Note = Callable[[str], None]
"""Told in a sentence what the user should know."""

_BLOCK = 8
"""Frames that a thread decodes at a time."""


@dataclass(frozen=True)
class Batch:
    """Some frames, on the training device."""

    rgb: Tensor
    """``(B, 3, H, W)`` uint8, channels last in memory."""

    labels: Tensor
    """``(B, H, W)`` uint8 class ids, 255 ignored."""

    indices: Sequence[int]
    """Which frames of the split they are."""


class FrameDataset(Protocol):
    """What this module needs of a data set; it can be sent to worker processes and is safe for threads."""

    def __len__(self) -> int: ...

    def size_of(self, number: int) -> tuple[int, int]:
        """(width, height) [px] of a frame, without reading it."""

    def read(self, number: int, rgb: NDArray[np.uint8], labels: NDArray[np.uint8], *, planar: bool) -> None:
        """Decode a frame into ``rgb``, (3, H, W) if ``planar`` else (H, W, 3), and ``labels`` (H, W), both uint8.

        ShardError or LabelError when it cannot be had.
        """


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

    def __init__(self, rgb: Tensor, labels: Tensor, *, device: torch.device) -> None:
        """Take over ``rgb (N, H, W, 3)`` and ``labels (N, H, W)``, both uint8, for batches on ``device``."""
        self._rgb, self._labels, self._device = rgb, labels, device

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
        # The whole order goes to the pixels' device at once: a transfer each step would make the host wait.
        numbers = torch.tensor(order, device=self._rgb.device)
        for start in range(0, len(order), batch_size):
            chosen = numbers[start : start + batch_size]
            rgb, labels = self._picked(self._rgb, chosen), self._picked(self._labels, chosen)
            yield Batch(rgb.permute(0, 3, 1, 2), labels, order[start : start + batch_size])

    def _picked(self, store: Tensor, chosen: Tensor) -> Tensor:
        if store.device.type == self._device.type:
            return store.index_select(0, chosen)
        # Only the batch is page-locked, not the store. Torch gives its memory to nobody else until the copy is done.
        staged = torch.empty((len(chosen), *store.shape[1:]), dtype=store.dtype, pin_memory=True)
        torch.index_select(store, 0, chosen, out=staged)
        return staged.to(self._device, non_blocking=True)


class StreamedFrames:
    """Frames that are read, decoded and resized anew whenever they are drawn."""

    def __init__(self, source: SizedFrames, *, workers: int, device: torch.device) -> None:
        self._source, self._workers, self._device = source, workers, device
        self._loaders: dict[int, BatchLoader] = {}

    @property
    def storage(self) -> str:
        """Where the pixels are."""
        return "read from disk each epoch"

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) [px] of every frame."""
        return self._source.width, self._source.height

    def __len__(self) -> int:
        return len(self._source)

    def batches(self, order: Sequence[int], batch_size: int) -> Iterator[Batch]:
        """Give the frames named by ``order`` in batches; the last may be smaller.

        Raises:
            DataError: a frame is damaged.
        """
        draws = [(0, order[start : start + batch_size]) for start in range(0, len(order), batch_size)]
        loaded = self._loader(batch_size).batches(draws)
        try:
            for (_, indices), (rgb, labels) in zip(draws, loaded, strict=True):
                rgb, labels = (tensor.to(self._device, non_blocking=True) for tensor in (rgb, labels))
                yield Batch(rgb, labels, indices)
        except (ShardError, LabelError) as error:
            raise DataError(str(error)) from error

    def _loader(self, batch_size: int) -> BatchLoader:
        """The loader for this batch size, whose workers stay from epoch to epoch."""
        if batch_size not in self._loaders:
            self._loaders[batch_size] = BatchLoader(
                self._source,
                batch_size=batch_size,
                num_workers=self._workers,
                channels_last=True,
                pin_memory=self._device.type == "cuda",
            )
        return self._loaders[batch_size]


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

    def read(self, number: int, rgb: NDArray[np.uint8], labels: NDArray[np.uint8], *, planar: bool = True) -> None:
        """Decode a frame, at the common size, into buffers as those of ``FrameDataset.read``."""
        width, height = self._dataset.size_of(number)
        if (width, height) == (self.width, self.height):
            self._dataset.read(number, rgb, labels, planar=planar)
            return
        recorded = torch.empty((3, height, width), dtype=torch.uint8), torch.empty((height, width), dtype=torch.uint8)
        self._dataset.read(number, recorded[0].numpy(), recorded[1].numpy(), planar=True)
        smooth, nearest = resize_pair(*recorded, (self.width, self.height))
        rgb[...] = (smooth if planar else smooth.permute(1, 2, 0)).numpy()
        labels[...] = nearest.numpy()


def open_frames(
    dataset: FrameDataset,
    *,
    size: tuple[int, int] | None,
    device: torch.device,
    cache: CacheSetting,
    workers: int,
    progress: Progress,
    note: Note,
    what: str,
) -> Frames:
    """Return the frames of ``dataset``, decoded into memory if that is wanted and they fit.

    Args:
        dataset: pairs of one split, at least one.
        size: (width, height) [px] to resize to; None keeps what was recorded.
        device: where batches are wanted.
        cache: where decoded frames are to be kept.
        workers: loader processes for frames that are not kept.
        progress: told of decoded frames.
        note: told when frames are not kept where they should be.
        what: what to call the frames in ``progress`` and ``note``.

    Raises:
        TrainingError: frames of different sizes, and no ``size``.
        DataError: a frame is damaged.
    """
    source = SizedFrames(dataset, size)
    choice = choose_cache(
        cache,
        len(source) * source.height * source.width * 4,
        free_gpu_bytes=torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None,
        free_ram_bytes=free_ram_bytes(),
    )
    if choice.note is not None:
        note(f"{what}: {choice.note}")
    if choice.place == "none":
        return StreamedFrames(source, workers=workers, device=device)
    store = device if choice.place == "gpu" else torch.device("cpu")
    try:
        rgb, labels = _decoded(source, store, lambda done: progress(f"decoding {what}", done, len(source)))
    except (ShardError, LabelError) as error:
        raise DataError(str(error)) from error
    return CachedFrames(rgb, labels, device=device)


def _decoded(source: SizedFrames, device: torch.device, progress: Callable[[int], None]) -> tuple[Tensor, Tensor]:
    """Return ``rgb (N, H, W, 3)`` and ``labels (N, H, W)`` of all frames, on ``device``."""
    rgb = torch.empty((len(source), source.height, source.width, 3), dtype=torch.uint8, device=device)
    labels = torch.empty((len(source), source.height, source.width), dtype=torch.uint8, device=device)

    def decode(start: int) -> int:
        stop = min(start + _BLOCK, len(source))
        stores = rgb[start:stop], labels[start:stop]
        blocks = stores if device.type == "cpu" else tuple(torch.empty_like(s, device="cpu") for s in stores)
        for number, *buffers in zip(range(start, stop), *(block.numpy() for block in blocks), strict=True):
            source.read(number, *buffers, planar=False)
        if blocks is not stores:
            for store, block in zip(stores, blocks, strict=True):
                store.copy_(block)
        return stop

    with ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="decode") as threads:
        for done in threads.map(decode, range(0, len(source), _BLOCK)):
            progress(done)
    return rgb, labels


@contextmanager
def loader_death_named() -> Iterator[None]:
    """Turn the death of a loader process, which interrupts whatever is being done, into a TrainingError."""
    try:
        yield
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise TrainingError(
            f"A loader process died: {error} It may have run out of memory. Give fewer --workers; --resume goes on."
        ) from error


def resize_pair(rgb: Tensor, labels: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Resize ``rgb (3, H, W)``, with anti-aliasing, and ``labels (H, W)``, to the nearest; both are uint8."""
    shape = size[::-1]
    smooth = functional.interpolate(rgb[None], shape, mode="bilinear", antialias=True, align_corners=False)
    nearest = functional.interpolate(labels[None, None], shape, mode="nearest-exact")
    return smooth[0], nearest[0, 0]
