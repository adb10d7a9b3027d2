"""Optical flow against reprojection by depth and pose, in float64 and without a triangle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.flow import LARGEST_FLOW
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.view import Frame, Sighting, View, rotation_axes
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Snapshot, Vector

CAR_ID, WALKER_ID = 300, 400


def flow_px(
    renderer: Renderer, view: View, now: Snapshot, earlier_view: View, then: Snapshot
) -> tuple[Frame, NDArray[np.float64]]:
    """The frame and (H, W, 2) pixels to the right and down since the earlier sighting."""
    frame = renderer.render(view, now, color=False, earlier=[Sighting(view=earlier_view, snapshot=then)])
    return frame, frame.flows[0] * np.array([view.width / 2.0, -view.height / 2.0])


def rays_of(view: View) -> tuple[NDArray[np.float64], float]:
    """(H, W, 3) forward 1, right, up of the pixels' centres, and the focal length [px]."""
    focal = view.width / 2.0 / np.tan(np.radians(view.fov_deg) / 2.0)
    x, y = np.meshgrid(np.arange(view.width) + 0.5, np.arange(view.height) + 0.5)
    return np.stack([np.ones_like(x), (x - view.width / 2) / focal, (view.height / 2 - y) / focal], axis=-1), focal


def moved_px(view: View, earlier: View, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(H, W, 2) from where the earlier camera saw the world ``points`` (H, W, 3) to the pixels' centres."""
    rays, focal = rays_of(view)
    seen = (points - np.array(earlier.pose.location)) @ rotation_axes(earlier.pose.rotation).T
    then = np.stack([seen[..., 1], -seen[..., 2]], axis=-1) / seen[..., :1]
    now = np.stack([rays[..., 1], -rays[..., 2]], axis=-1)
    return focal * (now - then)


def points_of(view: View, frame: Frame) -> NDArray[np.float64]:
    """(H, W, 3) world points of the pixels, by depth; those of the sky are out of reach."""
    depth = np.where(frame.tag == 11, 1e9, frame.depth_m)[..., None]
    return np.array(view.pose.location) + (rays_of(view)[0] * depth) @ rotation_axes(view.pose.rotation)


def carried_back(points: NDArray[np.float64], now: Pose, then: Pose) -> NDArray[np.float64]:
    """Where points of a rigid body were."""
    local = (points - np.array(now.location)) @ rotation_axes(now.rotation).T
    return local @ rotation_axes(then.rotation) + np.array(then.location)


@pytest.mark.parametrize(
    ("x", "y", "z", "pitch", "yaw", "roll"),
    [(-1.5, 0, 1.6, 0, 0, 0), (0, 0, 1.6, 0, 3, 0), (0.4, -0.3, 1.7, 2, -1, 4), (0, 0, 1.6, 0, 0, -10)],
)
def test_what_stands_still_moves_with_the_camera_alone(
    renderer: Renderer, stage: Any, x: float, y: float, z: float, pitch: float, yaw: float, roll: float
) -> None:
    view, earlier = stage.view(width=320, height=180), stage.view(x, y, z, pitch=pitch, yaw=yaw, roll=roll)
    scene = stage.snapshot(stage.car(12.0, 3.0), stage.walker(7.0, -2.0))
    frame, flow = flow_px(renderer, view, scene, replace(earlier, width=320, height=180), scene)
    assert {stage.ROAD, stage.BUILDING, stage.TREE, stage.TERRAIN, stage.CAR, stage.SKY} <= set(np.unique(frame.tag))
    expected = moved_px(view, earlier, points_of(view, frame))
    assert np.abs(expected).max() > 5.0
    assert np.abs(flow - expected).max() < 0.01


def test_nothing_moves_nothing_flows(renderer: Renderer, stage: Any) -> None:
    view = stage.view(x=3.3, yaw=17.0, pitch=-4.0, roll=2.0)
    scene = stage.snapshot(stage.car(12.0, 3.0), stage.walker(7.0, -2.0, gait_phase=0.3, speed=1.2))
    _, flow = flow_px(renderer, view, scene, view, replace(scene, frame=2))
    assert (flow == 0.0).all()


def test_a_body_moves_by_its_pose(renderer: Renderer, stage: Any) -> None:
    """A car that drives and turns under a camera that does, too; everything else by the camera alone."""
    view, earlier = stage.view(width=320, height=180), stage.view(-0.8, yaw=1.0, width=320, height=180)
    car = stage.car(9.0, 2.0, yaw=35.0)
    was = replace(car, pose=Pose(Vector(8.2, 1.4, 0.0), Rotation(yaw=29.0)))
    frame, flow = flow_px(renderer, view, stage.snapshot(car), earlier, stage.snapshot(was))
    points, body = points_of(view, frame), frame.instance == CAR_ID
    assert body.sum() > 1000
    points[body] = carried_back(points[body], car.pose, was.pose)
    assert np.abs(flow - moved_px(view, earlier, points)).max() < 0.01


def test_wheels_roll_and_limbs_swing(renderer: Renderer, stage: Any) -> None:
    """Each pixel of an actor is found again in the earlier image, at the depth where it was: joints are followed."""
    view = stage.view(z=0.9, width=480, height=320, fov_deg=60.0)
    car, walker = stage.car(8.0, 2.6, yaw=90.0), stage.walker(5.0, -1.2, gait_phase=0.31, speed=1.6)
    walker_was = replace(walker, gait_phase=0.22, pose=Pose(Vector(4.9, -1.2, 0.9)))
    was = stage.snapshot(replace(car, travelled_m=-0.12, steer_deg=-9.0), walker_was)
    before = renderer.render(view, was, color=False)
    depth_before, instance_before = before.depth_m.copy(), before.instance.copy()
    frame, flow = flow_px(renderer, view, stage.snapshot(car, walker), view, was)
    for actor_id, least in ((CAR_ID, 0.3), (WALKER_ID, 2.0)):
        body = frame.instance == actor_id
        row, column = np.nonzero(body)
        then_column = np.floor(column + 0.5 - flow[body][:, 0]).astype(int)
        then_row = np.floor(row + 0.5 - flow[body][:, 1]).astype(int)
        inside = (then_row >= 0) & (then_row < view.height) & (then_column >= 0) & (then_column < view.width)
        assert inside.mean() > 0.9
        found = instance_before[then_row[inside], then_column[inside]] == actor_id
        assert found.mean() > 0.97  # the rest is at edges, or was hidden
        speeds = np.linalg.norm(flow[body], axis=1)
        assert np.ptp(speeds[inside]) > least  # not one rigid body: the car's own pose did not change at all
    still = (frame.instance != CAR_ID) & (frame.instance != WALKER_ID)
    assert (flow[still] == 0.0).all()
    road = still & (instance_before == frame.instance)
    np.testing.assert_allclose(depth_before[road], frame.depth_m[road], rtol=1e-6)


def test_who_was_not_there_counts_as_standing_still(renderer: Renderer, stage: Any) -> None:
    """Also with others before it in the list: rows of actors are matched by id."""
    view, earlier = stage.view(), stage.view(x=-0.5)
    first, second, third = (stage.car(9.0 + 6.0 * n, 3.0 * n - 3.0, actor_id=290 + n) for n in range(3))
    moved = replace(third, pose=Pose(Vector(20.5, 3.0, 0.0)))
    gone = stage.car(50.0, 0.0, actor_id=200)
    frame, flow = flow_px(
        renderer, view, stage.snapshot(first, second, third), earlier, stage.snapshot(gone, first, moved)
    )
    points = points_of(view, frame)
    body = frame.instance == 292
    assert body.any()
    assert (frame.instance == 291).any()
    points[body] = carried_back(points[body], third.pose, moved.pose)
    assert np.abs(flow - moved_px(view, earlier, points)).max() < 0.01


def test_flow_is_bounded_and_given_everywhere(renderer: Renderer, stage: Any) -> None:
    """What came in from the edge, was hidden or was behind the camera has a flow, too: of twice the image at most."""
    view, earlier = stage.view(x=0.0), stage.view(x=9.0)
    car = stage.car(16.0, 3.0)
    was = replace(car, pose=Pose(Vector(-400.0, 3.0, 0.0)))
    frame = renderer.render(
        view, stage.snapshot(car), color=False, earlier=[Sighting(view=earlier, snapshot=stage.snapshot(was))]
    )  # fmt: skip
    (flow,) = frame.flows
    assert np.isfinite(flow).all()
    assert np.abs(flow).max() == LARGEST_FLOW
    ground = frame.depth_m < 8.0
    assert ground.any()
    assert (flow[ground][:, 1] == LARGEST_FLOW).all()  # it was below and behind


def test_each_sighting_has_its_flow(renderer: Renderer, stage: Any) -> None:
    view, scene = stage.view(), stage.snapshot(stage.car(12.0, 3.0))
    sightings = [Sighting(view=each, snapshot=scene) for each in (view, stage.view(x=-1.0))]
    still, moved = renderer.render(view, scene, color=False, earlier=sightings).flows
    assert (still == 0.0).all()
    assert np.abs(moved).max() > 0.1
    assert renderer.render(view, scene, color=False).flows == ()


def test_one_and_two_threads_give_the_same_flow_and_normals(
    make_renderer: Callable[[int], Renderer], stage: Any
) -> None:
    scene = stage.snapshot(stage.car(10.0, 3.0), stage.walker(7.0, -2.0, gait_phase=0.2, speed=1.0))
    sighting = Sighting(view=stage.view(x=-1.0, yaw=1.0), snapshot=stage.snapshot(stage.car(9.0, 3.0)))
    one, two = (
        make_renderer(threads).render(stage.view(), scene, color=False, normals=True, earlier=[sighting])
        for threads in (1, 2)
    )
    np.testing.assert_array_equal(one.flows[0], two.flows[0])
    assert one.normal is not None
    np.testing.assert_array_equal(one.normal, two.normal)
