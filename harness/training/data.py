"""Frames of a recording for training: decoded once into memory where they fit, else read again each epoch.

Decisions:

* **Decode once.** Shards are compressed; a run reads each frame once per epoch, always the same bytes. What fits is
  kept as uint8, in the GPU's memory if the net is there (a batch is then one gather and there is nothing to wait for),
  else in the computer's. What does not fit is streamed by worker processes. ``Frames.storage`` says which; the batches
  are the same.
* **uint8 travels, channels last.** Scaling and augmentation come after the transfer to the device.
* **The order is a function of seed and epoch** (``datasets.frame_order``): a resumed run needs no saved order.
* **Each of several processes keeps all frames**, since an epoch's order gives every frame to any of them. They share
  what memory the computer has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from datasets.errors import LabelError, ShardError
from datasets.torch_batches import BatchLoader
from harness.errors import DataError, TrainingError
from harness.training.cache import CacheSetting, choose_cache, free_ram_bytes
from harness.training.config import Corrupt
from harness.training.decoding import FrameDataset, SizedFrames, damaged_frame, decoded, examined
from harness.training.distributed import Ranks

Progress = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""

Note = Callable[[str], None]
"""Told in a sentence what the user should know."""

_SHOWN = 5
"""Damaged frames that a note names."""


@dataclass(frozen=True)
class Batch:
    """Some frames, on the training device."""

    rgb: Tensor
    """``(B, 3, H, W)`` uint8, channels last in memory."""

    labels: Tensor
    """``(B, H, W)`` uint8 class ids, 255 ignored."""

    indices: Sequence[int]
    """Which frames of the split they are."""


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
            raise damaged_frame(error) from error

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


class KeptFrames:
    """Some of other frames, numbered anew."""

    def __init__(self, frames: Frames, kept: Sequence[int]) -> None:
        """Frame ``n`` is frame ``kept[n]`` of ``frames``."""
        self._frames, self._kept = frames, kept

    @property
    def storage(self) -> str:
        """Where the pixels are."""
        return self._frames.storage

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) [px] of every frame."""
        return self._frames.size

    def __len__(self) -> int:
        return len(self._kept)

    def batches(self, order: Sequence[int], batch_size: int) -> Iterator[Batch]:
        """Give the frames named by ``order`` in batches; the last may be smaller."""
        found = self._frames.batches([self._kept[number] for number in order], batch_size)
        for start, batch in zip(range(0, len(order), batch_size), found, strict=True):
            yield replace(batch, indices=order[start : start + batch_size])


def open_frames(
    dataset: FrameDataset,
    *,
    size: tuple[int, int] | None,
    device: torch.device,
    cache: CacheSetting,
    workers: int,
    corrupt: Corrupt,
    ranks: Ranks,
    progress: Progress,
    note: Note,
    what: str,
) -> tuple[Frames, Sequence[int]]:
    """Return the frames of ``dataset``, decoded into memory if that is wanted and they fit, and their numbers in it.

    Args:
        dataset: pairs of one split, at least one.
        size: (width, height) [px] to resize to; None keeps what was recorded.
        device: where batches are wanted.
        cache: where decoded frames are to be kept.
        workers: loader processes for frames that are not kept.
        corrupt: whether a damaged frame is an error or is left out.
        ranks: the processes that call this, each of which keeps the frames for itself.
        progress: told of decoded frames.
        note: told when frames are not kept where they should be, and which are left out.
        what: what to call the frames in ``progress`` and ``note``.

    Raises:
        TrainingError: frames of different sizes, and no ``size``.
        DataError: a frame is damaged, or all are.
    """
    source = SizedFrames(dataset, size)
    ranks.barrier()  # all look at the free memory before any of them takes some
    choice = choose_cache(
        cache,
        len(source) * source.height * source.width * 4,
        free_gpu_bytes=torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None,
        free_ram_bytes=free_ram_bytes() // ranks.local_size,
    )
    if choice.note is not None:
        note(f"{what}: {choice.note}")

    def told(doing: str) -> Callable[[int], None]:
        return lambda done: progress(f"{doing} {what}", done, len(source))

    frames: Frames
    if choice.place == "none":
        frames = StreamedFrames(source, workers=workers, device=device)
        is_whole = examined(source, told("examining")) if corrupt == "skip" else [True] * len(source)
    else:
        store = device if choice.place == "gpu" else torch.device("cpu")
        rgb, labels, is_whole = decoded(source, store, corrupt, told("decoding"))
        frames = CachedFrames(rgb, labels, device=device)
    kept = [number for number in range(len(source)) if is_whole[number]]
    if len(kept) == len(source):
        return frames, kept
    note(_left_out(source, is_whole, what))
    if not kept:
        raise DataError(f"All {len(source)} {what} are damaged. Record them again.")
    return KeptFrames(frames, kept), kept


def _left_out(source: SizedFrames, is_whole: Sequence[bool], what: str) -> str:
    names = [source.name_of(number) for number, whole in enumerate(is_whole) if not whole]
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    return f"{what}: {len(names)} of {len(source)} are damaged and left out: {shown}"


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
