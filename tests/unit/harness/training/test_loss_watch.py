"""The watch over the losses of an epoch."""

from __future__ import annotations

import math

import pytest
import torch

from harness.training.loss_watch import LossWatch

NAN, INF = math.nan, math.inf


def watch_over(*losses: float, norms: tuple[float, ...] = (), allowed_skips: int = 0) -> LossWatch:
    watch = LossWatch(torch.device("cpu"), allowed_skips=allowed_skips)
    add(watch, losses, norms)
    return watch


def add(watch: LossWatch, losses: tuple[float, ...], norms: tuple[float, ...] = ()) -> None:
    for loss, norm in zip(losses, norms or (1.0,) * len(losses), strict=True):
        watch.add(torch.tensor(loss), torch.tensor(norm))


def test_good_losses_have_a_mean_and_no_bad_step() -> None:
    watch = watch_over(1.0, 2.0, 6.0)
    assert watch.mean() == 3.0
    assert watch.first_bad_step() is None


def test_the_recent_mean_is_of_what_came_since_it_was_asked_for() -> None:
    watch = watch_over(1.0, 3.0)
    assert watch.recent_mean() == 2.0
    add(watch, (5.0, 6.0, 7.0))
    assert watch.recent_mean() == 6.0
    assert watch.mean() == 22.0 / 5


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_the_first_bad_step_is_remembered(bad: float) -> None:
    assert watch_over(1.0, bad, 2.0, NAN).first_bad_step() == 1


@pytest.mark.parametrize("bad", [NAN, INF])
def test_a_gradient_that_is_no_number_counts_as_well(bad: float) -> None:
    assert watch_over(1.0, 1.0, 1.0, norms=(2.0, bad, 2.0)).first_bad_step() == 1


def test_with_float16_only_a_streak_of_overflows_is_bad() -> None:
    now_and_then = (INF, INF, 1.0, INF, INF, 1.0)
    assert watch_over(*[1.0] * 6, norms=now_and_then, allowed_skips=2).first_bad_step() is None
    assert watch_over(*[1.0] * 4, norms=(1.0, INF, INF, INF), allowed_skips=2).first_bad_step() == 3
    assert watch_over(1.0, NAN, allowed_skips=2).first_bad_step() == 1


def test_a_streak_goes_on_from_epoch_to_epoch() -> None:
    watch = watch_over(1.0, 1.0, norms=(1.0, INF), allowed_skips=2)
    watch.begin_epoch()
    add(watch, (4.0, 8.0), (INF, INF))
    assert watch.first_bad_step() == 1
    assert watch.mean() == 6.0
