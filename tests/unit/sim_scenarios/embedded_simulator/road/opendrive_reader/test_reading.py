"""Our reader against the client's own, ``carla.Map``, and against our own writer."""

from __future__ import annotations

import math

import carla
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.road.curves import Piece, RoadError
from sim_scenarios.embedded_simulator.road.network import Network
from sim_scenarios.embedded_simulator.road.opendrive_reader.reading import read_opendrive
from sim_scenarios.embedded_simulator.road.opendrive_reader.road_map import Lane, LaneSection, Road
from sim_scenarios.embedded_simulator.road.town import Town

_GEO = "<geoReference>+proj=tmerc +lat_0=49 +lon_0=8 +datum=WGS84 +units=m +no_defs</geoReference>"


def _file(roads: str, header: str = f'<header revMajor="1" revMinor="4">{_GEO}</header>') -> str:
    return f'<?xml version="1.0"?><OpenDRIVE>{header}{roads}</OpenDRIVE>'


def _road(plan: str, lanes: str, *, length: float, elevation: str = "") -> str:
    return (
        f'<road name="r" id="7" length="{length}" junction="-1"><planView>{plan}</planView>'
        f"<elevationProfile>{elevation}</elevationProfile><lanes>{lanes}</lanes></road>"
    )


def _lane(lane_id: int, widths: str, kind: str = "driving") -> str:
    return f'<lane id="{lane_id}" type="{kind}" level="false">{widths}</lane>'


def _cubic(tag: str, name: str, s: float, *abcd: float) -> str:
    a, b, c, d = (*abcd, 0.0, 0.0, 0.0)[:4]
    return f'<{tag} {name}="{s}" a="{a}" b="{b}" c="{c}" d="{d}"/>'


def _center_of(road: Road, section: LaneSection, lane: Lane, s: float) -> tuple[np.ndarray, float, float]:
    """Middle (3,), heading [deg] of its traffic and width of a lane; the heading by differences."""

    def middle(at: float) -> np.ndarray:
        inner, outer = road.borders(section, lane, np.array([at]))
        return road.points(at, 0.5 * (inner + outer))[0]

    inner, outer = road.borders(section, lane, np.array([s]))
    ahead = (middle(s + 1e-3) - middle(s - 1e-3)) * (1.0 if lane.id < 0 else -1.0)
    return middle(s), math.degrees(math.atan2(ahead[1], ahead[0])), float(abs(outer - inner)[0])


def _assert_same(road: Road, carla_map: carla.Map, *, step: float, heading_deg: float, place_m: float) -> int:
    compared = 0
    for section in road.sections:
        for s in np.arange(section.start + 0.05, min(section.end, road.length) - 0.05, step):
            for lane in section.lanes:
                waypoint = carla_map.get_waypoint_xodr(road.id, lane.id, float(s)) if lane.id else None
                if waypoint is None:
                    continue
                middle, heading, width = _center_of(road, section, lane, float(s))
                seen = waypoint.transform
                place = (seen.location.x, seen.location.y, seen.location.z)
                assert place == pytest.approx(tuple(middle), abs=place_m)
                assert waypoint.lane_width == pytest.approx(width, abs=0.01)
                turn = (seen.rotation.yaw - heading + 180.0) % 360.0 - 180.0
                assert abs(turn) < heading_deg or lane.type != "driving"
                assert str(waypoint.lane_type).lower() == lane.type
                compared += 1
    return compared


def test_our_town_is_read_as_the_client_reads_it(town: Town, carla_map: carla.Map) -> None:
    roads = read_opendrive(town.opendrive).roads
    compared = sum(_assert_same(road, carla_map, step=15.0, heading_deg=0.5, place_m=0.01) for road in roads.values())
    assert compared > 1000


def test_reading_undoes_writing(network: Network, town: Town) -> None:
    read = read_opendrive(town.opendrive)
    for street in network.streets:
        _assert_same_pieces(read.roads[street.road_id], street.path.pieces)
        assert read.roads[street.road_id].speed_kmh == street.profile.speed_kmh
        marks = {mark.kind for section in read.roads[street.road_id].sections for mark in section.lane(0).marks}
        assert marks <= {"solid", "broken", "solid solid"}
    for junction in network.junctions:
        connections = read.junctions[junction.junction_id].connections
        assert [connection.connecting for connection in connections] == [c.road_id for c in junction.connections]
        for connection in junction.connections:
            _assert_same_pieces(read.roads[connection.road_id], connection.path.pieces)
    assert {int(name): limit for name, limit in town.speed_limits_kmh.items()} == {
        road.id: road.speed_kmh for road in read.roads.values()
    }
    lights = {signal.id for road in read.roads.values() for signal in road.signals if signal.is_dynamic}
    assert lights == {site.opendrive_id for site in town.traffic_lights}
    assert sorted(signal for group in read.controllers.values() for signal in group) == sorted(lights)


def _assert_same_pieces(road: Road, pieces: tuple[Piece, ...]) -> None:
    assert len(road.pieces) == len(pieces)
    for read, written in zip(road.pieces, pieces, strict=True):
        assert isinstance(read, Piece)
        for name in ("x", "y", "yaw", "length", "curvature"):
            assert getattr(read, name) == pytest.approx(getattr(written, name), abs=1e-8)


def _axis(name: str, *values: str) -> str:
    """Attributes of one axis of a ``paramPoly3``: numbers, or names to be filled in."""
    filled = (value if value.isdigit() else f"{{{value}}}" for value in values)
    return " ".join(f'{letter}{name}="{value}"' for letter, value in zip("abcd", filled, strict=True))


_CURVES = {
    "line": "<line/>",
    "arc": '<arc curvature="{k}"/>',
    "spiral": '<spiral curvStart="{k}" curvEnd="{k2}"/>',
    "poly3": '<poly3 a="0" b="{b}" c="{c}" d="{d}"/>',
    "normalised": f"<paramPoly3 {_axis('U', '0', 'L', 'e', 'f')} {_axis('V', '0', 'g', 'h', 'f')}/>",
    "arc length": f"<paramPoly3 pRange='arcLength' {_axis('U', '0', '1', '0', 'd')} {_axis('V', '0', 'b', 'c', 'd')}/>",
}


@given(st.sampled_from(sorted(_CURVES)), st.integers(0, 10**6))
@settings(max_examples=36)
def test_every_kind_of_curve_with_lanes_of_changing_width_on_a_hill(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    length = float(rng.uniform(20.0, 120.0))
    k, k2 = rng.uniform(0.002, 0.02, 2) * rng.choice([-1.0, 1.0], 2)
    b, c, d = rng.uniform(-0.2, 0.2), rng.uniform(-1e-3, 1e-3), rng.uniform(-1e-5, 1e-5)
    e, f, g, h = rng.uniform(-5.0, 5.0, 4)
    curve = _CURVES[kind].format(k=k, k2=k2, L=length, b=b, c=c, d=d, e=e, f=f, g=g, h=h)
    if kind == "normalised":  # such a curve says how long it is, and the file must not say otherwise
        p = np.linspace(0.0, 1.0, 5001)
        ahead, right = length * p + e * p**2 + f * p**3, g * p + h * p**2 + f * p**3
        length = float(np.hypot(np.diff(ahead), np.diff(right)).sum())
    x, y, heading = rng.uniform(-300.0, 300.0), rng.uniform(-300.0, 300.0), rng.uniform(-3.1, 3.1)
    plan = f'<geometry s="0" x="{x}" y="{y}" hdg="{heading}" length="{length}">{curve}</geometry>'
    middle = length * float(rng.uniform(0.3, 0.7))
    sections = ""
    for start, count in ((0.0, 2), (middle, 3)):
        left = _lane(1, _cubic("width", "sOffset", 0.0, 3.5, 0.01, 1e-4))
        widths = _cubic("width", "sOffset", 0.0, 3.0, rng.uniform(0, 0.02)) + _cubic("width", "sOffset", 4.0, 3.2)
        right = "".join(_lane(-number, widths) for number in range(1, count + 1))
        sections += (
            f'<laneSection s="{start}"><left>{left}</left><center>{_lane(0, "", "none")}</center>'
            f"<right>{right}</right></laneSection>"
        )
    offset = _cubic("laneOffset", "s", 0.0, rng.uniform(-1, 1), 0.01) + _cubic(
        "laneOffset", "s", middle, 1.0, 0.0, 1e-4
    )
    hill = _cubic("elevation", "s", 0.0, rng.uniform(-5, 5), 0.05, -1e-3) + _cubic("elevation", "s", middle, 2.0, 0.03)
    text = _file(_road(plan, offset + sections, length=length, elevation=hill))
    carla_map = carla.Map("test", text)
    road = read_opendrive(text).roads[7]
    # The client steps along polynomials and interpolates, also between headings, up to 11 m away from the line.
    place_m = 0.01 if kind in ("line", "arc", "spiral") else 0.06
    compared = _assert_same(road, carla_map, step=length / 9.0, heading_deg=3.0, place_m=place_m)
    assert compared > 20


@pytest.mark.parametrize("turns", [0.3, 3.0, 20.0])
def test_a_spiral_is_the_sum_of_its_short_steps(turns: float) -> None:
    curvature = turns / 200.0
    spiral = f'<spiral curvStart="{-curvature}" curvEnd="{curvature}"/>'
    plan = f'<geometry s="0" x="0" y="0" hdg="0.4" length="200">{spiral}</geometry>'
    lanes = f'<laneSection s="0"><center>{_lane(0, "", "none")}</center></laneSection>'
    road = read_opendrive(_file(_road(plan, lanes, length=200.0))).roads[7]
    s = np.linspace(0.0, 200.0, 40_001)
    points, yaws = road.at(s)
    middle_yaws = road.at(0.5 * (s[1:] + s[:-1]))[1]
    steps = np.stack([np.cos(middle_yaws), np.sin(middle_yaws)], axis=1) * np.diff(s)[:, None]
    assert points[1:] == pytest.approx(np.cumsum(steps, axis=0), abs=1e-4)
    assert yaws[[0, -1]] == pytest.approx([-0.4, -0.4])  # half the way it turns one way, then the other


def test_a_lane_given_by_its_border_is_as_wide_as_the_lanes_inside_leave_it() -> None:
    inner = _cubic("width", "sOffset", 0.0, 3.0, 0.01) + _cubic("width", "sOffset", 30.0, 3.3, 0.0, 1e-3)
    border = _cubic("border", "sOffset", 0.0, -7.0, -0.02) + _cubic("border", "sOffset", 20.0, -7.4)
    lanes = f'<laneSection s="10"><right>{_lane(-1, inner)}{_lane(-2, border)}</right></laneSection>'
    plan = '<geometry s="0" x="0" y="0" hdg="0" length="80"><line/></geometry>'
    road = read_opendrive(_file(_road(plan, lanes, length=80.0))).roads[7]
    section = road.sections[0]
    s = np.array([10.0, 20.0, 29.9, 31.0, 39.0, 41.0, 70.0])
    expected = np.where(s < 30.0, 7.0 + 0.02 * (s - 10.0), 7.4)
    assert road.borders(section, section.lane(-2), s)[1] == pytest.approx(expected)


_LINE = '<geometry s="0" x="0" y="0" hdg="0" length="50"><line/></geometry>'
_ONE_LANE = f'<laneSection s="0"><right>{_lane(-1, _cubic("width", "sOffset", 0.0, 3.0))}</right></laneSection>'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not OpenDRIVE: no element found"),
        ("hello", "the text starts with 'hello', expected XML"),
        ("<osm><node/></osm>", "the outermost element is <osm>, expected <OpenDRIVE>"),
        ("<OpenDRIVE/>", "no <road>, expected at least one"),
        (_file(_road("", _ONE_LANE, length=50)), "road '7': no <geometry>"),
        (_file(_road(_LINE, "", length=50)), "road '7': no <laneSection>"),
        (_file(_road(_LINE.replace("<line/>", "<circle/>"), _ONE_LANE, length=50)), "holds ['circle'], expected line"),
        (_file(_road(_LINE, _ONE_LANE, length=1e9)), "its length is 1e+09 m"),
        (_file(_road(_LINE.replace('x="0"', 'x="nan"'), _ONE_LANE, length=50)), "x='nan', expected a finite number"),
        (_file(_road(_LINE.replace('x="0"', 'x="1e9"'), _ONE_LANE, length=50)), "expected at most 100000 m"),
    ],
)  # fmt: skip
def test_what_cannot_be_built_is_said(text: str, complaint: str) -> None:
    with pytest.raises(RoadError) as error:
        read_opendrive(text)
    assert complaint in str(error.value)


def test_what_carla_tolerates_is_tolerated() -> None:
    plan = '<geometry s="0" x="0" y="0" length="50"><userData/><line/></geometry>'  # no heading, an element before
    text = _file(_road(plan, _ONE_LANE.replace(' level="false"', ""), length=50), header="")
    text = text.replace("<OpenDRIVE>", '<OpenDRIVE xmlns="http://www.opendrive.org">').replace("<?xml", "\ufeff<?xml")
    road = read_opendrive(text).roads[7]
    assert (road.length, len(road.sections), road.junction_id) == (50.0, 1, -1)
    assert road.points(10.0, 1.5)[0] == pytest.approx((10.0, 1.5, 0.0))
