"""The frames of many shards as one sequence of pictures and labels, for whoever trains on them; without torch.

Decisions:

* **A file is open while one of its frames is read, and no longer.** That costs a hundredth of decoding a frame. A data
  set of thousands of shards then needs no thousands of open files, and there is nothing that a fork could break, that
  pickling must leave out, or that threads share.
* Files are examined once, when the data set is made; every frame is verified whenever it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from datasets.errors import ShardError
from datasets.labels import LabelSet, check_tags, lookup_table
from datasets.loading_kernels import translate
from datasets.shard_guard import examined
from datasets.shard_reader import ShardReader


class LabelledFrames:
    """Frames of several shards, one after the other; sizes and tag tables may differ from shard to shard.

    Can be sent to other processes, survives a fork, and is safe for threads.
    """

    def __init__(self, shard_paths: Sequence[Path], *, label_set: LabelSet) -> None:
        """Examine all shards.

        Raises:
            ShardError: there are none, or one is missing or damaged.
            LabelError: no translation of their tags into `label_set` is known.
        """
        if not shard_paths:
            raise ShardError("no shard was given, expected at least one; is the split empty?")
        self.shard_paths = tuple(shard_paths)
        self.label_set = label_set
        self._contents = [examined(path) for path in self.shard_paths]
        self._ends = np.cumsum([len(contents.index) for contents in self._contents])
        tables = {contents.header.tag_table for contents in self._contents}
        # Writable copies: numba compiles once for all callers.
        self._lookups = {table: lookup_table(table, label_set).copy() for table in tables}

    def __len__(self) -> int:
        return int(self._ends[-1])

    def size_of(self, number: int) -> tuple[int, int]:
        """(width, height) [px] of frame `number`, 0 or more, without reading it."""
        contents = self._contents[self._located(number)[0]]
        return contents.width, contents.height

    def name_of(self, number: int) -> str:
        """``<shard>:<frame>`` of frame `number`, 0 or more, for messages."""
        shard, position = self._located(number)
        return f"{self.shard_paths[shard].stem}:{self._contents[shard].index['frame'][position]}"

    def read(
        self, number: int, rgb: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8], *, planar: bool = True
    ) -> None:
        """Decode frame `number`, 0 or more, into buffers of the caller; safe for many threads at once.

        Args:
            number: of the frame in the data set.
            rgb: C-contiguous uint8 to fill, (3, H, W) if `planar`, else (H, W, 3).
            labels: C-contiguous (H, W) uint8 to fill.
            planar: which of the two; (H, W, 3) is what a batch in channels-last memory is made of.

        Raises:
            ShardError: the frame is damaged; the buffers are then worth nothing.
            LabelError: it holds tags that the shard's table does not have.
        """
        shard, position = self._located(number)
        contents = self._contents[shard]
        with ShardReader(self.shard_paths[shard], contents=contents) as reader:
            reader.rgb(position, out=rgb, planar=planar)
            reader.tags(position, out=labels)
        check_tags(labels, contents.header.tag_table)
        translate(labels, self._lookups[contents.header.tag_table])

    def _located(self, number: int) -> tuple[int, int]:
        """The shard that holds frame `number`, and the frame's position in it."""
        shard = int(np.searchsorted(self._ends, number, side="right"))
        return shard, number - int(self._ends[shard]) + len(self._contents[shard].index)
