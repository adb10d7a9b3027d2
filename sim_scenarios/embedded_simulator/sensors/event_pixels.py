"""The pixels of an event camera (DVS): each sends an event whenever its brightness has changed by a threshold.

Between two pictures brightness is taken to change evenly, so each crossing of a threshold has a time of its own: the
method of ESIM (Rebecq, Gehrig and Scaramuzza, "ESIM: an Open Event Camera Simulator", 2018), as in CARLA
(Carla/Sensor/DVSCamera.cpp). The brightness at a pixel's last event is remembered, not that of the last picture.

A message has at most ``MAX_EVENTS`` events, the earliest: low thresholds over a large image would need gigabytes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.wire.sensor_data import DVS_EVENT
from sim_scenarios.embedded_simulator.world.event_camera import EventShape

MAX_EVENTS = 4_000_000
"""52 MB."""
LEAST_DRAWN_THRESHOLD = 0.01
"""Where thresholds are drawn, none is lower."""
_NUM_BINS = 1024
_NEVER = -1
_TOLERANCE = 1e-6
"""A smaller change of brightness is none."""

_F = TypeVar("_F", bound=Callable[..., Any])


def _kernel(function: _F) -> _F:
    return cast(_F, njit(cache=True, nogil=True, error_model="numpy")(function))


@_kernel
def brightness_of(rgb: NDArray[np.uint8], use_log: bool, log_eps: float, out: NDArray[np.float64]) -> None:
    """(H, W, 3) sRGB into (H, W): CARLA's grey, 0..255, or its logarithm."""
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            grey = 0.2989 * rgb[row, column, 0] + 0.587 * rgb[row, column, 1] + 0.114 * rgb[row, column, 2]
            out[row, column] = math.log(log_eps + grey / 255.0) if use_log else grey


@_kernel
def cross_thresholds(
    before: NDArray[np.float64],
    now: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    reference: NDArray[np.float64],
    last_ns: NDArray[np.int64],
    start_ns: int,
    duration_ns: int,
    refractory_ns: int,
    tolerance: float,
    num_kept_bins: int,
    counts: NDArray[np.int64],
    events: Any,
) -> None:
    """Count events, or write them, in the order of the pixels.

    ``before``, ``now``, ``reference``, ``last_ns`` (H, W); ``thresholds`` (2, H, W) rising and falling. ``counts`` (B,)
    has the events of each B-th of the duration added to it. With ``num_kept_bins`` 0 they are only counted; otherwise
    those of the first bins fill ``events``, and ``reference`` and ``last_ns`` are brought up to date.
    """
    num_bins, n = counts.shape[0], 0
    for row in range(now.shape[0]):
        for column in range(now.shape[1]):
            a, b = before[row, column], now[row, column]
            if abs(b - a) <= tolerance:
                continue
            rises = b >= a
            step = thresholds[0, row, column] if rises else -thresholds[1, row, column]
            reached, last = reference[row, column], last_ns[row, column]
            while True:
                level = reached + step
                if not (a < level <= b if rises else b <= level < a):
                    break
                reached = level
                t = start_ns + int((level - a) / (b - a) * duration_ns)
                if last >= 0 and t - last < refractory_ns:
                    continue
                last = t
                part = (t - start_ns) * num_bins // (duration_ns + 1)
                counts[part] += 1
                if part < num_kept_bins:
                    event = events[n]
                    event.x, event.y, event.t, event.pol = column, row, t, rises
                    n += 1
            if num_kept_bins > 0:
                reference[row, column], last_ns[row, column] = reached, last


class EventPixels:
    """What the pixels of one camera remember from picture to picture."""

    def __init__(self, shape: EventShape, noise: np.random.Generator) -> None:
        self._shape, self._noise = shape, noise
        self._before: NDArray[np.float64] | None = None
        self._before_ns = 0
        self._reference: NDArray[np.float64] = np.empty((0, 0))
        self._last_ns: NDArray[np.int64] = np.empty((0, 0), np.int64)

    def watch(self, rgb: NDArray[np.uint8], elapsed_s: float) -> NDArray[np.void]:
        """(N,) ``DVS_EVENT`` since the picture before, by time, then row, then column; the first one gives none.

        ``rgb`` is (H, W, 3) sRGB, always of one size.
        """
        now, now_ns = np.empty((rgb.shape[0], rgb.shape[1])), int(elapsed_s * 1e9)
        brightness_of(rgb, self._shape.use_log, self._shape.log_eps, now)
        before, start_ns = self._before, self._before_ns
        self._before, self._before_ns = now, now_ns
        if before is None:
            self._reference, self._last_ns = now.copy(), np.full(now.shape, _NEVER, np.int64)
            return np.empty(0, DVS_EVENT)
        cross = functools.partial(
            cross_thresholds, before, now, self._thresholds(now.shape), self._reference, self._last_ns, start_ns,
            max(0, now_ns - start_ns), self._shape.refractory_period_ns, _TOLERANCE,
        )  # fmt: skip
        counts = np.zeros(_NUM_BINS, np.int64)
        cross(0, counts, np.empty(0, DVS_EVENT))
        num_kept_bins = max(1, int((np.cumsum(counts) <= MAX_EVENTS).sum()))
        events = np.empty(int(counts[:num_kept_bins].sum()), DVS_EVENT)
        cross(num_kept_bins, counts, events)
        by_time: NDArray[np.void] = events[np.argsort(events["t"], kind="stable")]
        return by_time[:MAX_EVENTS]

    def _thresholds(self, size: tuple[int, int]) -> NDArray[np.float64]:
        """(2, H, W): rising, falling. One normal number a pixel serves both: a pixel can only do either."""
        shape = self._shape
        means = np.array([shape.positive_threshold, shape.negative_threshold])[:, None, None]
        sigmas = np.array([shape.sigma_positive_threshold, shape.sigma_negative_threshold])[:, None, None]
        if not sigmas.any():
            return np.repeat(np.repeat(means, size[0], axis=1), size[1], axis=2)
        drawn = np.maximum(LEAST_DRAWN_THRESHOLD, means + sigmas * self._noise.standard_normal(size))
        thresholds: NDArray[np.float64] = np.where(sigmas > 0.0, drawn, means)
        return thresholds
