"""Polylines with known shapes."""

from __future__ import annotations

import numpy as np
import pytest

from harness.closed_loop.mask_driver.path import continued, curvatures, evenly, headings, lengths, locate, normals


def circle(radius: float, length: float) -> np.ndarray:
    angles = np.arange(0.0, length / radius, 1.0 / radius)
    return np.stack([radius * np.sin(angles), radius * (1 - np.cos(angles))], axis=1)


def test_a_circle_to_the_right_has_its_curvature() -> None:
    np.testing.assert_allclose(curvatures(circle(20.0, 60.0))[2:-2], 1 / 20, rtol=2e-3)
    np.testing.assert_allclose(curvatures(circle(20.0, 60.0) * [1, -1])[2:-2], -1 / 20, rtol=2e-3)


def test_it_goes_on_as_the_circle_that_it_is() -> None:
    whole = circle(15.0, 40.0)
    longer = continued(whole[:20], length_m=lengths(whole)[-1], curvature=1 / 15)
    np.testing.assert_allclose(longer, whole[: len(longer)], atol=0.05)


def test_headings_do_not_jump() -> None:
    turned = headings(circle(10.0, 60.0))
    assert turned[-1] - turned[0] == pytest.approx(59 / 10, rel=0.05)


def test_normals_point_right() -> None:
    np.testing.assert_allclose(normals(np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])), [[0, 1]] * 3)


def test_even_steps() -> None:
    line = evenly(np.array([[0.0, 0.0], [2.5, 0.0], [2.5, 4.0]]))
    np.testing.assert_allclose(line[:4], [[0, 0], [1, 0], [2, 0], [2.5, 0.5]])


@pytest.mark.parametrize(
    ("place", "along", "aside"),
    [((3.0, 1.0), 3.0, 1.0), ((3.0, -2.0), 3.0, -2.0), ((-2.0, 0.5), -2.0, 0.5), ((14.0, 0.0), 14.0, 0.0)],
)
def test_a_place_beside_a_line(place: tuple[float, float], along: float, aside: float) -> None:
    line = np.array([[0.0, 0.0], [5.0, 0.0], [10.0, 0.0]])
    np.testing.assert_allclose(locate(line, np.array(place)), (along, aside), atol=1e-12)
