"""Normals against the surface that the depth image shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.view import Frame, View, rotation_axes
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot, Weather

CAR_ID = 300


def normals_of(renderer: Renderer, view: View, scene: Snapshot, *, color: bool = False) -> tuple[Frame, NDArray[Any]]:
    frame = renderer.render(view, scene, color=color, normals=True)
    assert frame.normal is not None
    return frame, frame.normal


def slopes_of_depth(view: View, depth_m: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(H, W, 3) unit normals of the plane through each pixel and its neighbours, and where that plane is one."""
    focal = view.width / 2.0 / np.tan(np.radians(view.fov_deg) / 2.0)
    x, y = np.meshgrid(np.arange(view.width) + 0.5, np.arange(view.height) + 0.5)
    rays = np.stack([np.ones_like(x), (x - view.width / 2) / focal, (view.height / 2 - y) / focal], axis=-1)
    points = rays * depth_m[..., None].astype(float) @ rotation_axes(view.pose.rotation)
    right, down = np.roll(points, -1, axis=1) - points, np.roll(points, -1, axis=0) - points
    left, up = np.roll(points, 1, axis=1) - points, np.roll(points, 1, axis=0) - points

    def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)

    one, other = unit(np.cross(right, down)), unit(np.cross(left, up))
    one *= -np.sign((one * (rays @ rotation_axes(view.pose.rotation))).sum(axis=-1, keepdims=True))
    other *= -np.sign((other * (rays @ rotation_axes(view.pose.rotation))).sum(axis=-1, keepdims=True))
    is_plane = (one * other).sum(axis=-1) > 0.99999
    is_plane[[0, -1]] = is_plane[:, [0, -1]] = False
    return one, is_plane


def test_ground_walls_and_cars_are_as_their_depth_slopes(renderer: Renderer, stage: Any) -> None:
    view = stage.view(x=18.0, z=3.0, yaw=20.0, pitch=-5.0, roll=3.0, width=320, height=180)
    frame, normal = normals_of(renderer, view, stage.snapshot(stage.car(27.0, 3.0, yaw=35.0)))
    expected, is_plane = slopes_of_depth(view, frame.depth_m)
    for what in (stage.ROAD, stage.TERRAIN, stage.BUILDING, stage.CAR):
        here = is_plane & (frame.tag == what) & (frame.depth_m < 40.0)
        assert here.sum() > 300
        assert np.abs(normal[here] - expected[here]).max() < 0.01
    road = frame.tag == stage.ROAD
    np.testing.assert_allclose(normal[road], np.broadcast_to([0.0, 0.0, 1.0], normal[road].shape), atol=1e-6)


def test_normals_are_unit_where_something_is_and_nothing_elsewhere(renderer: Renderer, stage: Any) -> None:
    """So they end exactly where the tags do."""
    frame, normal = normals_of(renderer, stage.view(), stage.snapshot(stage.car(10.0, 3.0), stage.walker(7.0, -2.0)))
    length = np.linalg.norm(normal, axis=-1)
    sky = frame.tag == stage.SKY
    assert sky.any()
    assert (length[sky] == 0.0).all()
    np.testing.assert_allclose(length[~sky], 1.0, atol=1e-5)


def test_leaves_show_the_face_that_is_seen(renderer: Renderer, stage: Any) -> None:
    view = stage.view(x=8.0, y=-12.0, z=3.0, yaw=0.0)
    frame, normal = normals_of(renderer, view, stage.snapshot())
    leaves = (frame.tag == stage.TREE) & (frame.depth_m > 12.5)  # the crown's far side, through its holes
    assert leaves.sum() > 50
    assert (normal[leaves][:, 0] <= 0.0).all()


def test_normals_depend_on_geometry_alone(renderer: Renderer, stage: Any) -> None:
    scene = stage.snapshot(stage.car(10.0, 3.0), stage.walker(7.0, -2.0))
    wet = replace(
        scene, weather=Weather(precipitation=90.0, precipitation_deposits=100.0, wetness=100.0, wind_intensity=100.0)
    )
    night = replace(scene, weather=Weather(sun_altitude_angle=-60.0, fog_density=80.0))
    first = normals_of(renderer, stage.view(), scene)[1].copy()
    for each, color in ((scene, True), (wet, True), (night, True), (wet, False)):
        np.testing.assert_array_equal(normals_of(renderer, stage.view(), each, color=color)[1], first)


def test_a_picture_does_not_know_who_asked_for_more(renderer: Renderer, stage: Any) -> None:
    scene = stage.snapshot(stage.car(10.0, 3.0))
    alone = renderer.render(stage.view(), scene, color=True)
    assert alone.rgb is not None
    assert alone.normal is None
    plain = alone.rgb.copy()
    assert list(renderer.stage_seconds).count("normals") == 0
    np.testing.assert_array_equal(normals_of(renderer, stage.view(), scene, color=True)[0].rgb, plain)
