"""All cameras of one mount, as their bytes arrive: they must tell the same story, pixel for pixel."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.view import rotation_axes
from sim_scenarios.embedded_simulator.wire.sensor_data import DVS_EVENT, SensorHeader, SensorType
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector

WIDTH, HEIGHT, FOV = 320, 180, 90.0
KINDS = ("rgb", "depth", "semantic_segmentation", "instance_segmentation", "normals", "optical_flow", "dvs")
SHAPE = {"image_size_x": WIDTH, "image_size_y": HEIGHT, "fov": FOV}
SKY, ROAD, SIDEWALK = 11, 1, 2


@dataclass(frozen=True)
class Shot:
    """What the cameras sent of one tick."""

    pose: Pose
    other: Pose
    depth_m: NDArray[np.float64]
    tag: NDArray[np.uint8]
    instance: NDArray[np.int64]
    normal: NDArray[np.float64]
    flow_px: NDArray[np.float64]
    grey: NDArray[np.float64]
    events: NDArray[Any]


def _bgra(payload: bytes) -> NDArray[np.int64]:
    return np.frombuffer(payload, np.uint8, offset=12).reshape(HEIGHT, WIDTH, 4).astype(np.int64)


def shot(stand: Any, other: Any) -> Shot:
    found: dict[int, tuple[SensorHeader, bytes]] = {header.type_id: (header, data) for _, header, data in stand.tick()}
    assert all(struct.unpack_from("<2If", data) == (WIDTH, HEIGHT, FOV) for _, data in found.values())
    assert len({header.pose for header, _ in found.values()}) == 1
    image = {kind: data for kind, (_, data) in found.items()}
    code = _bgra(image[SensorType.DEPTH_CAMERA]) @ np.array([65536, 256, 1, 0])
    instances = _bgra(image[SensorType.INSTANCE_CAMERA])
    flow = np.frombuffer(image[SensorType.OPTICAL_FLOW_CAMERA], "<f4", offset=12).reshape(HEIGHT, WIDTH, 2)
    return Shot(
        pose=found[SensorType.DEPTH_CAMERA][0].pose,
        other=other.pose,
        depth_m=1000.0 * code / (2**24 - 1),
        tag=_bgra(image[SensorType.SEMANTIC_CAMERA])[..., 2].astype(np.uint8),
        instance=instances[..., 1] + 256 * instances[..., 0],
        normal=_bgra(image[SensorType.NORMALS_CAMERA])[..., 2::-1] / 127.5 - 1.0,
        flow_px=flow * np.array([WIDTH / 2, -HEIGHT / 2]),
        grey=_bgra(image[SensorType.RGB_CAMERA]) @ np.array([0.114, 0.587, 0.2989, 0.0]),
        events=np.frombuffer(image.get(SensorType.DVS_CAMERA, b""), DVS_EVENT, offset=12)
        if SensorType.DVS_CAMERA in image
        else np.empty(0, DVS_EVENT),
    )


@pytest.fixture
def shots(stand: Any) -> tuple[Shot, Shot, int]:
    """Two ticks after one another, and the id of a car ahead that crosses while ours drives and the camera turns."""
    carrier, other = stand.car(20.0), stand.car(32.0, -1.0, yaw=150.0)
    for car in (carrier, other):
        car.simulate_physics = False
    for kind in KINDS:
        stand.sensor(f"sensor.camera.{kind}", carrier, at=(0.5, 0.0, 2.2), turned=(-4.0, 5.0, 2.0), **SHAPE)
    first = shot(stand, other)
    stand.world.set_pose(carrier.id, Pose(Vector(20.6, 1.8, 0.0), carrier.pose.rotation._replace(yaw=1.5)))
    stand.world.set_pose(other.id, Pose(Vector(31.5, -0.7, 0.0), other.pose.rotation._replace(yaw=156.0)))
    return first, shot(stand, other), other.id


def rays() -> NDArray[np.float64]:
    """(H, W, 3) forward 1, right, up."""
    focal = WIDTH / 2 / np.tan(np.radians(FOV) / 2)
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    return np.stack([np.ones_like(x), (x - WIDTH / 2) / focal, (HEIGHT / 2 - y) / focal], axis=-1)


def expected_flow_px(first: Shot, second: Shot, other_id: int) -> NDArray[np.float64]:
    """Of every pixel of the second shot, by its depth, the cameras' poses and the other car's."""
    depth = np.where(second.tag == SKY, 1e9, second.depth_m)[..., None]
    points = rays() * depth @ rotation_axes(second.pose.rotation) + np.array(second.pose.location)
    body = second.instance == other_id
    local = (points[body] - np.array(second.other.location)) @ rotation_axes(second.other.rotation).T
    points[body] = local @ rotation_axes(first.other.rotation) + np.array(first.other.location)
    then = (points - np.array(first.pose.location)) @ rotation_axes(first.pose.rotation).T
    then /= then[..., :1]
    move = WIDTH / 2 / np.tan(np.radians(FOV) / 2) * (rays() - then)
    return move[..., 1:] * np.array([1.0, -1.0])


def test_flow_is_reprojection_by_depth_and_pose(shots: tuple[Shot, Shot, int]) -> None:
    first, second, other_id = shots
    assert (first.flow_px == 0.0).all()
    body = second.instance == other_id
    assert body.sum() > 500
    error = np.abs(second.flow_px - expected_flow_px(first, second, other_id)).max(axis=-1)
    # Wheels that roll and steer do not move with the body; they are a small part of a car.
    assert error[~body].max() < 0.1
    assert np.quantile(error[body], 0.85) < 0.1
    assert error[second.tag == SKY].max() < 0.01
    assert np.abs(second.flow_px).max() > 5.0


def test_normals_end_where_tags_do_and_the_ground_is_level(shots: tuple[Shot, Shot, int]) -> None:
    _, second, _ = shots
    sky = second.tag == SKY
    assert 0.05 < sky.mean() < 0.8
    assert (second.normal[sky] == -1.0).all()  # black
    length = np.linalg.norm(second.normal[~sky], axis=-1)
    assert np.abs(length - 1.0).max() < 0.01  # unit to 8 bits
    for ground in (ROAD, SIDEWALK):
        here = (second.tag == ground) & (second.instance >= 0x8000)
        assert here.any()
        assert np.abs(second.normal[here] - [0.0, 0.0, 1.0]).max() < 0.005
    seen_from = (second.normal * (rays() @ rotation_axes(second.pose.rotation))).sum(axis=-1)
    assert (seen_from[~sky] < 0.05).mean() > 0.99  # faces turn towards the camera; smooth normals may lean away


def test_events_are_where_the_picture_changed(shots: tuple[Shot, Shot, int]) -> None:
    """As many, up or down, as the logarithm of the two RGB pictures has thresholds between them."""
    first, second, _ = shots
    before, now = (np.log(0.001 + each.grey / 255.0) for each in (first, second))
    expected = np.trunc((now - before) / 0.3).astype(int)
    signed = np.zeros((HEIGHT, WIDTH), int)
    np.add.at(signed, (second.events["y"], second.events["x"]), 2 * second.events["pol"].astype(int) - 1)
    assert len(first.events) == 0
    assert np.abs(signed).sum() == len(second.events) > 200
    np.testing.assert_array_equal(signed, expected)
