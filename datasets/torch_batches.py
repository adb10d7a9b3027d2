"""The batches that are asked for, made by worker processes ahead of time.

Decisions:

* **A worker makes whole batches**, in memory that it shares with the training process: nothing is collated or pickled.
* **Shared memory is used again** when the last tensor that lies in it is gone. New memory for each batch, as PyTorch's
  own collation takes it, cost a quarter of the decoding. Who keeps batches gets copies of them.
* **Frames are decoded into one buffer that is used again**, and changed on the way from there into the batch.
* Workers are spawned, not forked: threads, CUDA and HDF5's lock do not survive a fork. ``start_method="fork"`` starts
  faster, where that is known to be safe.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from datasets.augmentation import Augmentation
from datasets.errors import LabelError, ShardError

Draw = tuple[int, Sequence[int]]
"""One batch to come: the epoch, and the numbers of its frames."""

_AHEAD = 2
"""Batches that each worker makes ahead."""
_LENT = 3
"""Batches that the training process may have in its hands before it gets copies."""


class FrameSource(Protocol):
    """What batches are made of; can be pickled. `ShardDataset` is one."""

    height: int
    width: int

    def __len__(self) -> int: ...

    def read(
        self, number: int, rgb: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8], *, planar: bool = True
    ) -> None:
        """Decode one frame into buffers, as `ShardDataset.read`."""


class BatchLoader:
    """Makes the batches that it is asked for, in order, in this process or ahead of time in workers."""

    def __init__(
        self,
        source: FrameSource,
        *,
        batch_size: int,
        num_workers: int = 0,
        seed: int = 0,
        augmentation: Augmentation | None = None,
        channels_last: bool = False,
        pin_memory: bool = False,
        start_method: str = "spawn",
    ) -> None:
        """Workers start when batches are first asked for, and stay.

        Args:
            source: frames of one size.
            batch_size: most frames of a batch.
            num_workers: processes that decode; 0 decodes in this one.
            seed: of the augmentation.
            augmentation: random changes of each frame; not with `channels_last`.
            channels_last: hand out RGB in channels-last memory rather than contiguous.
            pin_memory: hand out page-locked memory, for transfers to a GPU.
            start_method: of `multiprocessing`.

        Raises:
            ShardError: the augmentation's crop is larger than the frames.
        """
        assert not (channels_last and augmentation), "frames are changed as planes"
        self._maker = _BatchMaker(source, augmentation, seed=seed, channels_last=channels_last)
        self._pin_memory = pin_memory
        self._plan = _Plan()
        if num_workers:
            count = _AHEAD * num_workers + 1 + _LENT
            memory = torch.empty((count, self._maker.num_bytes(batch_size)), dtype=torch.uint8)
            memory.share_memory_()  # type: ignore[no-untyped-call]
            self._maker.slots, self._plan.slots = memory, _Slots(memory)
        self._loader: DataLoader[Any] = DataLoader(
            self._maker,
            batch_size=None,
            sampler=self._plan,
            num_workers=num_workers,
            collate_fn=_as_it_is,
            multiprocessing_context=start_method if num_workers else None,
            prefetch_factor=_AHEAD if num_workers else None,
            persistent_workers=num_workers > 0,
            generator=torch.Generator(),  # else each epoch would draw from the global one, which nets draw from, too
        )

    def batches(self, draws: Sequence[Draw]) -> Iterator[tuple[Tensor, Tensor]]:
        """Give the batches of `draws`: ``rgb (B, 3, h, w)`` and ``labels (B, h, w)``, uint8, the caller's own.

        To ask again ends what was asked for before.

        Raises:
            ShardError: a frame is damaged; it is named, and nothing of its batch is handed out.
            LabelError: a frame holds tags that the shard's table does not have.
            RuntimeError: a worker died.
        """
        self._plan.draws = draws
        for content in self._loader:
            if isinstance(content, Exception):
                raise content
            packed = content if self._plan.slots is None else self._plan.slots.filled(*content)
            yield self._maker.unpacked(packed.pin_memory() if self._pin_memory else packed)


class _Slots:
    """Shared memory for batches: each slot is free, being filled by a worker, or lent to the training process."""

    def __init__(self, memory: Tensor) -> None:
        self._memory = memory.numpy()
        self._being_filled: set[int] = set()
        self._lent: set[int] = set()

    def reclaim(self) -> None:
        """No worker fills a slot any more, even if its batch was never asked for."""
        self._being_filled.clear()

    def take(self) -> int:
        """A slot to be filled; there always is one, since workers are at most `_AHEAD` batches ahead."""
        slot = next(n for n in range(len(self._memory)) if n not in self._being_filled and n not in self._lent)
        self._being_filled.add(slot)
        return slot

    def filled(self, slot: int, num_bytes: int) -> Tensor:
        """The content of a slot, which is free again when nobody can see this memory any more."""
        view = self._memory[slot, :num_bytes]
        if len(self._lent) < _LENT:
            # The tensor's storage, which all its views share, holds this array and nothing else does.
            self._lent.add(slot)
            weakref.finalize(view, self._lent.discard, slot).atexit = False
        else:
            view = view.copy()
        self._being_filled.discard(slot)
        return torch.from_numpy(view)


class _Plan(Sampler[tuple[Draw, int]]):
    """What a loader is to make next, and in which slot; set before it is iterated, which keeps its workers alive."""

    def __init__(self) -> None:
        self.draws: Sequence[Draw] = []
        self.slots: _Slots | None = None

    def __iter__(self) -> Iterator[tuple[Draw, int]]:
        if self.slots is not None:
            self.slots.reclaim()
        for draw in self.draws:
            yield draw, self.slots.take() if self.slots is not None else 0

    def __len__(self) -> int:
        return len(self.draws)


class _BatchMaker(Dataset[Any]):
    """The part of a loader that lives in each worker: draw -> batch, packed into one row of bytes."""

    def __init__(
        self, source: FrameSource, augmentation: Augmentation | None, *, seed: int, channels_last: bool
    ) -> None:
        self._source, self._augmentation, self._seed = source, augmentation, seed
        self._is_planar = not channels_last
        size = (source.width, source.height)
        self._width, self._height = augmentation.output_size(*size) if augmentation else size
        self.slots: Tensor | None = None
        """``(S, bytes)`` uint8 in shared memory, where workers leave their batches."""

    def num_bytes(self, batch_size: int) -> int:
        """Of a batch: RGB and labels."""
        return batch_size * 4 * self._height * self._width

    def __getitem__(self, order: tuple[Draw, int]) -> Tensor | tuple[int, int] | Exception:
        """The batch, or its slot and size, or what is wrong with one of its frames.

        Errors are values here: raised by a worker they would carry its traceback as their text.
        """
        (epoch, numbers), slot = order
        num_bytes = self.num_bytes(len(numbers))
        packed = torch.empty(num_bytes, dtype=torch.uint8) if self.slots is None else self.slots[slot, :num_bytes]
        rgb, labels = (tensor.numpy() for tensor in self._split(packed))
        try:
            for number, *buffers in zip(numbers, rgb, labels, strict=True):
                self._fill(*buffers, epoch=epoch, number=number)
        except (ShardError, LabelError) as error:
            return error
        return packed if self.slots is None else (slot, num_bytes)

    def unpacked(self, packed: Tensor) -> tuple[Tensor, Tensor]:
        """``rgb (B, 3, h, w)`` and ``labels (B, h, w)`` of a batch."""
        rgb, labels = self._split(packed)
        return rgb if self._is_planar else rgb.permute(0, 3, 1, 2), labels

    def _split(self, packed: Tensor) -> tuple[Tensor, Tensor]:
        count = len(packed) // self.num_bytes(1)
        end = len(packed) // 4 * 3
        shape = (3, self._height, self._width) if self._is_planar else (self._height, self._width, 3)
        return packed[:end].view(count, *shape), packed[end:].view(count, self._height, self._width)

    def _fill(self, rgb: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8], *, epoch: int, number: int) -> None:
        if self._augmentation is None:
            self._source.read(number, rgb, labels, planar=self._is_planar)
            return
        whole_rgb, whole_labels = self._scratch()
        self._source.read(number, whole_rgb, whole_labels)
        rng = np.random.default_rng([self._seed, epoch, number])
        self._augmentation.apply(whole_rgb, whole_labels, rgb, labels, rng=rng)

    def _scratch(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Buffers of one frame, made once in each process."""
        if not hasattr(self, "_buffers"):
            size = (self._source.height, self._source.width)
            self._buffers = np.empty((3, *size), np.uint8), np.empty(size, np.uint8)
        return self._buffers


def _as_it_is(content: Any) -> Any:
    return content
