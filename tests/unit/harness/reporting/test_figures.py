from __future__ import annotations

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from harness.reporting.figures import plain, to_png


def drawn(title: str) -> bytes:
    figure = Figure(figsize=(3, 2))
    figure.add_subplot().plot([0, 1], [1, 0])
    figure.suptitle(plain(title))
    return to_png(figure)


@pytest.mark.parametrize("name", ["ClearNoon:fog_density=60", "$x^2$", "$", "a" * 80])
def test_any_name_can_be_drawn(name: str) -> None:
    image = cv2.imdecode(np.frombuffer(drawn(name), dtype=np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (260, 390, 3)
    assert image.std() > 5, "something is drawn"


def test_figures_are_the_same_every_time() -> None:
    assert drawn("title") == drawn("title")


def test_long_names_are_cut() -> None:
    assert plain("a" * 34) == "a" * 34
    assert plain("a" * 35) == "a" * 33 + "…"
