"""The camera as a whole: what may change with its attributes, what may not, and that nothing depends on threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.camera_stages import PLAIN_SHOT, Shot
from sim_scenarios.embedded_simulator.render.exposure import Eye
from sim_scenarios.embedded_simulator.render.optics import CARLA_OPTICS, FilmCurve, LensShape, Optics
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.view import Frame, Sighting
from sim_scenarios.embedded_simulator.world.snapshot import VehicleLight, Weather

NIGHT = Weather(sun_altitude_angle=-60.0)
RAIN = Weather(cloudiness=100.0, precipitation=100.0, precipitation_deposits=90.0, wetness=100.0)
CHANGES = {
    "enable_postprocess_effects": {"enable_postprocess_effects": False},
    "exposure_mode": {"exposure_mode": "manual"},
    "exposure_compensation": {"exposure_compensation": 1.0},
    "exposure_max_bright": {"exposure_max_bright": 9.0, "exposure_min_bright": 9.0},
    "bloom_intensity": {"bloom_intensity": 8.0},
    "chromatic_aberration_intensity": {"chromatic_aberration_intensity": 5.0},
    "temp": {"temp": 4000.0},
    "tint": {"tint": 0.4},
    "gamma": {"film": FilmCurve(gamma=1.8)},
    "slope": {"film": FilmCurve(slope=1.0)},
    "focal_distance": {"focal_distance": 10.0},
    "blur_radius": {"blur_radius": 60.0},
    "motion_blur_intensity": {"motion_blur_intensity": 1.0, "motion_blur_max_distortion": 5.0},
}
EVERYTHING: dict[str, Any] = {
    key: value
    for name, change in CHANGES.items()
    if name not in ("enable_postprocess_effects", "exposure_mode")
    for key, value in change.items()
}


@pytest.fixture(scope="module")
def scene(stage: type) -> Any:
    """A street at night: lamps, headlights and a lit signal for bloom and flare."""
    return stage.snapshot(  # type: ignore[attr-defined]
        stage.car(10.0, 3.0, lights=VehicleLight.LOW_BEAM, yaw=180.0), stage.walker(6.0, -2.0), weather=NIGHT, frame=8,
    )  # fmt: skip


@pytest.fixture(scope="module")
def before(stage: type) -> Sighting:
    """A tick earlier the camera was 0.5 m behind and turned by 2 degrees, and the car 0.4 m farther on."""
    earlier = stage.snapshot(stage.car(10.4, 3.0, yaw=180.0), stage.walker(6.0, -2.0), weather=NIGHT, frame=7)
    return Sighting(view=stage.view(x=-0.5, yaw=2.0), snapshot=earlier)


def kept(frame: Frame) -> dict[str, np.ndarray]:
    assert frame.rgb is not None
    return {name: getattr(frame, name).copy() for name in ("rgb", "tag", "instance", "depth_m")}


@pytest.mark.parametrize("name", CHANGES)
def test_each_attribute_changes_the_picture_and_no_label(
    renderer: Renderer, stage: Any, scene: Any, before: Sighting, name: str
) -> None:
    plain = kept(renderer.render(stage.view(), scene, color=True))
    shot = Shot(optics=Optics(**CHANGES[name]), eye=Eye(), before=before)
    changed = kept(renderer.render(stage.view(), scene, color=True, shot=shot))
    for image in ("tag", "instance", "depth_m"):
        np.testing.assert_array_equal(changed[image], plain[image], err_msg=image)
    assert (changed["rgb"] != plain["rgb"]).mean() > 0.01


def test_the_sun_in_the_picture_flares(renderer: Renderer, stage: Any) -> None:
    scene = stage.snapshot(weather=Weather(sun_altitude_angle=12.0, sun_azimuth_angle=12.0, cloudiness=0.0))
    plain, flare = (
        kept(renderer.render(stage.view(), scene, color=True, shot=Shot(optics=Optics(lens_flare_intensity=intensity))))
        for intensity in (0.0, 1.0)
    )
    brighter = flare["rgb"].astype(int) - plain["rgb"]
    assert (brighter > 2).mean() > 0.005
    assert (brighter < -2).mean() < 0.002  # where an edge is smoothed otherwise
    np.testing.assert_array_equal(flare["tag"], plain["tag"])


def test_what_is_not_in_use_costs_no_stage(renderer: Renderer, stage: Any) -> None:
    bare = Optics(bloom_intensity=0.0, lens_flare_intensity=0.0)
    renderer.render(stage.view(), stage.snapshot(), color=True, shot=Shot(optics=bare))
    assert list(renderer.stage_seconds)[-4:] == ["lighting", "exposure", "film", "post"]
    renderer.render(stage.view(), stage.snapshot(weather=RAIN), color=True)
    assert list(renderer.stage_seconds)[-6:] == ["lighting", "reflection", "bloom", "exposure", "film", "post"]


def test_stages_run_in_the_order_of_a_real_camera(renderer: Renderer, stage: Any, scene: Any, before: Sighting) -> None:
    view = replace(stage.view(), lens=LensShape(lens_circle_multiplier=1.0))
    renderer.render(view, scene, color=True, shot=Shot(optics=Optics(**EVERYTHING), eye=Eye(), before=before))
    used = [name for name in renderer.stage_seconds if name not in ("reflection",)]
    order = ["motion", "defocus", "motion blur", "lens light", "fringe", "bloom", "exposure", "film", "post"]
    assert used[-len(order) :] == order


def test_one_and_two_threads_take_the_same_picture(
    make_renderer: Callable[[int], Renderer], stage: Any, scene: Any, before: Sighting
) -> None:
    view = replace(stage.view(), lens=LensShape(lens_circle_multiplier=2.0))
    one, two = (
        kept(
            make_renderer(threads).render(
                view, replace(scene, weather=replace(RAIN, sun_altitude_angle=-20.0)), color=True,
                shot=Shot(optics=Optics(**EVERYTHING), eye=Eye(), before=before),
            )
        )
        for threads in (1, 2)
    )  # fmt: skip
    for name, image in one.items():
        np.testing.assert_array_equal(image, two[name], err_msg=name)


def test_what_has_not_moved_is_not_blurred(renderer: Renderer, stage: Any, scene: Any) -> None:
    still = Sighting(view=stage.view(), snapshot=replace(scene, frame=7, elapsed_s=scene.elapsed_s - 0.05))
    optics = Optics(motion_blur_intensity=1.0, motion_blur_max_distortion=5.0)
    plain = kept(renderer.render(stage.view(), scene, color=True))
    blurred = kept(renderer.render(stage.view(), scene, color=True, shot=Shot(optics=optics, before=still)))
    np.testing.assert_array_equal(plain["rgb"], blurred["rgb"])
    first = kept(renderer.render(stage.view(), scene, color=True, shot=Shot(optics=optics)))
    np.testing.assert_array_equal(plain["rgb"], first["rgb"])


def test_who_drives_along_with_the_camera_stays_sharp(renderer: Renderer, stage: Any) -> None:
    """The camera and the left car come 1 m to the right; the right car stands, and so does the road."""
    along, standing = stage.car(9.0, -2.0, actor_id=300), stage.car(9.0, 4.0, actor_id=301)
    now = stage.snapshot(along, standing, frame=8)
    was = stage.snapshot(replace(along, pose=stage.car(9.0, -3.0).pose), standing, frame=7)
    view = stage.view(z=2.0, width=320, height=180)
    optics = Optics(motion_blur_intensity=1.5, motion_blur_max_distortion=10.0)
    plain = kept(renderer.render(view, now, color=True))
    shot = Shot(optics=optics, before=Sighting(view=stage.view(y=-1.0, z=2.0, width=320, height=180), snapshot=was))
    blurred = kept(renderer.render(view, now, color=True, shot=shot))
    change = abs(plain["rgb"].astype(int) - blurred["rgb"]).mean(axis=2)
    inside = {
        actor.id: cv2.erode((plain["instance"] == actor.id).astype(np.uint8), np.ones((7, 7))) > 0
        for actor in (along, standing)
    }
    assert min(mask.sum() for mask in inside.values()) > 100
    assert change[inside[along.id]].mean() < 0.25 * change[inside[standing.id]].mean()


def test_a_metering_camera_settles_on_the_same_grey_by_day_and_night(renderer: Renderer, stage: Any) -> None:
    optics = replace(CARLA_OPTICS, exposure_min_bright=-10.0, exposure_max_bright=20.0)
    means = []
    for weather in (Weather(), NIGHT):
        scene = stage.snapshot(weather=weather)
        means.append([
            kept(renderer.render(stage.view(), scene, color=True, shot=shot))["rgb"].mean()
            for shot in (PLAIN_SHOT, Shot(optics=optics, eye=Eye()))
        ])  # fmt: skip
    (day, metered_day), (night, metered_night) = means
    assert abs(metered_day - metered_night) < 0.5 * abs(day - night)
