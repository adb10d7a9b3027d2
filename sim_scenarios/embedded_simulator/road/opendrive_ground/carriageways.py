"""Surfaces of stretches: lanes, kerbs between low and raised ones, and the sides by which they reach into the land."""

from __future__ import annotations

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.ground import TAG_ROAD, TAG_SIDEWALK, GroundMesh
from sim_scenarios.embedded_simulator.road.opendrive_ground.cross_sections import Level, Stretch, cover_of
from sim_scenarios.embedded_simulator.road.plan import LANE_WIDTH_M
from sim_scenarios.embedded_simulator.road.surfaces import GUTTER, GUTTER_M, LANES

KERB_TOP_M = 0.15
SIDE_M = 0.5
"""How deep a road reaches into the land: the land ends a little below its edge."""
_UP = np.array([0.0, 0.0, 1.0])


def add_stretch(mesh: GroundMesh, stretch: Stretch) -> None:
    """Everything of a stretch that is not paint."""
    rises = [cover_of(lane).rise_m for lane in stretch.lanes]
    for index, lane in enumerate(stretch.lanes):
        cover = cover_of(lane)
        left, right = stretch.edge(index, rise_m=cover.rise_m), stretch.edge(index + 1, rise_m=cover.rise_m)
        if index > 0 and rises[index - 1] < cover.rise_m:
            left = _add_kerb(mesh, stretch, index, left, right, sign=1.0)
        if index + 1 < len(rises) and rises[index + 1] < cover.rise_m:
            right = _add_kerb(mesh, stretch, index + 1, right, left, sign=-1.0)
        if cover.rise_m > 0.0:
            mesh.add_strip(cover.material, cover.tag, left, right)
            _add_ends(mesh, left, right, cover.rise_m)
            continue
        if index > 0 and rises[index - 1] > 0.0:
            left = _add_gutter(mesh, stretch, left, right)
        if index + 1 < len(rises) and rises[index + 1] > 0.0:
            right = _add_gutter(mesh, stretch, right, left)
        if lane.type == "driving":
            uvs = [np.stack([stretch.s, np.full_like(stretch.s, across)], axis=1) for across in (0.0, LANE_WIDTH_M)]
            mesh.add_strip(LANES, cover.tag, left, right, (uvs[0], uvs[1]))
        else:
            mesh.add_strip(cover.material, cover.tag, left, right)
    if stretch.level is Level.LAND:
        left, right = stretch.outer_edges()
        mesh.add_strip("kerb", TAG_SIDEWALK, left - SIDE_M * _UP, left)
        mesh.add_strip("kerb", TAG_SIDEWALK, right, right - SIDE_M * _UP)


def _add_kerb(mesh: GroundMesh, stretch: Stretch, index: int, near: Array, far: Array, *, sign: float) -> Array:
    """A kerb at border ``index``, its face to the lower lane; returns where the raised lane's own surface begins."""
    foot = stretch.edge(index)
    across = far - near
    width = np.linalg.norm(across, axis=1, keepdims=True)
    top = near + across * np.minimum(KERB_TOP_M / np.maximum(width, 1e-9), 0.5)
    s = stretch.s
    low, high = np.stack([s, np.zeros_like(s)], axis=1), np.stack([s, near[:, 2] - foot[:, 2]], axis=1)
    if sign > 0.0:
        mesh.add_strip("kerb", TAG_SIDEWALK, foot, near, (low, high))
    else:
        mesh.add_strip("kerb", TAG_SIDEWALK, near, foot, (high, low))
    mesh.add_strip("kerb", TAG_SIDEWALK, near, top, (high, high + np.array([0.0, KERB_TOP_M])))
    return np.asarray(top)


def _add_gutter(mesh: GroundMesh, stretch: Stretch, kerb: Array, far: Array) -> Array:
    """A gutter along the foot of a kerb; returns where the lane's own surface begins."""
    across = far - kerb
    width = np.linalg.norm(across, axis=1, keepdims=True)
    inner = kerb + across * np.minimum(GUTTER_M / np.maximum(width, 1e-9), 0.5)
    uvs = [np.stack([stretch.s, np.full_like(stretch.s, v)], axis=1) for v in (0.0, GUTTER_M)]
    mesh.add_strip(GUTTER, TAG_ROAD, kerb, inner, (uvs[0], uvs[1]))
    return np.asarray(inner)


def _add_ends(mesh: GroundMesh, left: Array, right: Array, rise_m: float) -> None:
    """Upright faces at both ends of a raised lane; where it goes on, they are hidden between the two."""
    for at, is_start in ((0, True), (-1, False)):
        top = np.stack([left[at], right[at]])
        foot = top - rise_m * _UP
        ends = (top, foot) if is_start else (foot, top)
        mesh.add_strip("kerb", TAG_SIDEWALK, *ends)
