"""One model for every row of the walker table: standing, origin at half height, limbs on joints.

``CLOTHES`` are white and take the actor's colour, like a car's paint; trousers, skin and hair bring the row's own.
Build follows age and gender; what else people wear or carry follows the row's number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Joint, Mesh, Model, Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish, MeshBuilder, Point
from sim_scenarios.embedded_simulator.render.models import figure
from sim_scenarios.embedded_simulator.render.models.figure import FigureDetail
from sim_scenarios.embedded_simulator.render.models.levels import fitted, model_of
from sim_scenarios.embedded_simulator.world.gait import ELBOW, HIP, KNEE, NECK, SHOULDER
from sim_scenarios.embedded_simulator.world.walker_catalogue import TAG_PEDESTRIAN, WalkerSpec

NEAR_M, MIDDLE_M = 15.0, 45.0
"""Distances up to which the first and the second level of detail are used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Build:
    """Widths as fractions of body height."""

    shoulder: float
    chest_depth: float
    waist: float
    hip: float
    limb: float
    head: float
    """From chin to crown."""
    stoop: float = 0.0
    """How far the shoulders lie before the hips."""


_BUILDS = {
    ("male", "adult"): _Build(shoulder=0.122, chest_depth=0.072, waist=0.092, hip=0.094, limb=1.0, head=0.130),
    ("female", "adult"): _Build(shoulder=0.106, chest_depth=0.068, waist=0.076, hip=0.098, limb=0.88, head=0.132),
    ("male", "elder"): _Build(
        shoulder=0.118, chest_depth=0.082, waist=0.104, hip=0.098, limb=0.95, head=0.132, stoop=0.045
    ),
    ("female", "elder"): _Build(
        shoulder=0.104, chest_depth=0.078, waist=0.094, hip=0.106, limb=0.92, head=0.135, stoop=0.04
    ),
    ("male", "teenager"): _Build(shoulder=0.112, chest_depth=0.066, waist=0.086, hip=0.088, limb=0.9, head=0.142),
    ("female", "teenager"): _Build(shoulder=0.102, chest_depth=0.064, waist=0.076, hip=0.092, limb=0.85, head=0.144),
    ("male", "child"): _Build(shoulder=0.112, chest_depth=0.074, waist=0.092, hip=0.088, limb=0.95, head=0.168),
    ("female", "child"): _Build(shoulder=0.106, chest_depth=0.072, waist=0.086, hip=0.090, limb=0.90, head=0.170),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outfit:
    """What is worn, by the row's number."""

    skirt: bool
    long_hair: bool
    coat: bool
    short_sleeves: bool
    backpack: bool
    hat: _Hat | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hat:
    color: Color
    band: Color
    """Of the belt round the jacket that goes with it."""
    brim: float
    """Radius as a share of the head's size."""


_HATS = {
    "police": _Hat(color=(0.08, 0.10, 0.18), band=(0.05, 0.05, 0.07), brim=0.46),
    "worker": _Hat(color=(0.96, 0.80, 0.12), band=(0.86, 0.88, 0.62), brim=0.50),
}


def _outfit(spec: WalkerSpec) -> _Outfit:
    number = int(spec.id.rsplit(".", 1)[1])
    is_plain, is_female = spec.dress == "plain", spec.gender == "female"
    has_skirt = is_plain and is_female and number % 4 == 0
    return _Outfit(
        skirt=has_skirt,
        long_hair=is_female and not spec.is_elderly,
        coat=is_plain and spec.age != "child" and number % 5 in (0, 2) and not has_skirt,
        short_sleeves=is_plain and number % 3 == 1 and not spec.is_elderly,
        backpack=is_plain and (number % 4 == 3 or spec.age == "child"),
        hat=_HATS.get(spec.dress),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wardrobe:
    """The finishes of one person."""

    clothes: Finish
    trousers: Finish
    skin: Finish
    hair: Finish
    shoes: Finish

    @classmethod
    def of(cls, spec: WalkerSpec) -> _Wardrobe:
        def finish(material: str, rgb: tuple[int, int, int], part: Part) -> Finish:
            color: Color = (rgb[0] / 255, rgb[1] / 255, rgb[2] / 255)
            return Finish(material=material, tag=TAG_PEDESTRIAN, color=color, part=part)

        return cls(
            clothes=Finish(material="cloth", tag=TAG_PEDESTRIAN, part=Part.CLOTHES),
            trousers=finish("cloth", spec.trousers, Part.TROUSERS),
            skin=finish("skin", spec.skin, Part.SKIN),
            hair=finish("cloth", spec.hair, Part.HAIR),
            shoes=Finish(material="rubber", tag=TAG_PEDESTRIAN, color=(0.9, 0.85, 0.8)),
        )


def walker_model(spec: WalkerSpec) -> Model:
    """Return the model of one walker."""
    distances = (NEAR_M, MIDDLE_M, math.inf)
    return model_of(*((d, _mesh(spec, detail)) for d, detail in zip(distances, figure.LEVELS, strict=True)))


def _mesh(spec: WalkerSpec, detail: FigureDetail) -> Mesh:
    build, outfit, wardrobe = (
        _BUILDS[spec.gender, "elder" if spec.is_elderly else spec.age],
        _outfit(spec),
        _Wardrobe.of(spec),
    )
    builder = MeshBuilder()
    right = MeshBuilder()
    _add_leg(right, spec, build, outfit, wardrobe, detail)
    _add_arm(right, spec, build, outfit, wardrobe, detail)
    builder.add(right)
    builder.mirrored(right)
    _add_torso(builder, spec, build, outfit, wardrobe, detail)
    _add_head(builder, spec, build, outfit, wardrobe, detail)
    mesh = builder.build()
    low, high = mesh.positions.min(axis=0), mesh.positions.max(axis=0)
    half = spec.height_m / 2
    return fitted(mesh, (float(low[0]), float(low[1]), -half), (float(high[0]), float(high[1]), half))


def _at(spec: WalkerSpec, x: float, y: float, z: float) -> Point:
    """Return a place given in fractions of body height above the ground, in the model's frame [m]."""
    return (x * spec.height_m, y * spec.height_m, (z - 0.5) * spec.height_m)


def _add_leg(
    builder: MeshBuilder, spec: WalkerSpec, build: _Build, outfit: _Outfit, wardrobe: _Wardrobe, detail: FigureDetail
) -> None:
    y, h = 0.52 * build.hip, spec.height_m
    hip, knee = _at(spec, 0, y, HIP), _at(spec, 0.008, y, KNEE)
    cloth = wardrobe.skin if outfit.skirt else wardrobe.trousers
    radii = np.array([0.050, 0.045, 0.034, 0.034, 0.024]) * h * build.limb
    if not detail.bent_limbs:  # no shoe: the leg itself stands on the ground
        thigh = cloth.moving(Joint.RIGHT_LEG, hip)
        figure.add_limb(builder, [hip, _at(spec, 0.01, y, 0.0)], [radii[0] * 0.95, radii.mean()], thigh, detail)
        return
    # Both halves reach past the knee, so that no gap opens when it bends.
    over, under, ankle = _at(spec, 0.009, y, KNEE + 0.02), _at(spec, 0.007, y, KNEE - 0.02), _at(spec, -0.006, y, 0.035)
    near = detail is figure.NEAR
    thigh_path = [hip, _at(spec, 0.006, y, 0.40), knee, under] if near else [hip, under]
    thigh_radii = [*radii[:3], 0.7 * radii[2]] if near else [radii[0], radii[2]]
    builder.tube(thigh_path, thigh_radii, cloth.moving(Joint.RIGHT_LEG, hip), sides=detail.limb_sides)
    shin = cloth.moving(Joint.RIGHT_SHIN, knee)
    shin_path = [over, knee, _at(spec, -0.008, y, 0.19), ankle] if near else [over, ankle]
    shin_radii = [0.7 * radii[2], *radii[2:]] if near else [radii[2], radii[4]]
    builder.tube(shin_path, shin_radii, shin, sides=detail.limb_sides)
    shoe = wardrobe.shoes.moving(Joint.RIGHT_SHIN, knee)
    size = (0.150 * h, 0.056 * h, 0.042 * h)
    center = _at(spec, 0.024, y, 0.0215)
    if near:
        builder.rounded_box(center, size, 0.016 * h, shoe)
    else:
        builder.box(center, size, shoe)


def _add_arm(
    builder: MeshBuilder, spec: WalkerSpec, build: _Build, outfit: _Outfit, wardrobe: _Wardrobe, detail: FigureDetail
) -> None:
    h, y, lean = spec.height_m, build.shoulder, build.stoop
    shoulder, elbow = _at(spec, lean, y - 0.004, SHOULDER), _at(spec, lean - 0.006, y + 0.026, ELBOW)
    wrist, finger = _at(spec, lean + 0.030, y + 0.030, 0.485), _at(spec, lean + 0.042, y + 0.024, 0.415)
    sleeve, skin = (cloth.moving(Joint.RIGHT_ARM, shoulder) for cloth in (wardrobe.clothes, wardrobe.skin))
    radii = np.array([0.034, 0.026, 0.020]) * h * build.limb
    if not detail.bent_limbs:
        figure.add_limb(builder, [shoulder, finger], radii[:2], sleeve, detail)
        return
    forearm = (wardrobe.skin if outfit.short_sleeves else wardrobe.clothes).moving(Joint.RIGHT_FOREARM, elbow)
    if outfit.short_sleeves:
        upper = (np.array(shoulder) + np.array(elbow)) / 2
        figure.add_arm(builder, [shoulder, upper], radii[:2] * 1.12, sleeve, detail, inward=-1.0)
        figure.add_limb(builder, [upper, elbow], radii[:2] * 0.85, skin, detail)
        figure.add_limb(builder, [elbow, wrist], radii[1:] * 0.85, forearm, detail)
    else:
        figure.add_arm(builder, [shoulder, elbow], radii[:2] * 1.05, sleeve, detail, inward=-1.0)
        figure.add_limb(builder, [elbow, wrist], radii[1:] * 1.05, forearm, detail)
    palm = wardrobe.skin.moving(Joint.RIGHT_FOREARM, elbow)
    hand = np.array([0.017, 0.022, 0.012]) * h
    figure.add_limb(builder, [wrist, (np.array(wrist) + np.array(finger)) / 2, finger], hand, palm, detail)


def _add_torso(
    builder: MeshBuilder, spec: WalkerSpec, build: _Build, outfit: _Outfit, wardrobe: _Wardrobe, detail: FigureDetail
) -> None:
    h, s = spec.height_m, build.stoop
    hem = 0.36 if outfit.coat else 0.505
    spine = [_at(spec, 0, 0, hem), _at(spec, 0, 0, 0.53), _at(spec, 0.2 * s, 0, 0.61), _at(spec, 0.6 * s, 0, 0.72),
             _at(spec, s, 0, 0.80), _at(spec, s, 0, 0.838), _at(spec, s, 0, 0.852)]  # fmt: skip
    # A coat goes over the thighs, which stand out further than the hips.
    flare = 1.18 if outfit.coat else 1.0
    hips, chest = build.hip * (0.5 + 0.5 * flare), 0.5 * (build.waist + build.shoulder) + 0.006
    widths = h * np.array([build.hip * flare, hips, build.waist, chest, build.shoulder, 0.72 * build.shoulder, 0.034])
    girth = h * build.chest_depth * np.array([0.95 * flare, 0.98 * flare, 0.92, 1.06, 0.92, 0.62, 0.0])
    depths = np.maximum(girth, 0.034 * h)
    figure.add_trunk(builder, spine, depths, widths, wardrobe.clothes, detail)
    if not detail.bent_limbs:
        return
    pelvis = [_at(spec, 0, 0, 0.455), _at(spec, 0, 0, 0.50), _at(spec, 0, 0, 0.535)]
    if outfit.skirt:
        pelvis[0] = _at(spec, 0, 0, 0.30)
    across = np.array([1.25 if outfit.skirt else 0.72, 1.0, 0.97]) * build.hip * h
    along = np.array([1.30 if outfit.skirt else 0.80, 0.97, 0.95]) * build.chest_depth * h
    figure.add_trunk(builder, pelvis, along, across, wardrobe.trousers, detail)
    if outfit.backpack:
        _add_backpack(builder, spec, build, detail)
    if outfit.hat:
        band = Finish(material="cloth", tag=TAG_PEDESTRIAN, color=outfit.hat.band)
        ends = [_at(spec, 0.1 * s, 0, 0.575), _at(spec, 0.2 * s, 0, 0.615)]
        figure.add_trunk(builder, ends, 1.06 * depths[2], 1.06 * widths[2], band, detail)


def _add_backpack(builder: MeshBuilder, spec: WalkerSpec, build: _Build, detail: FigureDetail) -> None:
    number = int(spec.id.rsplit(".", 1)[1])
    color = ((0.22, 0.26, 0.32), (0.45, 0.16, 0.14), (0.18, 0.30, 0.22))[number % 3]
    cloth = Finish(material="cloth", tag=TAG_PEDESTRIAN, color=color)
    h = spec.height_m
    center = _at(spec, 0.6 * build.stoop - build.chest_depth - 0.030, 0.0, 0.715)
    size = (0.085 * h, 0.155 * h, 0.20 * h)
    if detail is figure.NEAR:
        builder.rounded_box(center, size, 0.03 * h, cloth)
    else:
        builder.box(center, size, cloth, without=("+x",))


def _add_head(
    builder: MeshBuilder, spec: WalkerSpec, build: _Build, outfit: _Outfit, wardrobe: _Wardrobe, detail: FigureDetail
) -> None:
    h, s = spec.height_m, build.stoop * 1.25
    middle, pivot = 1.0 - build.head / 2, _at(spec, build.stoop, 0.0, NECK)
    skin, hair = (finish.moving(Joint.HEAD, pivot) for finish in (wardrobe.skin, wardrobe.hair))
    if detail.bent_limbs:
        neck = [_at(spec, build.stoop, 0, 0.83), _at(spec, s, 0, 1.0 - 0.8 * build.head)]
        figure.add_limb(builder, neck, np.array([0.036, 0.033]) * h, skin, detail)
    figure.add_head(builder, _at(spec, s + 0.008, 0, middle), build.head * h, skin, hair, detail)
    if outfit.long_hair and detail.bent_limbs:
        fall = [_at(spec, s - 0.026, 0, 0.965), _at(spec, s - 0.044, 0, 0.90), _at(spec, s - 0.048, 0, 0.815)]
        figure.add_trunk(
            builder,
            fall,
            np.array([0.020, 0.030, 0.012]) * h,
            np.array([0.036, 0.050, 0.040]) * h,
            hair,
            detail,
        )
    if outfit.hat and detail.bent_limbs:
        _add_hat(builder, outfit.hat, _at(spec, s + 0.004, 0, 1.0 - 0.30 * build.head), build.head * h, pivot, detail)


def _add_hat(builder: MeshBuilder, hat: _Hat, rim: Point, head_m: float, pivot: Point, detail: FigureDetail) -> None:
    x, y, z = rim
    finish = Finish(material="painted_metal", tag=TAG_PEDESTRIAN, color=hat.color).moving(Joint.HEAD, pivot)
    path = [(x, y, z), (x, y, z + 0.06 * head_m), (x, y, z + 0.07 * head_m), (x, y, z + 0.38 * head_m)]
    radii = head_m * np.array([hat.brim, hat.brim, 0.43, 0.30])
    builder.tube(path, radii, finish, sides=detail.head_sides)
