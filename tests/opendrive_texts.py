"""OpenDRIVE files written by hand, for tests of the reader, the builder and the worlds made from them."""

from __future__ import annotations

import math

_HEADER = (
    '<header revMajor="1" revMinor="4" name="hand" version="1.00">'
    "<geoReference>+proj=tmerc +lat_0=49 +lon_0=8 +datum=WGS84 +units=m +no_defs</geoReference></header>"
)
_MARKS = {
    "yellow": ("broken", "yellow"), "double": ("solid solid", "yellow"), "white": ("broken", "white"),
    "edge": ("solid", "white"), "none": ("none", "standard"),
}  # fmt: skip


def file_of(*elements: str) -> str:
    """A whole file."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<OpenDRIVE>{_HEADER}{"".join(elements)}</OpenDRIVE>\n'


def lane(lane_id: int, kind: str, width: float, mark: str = "none", link: tuple[int, int] | None = None) -> str:
    """One lane of constant width; ``link`` are its predecessor and successor."""
    style, color = _MARKS[mark]
    links = "" if link is None else f'<link><predecessor id="{link[0]}"/><successor id="{link[1]}"/></link>'
    widths = "" if lane_id == 0 else f'<width sOffset="0" a="{width}" b="0" c="0" d="0"/>'
    return (
        f'<lane id="{lane_id}" type="{kind}" level="false">{links}{widths}<roadMark sOffset="0" type="{style}" '
        f'weight="standard" color="{color}" width="0.12" laneChange="none"/></lane>'
    )


def section(lanes: list[str], ids: list[int], s: float = 0.0) -> str:
    """A lane section of lanes with these ids."""
    sides = {"left": [], "center": [], "right": []}
    for lane_id, text in sorted(zip(ids, lanes, strict=True), reverse=True):
        sides["center" if lane_id == 0 else "left" if lane_id > 0 else "right"].append(text)
    return (
        f'<laneSection s="{s}">'
        + "".join(f"<{side}>{''.join(members)}</{side}>" for side, members in sides.items() if members)
        + "</laneSection>"
    )


def street(*, lanes: int = 1, sidewalk_m: float = 2.5, centre: str = "yellow", through: bool = False) -> str:
    """A section with as many driving lanes each way and sidewalks; ``through`` links each lane to its like."""
    ids, texts = [0], [lane(0, "none", 0.0, centre)]
    for sign in (1, -1):
        for number in range(1, lanes + 1):
            link = (sign * number, sign * number) if through else None
            ids.append(sign * number)
            texts.append(lane(sign * number, "driving", 3.5, "white" if number < lanes else "edge", link))
        if sidewalk_m > 0.0:
            ids.append(sign * (lanes + 1))
            texts.append(lane(sign * (lanes + 1), "sidewalk", sidewalk_m))
    return section(texts, ids)


def road(
    road_id: int,
    geometries: list[tuple[float, float, float, float, float]],
    sections: str,
    *,
    junction: int = -1,
    links: str = "",
    elevation: list[tuple[float, float, float, float, float]] | None = None,
    extra: str = "",
) -> str:
    """A road of lines and arcs (x, y, heading, length, curvature), in OpenDRIVE's own right-handed axes."""
    plan, s = "", 0.0
    for x, y, heading, length, curvature in geometries:
        curve = f'<arc curvature="{curvature}"/>' if curvature else "<line/>"
        plan += f'<geometry s="{s}" x="{x}" y="{y}" hdg="{heading}" length="{length}">{curve}</geometry>'
        s += length
    hill = "".join(
        f'<elevation s="{at}" a="{a}" b="{b}" c="{c}" d="{d}"/>' for at, a, b, c, d in elevation or [(0, 0, 0, 0, 0)]
    )
    return (
        f'<road name="{road_id}" length="{s}" id="{road_id}" junction="{junction}"><link>{links}</link>'
        f'<type s="0" type="town"><speed max="40" unit="km/h"/></type><planView>{plan}</planView>'
        f"<elevationProfile>{hill}</elevationProfile><lateralProfile/><lanes>{sections}</lanes>{extra}</road>"
    )


def climb(start: float, length: float, low: float, high: float) -> tuple[float, float, float, float, float]:
    """An elevation that goes smoothly from one level to another."""
    rise = high - low
    return start, low, 0.0, 3.0 * rise / length**2, -2.0 * rise / length**3


def hill() -> str:
    """300 m straight, over a hill 6 m high, with two lanes each way and sidewalks."""
    elevation = [(0, 0, 0, 0, 0), climb(40, 90, 0, 6), climb(130, 40, 6, 6), climb(170, 90, 6, 0), (260, 0, 0, 0, 0)]
    return file_of(road(1, [(-150, 20, 0, 300, 0)], street(lanes=2, centre="double"), elevation=elevation))


BRIDGE_M, _TURN_M = 6.5, 40.0


def loop_over_itself() -> str:
    """A figure of eight: where it crosses itself, one way is on the ground and the other on a bridge."""
    turn = 1.5 * math.pi * _TURN_M
    link = '<{tag} elementType="road" elementId="{other}" contactPoint="{end}"/>'

    def links(other: int) -> str:
        return link.format(tag="predecessor", other=other, end="end") + link.format(
            tag="successor", other=other, end="start"
        )

    lanes = street(sidewalk_m=2.0, through=True)
    up = [(0, 0, 0, 0, 0), climb(80, turn, 0, BRIDGE_M)]
    down = [(0, BRIDGE_M, 0, 0, 0), climb(80, turn, BRIDGE_M, 0)]
    low = [(-40, 0, 0, 80, 0), (40, 0, 0, turn, 1 / _TURN_M)]
    high = [(0, 40, -math.pi / 2, 80, 0), (0, -40, -math.pi / 2, turn, -1 / _TURN_M)]
    return file_of(
        road(1, low, lanes, links=links(2), elevation=up), road(2, high, lanes, links=links(1), elevation=down)
    )


def tunnel() -> str:
    """300 m of road with a bend, 90 m of it in a tunnel."""
    bend, radius = 0.6, 100.0
    line = [(-150, 0, 0, 120, 0), (-30, 0, 0, bend * radius, 1 / radius)]
    line.append((-30 + radius * math.sin(bend), radius - radius * math.cos(bend), bend, 120, 0))
    spans = '<objects><tunnel s="110" t="0" length="90" id="1" type="standard"/></objects>'
    return file_of(road(1, line, street(sidewalk_m=1.5, centre="double"), extra=spans))


_ARM_M, _HALF_M = 90.0, 12.0
_ARMS = {1: 0.0, 2: math.pi / 2, 3: math.pi}
"""Roads 1, 2 and 3 lead away from the junction to the east, north and west."""


def t_junction(*, slope: float = 0.0) -> str:
    """Three streets with sidewalks and crosswalks meet at lights; the whole may lie on a slope towards the east."""
    roads = [_arm(number, heading, slope) for number, heading in _ARMS.items()]
    connections = ""
    through = []
    number = 100
    for incoming in _ARMS:
        for outgoing in _ARMS:
            if incoming != outgoing:
                through.append(_connecting(number, incoming, outgoing, slope))
                connections += (
                    f'<connection id="{number - 100}" incomingRoad="{incoming}" connectingRoad="{number}" '
                    'contactPoint="start"><laneLink from="1" to="-1"/></connection>'
                )
                number += 1
    controllers = '<controller id="1" sequence="0"><control signalId="11"/><control signalId="13"/></controller>'
    controllers += '<controller id="2" sequence="1"><control signalId="12"/></controller>'
    named = '<controller id="1" sequence="0"/><controller id="2" sequence="1"/>'
    return file_of(*roads, *through, controllers, f'<junction id="50" name="T">{connections}{named}</junction>')


def _arm(number: int, heading: float, slope: float) -> str:
    x, y = _HALF_M * math.cos(heading), _HALF_M * math.sin(heading)
    ahead = slope * math.cos(heading)
    crosswalk = (
        f'<objects><object type="crosswalk" id="{number}" name="SimpleCrosswalk" s="3" t="0" zOffset="0" hdg="0" '
        'orientation="none" length="3" width="7"><outline><cornerLocal u="-1.5" v="-3.5" z="0"/>'
        '<cornerLocal u="1.5" v="-3.5" z="0"/><cornerLocal u="1.5" v="3.5" z="0"/><cornerLocal u="-1.5" v="3.5" z="0"/>'
        "</outline></object></objects>"
    )
    signals = (
        f'<signals><signal id="{10 + number}" name="light" s="6" t="4.2" zOffset="0" hOffset="0" orientation="-" '
        'dynamic="yes" country="OpenDRIVE" type="1000001" subtype="-1" value="-1" unit="" height="1" width="0.5">'
        f'<validity fromLane="1" toLane="1"/></signal><signal id="{20 + number}" name="limit" s="30" t="-4.2" '
        'zOffset="0" hOffset="0" orientation="+" dynamic="no" country="OpenDRIVE" type="274" '
        'subtype="30" value="30" unit="km/h" height="1" width="0.5"><validity fromLane="-1" '
        'toLane="-1"/></signal></signals>'
    )
    return road(
        number,
        [(x, y, heading, _ARM_M, 0.0)],
        street(sidewalk_m=3.0),
        links='<predecessor elementType="junction" elementId="50"/>',
        elevation=[(0, _HALF_M * ahead, ahead, 0, 0)],
        extra=crosswalk + signals,
    )


def _connecting(number: int, incoming: int, outgoing: int, slope: float) -> str:
    """From the end of one arm to that of another; the outer ones carry the sidewalk round the corner."""
    start_heading = _ARMS[incoming] + math.pi
    turn = math.remainder(_ARMS[outgoing] - start_heading, 2.0 * math.pi)
    x, y = _HALF_M * math.cos(_ARMS[incoming]), _HALF_M * math.sin(_ARMS[incoming])
    length, curvature = 2.0 * _HALF_M, 0.0
    if abs(turn) > 0.1:
        length, curvature = abs(turn) * _HALF_M, math.copysign(1.0 / _HALF_M, turn)
    has_sidewalk = turn < -0.1 or (abs(turn) < 0.1 and incoming == 3)
    ids, lanes = [0, -1], [lane(0, "none", 0.0), lane(-1, "driving", 3.5, "none", (1, -1))]
    if has_sidewalk:
        ids.append(-2)
        lanes.append(lane(-2, "sidewalk", 3.0, "none", (2, -2)))
    links = (
        f'<predecessor elementType="road" elementId="{incoming}" contactPoint="start"/>'
        f'<successor elementType="road" elementId="{outgoing}" contactPoint="start"/>'
    )
    # A plane: heights at the ends and slopes there fix the cubic; for a straight road it is a line.
    start_z = slope * x
    end_z = slope * _HALF_M * math.cos(_ARMS[outgoing])
    start_slope, end_slope = slope * math.cos(start_heading), slope * math.cos(_ARMS[outgoing])
    c = (3.0 * (end_z - start_z) / length - 2.0 * start_slope - end_slope) / length
    d = (2.0 * (start_z - end_z) / length + start_slope + end_slope) / length**2
    elevation = [(0.0, start_z, start_slope, c, d)]
    geometry = [(x, y, start_heading, length, curvature)]
    return road(number, geometry, section(lanes, ids), junction=50, links=links, elevation=elevation)
