"""Events against a slow, plain simulation of one pixel after another, written from ESIM (Rebecq et al., 2018)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.sensors import event_pixels
from sim_scenarios.embedded_simulator.sensors.event_pixels import EventPixels
from sim_scenarios.embedded_simulator.world.event_camera import EventShape

PLAIN = EventShape(
    positive_threshold=0.3, negative_threshold=0.3, sigma_positive_threshold=0.0, sigma_negative_threshold=0.0,
    refractory_period_ns=0, use_log=True, log_eps=0.001,
)  # fmt: skip
DELTA_S = 0.05


def pictures(count: int, seed: int = 1, *, height: int = 7, width: int = 11) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (height, width, 3)).astype(np.uint8) for _ in range(count)]


def events_of(shape: EventShape, images: list[NDArray[np.uint8]], seed: int = 0) -> list[tuple[int, ...]]:
    pixels = EventPixels(shape, np.random.default_rng(seed))
    return [tuple(map(int, event)) for n, image in enumerate(images) for event in pixels.watch(image, DELTA_S * n)]


class PlainPixel:
    """One pixel of ESIM: a signal that is linear between two pictures, and the levels that it passes."""

    def __init__(self, shape: EventShape, column: int, row: int) -> None:
        self.shape, self.column, self.row = shape, column, row
        self.signal = self.at_last_event = 0.0
        self.time_ns, self.silent_until_ns = -1, -1

    def see(self, rgb: NDArray[np.uint8], time_ns: int) -> list[tuple[int, int, int, int]]:
        red, green, blue = map(int, rgb)
        grey = 0.2989 * red + 0.587 * green + 0.114 * blue
        signal = math.log(self.shape.log_eps + grey / 255.0) if self.shape.use_log else grey
        events: list[tuple[int, int, int, int]] = []
        if self.time_ns < 0:
            self.at_last_event = signal
        elif abs(signal - self.signal) > 1e-6:
            up = signal > self.signal
            distance = self.shape.positive_threshold if up else self.shape.negative_threshold
            levels = [self.at_last_event]
            while True:
                level = levels[-1] + (distance if up else -distance)
                passed = self.signal < level <= signal if up else signal <= level < self.signal
                if not passed:
                    break
                levels.append(level)
            for level in levels[1:]:
                share = (level - self.signal) / (signal - self.signal)
                t = self.time_ns + math.floor(share * (time_ns - self.time_ns))
                if t >= self.silent_until_ns:
                    events.append((self.column, self.row, t, int(up)))
                    self.silent_until_ns = t + self.shape.refractory_period_ns
            self.at_last_event = levels[-1]
        self.signal, self.time_ns = signal, time_ns
        return events


@pytest.mark.parametrize(
    "shape",
    [
        PLAIN,
        replace(PLAIN, positive_threshold=0.11, negative_threshold=0.7),
        replace(PLAIN, refractory_period_ns=8_000_000),
        replace(PLAIN, refractory_period_ns=10**18),
        replace(PLAIN, use_log=False, positive_threshold=9.0, negative_threshold=23.0),
        replace(PLAIN, log_eps=0.2, positive_threshold=0.05),
    ],
)
def test_every_event_is_that_of_a_plain_simulation(shape: EventShape) -> None:
    images = pictures(6)
    height, width = images[0].shape[:2]
    plain = [PlainPixel(shape, column, row) for row in range(height) for column in range(width)]
    expected = []
    for n, image in enumerate(images):
        found = [
            event for pixel in plain for event in pixel.see(image[pixel.row, pixel.column], int(DELTA_S * n * 1e9))
        ]
        expected += sorted(found, key=lambda event: event[2])
    assert len(expected) >= height * width / 2
    assert events_of(shape, images) == expected


def test_the_first_picture_and_an_unchanged_one_give_no_events() -> None:
    (image,) = pictures(1)
    assert events_of(PLAIN, [image, image, image]) == []


def test_slow_change_adds_up() -> None:
    """Steps below the threshold are not lost: the reference is the brightness at the last event."""
    grey = [np.full((1, 1, 3), level, np.uint8) for level in range(100, 140, 4)]
    gain = math.log(0.001 + 136 * 0.9999 / 255) - math.log(0.001 + 100 * 0.9999 / 255)
    events = events_of(replace(PLAIN, positive_threshold=0.1), grey)
    assert len(events) == math.floor(gain / 0.1) == 3
    assert all(polarity == 1 for *_, polarity in events)


def test_times_are_in_order_and_within_their_step() -> None:
    images = pictures(4)
    pixels = EventPixels(PLAIN, np.random.default_rng(0))
    for n, image in enumerate(images):
        times = pixels.watch(image, DELTA_S * n)["t"]
        if n:
            assert len(times) > 50
            assert (np.diff(times) >= 0).all()
            assert times.min() > DELTA_S * (n - 1) * 1e9 - 1
            assert times.max() <= DELTA_S * n * 1e9


def test_drawn_thresholds_spread_and_repeat_with_their_seed() -> None:
    step = [np.full((100, 100, 3), level, np.uint8) for level in (60, 90)]
    noisy = replace(PLAIN, sigma_positive_threshold=0.1)
    first = events_of(noisy, step)
    assert first == events_of(noisy, step) != events_of(noisy, step, seed=1)
    assert len(events_of(PLAIN, step)) == 10_000  # 0.4 of brightness: one event a pixel
    times = np.array([t for _, _, t, _ in first]) / (DELTA_S * 1e9)
    gain = math.log(0.001 + 90 * 0.9999 / 255) - math.log(0.001 + 60 * 0.9999 / 255)
    firsts = times[: len(times) // 2] * gain  # thresholds themselves, below their median or so
    assert 0.0 < firsts.min() < 0.15
    counts = np.zeros((100, 100), int)
    np.add.at(counts, ([y for _, y, _, _ in first], [x for x, _, _, _ in first]), 1)
    # A threshold above 0.4 is one standard deviation up (16 %), one below 0.2 (two events) one down.
    assert (counts == 0).mean() == pytest.approx(0.16, abs=0.02)
    assert (counts >= 2).mean() == pytest.approx(0.16, abs=0.03)
    falling = [image for image in reversed(step)]
    assert events_of(noisy, falling) == events_of(PLAIN, falling)  # that sigma is 0


def test_too_many_events_are_cut_at_their_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures(4, height=20, width=30)
    whole = events_of(PLAIN, images[:2])
    monkeypatch.setattr(event_pixels, "MAX_EVENTS", 500)
    cut = events_of(PLAIN, images[:2])
    assert 450 < len(cut) <= 500 < len(whole)
    assert cut == whole[: len(cut)]
    assert len(events_of(PLAIN, images)) > 1200  # the next pictures go on as if nothing had been lost
