"""Riders of two-wheelers: people in a pose, with a tag of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish, MeshBuilder, Point
from sim_scenarios.embedded_simulator.render.models import figure
from sim_scenarios.embedded_simulator.render.models.figure import FigureDetail
from sim_scenarios.embedded_simulator.render.models.heads import Head, add_head
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import TAG_RIDER


@dataclass(frozen=True, kw_only=True, slots=True)
class RidingPose:
    """Where a rider's joints are [m]; right side, the left one mirrors it."""

    hip: Point
    knee: Point
    ankle: Point
    shoulder: Point
    elbow: Point
    hand: Point
    head: Point
    headgear: Literal["full_helmet", "cycle_helmet"] | None
    pedal_rise: float = 0.0
    """How much higher the left foot is than the right one, on pedals."""
    jacket: Color
    trousers: Color


_CLOTH = Finish(material="cloth", tag=TAG_RIDER)
_SKIN = _CLOTH.but(material="skin", color=(0.68, 0.52, 0.41))
_HAIR = _CLOTH.but(color=(0.28, 0.19, 0.13))
_SHOE = _CLOTH.but(color=(0.14, 0.13, 0.13))
_SHELL = _CLOTH.but(material="car_paint", color=(0.80, 0.80, 0.82))
_FOAM = _SHELL.but(color=(0.20, 0.34, 0.50))
_VISOR = _CLOTH.but(material="vehicle_glass")
_GLOVE = _CLOTH.but(material="rubber")


def add_rider(builder: MeshBuilder, pose: RidingPose, detail: FigureDetail) -> None:
    """Add somebody who sits in ``pose``."""
    jacket, trousers = _CLOTH.but(color=pose.jacket), _CLOTH.but(color=pose.trousers)
    for side, rise in ((1.0, 0.0), (-1.0, pose.pedal_rise)):
        _add_leg(builder, pose, trousers, detail, side=side, rise=rise)
    arm = MeshBuilder()
    _add_arm(arm, pose, jacket, detail)
    builder.add(arm)
    builder.mirrored(arm)
    hip, shoulder = (np.array(point) * (1.0, 0.0, 1.0) for point in (pose.hip, pose.shoulder))
    spine = hip + np.array([-0.10, 0.12, 0.55, 0.88, 1.04, 1.12])[:, None] * (shoulder - hip)
    wide = pose.shoulder[1]
    depths, widths = [0.10, 0.125, 0.125, 0.115, 0.080, 0.055], np.array([0.14, 0.170, 0.155, wide, 0.65 * wide, 0.06])
    figure.add_trunk(builder, spine, depths, widths, jacket, detail)
    if detail.has_bent_arms:
        neck = [spine[-2], np.array(pose.head) - (0.02, 0.0, 0.08)]
        figure.add_limb(builder, neck, [0.058, 0.052], jacket if pose.headgear == "full_helmet" else _SKIN, detail)
    if pose.headgear == "full_helmet":  # the shell is as hair and beard round a visor
        head = Head(size_m=0.285, skin=_VISOR, hair=_SHELL, cut="bob", has_beard=True, is_covered=True)
    else:
        gear = None if pose.headgear is None else (pose.headgear, _FOAM)
        head = Head(size_m=0.24, skin=_SKIN, hair=_HAIR, cut="short", gear=gear)
    add_head(builder, pose.head, head, detail)


def _add_arm(builder: MeshBuilder, pose: RidingPose, jacket: Finish, detail: FigureDetail) -> None:
    shoulder, elbow, hand = np.array(pose.shoulder), np.array(pose.elbow), np.array(pose.hand)
    down = (elbow - shoulder) / np.linalg.norm(elbow - shoulder)
    start = shoulder + 0.02 * down - (0.0, 0.05, 0.0)
    figure.add_hinged(
        builder, ([start, shoulder + 0.03 * down, elbow], np.array([0.035, 0.058, 0.048])),
        ([elbow, hand], np.array([0.048, 0.036])), (jacket, jacket), detail,
    )  # fmt: skip
    if detail.has_bent_arms:
        glove = _SKIN if pose.headgear is None else _GLOVE
        builder.ellipsoid(pose.hand, (0.055, 0.045, 0.04), glove, sides=5, rings=3)


def _add_leg(
    builder: MeshBuilder, pose: RidingPose, cloth: Finish, detail: FigureDetail, *, side: float, rise: float
) -> None:
    """Add one leg and its shoe; a foot that is higher bends the knee up and forward."""
    flip = np.array([1.0, side, 1.0])
    hip, knee = np.array(pose.hip) * flip, (np.array(pose.knee) + rise * np.array([0.2, 0.0, 0.6])) * flip
    ankle = (np.array(pose.ankle) + rise * np.array([0.0, 0.0, 1.0])) * flip
    thigh, calf = 0.55 * hip + 0.45 * knee, 0.6 * knee + 0.4 * ankle
    figure.add_hinged(
        builder, ([hip, thigh, knee], np.array([0.095, 0.085, 0.060])),
        ([knee, calf, ankle], np.array([0.060, 0.058, 0.045])),
        (cloth, cloth), detail,
    )  # fmt: skip
    sole = ankle + np.array([0.06, 0.0, -0.055])
    if detail.has_features:
        builder.rounded_box(sole, (0.27, 0.095, 0.09), 0.03, _SHOE)
    else:
        builder.box(sole, (0.27, 0.09, 0.09), _SHOE, without=())
