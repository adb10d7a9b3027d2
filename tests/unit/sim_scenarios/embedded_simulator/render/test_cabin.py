from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render import cabin
from sim_scenarios.embedded_simulator.render.cabin import cabin_light
from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.model_source import procedural_models, unpainted_models
from sim_scenarios.embedded_simulator.render.models.vehicles import vehicle_model
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.scene import FIRST_STATIC_INSTANCE
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES

F = np.float32
SALOON = np.array([0.1, 0.38, 0.45, 0.85, -1.2, 1.0, 0.8, 1.40], np.float32)
SEED = np.uint32(7)


def look(origin: NDArray[np.float64], way: NDArray[np.float64], *, has_driver: bool = True) -> tuple[float, ...]:
    numbers = (F(value) for value in (*origin, *(way / np.linalg.norm(way))))
    return tuple(float(channel) for channel in cabin_light(SALOON, has_driver, SEED, *numbers))


def material(color: tuple[float, ...]) -> str:
    """What a colour stands for, by the ratios of its channels."""
    red, green, blue = color
    if green == pytest.approx(0.70 * red, rel=1e-4) and blue == pytest.approx(0.55 * red, rel=1e-4):
        return "skin"
    if green == pytest.approx(0.021 / 0.022 * red, rel=1e-4) and blue == pytest.approx(green, rel=1e-4):
        return "seat"
    if green in (pytest.approx(1.10 * red, rel=1e-4), pytest.approx(red, rel=1e-4)):
        return "cabin"  # a wall, a window, the dashboard or the wheel
    return "clothes"


def marched(origin: NDArray[np.float64], way: NDArray[np.float64]) -> str:
    """The first figure on a ray, found by walking along it."""
    steps = np.arange(0.0, 3.0, 0.001)[:, None]
    points = origin + steps * (way / np.linalg.norm(way))
    inside_cabin = (points[:, 0] > SALOON[cabin.BACK]) & (points[:, 0] < SALOON[cabin.FRONT])
    inside_cabin &= (np.abs(points[:, 1]) < SALOON[cabin.HALF_WIDTH]) & (points[:, 2] < SALOON[cabin.ROOF])
    inside_cabin &= points[:, 2] > SALOON[cabin.SEAT_Z] - 0.3
    last = int(np.flatnonzero(inside_cabin).max()) if inside_cabin.any() else 0
    seat = SALOON[[cabin.SEAT_X, cabin.SEAT_Z]]
    first, found = last, "cabin"
    for figures, back in ((cabin._FIGURES, 0.0), (cabin._BENCH_FIGURES, SALOON[cabin.BENCH])):
        for x, y, z, *inverse, kind, _ in figures:
            middle = np.array([seat[0] + x - back, y * SALOON[cabin.SEAT_Y], seat[1] + z])
            hits = np.flatnonzero((((points - middle) * inverse) ** 2).sum(axis=1) < 1.0)
            if len(hits) and 0 < hits[0] < first:
                first, found = int(hits[0]), {0.0: "skin", 1.0: "clothes", 2.0: "seat"}[float(kind)]
    return found


def test_rays_meet_the_same_figures_as_a_walk_along_them() -> None:
    rng = np.random.default_rng(5)
    seen: dict[str, int] = {}
    differing = 0
    for _ in range(200):
        origin = np.array([rng.uniform(-1.1, 0.9), rng.choice([-0.79, 0.79]), rng.uniform(0.85, 1.35)])
        way = np.array([rng.uniform(-1.0, 1.0), -np.sign(origin[1]), rng.uniform(-0.4, 0.15)])
        found, expected = material(look(origin, way)), marched(origin, way)
        seen[expected] = seen.get(expected, 0) + 1
        # The wheel and the dashboard may stand before a figure, and a walk may miss what it only grazes.
        differing += found not in (expected, "cabin") or (found == "cabin" and expected == "skin")
    assert set(seen) == {"skin", "clothes", "seat", "cabin"}
    assert differing <= 4


def test_the_driver_sits_on_the_left_and_may_be_absent() -> None:
    head = np.array([SALOON[cabin.SEAT_X] - 0.10, -SALOON[cabin.SEAT_Y], SALOON[cabin.SEAT_Z] + 0.70], np.float64)
    from_left, from_right = head * (1, 2, 1), head * (1, -2, 1)
    assert material(look(from_left, np.array([0.0, 1.0, 0.0]))) == "skin"
    assert material(look(from_right, np.array([0.0, -1.0, 0.0]))) == "skin"
    assert material(look(from_left, np.array([0.0, 1.0, 0.0]), has_driver=False)) == "cabin"
    assert look(from_left, np.array([0.0, 1.0, 0.0]), has_driver=False)[0] > 0.1, "the window beyond"
    assert look(from_left, np.array([0.0, 0.2, 1.0]))[0] < 0.01, "the roof"


@pytest.mark.parametrize("spec", [spec for spec in VEHICLES if spec.number_of_wheels == 4], ids=lambda spec: spec.id)
def test_every_cabin_lies_inside_its_vehicle(spec: Any) -> None:
    model = vehicle_model(spec)
    seat_x, seat_y, seat_z, bench, back, front, half_width, roof = model.cabin
    assert -spec.length_m / 2 < back < seat_x - bench < front < spec.length_m / 2
    assert seat_y + 0.2 < half_width < spec.width_m / 2
    assert 0.3 < seat_z < roof - 0.9 < spec.height_m - 0.9
    for _, mesh in model.levels:
        assert (mesh.parts == Part.CABIN).any()


def test_what_is_behind_glass_changes_colours_only(stage: Any) -> None:
    models = unpainted_models()
    empty = replace(models, vehicle=lambda spec: replace(vehicle_model(spec), cabin=(0.0,) * 8))
    view, snapshot = stage.view(width=320, height=180), stage.snapshot(stage.car(6.0, 0.5, yaw=150.0))
    with_cabin, without = (
        Renderer(stage.town(), threads=1, models=replace(source, placement=stage.models().placement,
                 building=stage.models().building)).render(view, snapshot, color=True)
        for source in (models, empty)
    )  # fmt: skip
    for name in ("tag", "instance", "depth_m"):
        np.testing.assert_array_equal(getattr(with_cabin, name), getattr(without, name))
    assert with_cabin.rgb is not None
    assert without.rgb is not None
    changed = (with_cabin.rgb != without.rgb).any(axis=-1) & (with_cabin.instance < FIRST_STATIC_INSTANCE)
    assert changed.sum() > 200


def test_a_number_plate_goes_with_the_colour_and_not_with_the_id(stage: Any) -> None:
    """Replays spawn the same car with another id."""
    models = procedural_models()
    renderer = Renderer(
        stage.town(), threads=1,
        models=replace(models, placement=stage.models().placement, building=stage.models().building),
    )  # fmt: skip

    def plate(grey: int, actor_id: int = 300) -> NDArray[np.int64]:
        view = stage.view(z=0.6, width=640, height=360, fov_deg=30.0)
        car = replace(stage.car(5.0, 0.0, actor_id=actor_id), color=(grey, grey, grey))
        frame = renderer.render(view, stage.snapshot(car), color=True)
        assert frame.rgb is not None
        return frame.rgb[150:300, 200:440].astype(np.int64)

    plates = {grey: plate(grey) for grey in (100, 101, 102)}
    np.testing.assert_array_equal(plate(100, actor_id=301), plates[100])
    for one, other in ((100, 101), (101, 102), (100, 102)):
        assert (abs(plates[one] - plates[other]) > 40).any(axis=-1).sum() > 100  # letters, not the body's shade
