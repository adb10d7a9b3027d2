"""Lamps of the night: a grid that names the street lamps near every place, and the headlights that are on.

Street lamps do not move, so their grid is made once for a town. Lamps light without shadows; what makes them believable
is the fall-off, the downward cone and the angle of the lit surface.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Real, Records, inlined
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot, VehicleLight
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES

CELL_M = 8.0
LAMPS_PER_CELL = 8
"""Room for all whose light reaches a cell: with fewer, the light of one would end in a straight edge."""
LAMP_RANGE_M = 26.0
MAX_HEADLIGHTS = 10
HEADLIGHT_RANGE_M = 60.0
HEADLIGHT_POWER = 26.0
_MAX_HEADLIGHT_DISTANCE_M = 110.0
BEACON_HZ = 2.5
_NOSE_M = {spec.id: spec.length_m / 2.0 - 0.4 for spec in VEHICLES}
"""How far ahead of its middle a vehicle's lamps shine from, by blueprint id."""

LAMP_GRID = np.dtype([("x0", np.float32), ("y0", np.float32), ("columns", np.int64), ("rows", np.int64)], align=True)
"""Where cell (0, 0) starts and how many cells there are; arrays of one element."""


def lamp_grid(lamps: NDArray[np.float32]) -> tuple[Records, NDArray[np.int32]]:
    """The grid's record and (rows, columns, LAMPS_PER_CELL) numbers of the lamps that reach a cell, -1 for none.

    ``lamps`` (N, 3) are world positions [m]. Nearest come first.
    """
    record = np.zeros(1, LAMP_GRID)
    if not len(lamps):
        return record, np.full((1, 1, LAMPS_PER_CELL), -1, np.int32)
    low = lamps[:, :2].min(axis=0) - LAMP_RANGE_M
    columns, rows = np.ceil((lamps[:, :2].max(axis=0) + LAMP_RANGE_M - low) / CELL_M).astype(int)
    record["x0"], record["y0"], record["columns"], record["rows"] = low[0], low[1], columns, rows
    nearest = np.full((rows, columns, LAMPS_PER_CELL), -1, np.int32)
    centers_x = low[0] + (np.arange(columns) + 0.5) * CELL_M
    for row in range(rows):
        y = low[1] + (row + 0.5) * CELL_M
        aside = np.abs(centers_x[:, None] - lamps[None, :, 0]), np.abs(y - lamps[:, 1])[None]  # (columns, N), (1, N)
        reaches = np.hypot(*(np.maximum(part - 0.5 * CELL_M, 0.0) for part in aside)) < LAMP_RANGE_M
        distance = np.where(reaches, np.hypot(*aside), np.inf)
        order = np.argsort(distance, axis=1, kind="stable")[:, :LAMPS_PER_CELL]
        nearest[row, :, : order.shape[1]] = np.where(np.take_along_axis(reaches, order, axis=1), order, -1)
    return record, nearest


def beacon_share(age_s: float) -> float:
    """How brightly the blue lamps of a vehicle of this age [s of simulated time] shine, 0..1: they flash."""
    return 1.0 if math.fmod(age_s * BEACON_HZ, 1.0) < 0.5 else 0.15


def headlights(snapshot: Snapshot, eye: NDArray[np.float64]) -> NDArray[np.float32]:
    """(K, 8) lit pairs of headlights near the camera, nearest first: position [m], direction, strength, reach [m]."""
    rows: list[tuple[float, list[float]]] = []
    for actor in snapshot.actors:
        if not actor.lights & (VehicleLight.LOW_BEAM | VehicleLight.HIGH_BEAM):
            continue
        location, rotation = actor.pose
        yaw, pitch = math.radians(rotation.yaw), math.radians(rotation.pitch)
        fx, fy = math.cos(yaw), math.sin(yaw)
        distance = math.hypot(location.x + 15.0 * fx - eye[0], location.y + 15.0 * fy - eye[1])
        if distance > _MAX_HEADLIGHT_DISTANCE_M:
            continue
        is_high = bool(actor.lights & VehicleLight.HIGH_BEAM)
        strength = HEADLIGHT_POWER * (1.6 if is_high else 1.0)
        ahead = _NOSE_M.get(actor.blueprint_id, 0.0)  # a walker with a lamp
        place = [location.x + ahead * fx, location.y + ahead * fy, location.z + 0.75]
        direction = [fx * math.cos(pitch), fy * math.cos(pitch), math.sin(pitch) + (0.0 if is_high else -0.025)]
        rows.append((distance, [*place, *direction, strength, HEADLIGHT_RANGE_M]))
    rows.sort(key=lambda row: row[0])
    return np.array([row for _, row in rows[:MAX_HEADLIGHTS]], np.float32).reshape(-1, 8)


@inlined
def lamp_light(
    grid: Records, cells: NDArray[np.int32], lamps: NDArray[np.float32],
    x: Real, y: Real, z: Real, nx: Real, ny: Real, nz: Real,
    vx: Real, vy: Real, vz: Real, is_shiny: bool,
) -> tuple[Real, Real, Real, Real, Real, Real]:  # fmt: skip
    """Street light on a surface: diffuse colour, and the colour in which a smooth film would mirror the lamps.

    ``lamps`` (N, 6): place [m] and linear power.
    ``v`` is the unit direction from the surface to the eye; only ``is_shiny`` surfaces mirror.
    """
    column = floor_of((x - grid[0].x0) * F(1.0 / CELL_M))
    row = floor_of((y - grid[0].y0) * F(1.0 / CELL_M))
    if column < 0 or row < 0 or column >= grid[0].columns or row >= grid[0].rows:
        return F(0), F(0), F(0), F(0), F(0), F(0)
    diffuse_r, diffuse_g, diffuse_b = F(0), F(0), F(0)
    mirrored_r, mirrored_g, mirrored_b = F(0), F(0), F(0)
    for i in range(LAMPS_PER_CELL):
        lamp = cells[row, column, i]
        if lamp < 0:
            break
        lx, ly, lz = lamps[lamp, 0] - x, lamps[lamp, 1] - y, lamps[lamp, 2] - z
        square = lx * lx + ly * ly + lz * lz
        reach = F(1) - square * F(1.0 / (LAMP_RANGE_M * LAMP_RANGE_M))
        if reach <= F(0):
            continue
        inverse = F(1) / math.sqrt(square + F(0.05))
        lx, ly, lz = lx * inverse, ly * inverse, lz * inverse
        cone = min(F(1), max(F(0), lz * F(1.35)))
        cone = cone * cone * (F(3) - F(2) * cone)  # no edge where it ends on a facade
        strength = reach * reach * cone / (square + F(18))
        facing = nx * lx + ny * ly + nz * lz
        r, g, b = lamps[lamp, 3] * strength, lamps[lamp, 4] * strength, lamps[lamp, 5] * strength
        share = max(F(0), facing * F(0.92) + F(0.08))
        diffuse_r, diffuse_g, diffuse_b = diffuse_r + r * share, diffuse_g + g * share, diffuse_b + b * share
        if is_shiny:
            hx, hy, hz = lx + vx, ly + vy, lz + vz
            h = (nx * hx + ny * hy + nz * hz) / math.sqrt(hx * hx + hy * hy + hz * hz + F(1e-6))
            if h > F(0.9):
                h = (h - F(0.9)) * F(10)
                h *= h
                h *= h
                h *= h
                mirrored_r, mirrored_g, mirrored_b = mirrored_r + r * h, mirrored_g + g * h, mirrored_b + b * h
    return diffuse_r, diffuse_g, diffuse_b, mirrored_r, mirrored_g, mirrored_b


@inlined
def headlight_light(beams: NDArray[np.float32], x: Real, y: Real, z: Real, nx: Real, ny: Real, nz: Real) -> Real:
    """Diffuse strength of all headlights on a surface."""
    total = F(0)
    for i in range(beams.shape[0]):
        lx, ly, lz = x - beams[i, 0], y - beams[i, 1], z - beams[i, 2]
        ahead = lx * beams[i, 3] + ly * beams[i, 4] + lz * beams[i, 5]
        if ahead < F(0.25) or ahead > beams[i, 7]:
            continue
        side = abs(ly * beams[i, 3] - lx * beams[i, 4]) / ahead
        rise = lz / ahead - beams[i, 5]
        if side > F(0.75) or rise > F(0.16):
            continue
        wide = F(1) - side * F(1.0 / 0.75)
        cut = min(F(1), max(F(0), (F(0.16) - rise) * F(6)))
        fade = F(1) - ahead / beams[i, 7]
        inverse = F(1) / math.sqrt(lx * lx + ly * ly + lz * lz)
        facing = max(F(0.06), -(nx * lx + ny * ly + nz * lz) * inverse + F(0.08))
        total += beams[i, 6] * wide * wide * cut * fade * facing / (F(5) + F(0.045) * ahead * ahead)
    return total
