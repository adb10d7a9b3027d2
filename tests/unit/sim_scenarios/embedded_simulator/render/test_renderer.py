"""The whole pipeline on the small town: geometry against the analytic pinhole, and what light must do."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.view import FAR_M, Frame
from sim_scenarios.embedded_simulator.world.snapshot import LinearColor, SwitchedLight, VehicleLight, Weather

NOON = Weather(sun_altitude_angle=45.0, sun_azimuth_angle=-1.0)
WEATHERS = {
    "noon": NOON,
    "rain": replace(NOON, cloudiness=100, precipitation=100, precipitation_deposits=90, wind_intensity=100),
    "fog": replace(NOON, fog_density=85, fog_distance=2),
    "sunset": replace(NOON, sun_altitude_angle=15),
    "dust": replace(NOON, cloudiness=100, dust_storm=100),
    "night": replace(NOON, sun_altitude_angle=-90, fog_density=60, fog_distance=75, fog_falloff=1.0),
}


def kept(frame: Frame) -> Frame:
    """A copy that outlives the next call."""
    return Frame(
        rgb=None if frame.rgb is None else frame.rgb.copy(), tag=frame.tag.copy(), instance=frame.instance.copy(),
        depth_m=frame.depth_m.copy(),
    )  # fmt: skip


def brightness(frame: Frame) -> Any:
    assert frame.rgb is not None
    return frame.rgb.astype(float).mean(axis=2)


def test_building_covers_the_columns_the_pinhole_says(renderer: Renderer, stage: Any) -> None:
    camera = stage.view(z=1.6)
    frame = renderer.render(camera, stage.snapshot(), color=False)
    # Front face x = 30, y 12..22; the side y = 12 runs back to x = 40. f = 80 px.
    columns = np.flatnonzero(frame.tag[40] == stage.BUILDING)
    assert columns.min() == math.ceil(80 + 80 * 12 / 40 - 0.5)
    assert columns.max() == math.ceil(80 + 80 * 22 / 30 - 0.5) - 1
    front = frame.depth_m[40, 80 + 80 * 12 // 30 + 1 : columns.max()]
    lamp_free = front[frame.tag[40, 80 + 80 * 12 // 30 + 1 : columns.max()] == stage.BUILDING]
    np.testing.assert_allclose(lamp_free, 30.0, rtol=1e-3)


@pytest.mark.parametrize("fov_deg", [40.0, 90.0, 120.0])
def test_road_depth_is_that_of_the_plane(renderer: Renderer, stage: Any, fov_deg: float) -> None:
    camera = stage.view(y=4.0, z=2.0, fov_deg=fov_deg)
    frame = renderer.render(camera, stage.snapshot(), color=False)
    focal = camera.width / (2 * math.tan(math.radians(fov_deg) / 2))
    for row in range(50, camera.height):
        expected = focal * 2.0 / (row + 0.5 - camera.height / 2)
        if expected < 100.0:
            assert frame.depth_m[row, camera.width // 2] == pytest.approx(expected, rel=1e-3)


def test_depth_under_pitch_is_along_the_forward_axis(renderer: Renderer, stage: Any) -> None:
    frame = renderer.render(stage.view(y=4.0, z=3.0, pitch=-30.0), stage.snapshot(), color=False)
    # The ray through (row, middle) leaves at 30 degrees + its own angle below the horizon.
    for row in (45, 60, 80):
        slope = (row + 0.5 - 45) / 80.0
        angle = math.radians(30.0) + math.atan(slope)
        along_ray = 3.0 / math.sin(angle)
        assert frame.depth_m[row, 80] == pytest.approx(along_ray * math.cos(math.atan(slope)), rel=1e-3)


def test_positive_y_is_on_the_right_and_positive_yaw_turns_right(renderer: Renderer, stage: Any) -> None:
    scene = stage.snapshot(stage.car(15.0, 5.0))
    ahead = kept(renderer.render(stage.view(), scene, color=False))
    assert np.flatnonzero((ahead.tag == stage.CAR).any(axis=0)).min() > 80
    turned = renderer.render(stage.view(yaw=40.0), scene, color=False)
    assert np.flatnonzero((turned.tag == stage.CAR).any(axis=0)).max() < 80


def test_positive_roll_lowers_the_right_side(renderer: Renderer, stage: Any) -> None:
    frame = renderer.render(stage.view(roll=20.0), stage.snapshot(), color=False)
    sky = frame.tag == stage.SKY
    # The camera's right side is lower, so the horizon climbs towards the right of its image.
    assert sky[:, :10].sum() > sky[:, -10:].sum() + 100


def test_actors_carry_their_ids_and_tags(renderer: Renderer, stage: Any) -> None:
    scene = stage.snapshot(stage.car(12.0, -3.0, actor_id=0x12345), stage.walker(8.0, 3.0, actor_id=77))
    frame = renderer.render(stage.view(), scene, color=False)
    assert set(np.unique(frame.tag[frame.instance == 0x2345])) == {stage.CAR}
    assert set(np.unique(frame.tag[frame.instance == 77])) == {stage.WALKER}
    assert (frame.instance[frame.tag == stage.SKY] == 0).all()
    assert (frame.depth_m[frame.tag == stage.SKY] == FAR_M).all()
    static = ~np.isin(frame.tag, [stage.SKY, stage.CAR, stage.WALKER])
    assert (frame.instance[static] >= 0x8000).all()
    assert len(np.unique(frame.instance[frame.tag == stage.BUILDING])) == 1


def test_walker_stands_on_the_ground(renderer: Renderer, stage: Any) -> None:
    camera = stage.view(z=1.6)
    frame = renderer.render(camera, stage.snapshot(stage.walker(8.0, 0.0)), color=False)
    rows = np.flatnonzero((frame.tag == stage.WALKER).any(axis=1))
    feet, _ = stage.pixel(camera, 7.9, 0.0, 0.0)
    head, _ = stage.pixel(camera, 7.85, 0.0, 1.8)
    assert abs(rows.max() - feet) <= 1
    assert abs(rows.min() - head) <= 1


def test_nearer_things_hide_farther_ones(renderer: Renderer, stage: Any) -> None:
    near, far = stage.car(8.0, 0.0, actor_id=5), stage.car(25.0, 0.0, actor_id=6)
    both = kept(renderer.render(stage.view(), stage.snapshot(near, far), color=False))
    alone = renderer.render(stage.view(), stage.snapshot(far), color=False)
    assert (alone.instance == 6).sum() > 20
    assert not ((both.instance == 6) & (both.instance == 5)).any()
    hidden = (alone.instance == 6) & (both.instance == 5)
    assert hidden.sum() > 0
    assert (both.depth_m[hidden] < alone.depth_m[hidden]).all()


def test_surfaces_that_reach_behind_the_camera_are_clipped_not_lost(renderer: Renderer, stage: Any) -> None:
    frame = renderer.render(stage.view(x=0.0, y=4.0, z=0.3, pitch=-60.0), stage.snapshot(), color=False)
    assert (frame.tag == stage.ROAD).all()
    assert frame.depth_m.min() > 0.1


def test_camera_inside_a_car_sees_out_of_it(renderer: Renderer, stage: Any) -> None:
    """Faces turned away are not drawn: from within a closed body the street is visible."""
    frame = renderer.render(stage.view(x=10.0, y=0.0, z=1.0), stage.snapshot(stage.car(10.0, 0.0)), color=False)
    assert (frame.tag == stage.SKY).any()
    assert (frame.tag == stage.ROAD).any()


@settings(max_examples=25, deadline=None)
@given(
    x=st.floats(-40, 100), y=st.floats(-90, 90), z=st.floats(0.2, 30), yaw=st.floats(-180, 180), roll=st.floats(-20, 20)
)
def test_ground_has_no_cracks(
    renderer: Renderer, stage: Any, x: float, y: float, z: float, yaw: float, roll: float
) -> None:
    """Four surfaces of two triangles each meet without a gap: straight down there is never sky."""
    camera = stage.view(x=x, y=y, z=z, pitch=-80.0, yaw=yaw, roll=roll, width=64, height=48, fov_deg=20.0)
    frame = renderer.render(camera, stage.snapshot(), color=False)
    assert (frame.tag != stage.SKY).all()


def test_one_and_two_threads_give_the_same_bytes(make_renderer: Callable[[int], Renderer], stage: Any) -> None:
    scene = stage.snapshot(
        stage.car(10.0, 3.0, lights=VehicleLight.LOW_BEAM), stage.walker(7.0, -2.0, speed=1.4, gait_phase=0.27),
        weather=replace(WEATHERS["rain"], sun_altitude_angle=8.0),
    )  # fmt: skip
    one, two = (make_renderer(threads).render(stage.view(), scene, color=True) for threads in (1, 2))
    for name in ("rgb", "tag", "instance", "depth_m"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), err_msg=name)


def test_a_frame_does_not_depend_on_what_was_drawn_before(renderer: Renderer, stage: Any) -> None:
    scene = stage.snapshot(stage.car(10.0, 3.0), weather=WEATHERS["sunset"])
    first = kept(renderer.render(stage.view(), scene, color=True))
    for weather in WEATHERS.values():
        renderer.render(stage.view(x=40.0, yaw=120.0), stage.snapshot(stage.walker(3, 3), weather=weather), color=True)
    again = renderer.render(stage.view(), scene, color=True)
    np.testing.assert_array_equal(first.rgb, again.rgb)
    np.testing.assert_array_equal(first.tag, again.tag)


def test_labels_are_the_same_in_every_weather_and_pictures_are_not(renderer: Renderer, stage: Any) -> None:
    actors = (stage.car(10.0, 3.0), stage.walker(7.0, -2.0))
    frames = {
        name: kept(renderer.render(stage.view(), stage.snapshot(*actors, weather=weather), color=True))
        for name, weather in WEATHERS.items()
    }
    for name, frame in frames.items():
        for image in ("tag", "instance", "depth_m"):
            np.testing.assert_array_equal(getattr(frame, image), getattr(frames["noon"], image), err_msg=name)
    names = list(frames)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            difference = np.abs(brightness(frames[a]) - brightness(frames[b])).mean()
            assert difference > 4.0, f"{a} and {b} look alike"


def test_without_color_the_labels_are_the_same(renderer: Renderer, stage: Any) -> None:
    scene = stage.snapshot(stage.car(10.0, 3.0))
    shaded = kept(renderer.render(stage.view(), scene, color=True))
    plain = renderer.render(stage.view(), scene, color=False)
    assert plain.rgb is None
    np.testing.assert_array_equal(shaded.tag, plain.tag)
    np.testing.assert_array_equal(shaded.instance, plain.instance)
    np.testing.assert_array_equal(shaded.depth_m, plain.depth_m)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_shadow_falls_away_from_the_sun(renderer: Renderer, stage: Any, side: float) -> None:
    weather = replace(NOON, sun_azimuth_angle=90.0 * side, sun_altitude_angle=40.0)
    camera = stage.view(x=10.0, y=0.0, z=14.0, pitch=-90.0)
    frame = renderer.render(camera, stage.snapshot(stage.car(10.0, 0.0), weather=weather), color=True)
    light = brightness(frame)
    lit = light[stage.pixel(camera, 10.6, 1.6 * side, 0.0)]
    dark = light[stage.pixel(camera, 10.6, -1.6 * side, 0.0)]
    assert dark < 0.75 * lit


def test_a_building_shades_the_road_when_the_sun_is_behind_it(renderer: Renderer, stage: Any) -> None:
    camera = stage.view(x=35.0, y=0.0, z=20.0, pitch=-90.0)
    behind, front = (
        brightness(
            renderer.render(camera, stage.snapshot(weather=replace(NOON, sun_azimuth_angle=azimuth)), color=True)
        )
        for azimuth in (90.0, -90.0)
    )
    patch = stage.pixel(camera, 35.0, 5.0, 0.0)
    assert behind[patch] < 0.75 * front[patch]


def test_night_is_darker_and_lamps_make_pools(renderer: Renderer, stage: Any) -> None:
    camera = stage.view(x=15.0, y=6.0, z=25.0, pitch=-90.0)
    day = brightness(kept(renderer.render(camera, stage.snapshot(), color=True)))
    night = brightness(renderer.render(camera, stage.snapshot(weather=WEATHERS["night"]), color=True))
    assert night.mean() < 0.5 * day.mean()
    under = night[stage.pixel(camera, 15.0, 7.5, 0.0)]
    away = night[stage.pixel(camera, 26.0, -7.0, 0.0)]
    assert under > 1.4 * away


def test_headlights_light_the_road_ahead_at_night(renderer: Renderer, stage: Any) -> None:
    camera = stage.view(x=60.0, y=0.0, z=14.0, pitch=-90.0)
    off, on = (
        brightness(
            renderer.render(
                camera, stage.snapshot(stage.car(56.0, 2.0, lights=lights), weather=WEATHERS["night"]), color=True
            )
        )
        for lights in (VehicleLight.NONE, VehicleLight.LOW_BEAM)
    )
    ahead = stage.pixel(camera, 63.0, 2.0, 0.0)
    assert on[ahead] > off[ahead] + 15


def test_fog_takes_contrast_with_distance(renderer: Renderer, stage: Any) -> None:
    """A dark car against the road stands out near by, and is gone at 60 m in dense fog."""

    def contrast(distance: float, weather: Weather) -> float:
        camera = stage.view(fov_deg=20.0)
        car = stage.car(distance, 0.0, color=(10, 10, 10))
        frame = renderer.render(camera, stage.snapshot(car, weather=weather), color=True)
        light = brightness(frame)
        body = frame.tag == stage.CAR
        above = np.zeros_like(body)
        above[np.flatnonzero(body.any(axis=1)).min() - 6, body.any(axis=0)] = True
        return abs(float(light[body].mean() - light[above & ~body].mean()))

    assert contrast(60.0, WEATHERS["fog"]) < 12.0
    assert contrast(12.0, WEATHERS["fog"]) > 3 * contrast(60.0, WEATHERS["fog"])
    assert contrast(60.0, NOON) > 40.0


def test_wet_road_mirrors_what_stands_on_it(renderer: Renderer, stage: Any) -> None:
    """In front of a red car the wet road is redder than elsewhere; dry road is not."""
    camera = stage.view(z=1.0, fov_deg=60.0)
    wet = replace(NOON, cloudiness=90.0, precipitation_deposits=100.0, wetness=100.0)
    redness = {}
    for name, weather in (("dry", replace(NOON, cloudiness=90.0)), ("wet", wet)):
        frame = renderer.render(camera, stage.snapshot(stage.car(12.0, 0.0), weather=weather), color=True)
        assert frame.rgb is not None
        patch = frame.rgb[60:68, 70:90].astype(float)
        redness[name] = float((patch[..., 0] - patch[..., 1]).mean())
    assert redness["wet"] > redness["dry"] + 6.0


def test_signal_lens_glows_with_its_phase(renderer: Renderer, stage: Any) -> None:
    camera = stage.view(x=18.0, y=9.0, z=3.1, width=120, height=90, fov_deg=30.0)
    rows = [stage.pixel(camera, 24.95, 9.0, z)[0] for z in (3.5, 3.2, 2.9)]  # red, yellow, green
    for phase, row in enumerate(rows):
        frame = renderer.render(camera, stage.snapshot(signal=phase, weather=WEATHERS["night"]), color=True)
        light = brightness(frame)[:, 60]
        others = [light[other] for other in rows if other != row]
        assert light[row] > max(others) + 40


def test_brake_lights_show(renderer: Renderer, stage: Any) -> None:
    camera = stage.view(z=1.0, fov_deg=40.0)
    off, on = (
        brightness(kept(renderer.render(camera, stage.snapshot(stage.car(10.0, 0.0, lights=lights)), color=True)))
        for lights in (VehicleLight.NONE, VehicleLight.BRAKE)
    )
    row, column = stage.pixel(camera, 10.0 - 4.89 / 2 - 0.02, 0.0, 0.65)
    assert on[row, column] > off[row, column] + 20


def test_image_sizes_may_change_between_calls(renderer: Renderer, stage: Any) -> None:
    for width, height in ((33, 17), (160, 90), (1, 1), (64, 65)):
        frame = renderer.render(stage.view(width=width, height=height), stage.snapshot(), color=True)
        assert frame.rgb is not None
        assert frame.rgb.shape == (height, width, 3)
        assert frame.tag.shape == frame.instance.shape == frame.depth_m.shape == (height, width)


def test_a_picture_follows_what_is_seen_and_not_the_clock(renderer: Renderer, stage: Any) -> None:
    """A replay comes to the same scene at another frame number and must see the same, grain and rain included."""
    weather = WEATHERS["rain"]
    first = kept(renderer.render(stage.view(), stage.snapshot(stage.car(20, 3), weather=weather, frame=7), color=True))
    later = kept(renderer.render(stage.view(), stage.snapshot(stage.car(20, 3), weather=weather, frame=99), color=True))
    np.testing.assert_array_equal(first.rgb, later.rgb)
    moved = renderer.render(stage.view(), stage.snapshot(stage.car(20.1, 3), weather=weather, frame=7), color=True)
    sky = first.tag == stage.SKY
    assert (brightness(first)[sky] != brightness(moved)[sky]).mean() > 0.5


def test_stage_seconds_name_every_stage(renderer: Renderer, stage: Any) -> None:
    renderer.render(stage.view(), stage.snapshot(), color=False)
    assert list(renderer.stage_seconds) == ["pose", "cull", "visibility", "labels"]
    renderer.render(stage.view(), stage.snapshot(), color=True)
    shading = ["surfaces", "shadows", "occlusion", "lighting", "bloom", "exposure", "film", "post"]
    assert list(renderer.stage_seconds)[4:] == shading
    renderer.render(stage.view(), stage.snapshot(weather=WEATHERS["night"]), color=True)
    assert list(renderer.stage_seconds)[4:] == [*shading[:4], "halos", *shading[4:]]


def test_hidden_objects_are_not_drawn_and_cast_no_shadow(renderer: Renderer, stage: Any) -> None:
    building, tree, lamp = 1, 2, 3  # ids: lots first, then placements, from 1
    overview = stage.view(x=-10.0, z=12.0, pitch=-15.0)
    noon = stage.snapshot()
    before = kept(renderer.render(overview, noon, color=True))
    without = kept(renderer.render(overview, stage.snapshot(hidden=frozenset({building, tree})), color=True))
    assert {stage.BUILDING, stage.TREE} <= set(np.unique(before.tag))
    assert not {stage.BUILDING, stage.TREE} & set(np.unique(without.tag))
    assert stage.POLE in without.tag
    # Where the ground was in their shadow, the sun shines now.
    ground = (before.tag == without.tag) & (before.tag != stage.SKY)
    assert (without.rgb[ground].astype(int).sum(axis=1) > before.rgb[ground].astype(int).sum(axis=1) + 60).any()
    again = renderer.render(overview, noon, color=True)
    np.testing.assert_array_equal(again.rgb, before.rgb)
    night = Weather(sun_altitude_angle=-60.0)
    lit = kept(renderer.render(overview, stage.snapshot(weather=night), color=True))
    dark = kept(renderer.render(overview, stage.snapshot(weather=night, hidden=frozenset({lamp})), color=True))
    assert dark.rgb.astype(int).sum() < 0.9 * lit.rgb.astype(int).sum()
    assert (dark.tag == stage.POLE).sum() < (lit.tag == stage.POLE).sum()


def test_switched_lamps_shine_as_they_are_told(renderer: Renderer, stage: Any) -> None:
    lamp = 3
    overview = stage.view(x=5.0, y=4.0, z=3.0, pitch=-10.0, yaw=10.0)

    def picture(altitude: float, *lights: SwitchedLight) -> Any:
        weather = Weather(sun_altitude_angle=altitude)
        frame = renderer.render(overview, stage.snapshot(weather=weather, lights=lights), color=True)
        assert frame.rgb is not None
        return frame.rgb.astype(int)

    def switched(is_on: bool | None, color: tuple[int, int, int] = (255, 216, 165), share: float = 1.0) -> Any:
        return SwitchedLight(object_id=lamp, is_on=is_on, color=color, share=share)

    night, day = picture(-60.0), picture(50.0)
    assert abs(picture(-60.0, switched(True)) - night).max() <= 12  # what it does by itself
    dark = picture(-60.0, switched(False))
    assert dark.sum() < 0.9 * night.sum()
    blue = picture(-60.0, switched(True, (0, 0, 255)))
    lit = (night - dark).sum(axis=2) > 30
    assert lit.any()
    assert (blue - dark)[lit][:, 2].mean() > 3 * abs(blue - dark)[lit][:, 0].mean()
    assert picture(-60.0, switched(True, share=0.2)).sum() < night.sum() < picture(-60.0, switched(True, share=3)).sum()
    np.testing.assert_array_equal(picture(50.0, switched(False)), day)
    assert (picture(50.0, switched(True)) - day).sum() > 0
    np.testing.assert_array_equal(picture(-60.0), night)


def test_painted_objects_take_on_the_colour(renderer: Renderer, stage: Any) -> None:
    building = 1
    painted = stage.snapshot(painted=((building, LinearColor(1.0, 0.0, 0.0)),))
    before = kept(renderer.render(stage.view(), stage.snapshot(), color=True))
    frame = kept(renderer.render(stage.view(), painted, color=True))
    here = frame.tag == stage.BUILDING
    assert frame.rgb[here][:, 1:].mean() < 0.6 * before.rgb[here][:, 1:].mean()
    assert abs(frame.rgb[here][:, 0].astype(int) - before.rgb[here][:, 0]).mean() < 6
    np.testing.assert_array_equal(frame.tag, before.tag)
