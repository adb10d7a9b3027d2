"""The vehicles that exist: the ids of CARLA 0.9.16, sizes close to the originals, and the shape that is drawn.

World (blueprints, bounding boxes, physics) and render (meshes) both read this table, so that a car is as large as it
looks. Sizes are outer dimensions in metres; those of two-wheelers include the rider. Lengths and heights are CARLA's
bounding boxes, widths the real vehicles' with mirrors (CARLA's boxes add up to 0.3 m to those); wheelbases, masses and
engines are the makers'. Generation, lights, doors and types follow CARLA's documentation, "Vehicle catalogue".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

VehicleShape = Literal["sedan", "coupe", "hatchback", "suv", "van", "truck", "bus", "motorcycle", "bicycle"]

# CARLA's semantic tags, 0.9.14 and later (LibCarla/source/carla/rpc/ObjectLabel.h).
TAG_RIDER, TAG_CAR, TAG_TRUCK, TAG_BUS, TAG_MOTORCYCLE, TAG_BICYCLE = 13, 14, 15, 16, 18, 19
PAINTS = (
    "180,44,44", "17,37,103", "43,60,99", "210,210,215", "24,26,28", "120,124,130", "66,88,70", "199,158,62",
    "236,236,232", "92,24,30", "60,110,140", "140,140,120",
)  # fmt: skip


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
    mass_kg: float
    """Ready to drive, with driver or rider."""
    power_kw: float
    """Of the engine, or of legs."""
    max_speed_mps: float
    """Where the top gear ends."""
    number_of_wheels: int = 4
    max_acceleration: float = 4.5
    """[m/s^2] at full throttle from standstill."""
    generation: int = 1
    """1: CARLA's older models, 2: the detailed ones."""
    special_type: str = ""
    """electric, emergency, taxi or nothing."""
    has_lights: bool = False
    has_dynamic_doors: bool = False
    colors: tuple[str, ...] = PAINTS
    """Recommended values of the ``color`` attribute, the default first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Equipment:
    """What CARLA's model of a vehicle can do beside driving."""

    generation: int = 1
    special_type: str = ""
    has_lights: bool = False
    has_dynamic_doors: bool = False
    colors: tuple[str, ...] = PAINTS


_PLAIN = _Equipment()
_LIT = _Equipment(has_lights=True)
_DETAILED = _Equipment(generation=2, has_lights=True, has_dynamic_doors=True)
_POLICE = ("24,26,28", "236,236,232")


def _car(
    name: str,
    shape: VehicleShape,
    size: tuple[float, float, float],
    wheelbase: float,
    mass: float,
    power: float,
    kmh: float,
    equipment: _Equipment = _PLAIN,
    base_type: str = "car",
) -> VehicleSpec:
    """Sizes are length, width, height [m]; power [kW]."""
    length, width, height = size
    return VehicleSpec(
        id=f"vehicle.{name}",
        shape=shape,
        length_m=length,
        width_m=width,
        height_m=height,
        wheelbase_m=wheelbase,
        base_type=base_type,
        tag={"truck": TAG_TRUCK, "bus": TAG_BUS}.get(base_type, TAG_CAR),
        mass_kg=mass,
        power_kw=power,
        max_speed_mps=kmh / 3.6,
        max_acceleration={"truck": 2.2, "bus": 1.6}.get(base_type, 4.5),
        generation=equipment.generation,
        special_type=equipment.special_type,
        has_lights=equipment.has_lights,
        has_dynamic_doors=equipment.has_dynamic_doors,
        colors=equipment.colors,
    )


def _two_wheeler(
    name: str, size: tuple[float, float, float], mass: float, power: float, kmh: float, *, bicycle: bool
) -> VehicleSpec:
    length, width, height = size
    return VehicleSpec(
        id=f"vehicle.{name}",
        shape="bicycle" if bicycle else "motorcycle",
        length_m=length,
        width_m=width,
        height_m=height,
        wheelbase_m=0.65 * length,
        base_type="bicycle" if bicycle else "motorcycle",
        tag=TAG_BICYCLE if bicycle else TAG_MOTORCYCLE,
        mass_kg=mass,
        power_kw=power,
        max_speed_mps=kmh / 3.6,
        number_of_wheels=2,
        max_acceleration=1.5 if bicycle else 6.0,
        has_lights=not bicycle,
    )


VEHICLES: tuple[VehicleSpec, ...] = (
    _car("audi.a2", "hatchback", (3.71, 1.79, 1.55), 2.40, 1080, 66, 180),
    _car("audi.etron", "suv", (4.86, 2.02, 1.65), 2.93, 2490, 265, 200, _Equipment(special_type="electric")),
    _car("audi.tt", "coupe", (4.18, 1.87, 1.38), 2.47, 1440, 169, 245),
    _car("bmw.grandtourer", "suv", (4.61, 1.88, 1.67), 2.78, 1600, 141, 222),
    _car("chevrolet.impala", "sedan", (5.36, 1.93, 1.41), 3.02, 1800, 205, 200),
    _car("citroen.c3", "hatchback", (3.99, 1.81, 1.62), 2.47, 1150, 68, 175),
    _car("dodge.charger_2020", "sedan", (5.01, 1.88, 1.53), 3.05, 1950, 224, 240, _DETAILED),
    _car("dodge.charger_police", "sedan", (4.97, 1.96, 1.54), 3.05, 2000, 240, 240,
         _Equipment(special_type="emergency", has_lights=True, colors=_POLICE)),
    _car("dodge.charger_police_2020", "sedan", (5.24, 1.93, 1.64), 3.05, 2050, 260, 240,
         replace(_DETAILED, special_type="emergency", colors=_POLICE)),
    _car("ford.crown", "sedan", (5.37, 1.90, 1.57), 2.91, 1900, 186, 200,
         replace(_DETAILED, special_type="taxi", colors=("199,158,42", "236,236,232", "24,26,28"))),
    _car("ford.mustang", "coupe", (4.72, 1.89, 1.36), 2.72, 1720, 233, 240),
    _car("jeep.wrangler_rubicon", "suv", (3.87, 1.91, 1.88), 2.42, 1900, 147, 180),
    _car("lincoln.mkz_2017", "sedan", (4.90, 1.93, 1.51), 2.85, 1780, 183, 210, _LIT),
    _car("lincoln.mkz_2020", "sedan", (4.89, 1.86, 1.49), 2.85, 1780, 183, 210, _DETAILED),
    _car("mercedes.coupe", "coupe", (5.03, 1.95, 1.45), 2.95, 1900, 245, 240),
    _car("mercedes.coupe_2020", "coupe", (4.67, 1.81, 1.44), 2.84, 1700, 190, 240, _DETAILED),
    _car("micro.microlino", "hatchback", (2.21, 1.48, 1.38), 1.45, 600, 12.5, 90, _Equipment(special_type="electric")),
    _car("mini.cooper_s", "hatchback", (3.81, 1.82, 1.48), 2.47, 1300, 141, 230),
    _car("mini.cooper_s_2021", "hatchback", (4.55, 1.90, 1.77), 2.67, 1480, 141, 225, _DETAILED),
    _car("nissan.micra", "hatchback", (3.63, 1.78, 1.50), 2.43, 1120, 66, 170),
    _car("nissan.patrol", "suv", (4.60, 1.93, 1.85), 2.65, 2200, 140, 170),
    _car("nissan.patrol_2021", "suv", (5.17, 1.99, 1.94), 3.07, 2750, 298, 210, _DETAILED),
    _car("seat.leon", "hatchback", (4.19, 1.82, 1.47), 2.58, 1360, 110, 215),
    _car("tesla.model3", "sedan", (4.79, 1.93, 1.49), 2.87, 1850, 208, 225,
         _Equipment(generation=2, special_type="electric", has_lights=True)),
    _car("toyota.prius", "hatchback", (4.51, 1.85, 1.52), 2.70, 1450, 100, 180),
    _car("ford.ambulance", "van", (6.37, 2.35, 2.43), 3.90, 4500, 200, 150,
         replace(_DETAILED, special_type="emergency", colors=("236,236,232", "199,158,42")), "van"),
    _car("mercedes.sprinter", "van", (5.92, 1.99, 2.56), 3.67, 2600, 125, 165, _DETAILED, "van"),
    _car("volkswagen.t2", "van", (4.48, 1.84, 2.04), 2.40, 1300, 52, 128, _PLAIN, "van"),
    _car("volkswagen.t2_2021", "van", (4.44, 1.77, 1.99), 2.45, 1400, 75, 145, _DETAILED, "van"),
    _car("carlamotors.carlacola", "truck", (5.20, 2.35, 2.47), 3.10, 5500, 150, 115, _PLAIN, "truck"),
    _car("carlamotors.european_hgv", "truck", (7.94, 2.60, 3.46), 4.60, 11000, 265, 115, _DETAILED, "truck"),
    _car("carlamotors.firetruck", "truck", (8.47, 2.60, 3.83), 4.80, 13000, 280, 120,
         replace(_DETAILED, special_type="emergency", colors=("160,18,16",)), "truck"),
    _car("tesla.cybertruck", "suv", (6.27, 2.20, 2.10), 3.81, 3100, 380, 180,
         _Equipment(generation=2, special_type="electric", has_lights=True,
                    colors=("150,152,155", "120,124,130", "24,26,28")), "truck"),
    _car("mitsubishi.fusorosa", "bus", (10.27, 2.5, 3.2), 5.30, 9000, 190, 112,
         _Equipment(generation=2, has_lights=True), "bus"),
    _two_wheeler("harley-davidson.low_rider", (2.35, 0.80, 1.60), 390, 63, 180, bicycle=False),
    _two_wheeler("kawasaki.ninja", (2.04, 0.80, 1.50), 285, 100, 240, bicycle=False),
    _two_wheeler("vespa.zx125", (1.82, 0.75, 1.60), 215, 9, 95, bicycle=False),
    _two_wheeler("yamaha.yzf", (2.21, 0.80, 1.53), 285, 120, 260, bicycle=False),
    _two_wheeler("bh.crossbike", (1.70, 0.60, 1.75), 92, 0.30, 30, bicycle=True),
    _two_wheeler("diamondback.century", (1.70, 0.60, 1.70), 86, 0.32, 34, bicycle=True),
    _two_wheeler("gazelle.omafiets", (1.85, 0.60, 1.78), 95, 0.22, 25, bicycle=True),
)  # fmt: skip
