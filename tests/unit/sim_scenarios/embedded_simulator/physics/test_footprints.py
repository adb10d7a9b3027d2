"""Overlap of turned boxes, against cases that are clear by eye and against sampling."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.physics.footprints import (
    Footprint,
    penetration,
)


def box(
    x: float, y: float, *, yaw: float = 0.0, length: float = 4.0, width: float = 2.0, bottom: float = 0.0
) -> Footprint:
    return Footprint.of(
        x=x, y=y, yaw_deg=yaw, half_length=length / 2, half_width=width / 2, bottom=bottom, top=bottom + 1.5
    )


BOXES = st.builds(
    box,
    st.floats(-5, 5),
    st.floats(-5, 5),
    yaw=st.floats(-180, 180),
    length=st.floats(0.5, 6),
    width=st.floats(0.5, 3),
)


def test_side_by_side_does_not_touch() -> None:
    assert penetration(box(0, 0), box(0, 2.01)) is None


def test_the_push_is_the_shortest_way_out() -> None:
    found = penetration(box(0, 0), box(3.5, 0.2))
    assert found is not None
    assert (found.normal_x, found.normal_y) == (-1.0, 0.0)
    assert found.depth_m == pytest.approx(0.5)


def test_a_corner_beside_a_turned_box_is_free() -> None:
    """Their upright hulls overlap; the boxes do not."""
    assert penetration(box(0, 0, length=2), box(2.2, 2.2, yaw=45, length=4, width=1)) is not None
    assert penetration(box(0, 0, length=2), box(2.2, 2.2, yaw=-45, length=4, width=1)) is None


def test_one_above_the_other_does_not_touch() -> None:
    assert penetration(box(0, 0), box(0, 0, bottom=1.5)) is None
    assert penetration(box(0, 0), box(0, 0, bottom=1.4)) is not None


@given(BOXES, BOXES)
def test_the_push_separates(a: Footprint, b: Footprint) -> None:
    found = penetration(a, b)
    if found is None:
        return
    assert math.hypot(found.normal_x, found.normal_y) == pytest.approx(1.0)
    step = found.depth_m + 1e-6
    moved = Footprint(
        x=a.x + step * found.normal_x, y=a.y + step * found.normal_y, half_length=a.half_length,
        half_width=a.half_width, cos_yaw=a.cos_yaw, sin_yaw=a.sin_yaw, bottom=a.bottom, top=a.top,
    )  # fmt: skip
    assert penetration(moved, b) is None


@given(BOXES, BOXES)
def test_symmetry(a: Footprint, b: Footprint) -> None:
    forth, back = penetration(a, b), penetration(b, a)
    assert (forth is None) == (back is None)
    if forth and back:
        assert forth.depth_m == pytest.approx(back.depth_m)
