"""Which lanes lead across a junction to which, and on what line."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import RoadError, turn_between, wrap
from sim_scenarios.embedded_simulator.road.network import Arm, Connection
from sim_scenarios.embedded_simulator.road.plan import LANE_WIDTH_M, Control


def connections_across(control: Control, arms: tuple[Arm, ...], first_road_id: int) -> Iterator[Connection]:
    """The lanes across a junction with these arms, by rising road id.

    Raises:
        RoadError: when lanes do not match.
    """
    return (_parallel_lanes if control is Control.LANES else _turns)(arms, first_road_id)


def _parallel_lanes(arms: tuple[Arm, ...], first_road_id: int) -> Iterator[Connection]:
    """Lane follows lane from left to right, whichever carriageway it belongs to."""
    before = [(arm, lane) for arm in arms for lane in range(arm.lanes(incoming=True))]
    after = [(arm, lane) for arm in arms for lane in range(arm.lanes(incoming=False))]
    if len(before) != len(after):
        raise RoadError(f"{len(before)} lanes lead to where {len(after)} go on; each needs one that follows it")
    yaw = wrap(before[0][0].yaw + math.pi)
    aside = np.array([-math.sin(yaw), math.cos(yaw)])
    before.sort(key=lambda end: float(end[0].point(0.0, -end[1] * LANE_WIDTH_M) @ aside))
    after.sort(key=lambda end: float(end[0].point(0.0, end[1] * LANE_WIDTH_M) @ aside))
    for number, ((incoming, lane_in), (outgoing, lane_out)) in enumerate(zip(before, after, strict=True)):
        yield _connection(first_road_id + number, incoming, lane_in, outgoing, lane_out, "straight")


def _turns(arms: tuple[Arm, ...], first_road_id: int) -> Iterator[Connection]:
    road_id = first_road_id
    for incoming in arms:
        for outgoing in arms:
            if outgoing is incoming:
                continue
            angle = wrap(outgoing.yaw - incoming.yaw - math.pi)
            turn = "straight" if abs(angle) < math.radians(30.0) else ("right" if angle > 0.0 else "left")
            for lane_in, lane_out in _lane_pairs(turn, incoming.lanes(incoming=True), outgoing.lanes(incoming=False)):
                yield _connection(road_id, incoming, lane_in, outgoing, lane_out, turn)
                road_id += 1


def _connection(road_id: int, incoming: Arm, lane_in: int, outgoing: Arm, lane_out: int, turn: str) -> Connection:
    path = turn_between(
        incoming.point(0.0, -lane_in * LANE_WIDTH_M),
        wrap(incoming.yaw + math.pi),
        outgoing.point(0.0, lane_out * LANE_WIDTH_M),
        outgoing.yaw,
    )
    return Connection(
        road_id=road_id,
        incoming=incoming,
        incoming_lane=lane_in,
        outgoing=outgoing,
        outgoing_lane=lane_out,
        path=path,
        turn=turn,
    )


def _lane_pairs(turn: str, lanes_in: int, lanes_out: int) -> list[tuple[int, int]]:
    """Left turns use the inner lanes, right turns the outer ones, and straight on keeps the lane."""
    if lanes_in == 0 or lanes_out == 0:
        return []
    if turn == "left":
        return [(0, 0)]
    if turn == "right":
        return [(lanes_in - 1, lanes_out - 1)]
    if lanes_in != lanes_out:
        raise RoadError(f"{lanes_in} lanes lead straight into {lanes_out}: plan the same profile on both sides")
    return [(lane, lane) for lane in range(lanes_in)]
