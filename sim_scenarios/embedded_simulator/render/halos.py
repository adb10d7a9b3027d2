"""Lamps seen from afar: halos in mist and rain, and the long streaks that they leave on wet ground.

A lamp is a few pixels wide, so what it does to the air and to wet asphalt around its image is drawn on the screen, as a
disc and a column for each lamp near the camera. Lamps behind something glow as little as is seen of them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Real, Records, inlined, kernel
from sim_scenarios.embedded_simulator.render.lamps import beacon_share
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT
from sim_scenarios.embedded_simulator.render.sky import fog_opacity
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot, VehicleLight, VisibleActor
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES

MAX_STREET_LAMPS, MAX_VEHICLES = 20, 12
REACH_M = 90.0
LAMP_HEIGHT_M = 7.4
_STREET_LAMP_LIGHT = 1.0 / 46.0
"""Of the power with which it lights the street."""
_HEADLIGHT, _TAIL_LIGHT, _BRAKE_LIGHT = (1.2, 1.12, 1.0), (0.28, 0.02, 0.01), (0.75, 0.05, 0.03)
_BEACON = (0.06, 0.12, 0.90)
_SIZE_M = {spec.id: (spec.length_m, spec.width_m, spec.height_m) for spec in VEHICLES if spec.number_of_wheels == 4}
_HAS_BEACON = {spec.id for spec in VEHICLES if spec.special_type == "emergency"}
_HEADLIGHT_HEIGHT, _TAIL_LIGHT_HEIGHT, _TALL_TAIL_LIGHT_HEIGHT = 0.39, 0.50, 0.34
"""Of a vehicle's height; what is taller than ``_TALL_M`` has its tail lamps low."""
_TALL_M = 2.2
_MIST_M = F(35)
"""Depth of air that a halo stands for."""
_LEAST_MIST = F(0.03)
_SPLIT_PX = F(1.5)


def lamps_in_view(snapshot: Snapshot, camera: Records, lamps: NDArray[np.float32]) -> NDArray[np.float32]:
    """(K, 8) what may glow: place [m], linear light, reach of its halo [m], height of the ground below [m].

    ``lamps`` (N, 6) are the street lamps that shine: place [m] and linear power.
    """
    eye, forward = camera["eye"][0], camera["forward"][0].astype(np.float64)
    away = lamps[:, :3] - eye
    ahead = away @ forward
    near = np.flatnonzero((ahead > 1.0) & (ahead < REACH_M))
    near = near[np.argsort(ahead[near], kind="stable")[:MAX_STREET_LAMPS]]
    street = np.empty((len(near), 8), np.float32)
    street[:, :3], street[:, 3:6] = lamps[near, :3], lamps[near, 3:6] * _STREET_LAMP_LIGHT
    street[:, 6], street[:, 7] = 3.6, lamps[near, 2] - LAMP_HEIGHT_M
    vehicles = []
    for actor in snapshot.actors:
        if actor.lights and actor.blueprint_id in _SIZE_M:
            distance = float((np.array(actor.pose.location) - eye) @ forward)
            if 1.0 < distance < REACH_M:
                vehicles.append((distance, actor))
    vehicles.sort(key=lambda pair: (pair[0], pair[1].id))
    rows = [row for _, actor in vehicles[:MAX_VEHICLES] for row in _vehicle_lamps(actor, eye)]
    return np.concatenate([street, np.array(rows, np.float32).reshape(-1, 8)])


def _vehicle_lamps(actor: VisibleActor, eye: NDArray[np.float64]) -> list[list[float]]:
    """The lit lamps at the end of a vehicle that the camera looks at, and those on its roof."""
    (x, y, z), rotation = actor.pose
    yaw = math.radians(rotation.yaw)
    fx, fy = math.cos(yaw), math.sin(yaw)
    dx, dy = float(eye[0]) - x, float(eye[1]) - y
    towards = (dx * fx + dy * fy) / max(1.0, math.hypot(dx, dy))
    length, width, tall = _SIZE_M[actor.blueprint_id]
    rows = []
    if actor.lights & VehicleLight.SPECIAL1 and actor.blueprint_id in _HAS_BEACON:
        shine = beacon_share(actor.age_s)
        rows.append([x, y, z + 0.96 * tall, *(channel * shine for channel in _BEACON), 1.6, z])
    if towards > 0.0:
        color = _HEADLIGHT if actor.lights & (VehicleLight.LOW_BEAM | VehicleLight.HIGH_BEAM) else None
    else:
        color = _BRAKE_LIGHT if actor.lights & VehicleLight.BRAKE else None
        if color is None and actor.lights & VehicleLight.POSITION:
            color = _TAIL_LIGHT
    share = towards * towards
    if color is None or share < 0.05:
        return rows
    along, aside = math.copysign(length / 2.0, towards), 0.34 * width
    behind = _TALL_TAIL_LIGHT_HEIGHT if tall > _TALL_M else _TAIL_LIGHT_HEIGHT
    lamp_z = z + tall * (_HEADLIGHT_HEIGHT if towards > 0.0 else behind)
    for side in (-aside, aside):
        place = x + fx * along - fy * side, y + fy * along + fx * side, lamp_z
        rows.append([*place, *(channel * share for channel in color), 1.3, z])
    return rows


@inlined
def seen_share(nearness: NDArray[np.float32], sx: Real, sy: Real, depth: Real) -> Real:
    """How much of a lamp at a place on the screen nothing hides: four looks around it; all of it beyond the edges."""
    height, width = nearness.shape
    limit = F(1) / (depth - F(0.9))
    seen = F(0)
    for i in range(4):
        x = floor_of(sx + (_SPLIT_PX if i & 1 else -_SPLIT_PX))
        y = floor_of(sy + (_SPLIT_PX if i & 2 else -_SPLIT_PX))
        if x < 0 or y < 0 or x >= width or y >= height or nearness[y, x] <= limit:
            seen += F(0.25)
    return seen


@kernel
def add_halos(
    worker: int, workers: int, camera: Records, look: Records, lamps: NDArray[np.float32],
    nearness: NDArray[np.float32], light: NDArray[np.float32],
) -> None:  # fmt: skip
    """Add to ``light`` (H, W, 4) what ``lamps`` (K, 8) of ``lamps_in_view`` do to the air and to wet ground.

    The last channel of ``light`` is how much of a mirror the ground is.
    """
    height, width = nearness.shape
    focal, center_x, center_y = camera[0].focal_px, camera[0].center_x, camera[0].center_y
    right, up, forward = camera[0].right, camera[0].up, camera[0].forward
    eye_x, eye_y, eye_z = F(camera[0].eye[0]), F(camera[0].eye[1]), F(camera[0].eye[2])
    mist = min(F(0.8), fog_opacity(look, _MIST_M, F(3)) + F(0.12) * look[0].rain)
    for k in range(lamps.shape[0]):
        ox, oy, oz = lamps[k, 0] - eye_x, lamps[k, 1] - eye_y, lamps[k, 2] - eye_z
        depth = ox * forward[0] + oy * forward[1] + oz * forward[2]
        if depth < F(1.5):
            continue
        scale = focal / depth
        sx = center_x + (ox * right[0] + oy * right[1] + oz * right[2]) * scale
        sy = center_y - (ox * up[0] + oy * up[1] + oz * up[2]) * scale
        seen = seen_share(nearness, sx, sy, depth)
        if seen <= F(0):
            continue
        clear = F(1) - fog_opacity(look, depth, F(3))
        r, g, b = lamps[k, 3] * seen * clear, lamps[k, 4] * seen * clear, lamps[k, 5] * seen * clear
        if mist > _LEAST_MIST:
            reach = min(lamps[k, 6] * scale, F(0.28) * F(height))
            inverse_square = F(1) / (reach * reach)
            core = F(150) * inverse_square  # squared pixels in units of the halo's core
            first_x, last_x = max(0, floor_of(sx - reach)), min(width - 1, floor_of(sx + reach))
            for y in range(max(0, floor_of(sy - reach)), min(height - 1, floor_of(sy + reach)) + 1):
                if (y >> BAND_SHIFT) % workers != worker:
                    continue
                dy = F(y) + F(0.5) - sy
                for x in range(first_x, last_x + 1):
                    dx = F(x) + F(0.5) - sx
                    square = dx * dx + dy * dy
                    edge = F(1) - square * inverse_square
                    if edge <= F(0):
                        continue
                    # Air in front of the lamp's distance only counts as far as one can see into it.
                    behind = min(F(1), max(F(0), (F(1) - (depth - lamps[k, 6]) * nearness[y, x]) * F(4)))
                    glow = F(0.8) * mist * edge * edge / (F(1) + square * core) * behind
                    light[y, x, 0] += r * glow
                    light[y, x, 1] += g * glow
                    light[y, x, 2] += b * glow
        if look[0].film > F(0):
            above = lamps[k, 2] - lamps[k, 7]
            eye_above = eye_z - lamps[k, 7]
            wide = F(0.22) * scale + F(1)
            first_x, last_x = max(0, floor_of(sx - F(2.5) * wide)), min(width - 1, floor_of(sx + F(2.5) * wide))
            for y in range(max(0, floor_of(sy)), height):
                if (y >> BAND_SHIFT) % workers != worker:
                    continue
                for x in range(first_x, last_x + 1):
                    mirror = light[y, x, 3]
                    if mirror <= F(0.01):
                        continue
                    ground = F(1) / nearness[y, x]
                    if ground >= depth - F(0.3):
                        continue
                    # How far the water would have to lean to mirror the lamp into the eye.
                    lean = F(0.5) * (above / (depth - ground) - eye_above / ground)
                    lobe = F(1) / (F(1) + lean * lean * F(160))
                    aside = abs(F(x) + F(0.5) - sx) / wide
                    band = max(F(0), F(1) - aside * F(0.4))
                    flat = F(1) / (F(1) + F(9) * eye_above * eye_above / (ground * ground))
                    shine = F(0.34) * mirror * lobe * lobe * band * band * flat
                    light[y, x, 0] += r * shine
                    light[y, x, 1] += g * shine
                    light[y, x, 2] += b * shine
