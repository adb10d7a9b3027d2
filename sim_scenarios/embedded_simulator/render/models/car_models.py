"""The lines of single models, and which vehicle has which."""

from __future__ import annotations

from dataclasses import replace

from sim_scenarios.embedded_simulator.render.models.car_body import BodyShape
from sim_scenarios.embedded_simulator.render.models.car_shapes import BUS, COUPE, HATCHBACK, PANEL_VAN, SEDAN, SUV
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec

_JEEP = replace(
    SUV,
    top=(
        (-1.0, 0.55), (-0.99, 0.62), (-0.985, 0.66), (-0.965, 0.95), (-0.94, 0.99), (-0.5, 1.0), (0.0, 1.0),
        (0.07, 0.99), (0.10, 0.975), (0.20, 0.70), (0.40, 0.68), (0.90, 0.645), (0.985, 0.63), (1.0, 0.58),
    ),
    belt=((-1.0, 0.54), (-0.98, 0.64), (0.2, 0.64), (0.6, 0.63), (0.9, 0.61), (1.0, 0.56)),
    plan=((-1.0, 0.90), (-0.98, 0.94), (-0.9, 0.97), (0.2, 0.97), (0.6, 1.0), (0.95, 0.98), (1.0, 0.92)),
    sill=((-1.0, 0.29), (-0.6, 0.24), (0.6, 0.24), (1.0, 0.27)),
    windscreen=(0.10, 0.20),
    rear_window=(-0.985, -0.965),
    side_windows=((-0.88, -0.44), (-0.39, 0.07)),
    seams=(-0.42, 0.12),
    tumblehome=0.08,
    nose_bow=0.008,
    wheel_radius_m=0.41,
    has_spare_wheel=True,
)  # fmt: skip

_MICROBUS = replace(
    PANEL_VAN,
    top=(
        (-1.0, 0.60), (-0.985, 0.72), (-0.93, 0.93), (-0.88, 0.97), (-0.5, 0.995), (0.2, 1.0), (0.70, 0.985),
        (0.78, 0.955), (0.95, 0.575), (0.975, 0.53), (1.0, 0.44),
    ),
    belt=((-1.0, 0.56), (-0.9, 0.575), (0.5, 0.575), (0.93, 0.565), (1.0, 0.42)),
    plan=((-1.0, 0.80), (-0.98, 0.88), (-0.9, 0.96), (-0.6, 1.0), (0.6, 1.0), (0.85, 0.96), (0.96, 0.84), (1.0, 0.68)),
    sill=((-1.0, 0.19), (-0.6, 0.145), (0.7, 0.145), (1.0, 0.17)),
    windscreen=(0.78, 0.95),
    rear_window=(-0.985, -0.93),
    side_windows=((-0.86, -0.42), (-0.36, 0.06), (0.12, 0.46), (0.51, 0.84)),
    upper_color=(0.90, 0.89, 0.85),
    seams=(0.09, 0.485),
    tumblehome=0.15,
    wheel_radius_m=0.33,
    grille=False,
    tail_glass=False,
)  # fmt: skip

_BUBBLE = replace(
    HATCHBACK,
    top=(
        (-1.0, 0.50),
        (-0.97, 0.62),
        (-0.88, 0.74),
        (-0.60, 0.93),
        (-0.30, 0.99),
        (0.0, 1.0),
        (0.30, 0.975),
        (0.42, 0.94),
        (0.86, 0.60),
        (0.95, 0.51),
        (1.0, 0.40),
    ),
    belt=((-1.0, 0.48), (-0.9, 0.58), (0.0, 0.57), (0.8, 0.54), (1.0, 0.37)),
    plan=((-1.0, 0.74), (-0.97, 0.84), (-0.88, 0.94), (-0.5, 1.0), (0.7, 1.0), (0.90, 0.94), (0.97, 0.85), (1.0, 0.76)),
    sill=((-1.0, 0.17), (-0.6, 0.13), (0.6, 0.13), (1.0, 0.15)),
    windscreen=(0.42, 0.86),
    rear_window=(-0.88, -0.50),
    side_windows=((-0.52, -0.04), (0.0, 0.50)),
    seams=(),
    wheel_radius_m=0.235,
    grille=False,
    light_bars=True,
)

_WEDGE = replace(
    SUV,
    top=(
        (-1.0, 0.655),
        (-0.985, 0.665),
        (0.06, 0.985),
        (0.085, 1.0),
        (0.11, 0.985),
        (0.62, 0.68),
        (0.97, 0.535),
        (1.0, 0.50),
    ),
    belt=((-1.0, 0.60), (0.0, 0.585), (0.62, 0.555), (1.0, 0.47)),
    plan=((-1.0, 0.90), (-0.99, 0.92), (-0.5, 1.0), (0.6, 1.0), (0.97, 0.86), (1.0, 0.80)),
    sill=((-1.0, 0.26), (-0.9, 0.21), (0.9, 0.21), (1.0, 0.24)),
    windscreen=(0.11, 0.62),
    rear_window=(-0.50, 0.06),
    side_windows=((-0.30, -0.02), (0.0, 0.46)),
    seams=(-0.32, -0.01, 0.38),
    tumblehome=0.26,
    bulge=0.0,
    crease_deg=12.0,
    nose_bow=0.004,
    wheel_radius_m=0.44,
    grille=False,
    light_bars=True,
)
"""A pick-up of flat sheets: two straight slopes that meet over the driver's head."""

_MINI = replace(
    HATCHBACK,
    top=(
        (-1.0, 0.47),
        (-0.985, 0.60),
        (-0.965, 0.66),
        (-0.90, 0.93),
        (-0.84, 0.97),
        (-0.4, 0.995),
        (0.05, 1.0),
        (0.20, 0.985),
        (0.27, 0.955),
        (0.47, 0.695),
        (0.56, 0.66),
        (0.84, 0.61),
        (0.95, 0.54),
        (1.0, 0.42),
    ),
    belt=((-1.0, 0.46), (-0.95, 0.62), (0.0, 0.625), (0.5, 0.62), (0.85, 0.57), (1.0, 0.40)),
    plan=((-1.0, 0.80), (-0.98, 0.89), (-0.9, 0.96), (-0.5, 1.0), (0.6, 1.0), (0.86, 0.94), (0.96, 0.84), (1.0, 0.70)),
    windscreen=(0.27, 0.47),
    rear_window=(-0.965, -0.90),
    side_windows=((-0.80, -0.34), (-0.29, 0.39)),
    seams=(-0.31, 0.40),
    upper_color=(0.10, 0.10, 0.11),
    tumblehome=0.15,
)

_ONE_BOX = replace(
    HATCHBACK,
    top=(
        (-1.0, 0.46),
        (-0.99, 0.58),
        (-0.975, 0.64),
        (-0.90, 0.89),
        (-0.80, 0.95),
        (-0.45, 0.99),
        (-0.05, 1.0),
        (0.14, 0.98),
        (0.22, 0.955),
        (0.70, 0.63),
        (0.84, 0.565),
        (0.94, 0.50),
        (1.0, 0.40),
    ),
    windscreen=(0.22, 0.70),
    rear_window=(-0.975, -0.90),
    side_windows=((-0.80, -0.50), (-0.45, -0.06), (-0.02, 0.52)),
    seams=(-0.46, -0.04, 0.48),
)

_LOW_HATCHBACK = replace(
    HATCHBACK,
    top=(
        (-1.0, 0.50),
        (-0.99, 0.62),
        (-0.965, 0.70),
        (-0.78, 0.91),
        (-0.68, 0.955),
        (-0.4, 0.99),
        (-0.08, 1.0),
        (0.06, 0.985),
        (0.13, 0.96),
        (0.46, 0.68),
        (0.74, 0.625),
        (0.90, 0.56),
        (0.97, 0.50),
        (1.0, 0.42),
    ),
    belt=((-1.0, 0.49), (-0.95, 0.66), (-0.5, 0.665), (0.0, 0.64), (0.5, 0.62), (0.85, 0.56), (1.0, 0.40)),
    windscreen=(0.13, 0.46),
    rear_window=(-0.965, -0.78),
    side_windows=((-0.66, -0.46), (-0.42, -0.06), (-0.02, 0.38)),
    seams=(-0.43, -0.04, 0.38),
)

_MUSCLE_CAR = replace(
    COUPE,
    top=(
        (-1.0, 0.55),
        (-0.99, 0.66),
        (-0.97, 0.71),
        (-0.88, 0.735),
        (-0.76, 0.745),
        (-0.42, 0.95),
        (-0.28, 0.99),
        (-0.16, 1.0),
        (-0.06, 0.985),
        (0.0, 0.96),
        (0.28, 0.725),
        (0.60, 0.695),
        (0.90, 0.63),
        (0.98, 0.58),
        (1.0, 0.48),
    ),
    belt=((-1.0, 0.56), (-0.95, 0.70), (-0.5, 0.70), (0.0, 0.68), (0.45, 0.675), (0.85, 0.61), (1.0, 0.46)),
    plan=((-1.0, 0.82), (-0.98, 0.90), (-0.9, 0.96), (-0.6, 1.0), (0.7, 0.99), (0.92, 0.92), (0.98, 0.85), (1.0, 0.76)),
    windscreen=(0.0, 0.28),
    rear_window=(-0.76, -0.42),
    side_windows=((-0.54, -0.34), (-0.30, 0.20)),
    seams=(-0.32, 0.26),
    wheel_radius_m=0.35,
)

_THREE_BOX = replace(
    SEDAN,
    top=(
        (-1.0, 0.54),
        (-0.99, 0.62),
        (-0.96, 0.655),
        (-0.80, 0.675),
        (-0.56, 0.685),
        (-0.38, 0.93),
        (-0.30, 0.975),
        (-0.06, 1.0),
        (0.08, 0.99),
        (0.15, 0.965),
        (0.38, 0.685),
        (0.70, 0.655),
        (0.92, 0.60),
        (0.985, 0.56),
        (1.0, 0.47),
    ),
    belt=((-1.0, 0.55), (-0.94, 0.635), (0.0, 0.64), (0.5, 0.635), (0.85, 0.59), (1.0, 0.45)),
    plan=(
        (-1.0, 0.82),
        (-0.985, 0.90),
        (-0.93, 0.955),
        (-0.7, 0.99),
        (0.7, 0.99),
        (0.92, 0.94),
        (0.98, 0.86),
        (1.0, 0.76),
    ),
    windscreen=(0.15, 0.38),
    rear_window=(-0.56, -0.38),
    side_windows=((-0.42, -0.09), (-0.05, 0.30)),
    seams=(-0.44, -0.07, 0.31),
    tumblehome=0.20,
)

_POLICE_CAR = replace(SEDAN, door_color=(0.92, 0.92, 0.90), stripe_color=(0.08, 0.16, 0.42))

_BY_SHAPE = {"sedan": SEDAN, "coupe": COUPE, "hatchback": HATCHBACK, "suv": SUV, "van": PANEL_VAN, "bus": BUS}

_BY_ID = {
    "vehicle.jeep.wrangler_rubicon": _JEEP,
    "vehicle.volkswagen.t2": _MICROBUS,
    "vehicle.volkswagen.t2_2021": _MICROBUS,
    "vehicle.tesla.model3": replace(SEDAN, grille=False, rear_window=(-0.72, -0.36), tumblehome=0.27),
    "vehicle.audi.tt": replace(
        COUPE,
        top=(
            (-1.0, 0.50), (-0.985, 0.60), (-0.93, 0.68), (-0.82, 0.75), (-0.40, 0.945), (-0.2, 0.99), (-0.05, 1.0),
            (0.10, 0.975), (0.16, 0.95), (0.48, 0.70), (0.74, 0.635), (0.90, 0.56), (0.97, 0.49), (1.0, 0.42),
        ),
        windscreen=(0.16, 0.48),
        rear_window=(-0.80, -0.40),
        side_windows=((-0.44, -0.16), (-0.11, 0.38)),
        seams=(-0.14, 0.40),
    ),
    "vehicle.mini.cooper_s": _MINI,
    "vehicle.mini.cooper_s_2021": replace(_MINI, side_windows=((-0.80, -0.50), (-0.45, -0.02), (0.02, 0.40)),
                                          seams=(-0.46, 0.0, 0.38), wheel_radius_m=0.33),
    "vehicle.audi.a2": _ONE_BOX,
    "vehicle.bmw.grandtourer": replace(
        _ONE_BOX, wheel_radius_m=0.33, side_windows=((-0.84, -0.50), (-0.46, -0.06), (-0.02, 0.46))
    ),
    "vehicle.seat.leon": _LOW_HATCHBACK,
    "vehicle.ford.mustang": _MUSCLE_CAR,
    "vehicle.ford.crown": _THREE_BOX,
    "vehicle.chevrolet.impala": replace(_THREE_BOX, tumblehome=0.27),
    "vehicle.dodge.charger_police": _POLICE_CAR,
    "vehicle.dodge.charger_police_2020": _POLICE_CAR,
    "vehicle.micro.microlino": _BUBBLE,
    "vehicle.tesla.cybertruck": _WEDGE,
    "vehicle.toyota.prius": replace(
        HATCHBACK,
        top=(
            (-1.0, 0.50), (-0.99, 0.62), (-0.95, 0.72), (-0.80, 0.80), (-0.40, 0.965), (-0.12, 1.0), (0.06, 0.985),
            (0.14, 0.96), (0.60, 0.64), (0.80, 0.575), (0.92, 0.515), (0.975, 0.46), (1.0, 0.40),
        ),
        windscreen=(0.14, 0.60),
        rear_window=(-0.84, -0.40),
        side_windows=((-0.56, -0.42), (-0.39, -0.04), (0.0, 0.48)),
    ),
}  # fmt: skip


def body_shape(spec: VehicleSpec) -> BodyShape:
    """Return the lines of a four-wheeled vehicle other than a truck."""
    return _BY_ID.get(spec.id, _BY_SHAPE[spec.shape])
