"""Street plan of our ``Town04``: a motorway of two carriageways round a small town, interchanges north and south.

Each carriageway has three lanes, and four between where one joins and the next exit. A street of the town crosses the
motorway on a bridge; ramps lead from the carriageways up to its two ends. The plan is our own; CARLA's are the name,
and where the southern and eastern sides lie: suites that name places on CARLA's motorway find one there. y grows to the
south, and "inner" is the carriageway driven clockwise, nearer to the town.
"""

from __future__ import annotations

from sim_scenarios.embedded_simulator.road.curves import Path, path_through
from sim_scenarios.embedded_simulator.road.plan import (
    LANE_WIDTH_M,
    BlockUse,
    CentreLine,
    Control,
    JunctionPlan,
    Profile,
    StreetPlan,
    TownPlan,
    junction,
    street,
)

_HALF_X, _HALF_Y, _BEND_M = 400.0, 300.0, 130.0
"""Of the line in the middle of the motorway."""
_MIDDLE_Y = -273.3
"""Of everything."""
_MEDIAN_M = 3.0
"""Half the distance between the left edges of the carriageways."""
_PARTING_M = 36.0
"""How long it takes a ramp to part from its carriageway."""
_RAMP_FROM_M = 190.0
"""How far from the bridge ramps leave or join."""
_RAMP_ASIDE_M = _MEDIAN_M + 3 * LANE_WIDTH_M + 3.0
"""Left edge of a ramp where it has parted, from the motorway's middle."""
_BRIDGE_M = 6.6
_RAILWAY_X = _HALF_X + 38.0
"""Beside the eastern side of the motorway."""
_CROSSING_Y = _HALF_Y - 52.0, _HALF_Y + 52.0
"""Where the ramps meet the street over the bridge, inside and outside the loop."""

_CARRIAGEWAY = {
    lanes: Profile(
        lanes=lanes,
        is_one_way=True,
        shoulder_m=2.5,
        left_shoulder_m=1.0,
        centre=CentreLine.BROKEN_WHITE,
        speed_kmh=90,
    )
    for lanes in (3, 4)
}
_RAMP = Profile(
    lanes=1, is_one_way=True, shoulder_m=1.2, left_shoulder_m=0.6, centre=CentreLine.BROKEN_WHITE, speed_kmh=50
)
_BRIDGE = Profile(lanes=1, shoulder_m=1.5, centre=CentreLine.DOUBLE_YELLOW, speed_kmh=50)
_STREET = Profile(lanes=1, sidewalk_m=4.0, centre=CentreLine.BROKEN_YELLOW, speed_kmh=40)
_SHOPS = Profile(lanes=1, parking_m=2.5, sidewalk_m=3.7, centre=CentreLine.BROKEN_YELLOW, speed_kmh=30)


def _loop() -> Path:
    """The motorway's middle, clockwise from the middle of its northern side all the way round."""
    x, y = _HALF_X, _HALF_Y
    corners = [(x, -y), (x, y), (-x, y), (-x, -y)]
    points = [(px, py + _MIDDLE_Y) for px, py in [(0.0, -y), *corners, (0.0, -y)]]
    return path_through(points, [_BEND_M] * 4)


def _carriageways() -> tuple[list[JunctionPlan], list[StreetPlan]]:
    """Both carriageways and their ramps; nodes are called by place (N, S), side (I, O) and kind (exit, entry)."""
    nodes, streets = [], []
    clockwise = _loop()
    half = 0.5 * clockwise.length
    for side, loop, order in (("I", clockwise, "NS"), ("O", clockwise.reversed(), "NS")):
        line = _twice(loop).shifted(_MEDIAN_M)
        scale = line.length / 2.0 / loop.length
        for number, place in enumerate(order):
            # The interchange lies at the start of the loop, and half a loop later.
            middle = (0.5 * line.length if number == 0 else 0.0) + number * half * scale
            exit_s, entry_s = middle - _RAMP_FROM_M, middle + _RAMP_FROM_M
            following = f"{order[1 - number]}{side}"
            own = f"{place}{side}"
            nodes += [
                JunctionPlan(name=f"{own} exit", x=0.0, y=0.0, control=Control.LANES),
                JunctionPlan(name=f"{own} entry", x=0.0, y=0.0, control=Control.LANES),
            ]
            streets.append(
                StreetPlan(
                    start=f"{own} exit",
                    end=f"{own} entry",
                    profile=_CARRIAGEWAY[3],
                    course=line.trimmed(exit_s + _PARTING_M, entry_s - _PARTING_M),
                )
            )
            next_exit = middle + half * scale - _RAMP_FROM_M
            first = entry_s if next_exit <= line.length else entry_s - 0.5 * line.length
            last = next_exit if next_exit <= line.length else next_exit - 0.5 * line.length
            streets.append(
                StreetPlan(
                    start=f"{own} entry",
                    end=f"{following} exit",
                    profile=_CARRIAGEWAY[4],
                    course=line.trimmed(first, last),
                )
            )
            streets += _ramps(place, side)
    return nodes, streets


def _twice(loop: Path) -> Path:
    """The loop driven twice, so that a stretch may run over its start."""
    return Path((*loop.pieces, *loop.pieces))


def _ramps(place: str, side: str) -> list[StreetPlan]:
    """The ramp up from a carriageway's exit, and the one down to its entry."""
    north, inner = place == "N", side == "I"
    sign_y = -1.0 if north else 1.0
    aside = -_RAMP_ASIDE_M if inner else _RAMP_ASIDE_M
    y = _MIDDLE_Y + sign_y * (_HALF_Y + aside)
    crossing_y = _MIDDLE_Y + sign_y * _CROSSING_Y[0 if inner else 1]
    ahead = 1.0 if north == inner else -1.0  # which way x grows along the carriageway
    far, near = _RAMP_FROM_M - _PARTING_M, 60.0
    ends = f"{place}{side}"
    return [
        StreetPlan(
            start=f"{ends} exit",
            end=ends,
            profile=_RAMP,
            starts_at=(-ahead * far, y),
            via=((-ahead * (far - 25.0), y, 90.0), (-ahead * near, crossing_y, 90.0)),
        ),
        StreetPlan(
            start=ends,
            end=f"{ends} entry",
            profile=_RAMP,
            ends_at=(ahead * far, y),
            via=((ahead * near, crossing_y, 90.0), (ahead * (far - 25.0), y, 90.0)),
        ),
    ]


def _crossings() -> list[JunctionPlan]:
    inside, outside = _CROSSING_Y
    return [
        junction("NI", 0, _MIDDLE_Y - inside, Control.LIGHTS, z=_BRIDGE_M),
        junction("NO", 0, _MIDDLE_Y - outside, Control.LIGHTS, z=_BRIDGE_M),
        junction("SI", 0, _MIDDLE_Y + inside, Control.LIGHTS, z=_BRIDGE_M),
        junction("SO", 0, _MIDDLE_Y + outside, Control.LIGHTS, z=_BRIDGE_M),
    ]


def _bridge(start: str, end: str) -> StreetPlan:
    return StreetPlan(start=start, end=end, profile=_BRIDGE, bridge=(0.14, 0.86))


_NODES, _MOTORWAY = _carriageways()

TOWN04 = TownPlan(
    name="Town04",
    junctions=(
        *_NODES,
        *_crossings(),
        junction("N", 0, _MIDDLE_Y - 105, Control.LIGHTS),
        junction("W", -140, _MIDDLE_Y, Control.STOP),
        junction("C", 0, _MIDDLE_Y, Control.LIGHTS),
        junction("E", 140, _MIDDLE_Y, Control.LIGHTS),
        junction("S", 0, _MIDDLE_Y + 105, Control.LIGHTS),
    ),
    streets=(
        *_MOTORWAY,
        _bridge("NI", "NO"),
        _bridge("SI", "SO"),
        street("N", "NI", _STREET),
        street("S", "SI", _STREET),
        street("W", "N", _STREET, (-140, _MIDDLE_Y - 105, 35)),
        street("N", "E", _STREET, (140, _MIDDLE_Y - 105, 35)),
        street("E", "S", _STREET, (140, _MIDDLE_Y + 105, 35)),
        street("S", "W", _STREET, (-140, _MIDDLE_Y + 105, 35)),
        street("W", "C", _SHOPS),
        street("C", "E", _SHOPS),
        street("N", "C", _SHOPS),
        street("C", "S", _STREET),
    ),
    uses=(
        (-70, _MIDDLE_Y - 52, BlockUse.SHOPS),
        (70, _MIDDLE_Y - 52, BlockUse.HOUSES),
        (-70, _MIDDLE_Y + 52, BlockUse.VILLAGE),
        (70, _MIDDLE_Y + 52, BlockUse.PARK),
        (0, _MIDDLE_Y - 170, BlockUse.VILLAGE),
        (0, _MIDDLE_Y + 170, BlockUse.HOUSES),
        (-180, _MIDDLE_Y, BlockUse.VILLAGE),
        (180, _MIDDLE_Y, BlockUse.HOUSES),
        (-100, _MIDDLE_Y + 135, BlockUse.VILLAGE),
        (100, _MIDDLE_Y + 135, BlockUse.INDUSTRY),
    ),
    outskirts=BlockUse.VILLAGE,
    spawn_spacing_m=60.0,
    is_level=False,
    railway=((_RAILWAY_X, _MIDDLE_Y - _HALF_Y - 50.0), (_RAILWAY_X, _MIDDLE_Y + _HALF_Y + 50.0)),
)
