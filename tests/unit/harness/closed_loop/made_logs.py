"""Episode logs that follow from a few words: a car that is moved along by speed and turn rate, beside a drawn route.

Everything a log holds is filled: lanes are those of the route, ``LANE_WIDTH_M`` wide, with grass beside them. The
nearest point of the route is found among points a centimetre apart: slow, and another way than the metrics'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.closed_loop.episode_log import (
    NUM_CENTER_POINTS,
    CollisionEvent,
    EpisodeActor,
    EpisodeKey,
    EpisodeLog,
    LaneInvasionEvent,
    StopLine,
)

Floats = NDArray[np.float64]

STEP_S = 0.05
LANE_WIDTH_M = 3.5
CAR = EpisodeActor(
    blueprint="vehicle.test.car", kind="vehicle", half_extents_m=(2.25, 1.0, 0.75), center_m=(0.0, 0.0, 0.75)
)
WALKER = EpisodeActor(
    blueprint="walker.pedestrian.0001", kind="walker", half_extents_m=(0.25, 0.25, 0.9), center_m=(0.0, 0.0, 0.9)
)
BOX = EpisodeActor(blueprint="static.prop.box", kind="static", half_extents_m=(0.5, 0.5, 0.5), center_m=(0.0, 0.0, 0.5))
ACTORS = {"car": CAR, "walker": WALKER, "box": BOX}
KEY = EpisodeKey(scenario="lane", weather="ClearNoon", width=320, height=180, fov=90.0, policy="mask", repeat=1)


def route_of(bend_radius_m: float | None = None, length_m: float = 100.0) -> tuple[Floats, Floats]:
    """Points (R, 3) from the origin along x, turning right (left: a negative radius), and headings (R,) [deg]."""
    s = np.append(np.arange(0.0, length_m - 0.5), length_m)
    if bend_radius_m is None:
        return np.stack([s, 0 * s, 0 * s], axis=-1), 0 * s
    turn = s / bend_radius_m
    points = bend_radius_m * np.stack([np.sin(turn), 1 - np.cos(turn), 0 * s], axis=-1)
    return points, np.degrees(turn)


def moved(start: Sequence[float], moves: Sequence[Mapping[str, float]]) -> tuple[Floats, Floats, Floats]:
    """Poses x, y, yaw [rad] (T, 3) of a car that begins at ``start`` (x, y, yaw [deg]), speeds and turn rates (T,).

    Each move lasts ``ticks`` at ``speed`` [m/s] and ``turn_deg`` [deg/s]; the first tick has the start's pose. Steps
    are chords of the circle that is driven, so that positions and headings lie exactly on it.
    """
    speeds = np.concatenate([np.full(int(move["ticks"]), move["speed"]) for move in moves])
    turns = np.radians(np.concatenate([np.full(int(move["ticks"]), move.get("turn_deg", 0.0)) for move in moves]))
    poses = np.empty((len(speeds), 3))
    poses[0] = start[0], start[1], np.radians(start[2])
    for tick in range(1, len(speeds)):
        x, y, yaw = poses[tick - 1]
        angle = turns[tick - 1] * STEP_S
        chord = speeds[tick - 1] * STEP_S * float(np.sinc(angle / 2 / np.pi))
        poses[tick] = x + chord * np.cos(yaw + angle / 2), y + chord * np.sin(yaw + angle / 2), yaw + angle
    return poses, speeds, turns


def transforms_of(poses: Floats) -> NDArray[np.float32]:
    """(T, 6) x, y, z, pitch, yaw [deg], roll of (T, 3) x, y, yaw [rad]."""
    made = np.zeros((len(poses), 6), np.float32)
    made[:, :2], made[:, 4] = poses[:, :2], np.degrees(poses[:, 2])
    return made


def make_log(
    *,
    start: Sequence[float] = (0.0, 0.0, 0.0),
    moves: Sequence[Mapping[str, float]] = ({"ticks": 100, "speed": 10.0},),
    sidesteps: Sequence[tuple[int, int, float]] = (),
    bend_radius_m: float | None = None,
    length_m: float = 100.0,
    others: Sequence[Mapping[str, Any]] = (),
    collisions: Sequence[Mapping[str, Any]] = (),
    invasions: Sequence[Mapping[str, Any]] = (),
    stop_lines: Sequence[Mapping[str, Any]] = (),
    lights: Sequence[Sequence[Any]] = (),
    decisions: Sequence[Mapping[str, Any]] = (),
    counts: Any = None,
    **changes: Any,
) -> EpisodeLog:
    """A log of one drive.

    Args:
        start: x, y [m] and yaw [deg] of the ego.
        moves: how it goes on, see `moved`.
        sidesteps: first tick, tick behind the last one and y [m], where the ego is put in between.
        bend_radius_m: of the route, see `route_of`.
        length_m: of the route.
        others: ``actor`` (a name of ``ACTORS``), ``start`` and ``moves``; ``from`` and ``until``: ticks it is there.
        collisions: fields of `CollisionEvent`, or ``ticks`` in place of ``tick``.
        invasions: fields of `LaneInvasionEvent`.
        stop_lines: fields of `StopLine`.
        lights: for each light, [tick, state] from which on it is in that state.
        decisions: ``tick``, and ``state``, ``hazard`` where they are not the usual.
        counts: (D, K, 3); the policy calls class 1 road and class 2 lines.
        changes: fields of `EpisodeLog`.
    """
    poses, speeds, turns = moved(start, moves)
    for begin, end, y in sidesteps:
        poses[begin:end, 1] = y
    num_ticks = len(poses)
    points, yaws = route_of(bend_radius_m, length_m)
    dense = along(points, yaws)
    nearest = nearest_of(dense, poses[:, :2])
    ticks = np.array([decision["tick"] for decision in decisions], np.int32)
    pixels = np.zeros((len(ticks), 0, 3), np.int64) if counts is None else np.asarray(counts, np.int64)
    columns = [_other(other, num_ticks) for other in others]
    fields: dict[str, Any] = {
        "key": KEY,
        "scenario": {"name": "lane", "seed": 7, "group": "lane following"},
        "weather_keys": [{"sun_altitude_angle": 45.0}],
        "policy": {"name": "mask", "road_classes": [1], "line_classes": [2]},
        "rules": {"max_ticks": 1000},
        "server": {"version": "0.9.16", "town": "Town10HD_Opt"},
        "fixed_delta_seconds": STEP_S,
        "reason": "goal",
        "message": "",
        "classes": tuple(f"class {number}" for number in range(pixels.shape[1])),
        "actors": (CAR, *(ACTORS[other["actor"]] for other in others)),
        "stop_lines": tuple(StopLine(**line) for line in stop_lines),
        "collisions": tuple(
            CollisionEvent(tick=tick, other=each["other"], other_actor=each.get("other_actor", -1), impulse=100.0)
            for each in collisions
            for tick in each.get("ticks", [each.get("tick")])
        ),
        "lane_invasions": tuple(
            LaneInvasionEvent(tick=each["tick"], markings=tuple(each["markings"])) for each in invasions
        ),
        "route_points": points,
        "route_yaws_deg": yaws,
        "route_s_m": np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points[:, :2], axis=0).T))]),
        "route_lane_widths_m": np.full(len(points), LANE_WIDTH_M),
        "route_commands": np.full(len(points), 4, np.uint8),
        "route_junctions": np.zeros(len(points), np.bool_),
        "velocities": np.stack(
            [speeds * np.cos(poses[:, 2]), speeds * np.sin(poses[:, 2]), 0 * speeds], axis=-1
        ).astype(np.float32),
        "yaw_rates": turns.astype(np.float32),
        "controls": np.zeros((num_ticks, 3), np.float32),
        "speed_limits": np.full(num_ticks, 13.9, np.float32),
        "route_progress_m": np.maximum.accumulate(dense[nearest, 3]).astype(np.float32),
        "lane_centers": dense[nearest, :3].astype(np.float32),
        "lane_widths_m": np.full(num_ticks, LANE_WIDTH_M, np.float32),
        "lanes": np.tile(np.array([1, 0, -1], np.int32), (num_ticks, 1)),
        "in_junction": np.zeros(num_ticks, np.bool_),
        "on_lane_types": lane_types(dense, poses),
        "actor_transforms": np.stack([transforms_of(poses), *columns], axis=1),
        "light_states": _light_states(lights, num_ticks),
        "decision_ticks": ticks,
        "center_lines": np.zeros((len(ticks), NUM_CENTER_POINTS, 2), np.float32),
        "corridor_widths_m": np.full(len(ticks), 3.5, np.float32),
        "hazards": np.array([(each.get("hazard", np.inf), -1) for each in decisions], np.float32).reshape(-1, 2),
        "states": np.array([each.get("state", 0) for each in decisions], np.uint8),
        "target_speeds": np.full(len(ticks), 10.0, np.float32),
        "mask_digests": np.arange(len(ticks), dtype=np.uint64),
        "counts": pixels,
    }
    return EpisodeLog(**fields | changes)


def along(points: Floats, yaws_deg: Floats) -> Floats:
    """(N, 4) x, y, yaw [deg] and way from the start of points a centimetre apart on a polyline (R, 3)."""
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points[:, :2], axis=0).T))])
    fine = np.append(np.arange(0.0, s[-1], 0.01), s[-1])
    return np.stack([np.interp(fine, s, each) for each in (points[:, 0], points[:, 1], yaws_deg, s)], axis=-1)


def nearest_of(dense: Floats, positions: Floats) -> NDArray[np.intp]:
    """Which of N points is nearest to each of M positions (M, 2)."""
    return np.array([np.argmin(np.hypot(*(dense[:, :2] - position).T)) for position in positions], np.intp)


def lane_types(dense: Floats, poses: Floats) -> NDArray[np.int32]:
    """(T, 5) Driving within half a lane's width of the route, beyond it nothing: origin, then the corners."""
    length, width = CAR.half_extents_m[:2]
    corners = np.array([(0, 0), (length, -width), (length, width), (-length, width), (-length, -width)])
    cos, sin = np.cos(poses[:, 2]), np.sin(poses[:, 2])
    turned = np.stack(
        [np.outer(cos, corners[:, 0]) - np.outer(sin, corners[:, 1]),
         np.outer(sin, corners[:, 0]) + np.outer(cos, corners[:, 1])], axis=-1,
    )  # fmt: skip
    under = (poses[:, None, :2] + turned).reshape(-1, 2)
    near = dense[nearest_of(dense[::10], under) * 10]
    ahead = np.radians(near[:, 2])
    x, y = (under - near[:, :2]).T
    aside = np.abs(y * np.cos(ahead) - x * np.sin(ahead))
    return np.where(aside <= LANE_WIDTH_M / 2, 2, 1).astype(np.int32).reshape(-1, 5)


def _other(other: Mapping[str, Any], num_ticks: int) -> NDArray[np.float32]:
    """(T, 6) of another actor; NaN while it is not there."""
    poses, _, _ = moved(other["start"], other.get("moves") or [{"ticks": num_ticks, "speed": 0.0}])
    made = transforms_of(poses)
    made[: other.get("from", 0)] = np.nan
    made[other.get("until", num_ticks) :] = np.nan
    return made


def _light_states(lights: Sequence[Sequence[Any]], num_ticks: int) -> NDArray[np.uint8]:
    states = np.full((num_ticks, len(lights)), 2, np.uint8)
    for number, changes in enumerate(lights):
        for tick, state in changes:
            states[tick:, number] = state
    return states
