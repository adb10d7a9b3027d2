"""Shards as a ``torch.utils.data.Dataset``.

The usual way to load data, in plain PyTorch::

    recording = RecordingDir.open(Path("data/city"))
    paths = [entry.path for entry in recording.shards("train")]
    data = ShardDataset(paths, label_set=CITYSCAPES_19)
    for rgb, labels in DataLoader(data, batch_size=8, shuffle=True, num_workers=2):
        ...  # uint8 (8, 3, H, W), and uint8 (8, H, W) with 255 where nothing is to be learnt

`datasets.torch_loader.ShardLoader` does the same faster, with augmentation, and in an order that can be resumed.

Decisions:

* Where the frames come from is `datasets.labelled_frames`: no file stays open, so a data set can be pickled to spawned
  workers and survives a fork.
* All shards must have one tag table and one size: a batch cannot mix sizes, and mixed tables are mostly a mistake.
* uint8 leaves this module; scaling to float is cheaper after the transfer to the device.
* A damaged frame is an error that names it. Leaving it out in silence would make the same command train on other data
  from one day to the next; `harness verify` finds such frames before training does.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from datasets.errors import ShardError
from datasets.labelled_frames import LabelledFrames
from datasets.labels import LabelSet

Pair = tuple[torch.Tensor, torch.Tensor]
"""rgb (3, H, W) uint8 and class ids (H, W) uint8."""


class ShardDataset(LabelledFrames, Dataset[Pair]):
    """Frames of several shards, one after the other: (rgb (3, H, W) uint8, class ids (H, W) uint8 with 255 ignored)."""

    def __init__(self, shard_paths: Sequence[Path], *, label_set: LabelSet) -> None:
        """Examine all shards.

        Raises:
            ShardError: there are none, one is damaged, or their tag tables or sizes differ.
            LabelError: no translation of their tags into `label_set` is known.
        """
        super().__init__(shard_paths, label_set=label_set)
        first = self._contents[0]
        self.height, self.width, self.tag_table = first.height, first.width, first.header.tag_table
        for path, contents in zip(self.shard_paths, self._contents, strict=True):
            table = contents.header.tag_table
            if (table.digest, table.ignored) != (self.tag_table.digest, self.tag_table.ignored):
                raise ShardError(
                    f"{path} holds tags of {table.name!r}, {self.shard_paths[0]} those of {self.tag_table.name!r}; "
                    "expected one tag table. Load them as separate data sets"
                )
            if (contents.height, contents.width) != (self.height, self.width):
                raise ShardError(
                    f"{path} holds frames of {contents.width}x{contents.height} pixels, {self.shard_paths[0]} those of "
                    f"{self.width}x{self.height}; expected one size. Load them as separate data sets"
                )

    def __getitem__(self, number: int) -> Pair:
        """The `number`-th frame, from the end when negative; ShardError when it is damaged."""
        number = operator.index(number)
        if not -len(self) <= number < len(self):
            raise IndexError(f"frame number {number} of a data set of {len(self)}")
        return self.__getitems__([number % len(self)])[0]

    def __getitems__(self, numbers: Sequence[int]) -> list[Pair]:
        """The frames called `numbers`, as PyTorch's loaders ask for a batch: views of two tensors."""
        rgb = np.empty((len(numbers), 3, self.height, self.width), np.uint8)
        labels = np.empty((len(numbers), self.height, self.width), np.uint8)
        for number, *buffers in zip(numbers, rgb, labels, strict=True):
            self.read(number, *buffers)
        return list(zip(torch.from_numpy(rgb), torch.from_numpy(labels), strict=True))
