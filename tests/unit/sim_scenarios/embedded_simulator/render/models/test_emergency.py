from __future__ import annotations

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Part
from sim_scenarios.embedded_simulator.render.models.vehicles import vehicle_model
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES, VehicleSpec

EMERGENCY = [spec for spec in VEHICLES if spec.special_type == "emergency"]


def middles(mesh: Mesh, part: Part) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray(mesh.positions[mesh.triangles[mesh.parts == part]].mean(axis=1))


@pytest.mark.parametrize("spec", EMERGENCY, ids=lambda spec: spec.id)
def test_emergency_vehicles_have_blue_lamps_high_up_at_every_level(spec: VehicleSpec) -> None:
    for _, mesh in vehicle_model(spec).levels:
        lamps = middles(mesh, Part.BEACON)
        assert len(lamps)
        assert lamps[:, 2].min() > 0.7 * spec.height_m
        corners = mesh.triangles[mesh.parts == Part.BEACON].reshape(-1)
        red, _, blue = mesh.colors[corners].T
        assert (blue > 2.0 * red).all()


def test_no_other_vehicle_has_them() -> None:
    for spec in VEHICLES:
        if spec not in EMERGENCY:
            assert not (vehicle_model(spec).levels[0][1].parts == Part.BEACON).any(), spec.id


def test_the_light_bar_is_the_highest_part_of_a_police_car() -> None:
    for spec in EMERGENCY:
        if "charger" in spec.id:
            mesh = vehicle_model(spec).levels[0][1]
            painted = mesh.positions[mesh.triangles[mesh.parts == Part.PAINT].reshape(-1)]
            assert painted[:, 2].max() == pytest.approx(0.925 * spec.height_m, abs=0.03)
