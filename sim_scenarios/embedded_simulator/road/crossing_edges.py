"""What borders a lane across a junction: the sidewalk round a corner, the shoulder of a ramp, the line beside it.

Only the lanes along a junction's rim have an edge; those in its middle lie on the asphalt of all.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim_scenarios.embedded_simulator.road.markings import EDGE_WIDTH_M, LINE_WIDTH_M, Mark
from sim_scenarios.embedded_simulator.road.network import Connection, Junction
from sim_scenarios.embedded_simulator.road.plan import Control, Profile


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """A lane beside the driving lane."""

    kind: str
    """OpenDRIVE's type: sidewalk or shoulder."""
    start_m: float
    """Width where it begins and ends [m]."""
    end_m: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Edges:
    """Both sides of a lane across a junction."""

    left: Edge | None = None
    right: Edge | None = None
    mark: Mark | None = None
    """The line along its right border."""


def edges_of(junction: Junction, connection: Connection) -> Edges:
    """What lies beside one of a junction's connections."""
    if junction.plan.control is Control.LANES:
        return _beside_carriageway(connection)
    return Edges(right=_round_corner(junction, connection))


def _round_corner(junction: Junction, connection: Connection) -> Edge | None:
    """The sidewalk, if the lane is the outermost one from an arm to the one on its left."""
    is_outermost = (
        connection.incoming_lane == connection.incoming.lanes(incoming=True) - 1
        and connection.outgoing_lane == connection.outgoing.lanes(incoming=False) - 1
    )
    hugs = any(
        corner.arm is connection.outgoing and corner.following is connection.incoming for corner in junction.corners()
    )
    before, after = _right_edge(connection.incoming.profile), _right_edge(connection.outgoing.profile)
    if not (is_outermost and hugs) or max(before[1], after[1]) == 0.0:
        return None
    kind = "sidewalk" if before[0] == after[0] == "sidewalk" else "shoulder"
    if kind == "shoulder":  # a sidewalk ends where a ramp begins
        before, after = (side if side[0] == kind else (kind, 0.0) for side in (before, after))
    return Edge(kind=kind, start_m=before[1], end_m=after[1])


def _right_edge(profile: Profile) -> tuple[str, float]:
    """Type and width of what lies beyond the driving lanes at the end of a street, where bays are closed."""
    kind, width = profile.outer_lane
    return kind, width + profile.parking_m


def _beside_carriageway(connection: Connection) -> Edges:
    incoming, outgoing = connection.incoming, connection.outgoing
    is_last = (
        connection.incoming_lane == incoming.lanes(incoming=True) - 1,
        connection.outgoing_lane == outgoing.lanes(incoming=False) - 1,
    )
    is_first = connection.incoming_lane == 0, connection.outgoing_lane == 0
    right = _shoulder(
        incoming.profile.shoulder_m if is_last[0] else 0.0, outgoing.profile.shoulder_m if is_last[1] else 0.0
    )
    left = _shoulder(
        incoming.profile.left_shoulder_m if is_first[0] else 0.0,
        outgoing.profile.left_shoulder_m if is_first[1] else 0.0,
    )
    is_inner = not any(is_last)
    mark = Mark(
        start=0.0,
        end=connection.path.length,
        kind="broken" if is_inner else "solid",
        color="white",
        width_m=LINE_WIDTH_M if is_inner else EDGE_WIDTH_M,
        lane_change="none",
    )
    return Edges(left=left, right=right, mark=mark)


def _shoulder(start_m: float, end_m: float) -> Edge | None:
    return Edge(kind="shoulder", start_m=start_m, end_m=end_m) if start_m > 0.0 or end_m > 0.0 else None
