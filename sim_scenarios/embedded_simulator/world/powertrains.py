"""What a vehicle's physics control starts with: engine, gears, tyres and brakes of its kind.

Curves and gear steps are typical of a kind; torque follows from the power in the catalogue, the final drive from the
top speed, brakes from the weight. Ranges: Bosch Automotive Handbook, 10th ed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim_scenarios.embedded_simulator.physics.vehicle import FRICTION_TO_GRIP, GRAVITY
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec
from sim_scenarios.embedded_simulator.world.vehicle_physics import WHEELS, CurvePoint, Gear, VehiclePhysics, Wheel

_TOP_GEAR = 0.75
_CLUTCH_SLIP = 0.025
"""What the clutch slips under the largest torque, as a share of the largest engine speed."""
_CAR_LOCK_DEG, _TWO_WHEELER_LOCK_DEG = 70.0, 45.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """What engines of a kind have in common."""

    max_rpm: float
    curve: tuple[tuple[float, float], ...]
    """Torque at full throttle: shares of the largest speed and of the largest torque."""
    steps: tuple[float, ...]
    """Ratios of the gears over the top gear's."""
    switch_s: float
    up: float = 0.88
    """Shares of the largest speed at which the autobox changes up and down."""
    down: float = 0.45
    inertia_per_torque: float = 6e-4
    """Moment of inertia [kg m^2] for each N m of the largest torque."""
    drag: float = 0.2
    """Braking torque at the largest speed, as a share of the largest torque."""


_PETROL_CURVE = ((0.0, 0.40), (0.12, 0.62), (0.25, 0.86), (0.45, 1.0), (0.7, 0.97), (0.85, 0.88), (1.0, 0.72))
_DIESEL_CURVE = ((0.0, 0.5), (0.2, 0.75), (0.35, 1.0), (0.6, 1.0), (0.8, 0.85), (1.0, 0.6))
PETROL = Engine(max_rpm=6500.0, curve=_PETROL_CURVE, steps=(4.8, 2.9, 2.0, 1.5, 1.2, 1.0), switch_s=0.2)
DIESEL = Engine(
    max_rpm=2600.0,
    curve=_DIESEL_CURVE,
    steps=(7.6, 5.6, 4.1, 3.0, 2.25, 1.7, 1.3, 1.0),
    switch_s=0.35,
    inertia_per_torque=2e-3,
)
ELECTRIC = Engine(
    max_rpm=16000.0,
    curve=((0.0, 1.0), (0.3, 1.0), (0.4, 0.78), (0.5, 0.62), (0.65, 0.47), (0.8, 0.38), (1.0, 0.28)),
    steps=(1.0,),
    switch_s=0.0,
    inertia_per_torque=2e-4,
    drag=0.15,
)
MOTORCYCLE = Engine(
    max_rpm=11000.0, curve=_PETROL_CURVE, steps=(2.7, 1.95, 1.55, 1.3, 1.12, 1.0), switch_s=0.1, inertia_per_torque=2e-4
)
LEGS = Engine(
    max_rpm=110.0,
    curve=((0.0, 1.0), (0.3, 0.92), (0.6, 0.75), (0.85, 0.55), (1.0, 0.3)),
    steps=(2.2, 1.7, 1.3, 1.0),
    switch_s=0.1,
    up=0.85,
    down=0.5,
    inertia_per_torque=1e-3,
    drag=0.0,
)

_ENGINES = {"truck": DIESEL, "bus": DIESEL, "motorcycle": MOTORCYCLE, "bicycle": LEGS}
_DRAG = {"sedan": 0.29, "coupe": 0.30, "hatchback": 0.33, "suv": 0.36, "van": 0.40, "truck": 0.65, "bus": 0.60,
         "motorcycle": 0.60, "bicycle": 0.56}  # fmt: skip
_RADIUS_CM = {"sedan": 33.0, "coupe": 33.0, "hatchback": 31.0, "suv": 37.0, "van": 35.0, "truck": 46.0, "bus": 46.0,
              "motorcycle": 31.0, "bicycle": 34.0}  # fmt: skip
_TIRE_FRICTION = {"van": 2.9, "truck": 2.4, "bus": 2.4, "motorcycle": 3.3, "bicycle": 2.2}
_CAR_TIRE_FRICTION = 3.5  # CARLA's
_BRAKE_TO_GRIP = {"bicycle": 0.7}
"""Full brakes over what the tyres hold; more than 1 where not named. A bicycle would tip over."""


def default_physics(spec: VehicleSpec) -> VehiclePhysics:
    """The physics control of a new vehicle; the front wheels steer, the rear ones have the hand brake."""
    engine = ELECTRIC if spec.special_type == "electric" else _ENGINES.get(spec.base_type, PETROL)
    most = largest_torque(engine, spec.power_kw)
    max_omega = engine.max_rpm * math.pi / 30.0
    radius = _RADIUS_CM[spec.shape]
    top_ratio = 0.97 * max_omega * (radius / 100.0) / spec.max_speed_mps
    engine_damping = engine.drag * most / max_omega
    return VehiclePhysics(
        torque_curve=tuple(CurvePoint(share * engine.max_rpm, torque * most) for share, torque in engine.curve),
        max_rpm=engine.max_rpm,
        moi=engine.inertia_per_torque * most,
        damping_rate_full_throttle=0.1 * engine_damping,
        damping_rate_zero_throttle_clutch_engaged=engine_damping,
        damping_rate_zero_throttle_clutch_disengaged=0.5 * engine_damping,
        gear_switch_time=engine.switch_s,
        clutch_strength=most / (_CLUTCH_SLIP * max_omega),
        final_ratio=top_ratio / _TOP_GEAR,
        forward_gears=tuple(Gear(_TOP_GEAR * step, engine.down, engine.up) for step in engine.steps),
        mass=spec.mass_kg,
        drag_coefficient=_DRAG[spec.shape],
        wheels=_wheels(spec, radius),
    )


def largest_torque(engine: Engine, power_kw: float) -> float:
    """[N m] at which the curve's best power is ``power_kw``."""
    max_omega = engine.max_rpm * math.pi / 30.0
    best = 0.0
    for (low, at_low), (high, at_high) in zip(engine.curve, engine.curve[1:], strict=False):
        for step in range(21):
            share = low + (high - low) * step / 20.0
            best = max(best, share * max_omega * (at_low + (at_high - at_low) * step / 20.0))
    return 1000.0 * power_kw / best


def _wheels(spec: VehicleSpec, radius_cm: float) -> tuple[Wheel, ...]:
    has_two = spec.number_of_wheels == 2
    friction = _TIRE_FRICTION.get(spec.shape, _CAR_TIRE_FRICTION)
    load = spec.mass_kg * GRAVITY / WHEELS
    holding = FRICTION_TO_GRIP * friction * load * radius_cm / 100.0  # [N m]
    steered = Wheel(
        tire_friction=friction,
        damping_rate={"bicycle": 0.01, "motorcycle": 0.125}.get(spec.shape, 0.25),
        max_steer_angle=_TWO_WHEELER_LOCK_DEG if has_two else _CAR_LOCK_DEG,
        radius=radius_cm,
        max_brake_torque=holding * _BRAKE_TO_GRIP.get(spec.shape, 1.6),
        max_handbrake_torque=0.0,
        lat_stiff_max_load=3.0,
        lat_stiff_value=17.0,
        long_stiff_value=8.0 * load / GRAVITY,
    )
    fixed = steered._replace(max_steer_angle=0.0, max_handbrake_torque=2.0 * holding, lat_stiff_value=20.0)
    return (steered, steered, fixed, fixed)
