"""The vehicles that exist: ids of CARLA 0.9.16, sizes close to the originals, and the shape that is drawn.

World (blueprints, bounding boxes, physics) and render (meshes) both read this table, so that a car is as large as it
looks. Sizes are outer dimensions in metres; those of two-wheelers include the rider.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VehicleShape = Literal["sedan", "coupe", "hatchback", "suv", "van", "truck", "bus", "motorcycle", "bicycle"]

# CARLA's semantic tags, 0.9.14 and later (LibCarla/source/carla/rpc/ObjectLabel.h).
TAG_RIDER, TAG_CAR, TAG_TRUCK, TAG_BUS, TAG_MOTORCYCLE, TAG_BICYCLE = 13, 14, 15, 16, 18, 19


@dataclass(frozen=True, kw_only=True, slots=True)
class VehicleSpec:
    """One row of the vehicle table."""

    id: str
    shape: VehicleShape
    length_m: float
    width_m: float
    height_m: float
    wheelbase_m: float
    base_type: str
    """CARLA's ``base_type`` attribute: car, truck, van, bus, motorcycle, bicycle."""
    tag: int
    """Semantic tag of the vehicle itself; a rider on it is ``TAG_RIDER``."""
    number_of_wheels: int = 4
    max_speed_mps: float = 50.0
    max_acceleration: float = 4.5
    """[m/s^2] at full throttle from standstill."""
    mass_kg: float = 1500.0


def _car(vehicle_id: str, shape: VehicleShape, length: float, width: float, height: float) -> VehicleSpec:
    return VehicleSpec(
        id=vehicle_id,
        shape=shape,
        length_m=length,
        width_m=width,
        height_m=height,
        wheelbase_m=0.6 * length,
        base_type="van" if shape == "van" else "car",
        tag=TAG_CAR,
        mass_kg=320.0 * length,
    )


def _two_wheeler(vehicle_id: str, *, bicycle: bool, length: float, width: float, height: float) -> VehicleSpec:
    return VehicleSpec(
        id=vehicle_id,
        shape="bicycle" if bicycle else "motorcycle",
        length_m=length,
        width_m=width,
        height_m=height,
        wheelbase_m=0.65 * length,
        base_type="bicycle" if bicycle else "motorcycle",
        tag=TAG_BICYCLE if bicycle else TAG_MOTORCYCLE,
        number_of_wheels=2,
        max_speed_mps=12.0 if bicycle else 60.0,
        max_acceleration=1.5 if bicycle else 6.0,
        mass_kg=95.0 if bicycle else 290.0,
    )


VEHICLES: tuple[VehicleSpec, ...] = (
    _car("vehicle.audi.a2", "hatchback", 3.71, 1.79, 1.55),
    _car("vehicle.audi.tt", "coupe", 4.18, 1.87, 1.38),
    _car("vehicle.dodge.charger_2020", "sedan", 5.01, 1.88, 1.53),
    _car("vehicle.ford.mustang", "coupe", 4.72, 1.89, 1.36),
    _car("vehicle.jeep.wrangler_rubicon", "suv", 3.87, 1.91, 1.88),
    _car("vehicle.lincoln.mkz_2020", "sedan", 4.89, 1.86, 1.49),
    _car("vehicle.mini.cooper_s", "hatchback", 3.81, 1.82, 1.48),
    _car("vehicle.nissan.micra", "hatchback", 3.63, 1.78, 1.50),
    _car("vehicle.nissan.patrol_2021", "suv", 5.17, 1.99, 1.94),
    _car("vehicle.tesla.model3", "sedan", 4.79, 1.93, 1.49),
    _car("vehicle.toyota.prius", "hatchback", 4.51, 1.85, 1.52),
    _car("vehicle.mercedes.sprinter", "van", 5.92, 1.99, 2.56),
    _car("vehicle.volkswagen.t2", "van", 4.48, 1.84, 2.04),
    VehicleSpec(
        id="vehicle.carlamotors.carlacola",
        shape="truck",
        length_m=5.20,
        width_m=2.35,
        height_m=2.47,
        wheelbase_m=3.1,
        base_type="truck",
        tag=TAG_TRUCK,
        max_speed_mps=30.0,
        max_acceleration=2.2,
        mass_kg=5500.0,
    ),
    VehicleSpec(
        id="vehicle.mitsubishi.fusorosa",
        shape="bus",
        length_m=10.27,
        width_m=2.5,
        height_m=3.2,
        wheelbase_m=5.3,
        base_type="bus",
        tag=TAG_BUS,
        max_speed_mps=28.0,
        max_acceleration=1.6,
        mass_kg=9000.0,
    ),
    _two_wheeler("vehicle.harley-davidson.low_rider", bicycle=False, length=2.35, width=0.80, height=1.60),
    _two_wheeler("vehicle.kawasaki.ninja", bicycle=False, length=2.04, width=0.80, height=1.50),
    _two_wheeler("vehicle.vespa.zx125", bicycle=False, length=1.82, width=0.75, height=1.60),
    _two_wheeler("vehicle.yamaha.yzf", bicycle=False, length=2.21, width=0.80, height=1.53),
    _two_wheeler("vehicle.bh.crossbike", bicycle=True, length=1.70, width=0.60, height=1.75),
    _two_wheeler("vehicle.diamondback.century", bicycle=True, length=1.70, width=0.60, height=1.70),
    _two_wheeler("vehicle.gazelle.omafiets", bicycle=True, length=1.85, width=0.60, height=1.78),
)
