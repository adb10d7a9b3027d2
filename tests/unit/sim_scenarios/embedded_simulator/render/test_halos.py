from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.halos import MAX_VEHICLES, add_halos, lamps_in_view
from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.models.vehicles import vehicle_model
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.view import camera_record
from sim_scenarios.embedded_simulator.render.weather_look import look_of
from sim_scenarios.embedded_simulator.world.snapshot import VehicleLight, Weather
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES, VehicleSpec

NIGHT = Weather(sun_altitude_angle=-90.0, fog_density=0.0)
MIST = replace(NIGHT, fog_density=60.0)
WET = replace(NIGHT, wetness=100.0, precipitation_deposits=60.0)
NO_LAMPS = np.zeros((0, 6), np.float32)
LAMP = np.array([[20.0, 0.0, 6.0, 1.0, 0.8, 0.5, 3.0, 0.0]], np.float32)


def added(stage: Any, weather: Weather, lamps: np.ndarray, *, wall_m: float = 0.0, mirror: float = 0.0) -> np.ndarray:
    """What ``lamps`` add to a dark picture of a plane at z = 0, or of a wall across the view."""
    camera = camera_record(stage.view(z=1.6))
    rows = (np.arange(90) + 0.5 - 45.0) / 80.0
    nearness = np.repeat(np.maximum(0.0, rows / 1.6)[:, None], 160, axis=1).astype(np.float32)
    if wall_m:
        nearness = np.maximum(nearness, np.float32(1.0 / wall_m))
    light = np.zeros((90, 160, 4), np.float32)
    light[45:, :, 3] = mirror
    add_halos(0, 1, camera, look_of(weather), lamps, nearness, light)
    assert (light[45:, :, 3] == np.float32(mirror)).all()
    return light[..., :3]


def test_mist_makes_halos_around_lamps_and_clear_air_does_not(stage: Any) -> None:
    halo = added(stage, MIST, LAMP).sum(axis=2)
    row, column = stage.pixel(stage.view(z=1.6), 20.0, 0.0, 6.0)
    assert abs(np.array(np.unravel_index(halo.argmax(), halo.shape)) - (row, column)).max() <= 1
    assert halo[row, column] > 3 * halo[row, column + 6] > 0.0
    assert halo[row, column + 16] == 0.0
    assert not added(stage, NIGHT, LAMP).any()


def test_a_lamp_behind_a_wall_does_not_glow(stage: Any) -> None:
    assert not added(stage, MIST, LAMP, wall_m=10.0).any()
    assert added(stage, MIST, LAMP, wall_m=40.0).any()


def test_a_lamp_in_wet_ground_stands_where_the_law_of_reflection_says(stage: Any) -> None:
    """Mirrored in z = 0 the lamp is at height -6; the streak is long, but brightest on that line."""
    streak = added(stage, WET, LAMP, mirror=1.0).sum(axis=2)
    row, column = stage.pixel(stage.view(z=1.6), 20.0, 0.0, -6.0)
    assert abs(int(streak[:, column].argmax()) - row) <= 6
    assert (streak > 0).any(axis=0).sum() < 16 < (streak > 0).any(axis=1).sum()
    assert not added(stage, WET, LAMP, mirror=0.0).any()


def test_vehicles_show_the_end_that_one_sees(stage: Any) -> None:
    camera = camera_record(stage.view())
    lights = VehicleLight.LOW_BEAM | VehicleLight.POSITION
    coming, going = (
        lamps_in_view(
            stage.snapshot(stage.car(20.0, 0.0, yaw=yaw, lights=lights)), camera, np.zeros((0, 6), np.float32)
        )
        for yaw in (180.0, 0.0)
    )
    assert (coming[:, 4] > 0.9).all()  # white
    assert (going[:, 4] < 0.1 * going[:, 3]).all()  # red
    for rows in (coming, going):
        np.testing.assert_allclose(rows[:, 0], 20.0 - 4.89 / 2, atol=0.2)
        assert rows[0, 1] == pytest.approx(-rows[1, 1])
    parked = stage.snapshot(stage.car(20.0, 0.0))
    assert len(lamps_in_view(parked, camera, NO_LAMPS)) == 0


@pytest.mark.parametrize(
    "spec", [spec for spec in VEHICLES if spec.number_of_wheels == 4], ids=lambda spec: str(spec.id)
)
def test_halos_are_where_the_lamps_are_drawn(stage: Any, spec: VehicleSpec) -> None:
    mesh, camera = vehicle_model(spec).levels[0][1], camera_record(stage.view())
    for yaw, lights, part in (
        (180.0, VehicleLight.LOW_BEAM, Part.HEADLIGHT), (0.0, VehicleLight.POSITION, Part.TAIL_LIGHT),
    ):  # fmt: skip
        car = replace(stage.car(20.0, 0.0, yaw=yaw, lights=lights), blueprint_id=spec.id)
        rows = lamps_in_view(stage.snapshot(car), camera, NO_LAMPS)
        assert len(rows) == 2
        drawn = mesh.positions[mesh.triangles[mesh.parts == part].reshape(-1)]
        assert rows[0, 2] == pytest.approx((drawn[:, 2].min() + drawn[:, 2].max()) / 2.0, abs=0.35)
        assert np.abs(rows[:, 1]).max() < drawn[:, 1].max()


def test_blue_lamps_flash_on_the_roofs_of_emergency_vehicles_only(stage: Any) -> None:
    camera, seen = camera_record(stage.view()), []
    for name in ("vehicle.ford.ambulance", "vehicle.nissan.micra"):
        for age_s in (0.1, 0.3):
            car = replace(
                stage.car(20.0, 0.0, lights=VehicleLight.SPECIAL1), blueprint_id=name, age_s=age_s
            )  # fmt: skip
            seen.append(lamps_in_view(stage.snapshot(car), camera, NO_LAMPS))
    bright, dim = seen[:2]
    assert [len(rows) for rows in seen] == [1, 1, 0, 0]
    assert bright[0, 5] > 4.0 * bright[0, 3]
    assert bright[0, 5] > 4.0 * dim[0, 5] > 0.0
    assert 2.0 < bright[0, 2] < 2.43


def test_only_the_nearest_vehicles_ahead_glow(stage: Any) -> None:
    cars = [stage.car(4.0 * i - 20.0, 0.0, actor_id=i + 1, lights=VehicleLight.BRAKE) for i in range(40)]
    rows = lamps_in_view(stage.snapshot(*cars), camera_record(stage.view()), NO_LAMPS)
    assert len(rows) == 2 * MAX_VEHICLES
    assert rows[:, 0].min() > 0.0
    assert rows[:, 0].max() < 4.0 * (MAX_VEHICLES + 1)


def test_bands_of_two_workers_are_the_picture_of_one(
    make_renderer: Callable[[int], Renderer], renderer: Renderer, stage: Any
) -> None:
    scene = stage.snapshot(
        stage.car(12.0, 2.0, yaw=180.0, lights=VehicleLight.LOW_BEAM), weather=replace(MIST, wetness=100.0)
    )
    one = renderer.render(stage.view(), scene, color=True).rgb
    two = make_renderer(2).render(stage.view(), scene, color=True).rgb
    assert one is not None
    assert two is not None
    np.testing.assert_array_equal(one, two)
