"""Shards as a ``torch.utils.data.Dataset``: the one file here that imports torch.

Decisions:

* Files are opened on first use in each process: a data set can be pickled to spawned workers, and survives a fork.
* All shards must have one tag table and one size: a batch cannot mix sizes, and mixed tables are mostly a mistake.
* uint8 leaves this module; normalising and augmenting are cheaper after the transfer to the device.
"""

from __future__ import annotations

import operator
import os
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from datasets.class_statistics import class_histogram, median_frequency_weights
from datasets.errors import ShardError
from datasets.kernels import split_channels
from datasets.labels import LabelSet, check_tags, lookup_table
from datasets.shard_reader import ShardReader

__all__ = ["ShardDataset", "class_histogram", "median_frequency_weights"]


class ShardDataset(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Frames of several shards, one after the other: (rgb (3, H, W) uint8, class ids (H, W) uint8 with 255 ignored)."""

    def __init__(self, shard_paths: Sequence[Path], *, label_set: LabelSet) -> None:
        """Examine all shards.

        Raises:
            ShardError: there are none, one is damaged, or their tag tables or sizes differ.
            LabelError: no translation of their tags into `label_set` is known.
        """
        if not shard_paths:
            raise ShardError("no shard was given, expected at least one; is the split empty?")
        self.shard_paths = tuple(shard_paths)
        self.label_set = label_set
        lengths = []
        with ShardReader(self.shard_paths[0]) as first:
            self.tag_table = first.header.tag_table
            self.height, self.width = first.height, first.width
        for path in self.shard_paths:
            with ShardReader(path) as reader:
                self._check_alike(reader)
                lengths.append(len(reader))
        self._ends = np.cumsum(lengths)
        self._lookup = lookup_table(self.tag_table, label_set)
        self._open_lazily()

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The `number`-th frame, from the end when negative; ShardError when it is damaged."""
        number = operator.index(number)
        if not -len(self) <= number < len(self):
            raise IndexError(f"frame number {number} of a data set of {len(self)}")
        reader, number = self._located(number % len(self))
        rgb, tags = reader.rgb(number), reader.tags(number)
        check_tags(tags, self.tag_table)
        planes = np.empty((3, self.height, self.width), np.uint8)
        split_channels(rgb, planes)
        return torch.from_numpy(planes), torch.from_numpy(self._lookup[tags])

    def __getstate__(self) -> dict[str, Any]:
        """Without open files: they belong to this process."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_readers", "_owner")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open_lazily()

    def _open_lazily(self) -> None:
        self._readers: dict[int, ShardReader] = {}
        self._owner = os.getpid()
        weakref.finalize(self, _close_all, self._readers)

    def _located(self, number: int) -> tuple[ShardReader, int]:
        """The reader that holds frame `number` of the data set, and its number there."""
        if self._owner != os.getpid():  # forked: the parent's files stay the parent's
            self._open_lazily()
        shard = int(np.searchsorted(self._ends, number, side="right"))
        if shard not in self._readers:
            reader = ShardReader(self.shard_paths[shard])
            self._check_alike(reader)
            self._readers[shard] = reader
        reader = self._readers[shard]
        return reader, number - int(self._ends[shard]) + len(reader)

    def _check_alike(self, reader: ShardReader) -> None:
        if reader.header.tag_table.digest != self.tag_table.digest:
            raise ShardError(
                f"{reader.path} holds tags of {reader.header.tag_table.name!r}, {self.shard_paths[0]} those of "
                f"{self.tag_table.name!r}; expected one tag table. Load them as separate data sets"
            )
        if (reader.height, reader.width) != (self.height, self.width):
            raise ShardError(
                f"{reader.path} holds frames of {reader.width}x{reader.height} pixels, {self.shard_paths[0]} those of "
                f"{self.width}x{self.height}; expected one size. Load them as separate data sets"
            )


def _close_all(readers: dict[int, ShardReader]) -> None:
    for reader in readers.values():
        reader.close()
    readers.clear()
