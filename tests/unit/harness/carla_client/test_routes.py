"""Ways on a map of two streets that meet at a junction, and of a third one that leads nowhere."""

from __future__ import annotations

import math

import carla
import pytest

from harness.carla_client.routes import ABOVE_ROAD_M, plan_route, transform_at
from harness.errors import ScenarioFileError
from sim_scenarios.scenario import Location

LENGTH_M = 100.0


def road(
    number: int, x: float, y: float, heading: float, *, length: float = LENGTH_M, links: str = "", junction: int = -1,
    beside: str = '<lane id="-2" type="sidewalk" level="false"><width sOffset="0" a="4" b="0" c="0" d="0"/></lane>',
    lane_link: str = "",
) -> str:  # fmt: skip
    return f"""<road name="" length="{length}" id="{number}" junction="{junction}"><link>{links}</link><planView>
      <geometry s="0" x="{x}" y="{y}" hdg="{heading}" length="{length}"><line/></geometry></planView>
      <lanes><laneSection s="0"><center><lane id="0" type="none" level="false"/></center><right>
      <lane id="-1" type="driving" level="false"><link>{lane_link}</link>
      <width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane>{beside}</right></laneSection></lanes></road>"""


def successor(number: int, *, kind: str = "road") -> str:
    contact = ' contactPoint="start"' if kind == "road" else ""
    return f'<successor elementType="{kind}" elementId="{number}"{contact}/>'


def predecessor(number: int, *, kind: str = "road") -> str:
    contact = ' contactPoint="end"' if kind == "road" else ""
    return f'<predecessor elementType="{kind}" elementId="{number}"{contact}/>'


SAME_LANE = '<predecessor id="-1"/><successor id="-1"/>'
TOWN = carla.Map(
    "made up",
    '<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="4"/>'
    # Eastward to a junction, from which one way goes on eastward and another one turns north.
    + road(1, 0.0, 0.0, 0.0, links=successor(10, kind="junction"))
    + road(2, 120.0, 0.0, 0.0, links=predecessor(10, kind="junction"))
    + road(3, 120.0, 20.0, math.pi / 2, links=predecessor(10, kind="junction"))
    + road(4, 0.0, -300.0, 0.0)  # joined to nothing
    + road(5, 100.0, 0.0, 0.0, length=20.0, junction=10, links=predecessor(1) + successor(2), lane_link=SAME_LANE)
    + road(
        6, 100.0, 0.0, math.pi / 4, length=math.hypot(20.0, 20.0), junction=10,
        links=predecessor(1) + successor(3), lane_link=SAME_LANE,
    )
    + '<junction id="10" name="">'
    + "".join(
        f'<connection id="{through}" incomingRoad="1" connectingRoad="{through}" contactPoint="start">'
        '<laneLink from="-1" to="-1"/></connection>'
        for through in (5, 6)
    )
    + "</junction>"
    + "</OpenDRIVE>",
)  # fmt: skip
"""In OpenDRIVE's axes, whose y is CARLA's mirrored."""
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
