"""The watch over the losses of an epoch."""

from __future__ import annotations

import pytest
import torch

from harness.training.loss_watch import LossWatch


def watch_over(*losses: float) -> LossWatch:
    watch = LossWatch(torch.device("cpu"))
    for step, loss in enumerate(losses):
        watch.add(torch.tensor(loss), [step, step + 10])
    return watch


def test_good_losses_have_a_mean_and_no_bad_step() -> None:
    watch = watch_over(1.0, 2.0, 6.0)
    assert watch.mean() == 3.0
    assert watch.first_bad_step() is None


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_the_first_bad_step_is_remembered_with_its_frames(bad: float) -> None:
    watch = watch_over(1.0, bad, 2.0, float("nan"))
    assert watch.first_bad_step() == 1
    assert watch.frames_of(1) == [1, 11]
