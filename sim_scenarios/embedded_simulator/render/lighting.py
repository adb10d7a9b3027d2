"""Light on every pixel: sun and shadow, sky, lamps, gloss, own light, and the air between.

Reads the surface buffer, writes linear colour. Wet ground is only made dark here: what it mirrors is on the screen, and
is added by ``reflection.py`` once every pixel has its light.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Real, Records, bare_kernel, inlined
from sim_scenarios.embedded_simulator.render.lamps import headlight_light, lamp_light
from sim_scenarios.embedded_simulator.render.occlusion import open_ground
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT, NO_SLOT
from sim_scenarios.embedded_simulator.render.shadows import sunlight_at
from sim_scenarios.embedded_simulator.render.sky import fog_opacity, sky_gradient, sky_radiance
from sim_scenarios.embedded_simulator.render.texture_sampling import sample_noise

ROAD_TAG, SIDEWALK_TAG, VEGETATION_TAG, TERRAIN_TAG, LINE_TAG, GROUND_TAG = 1, 2, 9, 10, 24, 25
_LAMP_COLOR = (F(1.0), F(0.72), F(0.42))
_BEAM_COLOR = (F(1.0), F(0.94), F(0.84))


@inlined
def wetness(look: Records, noise: NDArray[np.uint8], tag: int, x: Real, y: Real, up: Real) -> tuple[Real, Real]:
    """Film and puddle (0..1 each) on a piece of ground; 0 on walls and things."""
    if up < F(0.8) or look[0].film <= F(0):
        return F(0), F(0)
    if tag in (ROAD_TAG, LINE_TAG):
        share = F(1)
    elif tag in (SIDEWALK_TAG, GROUND_TAG):
        share = F(0.75)
    elif tag == TERRAIN_TAG:
        share = F(0.12)
    else:
        return F(0), F(0)
    puddle = F(0)
    if share > F(0.5):
        wide = sample_noise(noise, 3, x * F(0.023), y * F(0.023))
        fine = sample_noise(noise, 0, x * F(0.071), y * F(0.071))
        level = wide * F(0.62) + fine * F(0.38) - (F(0.73) - F(0.34) * look[0].puddles)
        puddle = min(F(1), max(F(0), level * F(11))) * share
    return look[0].film * share, puddle


@inlined
def environment(look: Records, rx: Real, ry: Real, rz: Real) -> tuple[Real, Real, Real]:
    """What a mirror shows that looks in a direction: sky above, a dim street below and around the horizon."""
    r, g, b = sky_gradient(look, rx, ry, abs(rz))
    street = min(F(1), max(F(0), (F(0.30) - rz) * F(3.2)))
    ambient, bounce = look[0].ambient, look[0].bounce
    r += (ambient[0] * F(0.22) + bounce[0] * F(0.35) - r) * street
    g += (ambient[1] * F(0.22) + bounce[1] * F(0.35) - g) * street
    b += (ambient[2] * F(0.22) + bounce[2] * F(0.35) - b) * street
    return r, g, b


@inlined
def own_light(look: Records, glow: Real, r: Real, g: Real, b: Real) -> tuple[Real, Real, Real]:
    """Emission of a lamp, lens or lit window with albedo (r, g, b); see ``surface.py`` for the codes in ``glow``."""
    if glow > F(0):
        power = glow * look[0].signal_power
        return (r + F(0.02)) * power, (g + F(0.02)) * power, (b + F(0.02)) * power
    if glow <= F(-2):
        bright = F(-2) - glow
        power = look[0].window_power * (F(0.12) + F(0.5) * bright * bright) * (F(0.35) + F(2.2) * (r + g + b))
        cool = F(0.35) if bright > F(0.8) else F(0)
        return power, power * (F(0.72) + cool * F(0.6)), power * (F(0.40) + cool * F(1.5))
    power = look[0].lamp_power * F(0.1)
    return power * _LAMP_COLOR[0], power * F(0.85), power * F(0.62)


@inlined
def fill_between(y: int, slot_at: NDArray[np.int32], surface: NDArray[np.float32], light: NDArray[np.float32]) -> None:
    """Give each odd pixel of a row that shows the same triangle as the one before the mean light of its neighbours."""
    width = slot_at.shape[1]
    for x in range(1, width, 2):
        if slot_at[y, x] == slot_at[y, x - 1]:
            after = x + 1 if x + 1 < width and slot_at[y, x + 1] == slot_at[y, x] else x - 1
            surface[y, x, 3] = surface[y, x - 1, 3]
            for i in range(4):
                light[y, x, i] = F(0.5) * (light[y, x - 1, i] + light[y, after, i])


@bare_kernel
def light_pixels(
    worker: int,
    workers: int,
    camera: Records,
    look: Records,
    slot_at: NDArray[np.int32],
    nearness: NDArray[np.float32],
    tags: NDArray[np.uint8],
    noise: NDArray[np.uint8],
    shadow_records: Records,
    shadow_moving: NDArray[np.float32],
    shadow_near: NDArray[np.float32],
    shadow_town: NDArray[np.float32],
    open_sky: NDArray[np.float32],
    ground_open: NDArray[np.float32],
    ground_x0: Real,
    ground_y0: Real,
    lamp_record: Records,
    lamp_cells: NDArray[np.int32],
    lamps: NDArray[np.float32],
    beams: NDArray[np.float32],
    seed: int,
    every_pixel: bool,
    surface: NDArray[np.float32],
    light: NDArray[np.float32],
) -> None:
    """Fill ``light`` (H, W, 4): linear colour, and how much of a mirror the wet ground is (0 for everything else).

    The gloss channel of ``surface`` is replaced by the puddle (0..1) where the ground is wet.
    """
    height, width = slot_at.shape
    eye_x, eye_y, eye_z = F(camera[0].eye[0]), F(camera[0].eye[1]), F(camera[0].eye[2])
    forward, right, up = camera[0].forward, camera[0].right, camera[0].up
    inverse_focal = F(1) / camera[0].focal_px
    center_x, center_y = camera[0].center_x - F(0.5), camera[0].center_y - F(0.5)
    sun, sun_color = look[0].sun, look[0].sun_color
    ambient, bounce, fog_color = look[0].ambient, look[0].bounce, look[0].fog_color
    has_shadows, is_dark = look[0].has_shadows != 0, look[0].lamp_power > F(0.05)
    has_lamps = lamps.shape[0] > 0
    # Leaves flutter: the same gusts, elsewhere in every picture in which something has moved.
    gust_x, gust_z = F(seed & 1023) * F(1.0 / 1024.0), F((seed >> 10) & 1023) * F(1.0 / 1024.0)
    last_row, last_column = open_sky.shape[0] - 1, open_sky.shape[1] - 1
    for y in range(height):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        ray_up = (center_y - F(y)) * inverse_focal
        row_x = forward[0] + up[0] * ray_up
        row_y = forward[1] + up[1] * ray_up
        row_z = forward[2] + up[2] * ray_up
        for x in range(width):
            if not every_pixel and (x & 1) == 1 and slot_at[y, x] == slot_at[y, x - 1]:
                continue
            ray_right = (F(x) - center_x) * inverse_focal
            vx, vy, vz = row_x + right[0] * ray_right, row_y + right[1] * ray_right, row_z + right[2] * ray_right
            length = math.sqrt(vx * vx + vy * vy + vz * vz)
            inverse = F(1) / length
            dx, dy, dz = vx * inverse, vy * inverse, vz * inverse
            if slot_at[y, x] == NO_SLOT:
                r, g, b = sky_radiance(look, noise, dx, dy, dz)
                light[y, x, 0], light[y, x, 1], light[y, x, 2], light[y, x, 3] = r, g, b, F(0)
                continue
            depth = F(1) / nearness[y, x]
            px, py, pz = eye_x + vx * depth, eye_y + vy * depth, eye_z + vz * depth
            red, green, blue = surface[y, x, 0], surface[y, x, 1], surface[y, x, 2]
            gloss, glow, coat = surface[y, x, 3], surface[y, x, 7], surface[y, x, 8]
            nx, ny, nz = surface[y, x, 4], surface[y, x, 5], surface[y, x, 6]
            tag = tags[y, x]
            is_leaf = tag == VEGETATION_TAG
            facing = -(dx * nx + dy * ny + dz * nz)
            if is_leaf and facing < F(0):
                facing = -facing
            # Patches of wear, so that neither a street nor a lawn is one even colour.
            if tag == TERRAIN_TAG:  # tufts and dips, and wide stretches that are dry
                dry = sample_noise(noise, 0, px * F(0.0031), py * F(0.0031))
                wear = F(0.66) + F(0.52) * sample_noise(noise, 1, px * F(0.023), py * F(0.023)) + F(0.24) * dry
                red *= F(0.80) + F(0.36) * dry
            else:
                wear = F(0.84) + F(0.32) * sample_noise(noise, 3, px * F(0.013), py * F(0.013) + pz * F(0.021))
            film, puddle = wetness(look, noise, tag, px, py, nz)
            wear *= F(1) - max(film * F(0.42), puddle * F(0.66))
            red, green, blue = red * wear, green * wear, blue * wear
            ndl = nx * sun[0] + ny * sun[1] + nz * sun[2]
            if is_leaf:
                ndl = abs(ndl) * F(0.45) + F(0.28)  # light shines through
                if look[0].wind > F(0):
                    turn = sample_noise(noise, 1, (px + py) * F(0.031) + gust_x, pz * F(0.047) + gust_z) - F(0.5)
                    turn = F(1) + turn * look[0].wind * F(2.2)
                    ndl *= turn
                    red, green, blue = red * turn, green * turn, blue * turn
            lit = F(0)
            if ndl > F(0):
                lit = ndl
                if has_shadows:
                    lit *= sunlight_at(shadow_records, shadow_moving, shadow_near, shadow_town, px, py, pz, nx, ny, nz)
            i, j = min(last_column, x >> 1), min(last_row, y >> 1)
            i1, j1 = min(last_column, i + 1), min(last_row, j + 1)
            ao = F(0.25) * (open_sky[j, i] + open_sky[j, i1] + open_sky[j1, i] + open_sky[j1, i1])
            if nz > F(0.8) and pz < F(0.5):
                ao *= open_ground(ground_open, ground_x0, ground_y0, px, py)
            above = (F(0.5) + F(0.5) * nz) * ao
            below = (F(0.5) - F(0.5) * nz) * ao
            in_r = sun_color[0] * lit + ambient[0] * above + bounce[0] * below
            in_g = sun_color[1] * lit + ambient[1] * above + bounce[1] * below
            in_b = sun_color[2] * lit + ambient[2] * above + bounce[2] * below
            mirror_r, mirror_g, mirror_b = F(0), F(0), F(0)
            if has_lamps:
                lamp_r, lamp_g, lamp_b, mirror_r, mirror_g, mirror_b = lamp_light(
                    lamp_record,
                    lamp_cells,
                    lamps,
                    px,
                    py,
                    pz,
                    nx,
                    ny,
                    nz,
                    -dx,
                    -dy,
                    -dz,
                    film > F(0) or gloss > F(0.25) or coat > F(0),
                )
                in_r, in_g, in_b = in_r + lamp_r * ao, in_g + lamp_g * ao, in_b + lamp_b * ao
            if is_dark:
                beam = headlight_light(beams, px, py, pz, nx, ny, nz)
                in_r, in_g, in_b = (
                    in_r + beam * _BEAM_COLOR[0],
                    in_g + beam * _BEAM_COLOR[1],
                    in_b + beam * _BEAM_COLOR[2],
                )
            r, g, b = red * in_r, green * in_g, blue * in_b
            if glow != F(0):
                er, eg, eb = own_light(look, glow, red, green, blue)
                r, g, b = r + er, g + eg, b + eb
            if film < F(0.3) and (gloss > F(0.25) or coat > F(0)):
                grazing = F(1) - min(F(1), max(F(0), facing))
                grazing2 = grazing * grazing
                fresnel = grazing2 * grazing2 * grazing
                share = F(0.05) + F(0.5) * fresnel if coat > F(0) else gloss * gloss * (F(0.05) + F(0.75) * fresnel)
                twice = F(2) * facing
                rx, ry, rz = dx + twice * nx, dy + twice * ny, dz + twice * nz
                er, eg, eb = environment(look, rx, ry, rz)
                r, g, b = r + er * share * ao, g + eg * share * ao, b + eb * share * ao
                if lit > F(0) or mirror_r + mirror_g + mirror_b > F(0):
                    s = max(F(0), rx * sun[0] + ry * sun[1] + rz * sun[2])
                    s *= s
                    s *= s
                    s *= s
                    s *= s
                    s *= s
                    s *= s
                    s *= s
                    strength = gloss * F(1.5) * s * min(F(1), lit * F(4))
                    r += sun_color[0] * strength + mirror_r * F(0.5)
                    g += sun_color[1] * strength + mirror_g * F(0.5)
                    b += sun_color[2] * strength + mirror_b * F(0.5)
            mirror = F(0)
            if film > F(0):
                surface[y, x, 3] = puddle
                # Lamps in the water: next to nothing from above, long bright streaks at a flat angle.
                grazing = F(1) - min(F(1), max(F(0), facing))
                grazing2 = grazing * grazing
                shine = film * (F(0.25) + F(9) * grazing2 * grazing2 * grazing)
                r, g, b = r + mirror_r * shine, g + mirror_g * shine, b + mirror_b * shine
                mirror = max(F(0.55) * film, puddle) * ao  # no sky to mirror under a car
            distance = depth * length
            fog = fog_opacity(look, distance, F(0.5) * (pz + eye_z))
            hr, hg, hb = fog_color[0], fog_color[1], fog_color[2]
            if fog > F(0.03):  # enough air to see the sun's halo in it
                hr, hg, hb = sky_gradient(look, dx, dy, max(F(0), dz))
                hr = fog_color[0] * F(0.8) + hr * F(0.2)
                hg = fog_color[1] * F(0.8) + hg * F(0.2)
                hb = fog_color[2] * F(0.8) + hb * F(0.2)
            r, g, b = r + (hr - r) * fog, g + (hg - g) * fog, b + (hb - b) * fog
            light[y, x, 0], light[y, x, 1], light[y, x, 2] = r, g, b
            light[y, x, 3] = mirror * (F(1) - fog)
        if not every_pixel:
            fill_between(y, slot_at, surface, light)
