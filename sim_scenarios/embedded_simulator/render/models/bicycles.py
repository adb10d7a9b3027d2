"""Bicycles, without their riders: a racer with dropped bars, a sturdy one with flat bars, a Dutch roadster."""

from __future__ import annotations

from dataclasses import dataclass

from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder, Point
from sim_scenarios.embedded_simulator.render.models.cycle_parts import add_lamps, add_mudguard, add_wheels, axles
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec

_RADIUS_M = 0.335
_CRANK: Point = (-0.06, 0.0, 0.30)


@dataclass(frozen=True, kw_only=True, slots=True)
class BicycleShape:
    """What tells one bicycle from another."""

    tyre_m: float
    tube_m: float
    """Radius of the frame's tubes."""
    is_step_through: bool = False
    """No top tube; mudguards, chain case and carrier instead."""
    has_drop_bar: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Where the rider touches the bicycle [m], right side."""

    hip: Point
    hand: Point
    ankle: Point
    pedal_rise: float
    """How much higher the left pedal is than the right one."""


RACER = BicycleShape(tyre_m=0.030, tube_m=0.019, has_drop_bar=True)
STURDY = BicycleShape(tyre_m=0.058, tube_m=0.026)
ROADSTER = BicycleShape(tyre_m=0.045, tube_m=0.021, is_step_through=True)


def add_bicycle(builder: MeshBuilder, spec: VehicleSpec, shape: BicycleShape, reach: Reach, level: int) -> None:
    """Add a bicycle that fits a rider, handlebar included."""
    add_wheels(builder, spec, level, radius=_RADIUS_M, tyre=shape.tyre_m, filled=False)
    rear, front = axles(spec, _RADIUS_M)
    frame = Finish(material="car_paint", tag=spec.tag, part=Part.PAINT)
    dark = Finish(material="rubber", tag=spec.tag)
    saddle = (reach.hip[0] - 0.02, 0.0, reach.hip[2] - 0.10)
    head, seat_top = (front[0] - 0.20, 0.0, 0.78), (saddle[0] + 0.02, 0.0, 0.76)
    stem = (head[0] - 0.04, 0.0, reach.hand[2])
    top_tube = ((_CRANK[0] - 0.05, 0.0, 0.46), head) if shape.is_step_through else (seat_top, head)
    bars = ((_CRANK, seat_top), (_CRANK, head), top_tube, (_CRANK, rear), (seat_top, rear), (head, front))
    for start, end in bars:
        builder.tube([start, end], [1.1 * shape.tube_m, 0.9 * shape.tube_m], frame, sides=(6, 4, 3)[level], caps=False)
    builder.tube([head, stem, (reach.hand[0], 0.0, reach.hand[2])], [0.020] * 3, dark, sides=3, caps=False)
    _add_handlebar(builder, spec, shape, reach, level)
    if shape.is_step_through:
        for wheel in (rear, front):
            add_mudguard(builder, wheel, _RADIUS_M, frame, sides=(7, 4, 2)[level], width_m=0.07)
        carrier = dark.but(material="metal")
        builder.box((rear[0] - 0.02, 0, 2 * _RADIUS_M + 0.06), (0.40, 0.13, 0.02), carrier, without=())
    if level < 2:
        _add_seat_and_pedals(builder, spec, shape, reach, saddle, seat_top)
    add_lamps(
        builder, spec, front=(stem[0] + 0.10, stem[2] - 0.12), rear=(saddle[0] - 0.14, saddle[2] - 0.08), size=0.05
    )


def _add_seat_and_pedals(
    builder: MeshBuilder, spec: VehicleSpec, shape: BicycleShape, reach: Reach, saddle: Point, seat_top: Point
) -> None:
    dark = Finish(material="rubber", tag=spec.tag)
    builder.tube([seat_top, saddle], [0.018, 0.018], dark, sides=4, caps=False)
    builder.rounded_box(saddle, (0.26, 0.15, 0.07), 0.03, dark)
    if shape.is_step_through:
        rear, _ = axles(spec, _RADIUS_M)
        builder.box(((_CRANK[0] + rear[0]) / 2, 0.05, 0.32), (_CRANK[0] - rear[0] + 0.16, 0.03, 0.13), dark, without=())
    else:
        builder.disc((_CRANK[0], 0.045, _CRANK[2]), (0, 1, 0), 0.09, dark.but(material="metal"), sides=10)
    for side in (-1.0, 1.0):
        rise = reach.pedal_rise if side < 0.0 else 0.0
        foot = (reach.ankle[0] + 0.06, side * 0.12, reach.ankle[2] - 0.11 + rise)
        builder.tube([_CRANK, (_CRANK[0], side * 0.07, _CRANK[2]), foot], [0.014] * 3, dark, sides=4)


def _add_handlebar(builder: MeshBuilder, spec: VehicleSpec, shape: BicycleShape, reach: Reach, level: int) -> None:
    """Add flat bars, bars swept back to the hands, or dropped ones."""
    grip = Finish(material="rubber", tag=spec.tag)
    x, _, z = reach.hand
    half = spec.width_m / 2
    sweep = 0.14 if shape.is_step_through else 0.03
    builder.tube([(x - sweep, -half, z - 0.02), (x + 0.06, 0, z), (x - sweep, half, z - 0.02)], 0.018, grip, sides=4)
    if shape.has_drop_bar and level < 2:
        for side in (-half + 0.018, half - 0.018):
            bend = [(x - 0.03, side, z), (x + 0.09, side, z - 0.01), (x + 0.10, side, z - 0.09), (x, side, z - 0.13)]
            builder.tube(bend, 0.015, grip, sides=(5, 3)[level])
