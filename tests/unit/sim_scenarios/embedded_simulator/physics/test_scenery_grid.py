"""Boxes found by cells: exactly those that overlap, in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.physics.footprints import Footprint, penetration
from sim_scenarios.embedded_simulator.physics.scenery_grid import Scenery

BOXES = st.builds(
    Footprint.of,
    x=st.floats(-40, 40),
    y=st.floats(-40, 40),
    yaw_deg=st.floats(-180, 180),
    half_length=st.floats(0.05, 20),
    half_width=st.floats(0.05, 5),
    bottom=st.floats(0, 3),
    top=st.floats(3, 5),
)


@given(st.lists(BOXES, max_size=12), BOXES)
def test_scenery_finds_exactly_what_overlaps(boxes: list[Footprint], mover: Footprint) -> None:
    found = list(Scenery(boxes).overlaps(mover))
    assert found == [(i, hit) for i, other in enumerate(boxes) if (hit := penetration(mover, other))]


def test_a_wide_land_gets_larger_cells_not_more_memory() -> None:
    corners = [
        Footprint.of(x=x, y=y, yaw_deg=0.0, half_length=1.0, half_width=1.0, bottom=0.0, top=1.0)
        for x, y in ((0.0, 0.0), (50_000.0, 50_000.0))
    ]
    scenery = Scenery(corners)
    assert scenery.arrays.first.size < 300_000
    assert [index for index, _ in scenery.overlaps(corners[1])] == [1]
