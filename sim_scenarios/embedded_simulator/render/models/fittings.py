"""What is bolted on to a car's skin: wheels, floor, mirrors, door gaps and handles, number plates."""

from __future__ import annotations

import itertools

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Joint, Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.models.car_body import BELT, SILL, BodySkin
from sim_scenarios.embedded_simulator.render.models.wheels import add_car_wheel
from sim_scenarios.embedded_simulator.render.textures.lettering import PLATE_COLUMNS, PLATE_ROWS

MIRROR_M = 0.07
"""What a mirror adds to half the width; tables of sizes count it in."""
_GAP_WIDTH_M = 0.014
_PLATE_WIDTH_M = 0.52


def add_wheels(builder: MeshBuilder, skin: BodySkin, *, tag: int, sides: int) -> None:
    """Add four wheels in the skin's arches."""
    rear, front = skin.axles_m
    radius = skin.shape.wheel_radius_m
    width = 0.20 if radius < 0.42 else 0.30
    for x, joint in ((rear, Joint.REAR_WHEELS), (front, Joint.FRONT_WHEELS)):
        for side in (-1.0, 1.0):
            center = (x, side * (skin.half_width_m - 0.025), radius)
            add_car_wheel(builder, center, radius_m=radius, width_m=width, joint=joint, tag=tag, sides=sides)


def add_underbody(builder: MeshBuilder, skin: BodySkin, *, tag: int, flat: bool) -> None:
    """Add the dark body inside the skin: what is seen through the wheel arches and under the sills.

    A body without arches needs only its floor (``flat``), which its coarse nose cannot fail to cover.
    """
    height = skin.height_m
    low = 0.16 * height
    high = float(np.min(skin.sections(np.array([-0.92, 0.92]), (BELT, 8), arches=False)[:, 0, 2])) - 0.06
    length, half_width = (skin.nose_m - skin.tail_m) * 0.96, skin.half_width_m - 0.24
    if flat:
        length, high = 0.8 * length, low + 0.12 * height
    dark = Finish(material="rubber", tag=tag, color=(0.28, 0.28, 0.28))
    middle = (skin.nose_m + skin.tail_m) / 2
    builder.box((middle, 0.0, (low + high) / 2), (length, 2 * half_width, high - low), dark, without=("+z",))


def add_mirrors(builder: MeshBuilder, skin: BodySkin, *, reach_m: float, tag: int, simple: bool) -> None:
    """Add a mirror on each side that reaches out to ``reach_m`` from the middle."""
    station = skin.shape.windscreen[1] - 0.16 if skin.shape.windscreen[0] < 0.98 else 0.97
    belt = skin.sections(np.array([station]), (BELT, 8), arches=False)[0, -1]
    inner = float(belt[1]) - 0.05
    center = (float(belt[0]), (inner + reach_m) / 2, float(belt[2]) + 0.07)
    size = (0.11, reach_m - inner, 0.14)
    paint = Finish(material="car_paint", tag=tag, part=Part.PAINT)
    right = MeshBuilder()
    if simple:
        right.box(center, size, paint, without=("-z", "-y", "+z"))
    else:
        right.rounded_box(center, size, 0.035, paint)
    builder.add(right)
    builder.mirrored(right)


def add_seams(builder: MeshBuilder, skin: BodySkin, tag: int) -> None:
    """Add door gaps as thin dark strips just above the skin, and a handle behind each front edge."""
    dark = Finish(material="rubber", tag=tag, color=(0.35, 0.35, 0.35))
    half_gap = _GAP_WIDTH_M / (skin.nose_m - skin.tail_m)
    right = MeshBuilder()
    rows = (1, 2, 3, BELT, 8)
    for seam in skin.shape.seams:
        edges = skin.sections(np.array([seam - half_gap, seam + half_gap]), rows, arches=False)
        strip = edges[:, 5:, :]  # the right side, from belt down to the lower door
        lifted = strip + np.array([0.0, 0.004, 0.002])
        for upper, lower in ((0, 1), (1, 2), (2, 3)):
            quad = [lifted[1, lower], lifted[0, lower], lifted[0, upper], lifted[1, upper]]
            right.quad(quad, dark)
    for rear, front in zip(skin.shape.seams[:-1], skin.shape.seams[1:], strict=True):
        _add_handle(right, skin, rear + 0.12 * (front - rear), dark)
    builder.add(right)
    builder.mirrored(right)


def _add_handle(builder: MeshBuilder, skin: BodySkin, station: float, finish: Finish) -> None:
    x, y, z = skin.sections(np.array([station]), (2, 3, BELT, 8), arches=False)[0, 5]
    builder.box((x, y + 0.006, z - 0.05), (0.17, 0.035, 0.03), finish, without=("-y", "-z"))


def add_plates(builder: MeshBuilder, skin: BodySkin, *, tag: int, ends: tuple[int, ...]) -> None:
    """Add a number plate on the bumper at each of ``ends``: 1 the nose, -1 the tail."""
    bow = skin.shape.nose_bow * (skin.nose_m - skin.tail_m)
    for end in ends:
        section = skin.sections(np.array([float(end)]), (SILL, BELT, 8), arches=False)[0]
        low, high = float(section[0, 2]), float(section[1, 2])
        add_plate(builder, float(section[0, 0]) + end * (bow + 0.004), low + 0.30 * (high - low), end=end, tag=tag)


def add_plate(builder: MeshBuilder, x: float, z: float, *, end: int, tag: int, width_m: float = _PLATE_WIDTH_M) -> None:
    """Add a number plate in the plane ``x`` with its lower edge at ``z``; ``end`` -1 looks backwards."""
    plate = Finish(material="number_plates", tag=tag, part=Part.NUMBER_PLATE)
    half = end * width_m / 2
    top = z + width_m * PLATE_COLUMNS / PLATE_ROWS
    # The first plate of the texture; the vehicle's own is as many further on.
    inset, right, upper = 1.0 / 512.0, 1.0 / PLATE_COLUMNS, 1.0 / PLATE_ROWS
    edges = ((right - inset, inset), (inset, inset), (inset, upper - inset), (right - inset, upper - inset))
    builder.quad([(x, -half, z), (x, half, z), (x, half, top), (x, -half, top)], plate, uvs=edges)


def add_rear_doors(builder: MeshBuilder, skin: BodySkin, tag: int) -> None:
    """Add the gap between the two rear doors of a van."""
    dark = Finish(material="rubber", tag=tag, color=(0.35, 0.35, 0.35))
    rows = (2, BELT, 5, 7, 8)
    section = skin.sections(np.array([-1.0]), rows, arches=False)[0]
    bow, half = skin.shape.nose_bow * (skin.nose_m - skin.tail_m), 0.010
    # The tail bows out as far as ``car_body`` lets it at these heights.
    line = [(float(section[row, 0]) - bow * share - 0.004, float(section[row, 2])) for row, share in
            ((0, 1.0), (1, 0.3), (2, 0.1), (3, 0.0))]  # fmt: skip
    for (x0, z0), (x1, z1) in itertools.pairwise(line):
        builder.quad([(x0, half, z0), (x0, -half, z0), (x1, -half, z1), (x1, half, z1)], dark)


def add_spare_wheel(builder: MeshBuilder, skin: BodySkin, *, tag: int, sides: int) -> None:
    """Add the spare wheel of an off-roader on its tail."""
    rubber = Finish(material="rubber", tag=tag)
    x, z, radius = skin.tail_m, 0.56 * skin.height_m, 0.9 * skin.shape.wheel_radius_m
    builder.tube([(x, 0, z), (x - 0.17, 0, z)], [radius, radius * 0.94], rubber, sides=sides, caps=False)
    builder.disc((x - 0.17, 0.0, z), (-1.0, 0.0, 0.0), radius * 0.94, rubber.but(material="wheel"), sides=sides)
