"""Ways on a map of two streets that meet at a junction, and of a third one that leads nowhere."""

from __future__ import annotations

import pytest

from harness.carla_client.routes import ABOVE_ROAD_M, plan_route, transform_at
from harness.errors import ScenarioFileError
from sim_scenarios.scenario import Location
from tests.unit.harness.carla_client.made_up_town import TOWN

START = transform_at(TOWN, Location(x=10.0, y=1.75), what="the start")


def test_a_location_becomes_the_lane_that_is_nearest() -> None:
    assert START.location.x == pytest.approx(10.0)
    assert START.location.y == pytest.approx(1.75)
    assert START.location.z == pytest.approx(ABOVE_ROAD_M)
    assert START.rotation.yaw == pytest.approx(0.0)


def test_a_location_far_from_all_lanes_is_refused() -> None:
    with pytest.raises(ScenarioFileError, match=r"the ego: .* has no driving lane within 30 m of \(50, 90\)"):
        transform_at(TOWN, Location(x=50.0, y=90.0), what="the ego")


@pytest.mark.parametrize(
    ("place", "behind"),
    [
        (Location(x=200.0, y=1.75), (128.0, 1.75)),
        (Location(x=121.75, y=-100.0), (121.75, -28.0)),
    ],
)
def test_a_way_has_one_point_behind_each_junction(place: Location, behind: tuple[float, float]) -> None:
    (point,) = plan_route(TOWN, START, [place])
    assert (point.x, point.y) == pytest.approx(behind, abs=0.1)


def test_no_junction_on_the_way_needs_no_point() -> None:
    assert plan_route(TOWN, START, [Location(x=60.0, y=1.75), Location(x=80.0, y=1.75)]) == []
    assert plan_route(TOWN, START, []) == []


@pytest.mark.parametrize("place", [Location(x=50.0, y=300.0), Location(x=5.0, y=1.75)])
def test_a_place_that_cannot_be_reached_is_refused(place: Location) -> None:
    with pytest.raises(ScenarioFileError, match="route, place 1: no way leads there"):
        plan_route(TOWN, START, [Location(x=60.0, y=1.75), place])
