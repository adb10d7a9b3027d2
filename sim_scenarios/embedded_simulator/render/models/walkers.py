"""One model for every row of the walker table: standing, origin at half height, limbs on joints.

Build follows age and gender (`builds`); what people wear or carry follows the row's number (`outfits`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.mesh import Joint, Mesh, Model
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.models import figure
from sim_scenarios.embedded_simulator.render.models.builds import Build, at, build_of
from sim_scenarios.embedded_simulator.render.models.figure import FigureDetail
from sim_scenarios.embedded_simulator.render.models.heads import Head, add_head
from sim_scenarios.embedded_simulator.render.models.levels import fitted, model_of
from sim_scenarios.embedded_simulator.render.models.luggage import add_bag
from sim_scenarios.embedded_simulator.render.models.outfits import (
    COAT_HEM,
    JACKET_HEM,
    Outfit,
    Wardrobe,
    outfit_of,
    plain,
)
from sim_scenarios.embedded_simulator.render.models.wheelchair import add_wheelchair
from sim_scenarios.embedded_simulator.world.gait import (
    ANKLE,
    ANKLE_AHEAD,
    ELBOW,
    HIP,
    KNEE,
    KNEE_AHEAD,
    NECK,
    SHOULDER,
)
from sim_scenarios.embedded_simulator.world.walker_catalogue import WalkerSpec

NEAR_M, MIDDLE_M = 14.0, 40.0
"""Distances up to which the first and the second level of detail are used."""
_SHORTS_HEM, _SKIRT_HEM = 0.345, 0.310
"""Above the ground, in body heights."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Person:
    """Whom a model is of, and how finely."""

    spec: WalkerSpec
    build: Build
    outfit: Outfit
    wardrobe: Wardrobe
    detail: FigureDetail


def walker_model(spec: WalkerSpec, *, in_wheelchair: bool = False) -> Model:
    """Return the model of one walker; who is in a wheelchair is seated by ``Manner.IN_A_WHEELCHAIR``."""
    distances = (NEAR_M, MIDDLE_M, math.inf)
    meshes = (_mesh(spec, detail, in_wheelchair=in_wheelchair) for detail in figure.LEVELS)
    return model_of(*zip(distances, meshes, strict=True))


def _mesh(spec: WalkerSpec, detail: FigureDetail, *, in_wheelchair: bool) -> Mesh:
    outfit = outfit_of(spec)
    if in_wheelchair:
        outfit = replace(outfit, legwear="trousers", hem=JACKET_HEM, bag=None)
    who = _Person(
        spec=spec, build=build_of(spec), outfit=outfit, wardrobe=Wardrobe.of(spec, outfit), detail=detail,
    )  # fmt: skip
    builder, right = MeshBuilder(), MeshBuilder()
    _add_leg(right, who)
    _add_arm(right, who)
    builder.add(right)
    builder.mirrored(right)
    _add_trunk(builder, who)
    _add_head(builder, who)
    if outfit.bag is not None:
        bag, color = outfit.bag
        add_bag(builder, spec, who.build, bag, plain(color), detail)
    if in_wheelchair:
        add_wheelchair(builder, spec, detail)
    mesh = builder.build()
    low, high = mesh.positions.min(axis=0), mesh.positions.max(axis=0)
    half = spec.height_m / 2
    return fitted(mesh, (float(low[0]), float(low[1]), -half), (float(high[0]), float(high[1]), half))


def _add_leg(builder: MeshBuilder, who: _Person) -> None:
    spec, detail, h = who.spec, who.detail, who.spec.height_m
    y = 0.52 * who.build.hip
    hip, knee, foot = at(spec, 0, y, HIP), at(spec, KNEE_AHEAD, y, KNEE), at(spec, ANKLE_AHEAD, y, 0.030)
    thigh = who.wardrobe.on_thighs(who.outfit).moving(Joint.RIGHT_LEG, hip)
    shin = who.wardrobe.on_shins(who.outfit).moving(Joint.RIGHT_SHIN, knee)
    shoe = who.wardrobe.shoes.moving(Joint.RIGHT_FOOT, at(spec, ANKLE_AHEAD, y, ANKLE))
    ankle_radius = 0.029 if who.outfit.legwear == "trousers" else 0.022
    radii = np.array([0.050, 0.045, 0.034, 0.033, ankle_radius]) * h * who.build.limb
    if who.outfit.legwear == "shorts":
        thigh = who.wardrobe.skin.moving(Joint.RIGHT_LEG, hip)
    _add_thigh_cover(builder, who, y)
    figure.add_hinged(
        builder, ([hip, at(spec, 0.006, y, 0.40), knee], radii[:3]),
        ([knee, at(spec, -0.010, y, 0.20), foot], radii[2:]),
        (thigh, shin), detail,
    )  # fmt: skip
    if detail.has_features:
        builder.rounded_box(at(spec, 0.024, y, 0.0235), (0.152 * h, 0.056 * h, 0.047 * h), 0.018 * h, shoe)
    else:
        builder.box(at(spec, 0.024, y, 0.0235), (0.150 * h, 0.054 * h, 0.047 * h), shoe)


def _add_thigh_cover(builder: MeshBuilder, who: _Person, y: float) -> None:
    """Add the leg of shorts, or what of a skirt or coat lies on the thigh: it goes along when the thigh swings."""
    spec, outfit, wardrobe, h = who.spec, who.outfit, who.wardrobe, who.spec.height_m
    if outfit.legwear == "shorts":
        cloth, hem, wide = wardrobe.trousers, _SHORTS_HEM, 0.053
    elif outfit.legwear in ("skirt", "dress"):
        cloth, hem, wide = wardrobe.clothes if outfit.legwear == "dress" else wardrobe.trousers, _SKIRT_HEM, 0.056
    elif outfit.hem == COAT_HEM:
        cloth, hem, wide = wardrobe.clothes, COAT_HEM, 0.056
    else:
        return
    hip = at(spec, 0, y, HIP)
    path, radii = [hip, at(spec, 0.008, y, hem)], np.array([0.054, wide]) * h * who.build.limb
    figure.add_limb(builder, path, radii, cloth.moving(Joint.RIGHT_LEG, hip), who.detail, caps=False)


def _add_arm(builder: MeshBuilder, who: _Person) -> None:
    spec, detail, h = who.spec, who.detail, who.spec.height_m
    y, lean = who.build.shoulder, who.build.stoop
    shoulder, elbow = at(spec, lean, y, SHOULDER), at(spec, lean - 0.006, y + 0.022, ELBOW)
    wrist, finger = at(spec, lean + 0.030, y + 0.026, 0.485), at(spec, lean + 0.042, y + 0.020, 0.415)
    sleeve, skin = (cloth.moving(Joint.RIGHT_ARM, shoulder) for cloth in (who.wardrobe.clothes, who.wardrobe.skin))
    # A rounded shoulder that begins within the trunk.
    start, outer = at(spec, lean, y - 0.022, 0.806), at(spec, lean, y + 0.006, 0.776)
    radii = np.array([0.019, 0.029, 0.026, 0.019]) * h * who.build.limb
    if not detail.has_bent_arms:
        figure.add_limb(builder, [outer, finger], radii[[1, 3]], sleeve, detail, caps=False)
        return
    bare = who.outfit.has_short_sleeves
    lower = (who.wardrobe.skin if bare else who.wardrobe.clothes).moving(Joint.RIGHT_FOREARM, elbow)
    width = 0.88 if bare else 1.05
    figure.add_hinged(
        builder, ([start, outer, elbow], radii[:3] * width), ([elbow, wrist], radii[2:] * width),
        (skin if bare else sleeve, lower), detail,
    )  # fmt: skip
    if bare:
        path = np.array([start, outer, elbow])
        path[2] = 0.45 * path[1] + 0.55 * path[2]
        figure.add_limb(builder, path, radii[[0, 1, 1]] * 1.06, sleeve, detail)
    palm = who.wardrobe.skin.moving(Joint.RIGHT_FOREARM, elbow)
    _add_hand(builder, who, np.array(wrist), np.array(finger), palm)


def _add_hand(
    builder: MeshBuilder, who: _Person, wrist: NDArray[np.float64], finger: NDArray[np.float64], palm: Finish
) -> None:
    h = who.spec.height_m
    if not who.detail.has_features:
        figure.add_limb(builder, [wrist, finger], np.array([0.014, 0.014]) * h, palm, who.detail)
        return
    middle = 0.5 * (wrist + finger)
    half_thick = np.array([0.011, 0.011, 0.006]) * h * (0.4 + 0.6 * who.build.limb)
    figure.add_limb(builder, [wrist, middle, finger], half_thick, palm, who.detail, flatten=1.9)
    thumb = wrist + np.array([(0.004, 0.0, -0.006), (0.020, -0.004, -0.036)]) * h
    figure.add_limb(builder, thumb, np.array([0.008, 0.005]) * h, palm, who.detail)


def _add_trunk(builder: MeshBuilder, who: _Person) -> None:
    spec, build, outfit, detail, h = who.spec, who.build, who.outfit, who.detail, who.spec.height_m
    lean = build.stoop
    spine = [at(spec, 0, 0, outfit.hem), at(spec, 0, 0, 0.53), at(spec, 0.2 * lean, 0, 0.61),
             at(spec, 0.6 * lean, 0, 0.71), at(spec, lean, 0, 0.785), at(spec, lean, 0, 0.816),
             at(spec, lean, 0, 0.840), at(spec, 1.05 * lean, 0, 0.858)]  # fmt: skip
    # Jackets and coats go over the thighs, which stand out further than the hips.
    flare, fold = (1.20, 1.50) if outfit.hem == COAT_HEM else (1.14, 1.24)
    side, deep = build.shoulder, build.chest_depth
    chest = 0.35 * build.waist + 0.65 * side
    widths = h * np.array(
        [build.hip * flare, build.hip * 1.08, build.waist, chest, side, 0.90 * side, 0.56 * side, 0.036]
    )
    depths = h * np.maximum(deep * np.array([fold, 1.08, 0.94, 1.06, 0.92, 0.80, 0.62, 0.0]), 0.036)
    front = None if outfit.shirt is None else (plain(outfit.shirt), 2 if outfit.hem == COAT_HEM else 0)
    figure.add_trunk(builder, spine, depths, widths, who.wardrobe.clothes, detail, front=front, caps=False)
    _add_below_the_belt(builder, who)
    if outfit.belt is not None and detail.has_bent_arms:
        ends = [at(spec, 0.1 * lean, 0, 0.582), at(spec, 0.2 * lean, 0, 0.610)]
        figure.add_trunk(builder, ends, 1.07 * depths[2], 1.07 * widths[2], plain(outfit.belt), detail)


def _add_below_the_belt(builder: MeshBuilder, who: _Person) -> None:
    spec, build, detail, h = who.spec, who.build, who.detail, who.spec.height_m
    if who.outfit.legwear in ("skirt", "dress"):
        cloth = who.wardrobe.trousers if who.outfit.legwear == "skirt" else who.wardrobe.clothes
        path, across, along = [_SKIRT_HEM, 0.44, 0.535], [1.34, 1.18, 1.0], [1.62, 1.30, 0.95]
    elif detail.has_bent_arms:
        cloth, path, across, along = who.wardrobe.trousers, [0.455, 0.50, 0.535], [0.74, 1.0, 0.97], [0.82, 0.97, 0.95]
    else:
        return
    if not detail.has_bent_arms:
        path, across, along = path[::2], across[::2], along[::2]
    figure.add_trunk(
        builder, [at(spec, 0, 0, z) for z in path], np.array(along) * build.chest_depth * h,
        np.array(across) * build.hip * h, cloth, detail, caps=False,
    )  # fmt: skip


def _add_head(builder: MeshBuilder, who: _Person) -> None:
    spec, build, outfit, h = who.spec, who.build, who.outfit, who.spec.height_m
    lean, pivot = build.stoop * 1.25, at(who.spec, build.stoop, 0.0, NECK)
    skin, hair = (finish.moving(Joint.HEAD, pivot) for finish in (who.wardrobe.skin, who.wardrobe.hair))
    if who.detail.has_bent_arms:
        neck = [at(spec, build.stoop, 0, 0.835), at(spec, lean, 0, 1.0 - 0.78 * build.head)]
        figure.add_limb(builder, neck, np.array([0.033, 0.030]) * h, skin, who.detail, caps=False)
    gear = None
    if outfit.gear is not None:
        kind, color = outfit.gear
        gear = kind, plain(color).moving(Joint.HEAD, pivot)
    head = Head(
        size_m=build.head * h, skin=skin, hair=hair, cut=outfit.cut, has_beard=outfit.has_beard, gear=gear,
    )  # fmt: skip
    add_head(builder, at(spec, lean + 0.010, 0, 1.0 - build.head / 2), head, who.detail)
