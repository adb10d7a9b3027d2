"""The table of vehicles against CARLA's documentation and common sense."""

from __future__ import annotations

import pytest

from sim_scenarios.embedded_simulator.world.blueprints.library import build_library
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES, VehicleSpec

IDS_OF_0_9_16 = """
    audi.a2 audi.etron audi.tt bmw.grandtourer chevrolet.impala citroen.c3 dodge.charger_2020 dodge.charger_police
    dodge.charger_police_2020 ford.ambulance ford.crown ford.mustang jeep.wrangler_rubicon lincoln.mkz_2017
    lincoln.mkz_2020 mercedes.coupe mercedes.coupe_2020 mercedes.sprinter micro.microlino mini.cooper_s
    mini.cooper_s_2021 mitsubishi.fusorosa nissan.micra nissan.patrol nissan.patrol_2021 seat.leon tesla.cybertruck
    tesla.model3 toyota.prius volkswagen.t2 volkswagen.t2_2021 carlamotors.carlacola carlamotors.european_hgv
    carlamotors.firetruck bh.crossbike diamondback.century gazelle.omafiets harley-davidson.low_rider kawasaki.ninja
    vespa.zx125 yamaha.yzf
"""
LIBRARY = {blueprint.id: blueprint for blueprint in build_library()}
BY_ID = {spec.id: spec for spec in VEHICLES}


def values(vehicle_id: str) -> dict[str, str]:
    return {attribute.id: attribute.value for attribute in LIBRARY[vehicle_id].attributes}


def test_the_ids_are_carla_s() -> None:
    assert sorted(BY_ID) == sorted(f"vehicle.{name}" for name in IDS_OF_0_9_16.split())
    assert len(VEHICLES) == len(BY_ID)


@pytest.mark.parametrize("spec", VEHICLES, ids=lambda spec: spec.id)
def test_sizes_masses_and_engines_are_possible(spec: VehicleSpec) -> None:
    assert 0.5 * spec.length_m < spec.wheelbase_m < 0.75 * spec.length_m
    density = spec.mass_kg / (spec.length_m * spec.width_m * spec.height_m)  # [kg/m^3] of the box
    assert (45.0 if spec.number_of_wheels == 4 else 30.0) < density < 200.0
    per_tonne = 1000.0 * spec.power_kw / spec.mass_kg
    assert (2.0, 10.0)[spec.number_of_wheels == 4] < per_tonne < 500.0


def test_attributes_tell_what_carla_s_tell() -> None:
    assert values("vehicle.dodge.charger_police_2020") | {
        "base_type": "car",
        "special_type": "emergency",
        "generation": "2",
        "number_of_wheels": "4",
        "has_lights": "True",
        "has_dynamic_doors": "True",
        "sticky_control": "True",
        "terramechanics": "False",
        "role_name": "autopilot",
    } == values("vehicle.dodge.charger_police_2020")
    assert values("vehicle.ford.crown")["special_type"] == "taxi"
    assert values("vehicle.micro.microlino")["special_type"] == "electric"
    assert values("vehicle.gazelle.omafiets")["number_of_wheels"] == "2"
    assert values("vehicle.gazelle.omafiets")["has_lights"] == "False"
    assert values("vehicle.audi.a2")["generation"] == "1"
    assert {spec.base_type for spec in VEHICLES} == {"car", "van", "truck", "bus", "motorcycle", "bicycle"}
