from __future__ import annotations

import functools

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.mesh import Joint, Model, Part
from sim_scenarios.embedded_simulator.render.models.vehicles import vehicle_model
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import TAG_RIDER, VEHICLES, VehicleSpec
from tests.unit.sim_scenarios.embedded_simulator.render.models.mesh_checks import check_model, digest, enclosed_volume

FOUR_WHEELERS = [spec for spec in VEHICLES if spec.number_of_wheels == 4]
TWO_WHEELERS = [spec for spec in VEHICLES if spec.number_of_wheels == 2]


@functools.cache
def model_of(spec: VehicleSpec) -> Model:
    return vehicle_model(spec)


def by_id(spec: VehicleSpec) -> str:
    return spec.id


@pytest.mark.parametrize("spec", VEHICLES, ids=by_id)
def test_sound_at_every_level(spec: VehicleSpec) -> None:
    tags = {spec.tag, TAG_RIDER} if spec.number_of_wheels == 2 else {spec.tag}
    model = model_of(spec)
    check_model(model, allowed_tags=tags)
    near, middle, far = (len(mesh.triangles) for _, mesh in model.levels)
    assert near <= 2500
    assert middle <= 780
    assert far <= 420


@pytest.mark.parametrize("spec", VEHICLES, ids=by_id)
def test_exactly_as_large_as_the_table_says(spec: VehicleSpec) -> None:
    half_length, half_width = spec.length_m / 2, spec.width_m / 2
    for _, mesh in model_of(spec).levels:
        np.testing.assert_allclose(mesh.positions.min(axis=0), (-half_length, -half_width, 0.0), atol=1e-3)
        np.testing.assert_allclose(mesh.positions.max(axis=0), (half_length, half_width, spec.height_m), atol=1e-3)


@pytest.mark.parametrize("spec", VEHICLES, ids=by_id)
def test_stands_on_wheels_that_can_turn(spec: VehicleSpec) -> None:
    for _, mesh in model_of(spec).levels:
        for joint, sign in ((Joint.FRONT_WHEELS, 1.0), (Joint.REAR_WHEELS, -1.0)):
            moving = mesh.joints == joint
            assert moving.any()
            pivots = mesh.pivots[moving]
            assert (sign * pivots[:, 0] > 0.2 * spec.length_m).all()
            reach = np.linalg.norm((mesh.positions[moving] - pivots)[:, [0, 2]], axis=1).max()
            assert reach == pytest.approx(float(pivots[:, 2].mean()), rel=0.12), "a wheel's radius is its axle's height"
            assert mesh.positions[moving][:, 2].min() < 0.03


@pytest.mark.parametrize("spec", VEHICLES, ids=by_id)
def test_lamps_are_at_the_right_ends_and_sides(spec: VehicleSpec) -> None:
    mesh = model_of(spec).levels[0][1]

    def middles(part: Part) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.asarray(mesh.positions[mesh.triangles[mesh.parts == part]].mean(axis=1), np.float32)

    assert middles(Part.HEADLIGHT)[:, 0].min() > 0.2 * spec.length_m
    assert middles(Part.TAIL_LIGHT)[:, 0].max() < -0.2 * spec.length_m
    if spec.number_of_wheels == 4:
        assert middles(Part.BLINKER_LEFT)[:, 1].max() < 0.0
        assert middles(Part.BLINKER_RIGHT)[:, 1].min() > 0.0


@pytest.mark.parametrize("spec", FOUR_WHEELERS, ids=by_id)
def test_bodies_are_symmetric_painted_and_glazed(spec: VehicleSpec) -> None:
    mesh = model_of(spec).levels[0][1]
    places = {tuple(p) for p in np.round(mesh.positions, 3).tolist()}
    mirrored = {(x, -y if y else y, z) for x, y, z in places}
    assert len(places & mirrored) > 0.97 * len(places)
    assert (mesh.parts == Part.PAINT).mean() > 0.2
    assert np.isin(Part.PAINT, mesh.parts)


@pytest.mark.parametrize("spec", TWO_WHEELERS, ids=by_id)
def test_two_wheelers_carry_a_rider(spec: VehicleSpec) -> None:
    for _, mesh in model_of(spec).levels:
        rider = mesh.positions[mesh.triangles[mesh.tags == TAG_RIDER].reshape(-1)]
        machine = mesh.positions[mesh.triangles[mesh.tags == spec.tag].reshape(-1)]
        assert rider[:, 2].max() == pytest.approx(spec.height_m, abs=1e-3), "the rider's head is the highest point"
        assert np.ptp(machine[:, 0]) == pytest.approx(spec.length_m, abs=1e-3)
        assert rider[:, 2].min() > 0.1


@pytest.mark.parametrize("spec", VEHICLES, ids=by_id)
def test_winds_outward_and_is_as_bulky_as_such_a_vehicle(spec: VehicleSpec) -> None:
    box = spec.length_m * spec.width_m * spec.height_m
    for _, mesh in model_of(spec).levels:
        share = enclosed_volume(mesh) / box
        assert (0.35 if spec.number_of_wheels == 4 else 0.02) < share < 1.2


def test_built_twice_gives_the_same_bytes() -> None:
    for spec in (VEHICLES[0], VEHICLES[13], VEHICLES[15]):
        first, second = vehicle_model(spec), vehicle_model(spec)
        assert digest(*(m for _, m in first.levels)) == digest(*(m for _, m in second.levels))


def test_every_vehicle_looks_different() -> None:
    digests = {digest(model_of(spec).levels[0][1]) for spec in VEHICLES}
    assert len(digests) == len(VEHICLES)
