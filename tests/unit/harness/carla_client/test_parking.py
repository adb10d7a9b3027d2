"""Where cars may stand on the made-up map of ``test_routes``, and beside other kinds of lanes."""

from __future__ import annotations

import carla
import pytest

from harness.carla_client.parking import parking_places
from tests.unit.harness.carla_client.made_up_town import TOWN, road


def test_cars_park_on_the_sidewalk_along_the_kerb_away_from_junctions() -> None:
    places = parking_places(TOWN)
    assert len(places) > 20
    along = [each for each in places if each.location.x < 100.0 and abs(each.location.y) < 50.0]
    assert along
    for place in along:
        assert place.location.y == pytest.approx(3.5 + 1.3)
        assert place.location.x < 100.0 - 12.0 + 1e-3
        assert place.rotation.yaw == pytest.approx(0.0)


def lane_beside(kind: str, width: float) -> str:
    return f'<lane id="-2" type="{kind}" level="false"><width sOffset="0" a="{width}" b="0" c="0" d="0"/></lane>'


@pytest.mark.parametrize(
    ("kind", "width", "middle"),
    [("parking", 2.5, 3.5 + 1.25), ("shoulder", 3.0, 3.5 + 1.5), ("parking", 1.5, None), ("sidewalk", 2.0, None),
     ("biking", 3.0, None)],
)  # fmt: skip
def test_what_lies_beside_the_lane_decides(kind: str, width: float, middle: float | None) -> None:
    town = carla.Map(
        "one road",
        '<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="4"/>'
        + road(1, 0.0, 0.0, 0.0, beside=lane_beside(kind, width))
        + "</OpenDRIVE>",
    )
    seen = {round(place.location.y, 3) for place in parking_places(town)}
    assert seen == (set() if middle is None else {middle})
