"""Which frames are decoded to look at: few, evenly spread, and the same ones each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from datasets.sample import Sample
from harness.streams import Stream

FRAMES_PER_WEATHER = 24
"""Decoded for the brightness of a weather."""
BRIGHTNESS_BINS = 64


def evenly(total: int, count: int) -> list[int]:
    """At most ``count`` rising positions of ``total``, each in the middle of its share."""
    count = min(total, count)
    return [(2 * i + 1) * total // (2 * count) for i in range(count)]


def sampled(streams: Sequence[Stream], count: int) -> Iterator[Sample]:
    """At most ``count`` frames, spread evenly over all frames of ``streams``; ShardError for a damaged one."""
    numbers = np.array(evenly(sum(len(stream) for stream in streams), count), np.int64)
    start = 0
    for stream in streams:
        own = numbers[(numbers >= start) & (numbers < start + len(stream))] - start
        if own.size:
            yield from stream.read(own.tolist())
        start += len(stream)


def brightness(streams: Sequence[Stream]) -> tuple[npt.NDArray[np.float64], int]:
    """How bright the pixels of ``streams`` are, judged from a few frames.

    Returns:
        Share of the pixels in each of `BRIGHTNESS_BINS` equal steps of luma (ITU-R BT.601) from black to white, and the
        number of frames that were decoded.
    """
    counts, frames = np.zeros(256, np.int64), 0
    for sample in sampled(streams, FRAMES_PER_WEATHER):
        luma = cv2.cvtColor(sample.rgb, cv2.COLOR_RGB2GRAY)
        counts += np.bincount(luma.ravel(), minlength=256)
        frames += 1
    binned = counts.reshape(BRIGHTNESS_BINS, -1).sum(axis=1)
    return binned / binned.sum(), frames
