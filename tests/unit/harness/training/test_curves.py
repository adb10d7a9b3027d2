"""curves.png: a function of the epochs' figures, for any number of them, that leaves matplotlib as it was."""

from __future__ import annotations

import io
import math
import sys

import matplotlib
import numpy as np
import pytest
from PIL import Image

from harness.training.curves import curves_figure
from harness.training.epoch_metrics import EpochMetrics
from tests.unit.harness.training.run_figures import epoch_metrics

BLUE, ORANGE = (0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)


def pixels(epochs: list[EpochMetrics]) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(curves_figure(epochs))).convert("RGB"))


def count(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    """How many pixels are of the colour."""
    return int((picture == colour).all(axis=2).sum())


def test_equal_figures_give_equal_bytes() -> None:
    epochs = [epoch_metrics(epoch) for epoch in range(1, 6)]
    assert curves_figure(epochs) == curves_figure(epochs)
    assert curves_figure(epochs) != curves_figure([*epochs[:4], epoch_metrics(5, 0.75)])


@pytest.mark.parametrize("number", [1, 2, 100])
def test_any_number_of_epochs_can_be_drawn(number: int) -> None:
    picture = pixels([epoch_metrics(epoch) for epoch in range(1, number + 1)])
    assert count(picture, BLUE) > 20 * 4
    assert count(picture, ORANGE) > 20 * 2


def test_what_was_never_measured_has_no_line() -> None:
    epochs = range(1, 6)
    with_loss = pixels([epoch_metrics(epoch) for epoch in epochs])
    without = pixels([epoch_metrics(epoch, validation_loss=math.nan) for epoch in epochs])
    assert count(without, ORANGE) < 0.7 * count(with_loss, ORANGE)


def test_no_class_and_a_rate_of_zero_can_be_drawn() -> None:
    curves_figure([epoch_metrics(1, math.nan, learning_rate=0.0, pixel_accuracy=math.nan)])


def test_nothing_global_changes() -> None:
    before = dict(matplotlib.rcParams)
    curves_figure([epoch_metrics(1)])
    assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
