"""How much of the picture each class covers, by weather and by split, from histograms of raw tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datasets.labels import LabelSet
from harness.streams import Stream

Histogram = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Shares:
    """Class shares of several groups of frames, such as the weathers."""

    groups: tuple[str, ...]
    labelled: npt.NDArray[np.float64]
    """(groups, K) share of each class in the labelled pixels; rows add up to 1, or to 0 where nothing is labelled."""
    void: npt.NDArray[np.float64]
    """(groups,) share of the pixels that are unlabelled."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassShares:
    """Class shares of all frames that share a tag table."""

    labels: LabelSet
    overall: Shares
    """One group, "all"."""
    by_weather: Shares
    by_split: Shares

    @property
    def present(self) -> tuple[int, ...]:
        """Ids of the labelled classes that occur, most frequent first."""
        row = self.overall.labelled[0]
        return tuple(int(number) for number in np.argsort(-row, kind="stable") if row[number] > 0)


def class_shares(streams: Sequence[Stream], histograms: Sequence[Histogram]) -> tuple[ClassShares, ...]:
    """Shares for each tag table of the recording.

    Args:
        streams: All of them.
        histograms: Of each stream, (K,) int64 pixels by raw tag.
    """
    pairs = list(zip(streams, histograms, strict=True))
    tables = {stream.labels.digest: stream.labels for stream in streams}
    return tuple(
        _of_table(labels, [(stream, counts) for stream, counts in pairs if stream.labels.digest == digest])
        for digest, labels in tables.items()
    )


def _of_table(labels: LabelSet, pairs: Sequence[tuple[Stream, Histogram]]) -> ClassShares:
    def shares(group_of: Callable[[Stream], str]) -> Shares:
        groups: dict[str, Histogram] = {}
        for stream, counts in pairs:
            group = group_of(stream)
            groups[group] = groups.get(group, np.zeros(labels.num_classes, np.int64)) + counts
        return _shares(tuple(groups), np.stack(list(groups.values())), labels)

    return ClassShares(
        labels=labels,
        overall=shares(lambda stream: "all"),
        by_weather=shares(lambda stream: stream.weather),
        by_split=shares(lambda stream: stream.split),
    )


def _shares(groups: tuple[str, ...], counts: Histogram, labels: LabelSet) -> Shares:
    labelled = counts.astype(np.float64)
    labelled[:, sorted(labels.ignored)] = 0.0
    total, kept = counts.sum(axis=1), labelled.sum(axis=1)
    return Shares(
        groups=groups,
        labelled=labelled / np.maximum(kept, 1.0)[:, None],
        void=1.0 - kept / np.maximum(total, 1),
    )
