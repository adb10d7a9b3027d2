"""Percentile intervals by the bootstrap (Efron 1979): what the measures would be on other frames of the same kind.

Decisions:

* **Counts are resampled, ratios are taken afterwards.** A resample of N units is N draws with replacement; as every
  measure is a function of summed counts, it is a row of whole weights, and all resamples are one matrix product.
* **The unit is a frame or a whole scenario.** Frames that follow each other in one drive are alike. Intervals over
  frames take them for independent and are too narrow for the question "on other drives"; intervals over scenarios
  answer it, and need many scenarios.
* **Exact and repeatable.** The weights come from one seed. The product is computed in float64, which holds every whole
  number up to 2**53: the pixels of a hundred million images of 8192 x 8192.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from harness.errors import UsageError

Unit = Literal["frames", "scenarios"]
UNITS: tuple[Unit, ...] = get_args(Unit)

Counts = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_CHUNK_WEIGHTS = 1 << 22
"""Weights that are in memory at a time: 32 MiB."""


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """How intervals are made.

    Raises:
        UsageError: a value out of range.
    """

    resamples: int = 1000
    """How often the units are drawn anew; 0 makes no intervals."""
    seed: int = 0
    level: float = 0.95
    """Share of the resamples that lie in an interval, above 0 and below 1."""
    unit: Unit = "frames"
    """What is drawn."""

    def __post_init__(self) -> None:
        if self.resamples < 0:
            raise UsageError(f"resamples is {self.resamples}; it must be 0 or more")
        if self.seed < 0:
            raise UsageError(f"the seed of the resampling is {self.seed}; it must be 0 or more")
        if not 0 < self.level < 1:
            raise UsageError(f"the level of the intervals is {self.level:g}; it must lie between 0 and 1, as 0.95 does")
        if self.unit not in UNITS:
            raise UsageError(f"resampling by {self.unit!r} is not known; expected {' or '.join(UNITS)}")


def resampled(counts: Counts, bootstrap: Bootstrap) -> FloatArray:
    """Sums of the counts over each resample.

    Args:
        counts: of N units, at least one, ``(N, ...)`` int64.
        bootstrap: how many resamples R, and their seed.

    Returns:
        ``(R, ...)`` float64, whole numbers.
    """
    assert int(counts.max()) * len(counts) <= 2**53, "sums would not be exact in float64"
    flat = counts.reshape(len(counts), -1).astype(np.float64)
    sums = np.concatenate(
        [np.zeros((0, flat.shape[1])), *(weights @ flat for weights in _weights(len(counts), bootstrap))]
    )
    return sums.reshape(len(sums), *counts.shape[1:])


def resampled_means(values: FloatArray, bootstrap: Bootstrap) -> FloatArray:
    """Means of the values over each resample, for measures that are no ratios of counts.

    Args:
        values: of N units, at least one, ``(N, ...)``, none of them NaN.
        bootstrap: how many resamples R, and their seed.

    Returns:
        ``(R, ...)``.
    """
    flat = values.reshape(len(values), -1)
    means = np.concatenate(
        [np.zeros((0, flat.shape[1])), *(weights @ flat / len(flat) for weights in _weights(len(flat), bootstrap))]
    )
    return means.reshape(len(means), *values.shape[1:])


def interval(values: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """The middle share ``level`` of the values of each measure.

    Args:
        values: of the resamples, ``(R, ...)``; NaN where a measure does not exist in a resample, which then says
            nothing of it.
        level: share that lies between the two, 0..1.

    Returns:
        Lower and upper ends, ``(...)`` each; NaN where no resample has a value.
    """
    tail = (1 - level) / 2
    if not len(values):
        return np.full(values.shape[1:], np.nan), np.full(values.shape[1:], np.nan)
    ordered = np.sort(np.moveaxis(values, 0, -1), axis=-1)  # NaN comes last
    there = np.count_nonzero(~np.isnan(ordered), axis=-1)
    return _quantile(ordered, there, tail), _quantile(ordered, there, 1 - tail)


def _quantile(ordered: FloatArray, there: NDArray[np.intp], share: float) -> FloatArray:
    """What ``numpy.nanquantile`` gives, to the last bit, without its loop over columns: ten times as fast with a NaN.

    Args:
        ordered: values in rising order along the last axis, ``(..., R)``, NaN at the end.
        there: how many of them are no NaN, ``(...)``.
        share: of the values that lie below, 0..1.
    """
    position = np.maximum(there - 1, 0) * share
    below = np.floor(position).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(there - 1, 0))
    low = np.take_along_axis(ordered, below[..., None], axis=-1)[..., 0]
    high = np.take_along_axis(ordered, above[..., None], axis=-1)[..., 0]
    part = position - below
    # From the nearer end, as numpy does, so that rounding is the same.
    return np.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part))


def _weights(num_units: int, bootstrap: Bootstrap) -> Iterator[FloatArray]:
    """How often each unit is in each resample: ``(r, num_units)`` float64 at a time, R rows in all."""
    rng = np.random.default_rng(bootstrap.seed)
    at_a_time = max(1, _CHUNK_WEIGHTS // num_units)
    for start in range(0, bootstrap.resamples, at_a_time):
        drawn = rng.integers(0, num_units, (min(at_a_time, bootstrap.resamples - start), num_units))
        offsets = np.arange(len(drawn))[:, None] * num_units
        weights = np.bincount((drawn + offsets).reshape(-1), minlength=drawn.size)
        yield weights.reshape(drawn.shape).astype(np.float64)
