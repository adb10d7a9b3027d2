"""Painted markings as thin geometry of their own, just above the asphalt."""

from __future__ import annotations

import math

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Array, wrap
from sim_scenarios.embedded_simulator.road.ground import TAG_ROAD_LINE, GroundMesh, lifted
from sim_scenarios.embedded_simulator.road.markings import (
    DASH_M,
    DASH_PERIOD_M,
    DOUBLE_GAP_M,
    LINE_WIDTH_M,
    Mark,
    centre_marks,
    edge_marks,
    lane_marks,
)
from sim_scenarios.embedded_simulator.road.network import Arm, Junction, Network, Street
from sim_scenarios.embedded_simulator.road.plan import CROSSWALK_M, LANE_WIDTH_M, STOP_LINE_M, Control
from sim_scenarios.embedded_simulator.road.signals import must_wait

PAINT_HEIGHT_M = 0.012
BAY_LENGTH_M = 6.2
_LINES_FROM_M = 5.6
_EDGE_INSET_M = 0.25
_ZEBRA_BAR_M = 0.5
_ZEBRA_GAP_M = 0.5
_ARROWS_ALONG_M = (11.5, 27.0)
_STEP_LINE_M = 16.0
_STEP_ARC_M = 2.0


def add_paint(mesh: GroundMesh, network: Network) -> None:
    """All markings of the town."""
    add_arrows(mesh, network)
    for street in network.streets:
        _add_lines(mesh, street)
        _add_bay_bounds(mesh, street)
    for junction in network.junctions:
        for arm in junction.arms:
            _add_zebra(mesh, arm)
            if must_wait(junction, arm):
                _add_stop_line(mesh, arm)


def add_arrows(mesh: GroundMesh, network: Network) -> None:
    """Arrows on the approaches of junctions with lights."""
    for junction in network.junctions:
        if junction.plan.control is Control.LIGHTS:
            for arm in junction.arms:
                _add_arrows(mesh, junction, arm)


def bays(street: Street) -> list[float]:
    """Middles of the parking bays along each kerb [m along the street]; empty where there are none."""
    full = [s for s, width in street.parking_knots() if width > 0.0]
    if not full:
        return []
    count = int((full[1] - full[0]) // BAY_LENGTH_M)
    margin = 0.5 * (full[1] - full[0] - count * BAY_LENGTH_M)
    return [full[0] + margin + (i + 0.5) * BAY_LENGTH_M for i in range(count)]


def _add_lines(mesh: GroundMesh, street: Street) -> None:
    profile = street.profile
    for mark in centre_marks(street):
        _add_mark(mesh, street, 0.0, mark)
    for sign in (-1.0, 1.0):
        for lane in range(1, profile.lanes):
            for mark in lane_marks(street, toward_start=sign < 0.0):
                _add_mark(mesh, street, sign * lane * LANE_WIDTH_M, mark)
        inset = _EDGE_INSET_M if profile.parking_m == 0.0 else 0.0
        for mark in edge_marks(street):
            _add_mark(mesh, street, sign * (profile.carriageway_m - inset), mark)


def _add_mark(mesh: GroundMesh, street: Street, offset: float, mark: Mark) -> None:
    start, end = max(mark.start, _LINES_FROM_M), min(mark.end, street.length - _LINES_FROM_M)
    material = "paint_white" if mark.color == "white" else "paint_yellow"
    if mark.kind == "solid solid":
        aside = 0.5 * (DOUBLE_GAP_M + mark.width_m)
        for side in (-aside, aside):
            _add_line(mesh, street, material, start, end, offset + side, mark.width_m)
    elif mark.kind == "solid":
        _add_line(mesh, street, material, start, end, offset, mark.width_m)
    elif mark.kind == "broken":
        # Dashes are laid out symmetrically, so that both ends look alike.
        count = int((end - start + DASH_PERIOD_M - DASH_M) // DASH_PERIOD_M)
        first = start + 0.5 * (end - start - (count - 1) * DASH_PERIOD_M - DASH_M)
        for i in range(count):
            dash = first + i * DASH_PERIOD_M
            _add_line(mesh, street, material, dash, dash + DASH_M, offset, mark.width_m)


def _add_line(
    mesh: GroundMesh, street: Street, material: str, start: float, end: float, offset: float, width: float
) -> None:
    part = street.path.trimmed(start, end)
    stations = start + part.stations(line_step_m=_STEP_LINE_M, arc_step_m=_STEP_ARC_M)
    points, yaws = street.path.at(stations)
    aside = np.stack([-np.sin(yaws), np.cos(yaws)], axis=-1)
    rights = offset - 0.5 * width, offset + 0.5 * width
    edges = [lifted(points + right * aside, PAINT_HEIGHT_M) for right in rights]
    uvs = [np.stack([stations, np.full_like(stations, right)], axis=1) for right in rights]
    mesh.add_strip(material, TAG_ROAD_LINE, edges[0], edges[1], (uvs[0], uvs[1]))


def _add_bay_bounds(mesh: GroundMesh, street: Street) -> None:
    middles = bays(street)
    if not middles:
        return
    inner = street.profile.carriageway_m
    outer = inner + street.profile.parking_m
    for s in [middles[0] - 0.5 * BAY_LENGTH_M, *(s + 0.5 * BAY_LENGTH_M for s in middles)]:
        for sign in (-1.0, 1.0):
            stations = np.array([s - 0.05, s + 0.05])
            edges = [
                lifted(street.path.offset(stations, sign * r), PAINT_HEIGHT_M) for r in (inner + 0.06, outer - 0.1)
            ]
            mesh.add_strip("paint_white", TAG_ROAD_LINE, edges[0], edges[1])


def _quad(mesh: GroundMesh, arm: Arm, along: tuple[float, float], right: tuple[float, float]) -> None:
    edges = [lifted(np.stack([arm.point(a, r) for a in along]), PAINT_HEIGHT_M) for r in right]
    mesh.add_strip("paint_white", TAG_ROAD_LINE, edges[0], edges[1])


def _add_zebra(mesh: GroundMesh, arm: Arm) -> None:
    half = arm.profile.carriageway_m
    period = _ZEBRA_BAR_M + _ZEBRA_GAP_M
    count = int((2.0 * half - 0.3) // period)
    first = -0.5 * (count * period - _ZEBRA_GAP_M)
    for i in range(count):
        right = first + i * period
        _quad(mesh, arm, CROSSWALK_M, (right, right + _ZEBRA_BAR_M))


def _add_stop_line(mesh: GroundMesh, arm: Arm) -> None:
    _quad(mesh, arm, STOP_LINE_M, (-arm.profile.carriageway_m + _EDGE_INSET_M, -0.5 * LINE_WIDTH_M - DOUBLE_GAP_M))


def _add_arrows(mesh: GroundMesh, junction: Junction, arm: Arm) -> None:
    for lane in range(arm.profile.lanes):
        turns = {c.turn for c in junction.connections if c.incoming is arm and c.incoming_lane == lane}
        if not turns:
            continue
        triangles = arrow_triangles(frozenset(turns))
        for along in _ARROWS_ALONG_M:
            if along > 0.5 * arm.street.length:
                continue
            origin = arm.point(along, -(lane + 0.5) * LANE_WIDTH_M)
            yaw = wrap(arm.yaw + math.pi)
            turn = np.array([[math.cos(yaw), math.sin(yaw)], [-math.sin(yaw), math.cos(yaw)]])
            points = origin + triangles.reshape(-1, 2) @ turn
            corners = np.arange(len(points), dtype=np.int64).reshape(-1, 3)
            s = arm.s(along) + (-1.0 if arm.at_start else 1.0) * triangles.reshape(-1, 2)[:, 0]
            heights = arm.street.elevation.at(s) + PAINT_HEIGHT_M
            mesh.add("paint_white", TAG_ROAD_LINE, lifted(points, heights), corners)


def arrow_triangles(turns: frozenset[str]) -> Array:
    """A pavement arrow for left, straight and right in the lane's frame (x ahead, y right): (T, 3, 2) [m].

    The parts of one arrow touch but do not overlap, since equal heights would flicker.
    """
    half, tip = 0.075, 4.4
    parts: list[Array] = []
    if "straight" in turns:
        parts += _rectangle(0.0, tip - 1.3, -half, half)
        parts.append(np.array([[tip - 1.3, -0.35], [tip, 0.0], [tip - 1.3, 0.35]]))
    else:
        parts += _rectangle(0.0, 2.1 - half, -half, half)
    for name, sign in (("left", -1.0), ("right", 1.0)):
        if name not in turns:
            continue
        low, high = (1.55, 1.7) if "straight" in turns else (2.1 - half, 2.1 + half)
        inner = sign * half if "straight" in turns else -sign * half
        if {"left", "right"} <= turns and "straight" not in turns:
            inner = 0.0
        outer = sign * 0.55
        parts += _rectangle(low, high, min(inner, outer), max(inner, outer))
        middle = 0.5 * (low + high)
        parts.append(np.array([[middle - 0.55, outer], [middle, sign * 1.15], [middle + 0.55, outer]]))
    return np.stack(parts)


def _rectangle(x0: float, x1: float, y0: float, y1: float) -> list[Array]:
    return [np.array([[x0, y0], [x1, y0], [x1, y1]]), np.array([[x0, y0], [x1, y1], [x0, y1]])]
