"""Signs of an OpenDRIVE text: what they are called, where they stand and which lanes they rule."""

from __future__ import annotations

import math

import carla
import pytest

from sim_scenarios.embedded_simulator.world.geometry import transform_point
from sim_scenarios.embedded_simulator.world.signs import SignSite, sign_sites

_SIGNAL = (
    '<signal s="{s}" t="{t}" id="{id}" name="x" dynamic="no" orientation="{orientation}" zOffset="0" country="x" '
    'type="{type}" subtype="-1" value="{value}" height="1" width="1" hOffset="0" pitch="0" roll="0">'
    '<validity fromLane="{first}" toLane="{last}"/></signal>'
)


def road(*signals: str) -> carla.Map:
    """A straight street of 200 m along +x with two lanes of 3.5 m each way."""
    lane = '<lane id="{}" type="driving" level="false"><width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane>'
    text = f"""<?xml version="1.0"?><OpenDRIVE><header revMajor="1" revMinor="4" name="r"/>
    <road name="r" length="200.0" id="7" junction="-1"><type s="0" type="town"/>
    <planView><geometry s="0" x="0" y="0" hdg="0" length="200.0"><line/></geometry></planView>
    <lanes><laneSection s="0"><left>{lane.format(2)}{lane.format(1)}</left>
    <center><lane id="0" type="none" level="false"/></center>
    <right>{lane.format(-1)}{lane.format(-2)}</right></laneSection></lanes>
    <signals>{"".join(signals)}</signals></road></OpenDRIVE>"""
    return carla.Map("r", text)


def signal(kind: str, **changes: object) -> str:
    values = {
        "s": 100, "t": -8, "id": 1, "orientation": "+", "type": kind, "value": -1, "first": -2, "last": -1, **changes
    }  # fmt: skip
    return _SIGNAL.format(**values)


def only(*signals: str) -> SignSite:
    (site,) = sign_sites(road(*signals))
    return site


@pytest.mark.parametrize(
    ("kind", "value", "type_id"),
    [("206", -1, "traffic.stop"), ("205", -1, "traffic.yield"), ("274", 30, "traffic.speed_limit.30")],
)
def test_types_are_carlas(kind: str, value: int, type_id: str) -> None:
    assert only(signal(kind, value=value)).type_id == type_id


def test_lights_and_other_signals_are_no_signs() -> None:
    assert sign_sites(road(signal("1000001"), signal("101", id=2))) == ()


def test_a_sign_stands_at_its_signal_and_its_trigger_lies_on_its_lanes() -> None:
    site = only(signal("206"))
    assert site.pose.location == pytest.approx((100.0, 8.0, 0.0))
    assert site.pose.rotation.yaw == pytest.approx(90.0)  # +x to the right of traffic that goes along +x
    middle = transform_point(site.pose, site.trigger.location)
    assert middle == pytest.approx((100.0 - 1.575, 3.5, 1.5), abs=1e-3)  # CARLA's y is to the right
    assert site.trigger.extent == pytest.approx((1.575, 3.325, 1.5), abs=1e-3)
    assert site.pose.rotation.yaw + site.trigger.rotation.yaw == pytest.approx(0.0, abs=1e-3)


def test_a_sign_of_the_other_direction_lies_before_it_in_that_direction() -> None:
    site = only(signal("205", t=8, orientation="-", first=1, last=1))
    assert math.cos(math.radians(site.pose.rotation.yaw)) == pytest.approx(0.0, abs=1e-6)
    middle = transform_point(site.pose, site.trigger.location)
    assert middle == pytest.approx((100.0 + 1.575, -1.75, 1.5), abs=1e-3)
