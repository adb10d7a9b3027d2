"""Sharing of renders, and the bytes of each kind of image. The renderer is a stand-in at our own seam."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.camera_stages import PLAIN_SHOT, Shot
from sim_scenarios.embedded_simulator.render.view import Frame, Sighting, View
from sim_scenarios.embedded_simulator.sensors.camera import CameraJob, Exposure, expose, plan_jobs, view_of
from sim_scenarios.embedded_simulator.sensors.camera_settings import CameraSettings
from sim_scenarios.embedded_simulator.sensors.event_pixels import EventPixels
from sim_scenarios.embedded_simulator.sensors.message import SensorMessage
from sim_scenarios.embedded_simulator.wire.sensor_data import HEADER_BYTES, SensorType, unpack_header
from sim_scenarios.embedded_simulator.world.actors import CameraShape, Sensor, SensorKind
from sim_scenarios.embedded_simulator.world.description import ActorDescription, AttributeValue
from sim_scenarios.embedded_simulator.world.event_camera import event_shape
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Snapshot, Vector
from sim_scenarios.embedded_simulator.world.world import World

POSE = Pose(Vector(1.0, 2.0, 3.0), Rotation(-5.0, 90.0, 0.0))
SHAPE = CameraShape(width=2, height=1, fov_deg=90.0)


class TwoPixels:
    """Gives two known pixels in buffers that it reuses, as the real renderer does."""

    def __init__(self) -> None:
        self.calls: list[tuple[View, bool]] = []
        self.asked: list[tuple[bool, list[Sighting]]] = []
        self._rgb = np.empty((1, 2, 3), np.uint8)

    def render(
        self, view: View, snapshot: Snapshot, *, color: bool, normals: bool = False, earlier: Sequence[Sighting] = (),
        shot: Shot = PLAIN_SHOT,
    ) -> Frame:  # fmt: skip
        self.calls.append((view, color))
        self.asked.append((normals, list(earlier)))
        self._rgb[:] = [[(10 * len(self.calls), 20, 30), (40, 50, 60)]]
        return Frame(
            rgb=self._rgb if color else None,
            tag=np.array([[11, 14]], np.uint8),
            instance=np.array([[0, 0x1234]], np.uint16),
            depth_m=np.array([[1000.0, 0.5]], np.float32),
            normal=np.array([[(0, 0, 0), (0.28, 0.0, -0.96)]], np.float32) if normals else None,
            flows=tuple(np.full((1, 2, 2), n + 0.5, np.float32) for n in range(len(earlier))),
        )


def camera(world: World, kind: SensorKind, *, z: float = 2.0, **attributes: str) -> Sensor:
    values = tuple(AttributeValue(name, 4, value) for name, value in attributes.items())
    description = ActorDescription(uid=1, id=kind.value, attributes=values)
    sensor = world.spawn(description, Pose(Vector(0.0, 0.0, z), Rotation()))
    assert isinstance(sensor, Sensor)
    return sensor


def wishes(cameras: list[Sensor]) -> list[tuple[Sensor, Exposure]]:
    return [(camera, Exposure(kind=camera.kind, stream_id=camera.stream_id)) for camera in cameras]


def set_up(*cameras: Sensor) -> list[tuple[Sensor, Exposure]]:
    """The wishes of cameras as their attributes say."""
    wanted = []
    for each in cameras:
        settings = CameraSettings(each)
        shot = settings.shot(None) if each.kind is SensorKind.RGB else None
        wanted.append((each, Exposure(kind=each.kind, stream_id=each.stream_id, lens=settings.lens, shot=shot)))
    return wanted


def pixels(message: SensorMessage) -> NDArray[np.uint8]:
    return np.frombuffer(message.parts[1], np.uint8).reshape(-1, 4)


def test_cameras_that_see_the_same_share_one_render(world: World) -> None:
    pair = [camera(world, SensorKind.RGB), camera(world, SensorKind.SEMANTIC)]
    higher = camera(world, SensorKind.DEPTH, z=3.0)
    smaller = camera(world, SensorKind.RGB, image_size_x="64")
    jobs = plan_jobs(wishes([*pair, higher, smaller]))
    assert [[e.stream_id for e in job.exposures] for job in jobs] == [
        [pair[0].stream_id, pair[1].stream_id],
        [higher.stream_id],
        [smaller.stream_id],
    ]


def test_cameras_that_are_set_differently_are_rendered_apart(world: World) -> None:
    semantic, plain = camera(world, SensorKind.SEMANTIC), camera(world, SensorKind.RGB)
    again, brighter = (camera(world, SensorKind.RGB, exposure_compensation=value) for value in ("0.0", "1.0"))
    metering = [camera(world, SensorKind.RGB, exposure_max_bright="15.0") for _ in range(2)]
    jobs = plan_jobs(set_up(semantic, plain, again, brighter, *metering))
    assert [[e.stream_id for e in job.exposures] for job in jobs] == [
        [plain.stream_id, again.stream_id, semantic.stream_id],
        [brighter.stream_id],
        *([each.stream_id] for each in metering),  # each has an eye of its own
    ]
    assert [job.shot.optics.exposure_compensation for job in jobs[:2]] == [0.0, 1.0]
    assert jobs[2].shot.eye is not None
    assert jobs[2].shot.eye is not jobs[3].shot.eye


def test_cameras_that_blur_the_same_motion_share_one_render(world: World) -> None:
    cameras = [camera(world, kind, motion_blur_max_distortion="5.0") for kind in (SensorKind.RGB, SensorKind.DVS)]
    earlier, later = world.tick().snapshot, world.tick().snapshot
    for both, num_jobs in (((earlier, earlier), 1), ((earlier, later), 2)):
        wanted = []
        for each, before in zip(cameras, both, strict=True):
            sighting = Sighting(view=view_of(each.pose, SHAPE), snapshot=before)
            shot = CameraSettings(each).shot(sighting)
            wanted.append((each, Exposure(kind=each.kind, stream_id=each.stream_id, shot=shot)))
        assert len(plan_jobs(wanted)) == num_jobs


def test_a_lens_is_a_place_of_its_own_for_every_kind(world: World) -> None:
    bent = [camera(world, kind, lens_circle_multiplier="2.0") for kind in (SensorKind.DEPTH, SensorKind.RGB)]
    straight = camera(world, SensorKind.SEMANTIC)
    jobs = plan_jobs(set_up(*bent, straight))
    assert [[e.stream_id for e in job.exposures] for job in jobs] == [
        [bent[1].stream_id, bent[0].stream_id],
        [straight.stream_id],
    ]
    assert [job.lens.lens_circle_multiplier for job in jobs] == [2.0, 0.0]
    renderer = TwoPixels()
    expose(renderer, replace(jobs[0], shape=SHAPE), world.tick().snapshot)
    assert renderer.calls[0][0].lens == jobs[0].lens


@pytest.mark.parametrize(
    ("kind", "type_id", "expected"),
    [
        (SensorKind.RGB, SensorType.RGB_CAMERA, [(30, 20, 10, 255), (60, 50, 40, 255)]),
        (SensorKind.SEMANTIC, SensorType.SEMANTIC_CAMERA, [(0, 0, 11, 255), (0, 0, 14, 255)]),
        (SensorKind.INSTANCE, SensorType.INSTANCE_CAMERA, [(0, 0, 11, 255), (0x12, 0x34, 14, 255)]),
        (SensorKind.DEPTH, SensorType.DEPTH_CAMERA, [(255, 255, 255, 255), (0, 0x20, 0xC5, 255)]),
        (SensorKind.NORMALS, SensorType.NORMALS_CAMERA, [(0, 0, 0, 255), (5, 128, 163, 255)]),
    ],
)
def test_bytes_of_each_kind(world: World, kind: SensorKind, type_id: int, expected: list[tuple[int, ...]]) -> None:
    snapshot = world.tick().snapshot
    job = CameraJob(pose=POSE, shape=SHAPE, exposures=(Exposure(kind=kind, stream_id=5),))
    (message,) = expose(TwoPixels(), job, snapshot)
    assert message.stream_id == 5
    assert [tuple(pixel) for pixel in pixels(message).tolist()] == expected
    head = bytes(message.parts[0])
    header = unpack_header(head)
    assert (header.type_id, header.frame, header.pose) == (type_id, snapshot.frame, POSE)
    assert head[HEADER_BYTES:] == bytes.fromhex("02000000 01000000 0000b442")


def test_depth_decodes_to_metres() -> None:
    """0.5 m is 0x0020C5 of 0xFFFFFF: within a quarter of a millimetre of what was rendered."""
    code = 0xC5 + (0x20 << 8)
    assert 1000.0 * code / (2**24 - 1) == pytest.approx(0.5, abs=0.00025)


def test_only_rgb_cameras_make_the_renderer_shade(world: World) -> None:
    snapshot = world.tick().snapshot
    renderer = TwoPixels()
    for kinds in ([SensorKind.SEMANTIC, SensorKind.DEPTH], [SensorKind.SEMANTIC, SensorKind.RGB]):
        exposures = tuple(Exposure(kind=kind, stream_id=1) for kind in kinds)
        expose(renderer, CameraJob(pose=POSE, shape=SHAPE, exposures=exposures), snapshot)
    assert [color for _, color in renderer.calls] == [False, True]


def test_flow_is_two_floats_a_pixel_and_the_first_image_has_none(world: World) -> None:
    """Each camera has the flow since its own last image, in the order of the exposures."""
    snapshot = world.tick().snapshot
    sightings = [Sighting(view=view_of(POSE, SHAPE), snapshot=snapshot) for _ in range(2)]
    flow = SensorKind.OPTICAL_FLOW
    exposures = (
        Exposure(kind=flow, stream_id=1, earlier=sightings[0]),
        Exposure(kind=SensorKind.SEMANTIC, stream_id=2),
        Exposure(kind=flow, stream_id=3),
        Exposure(kind=flow, stream_id=4, earlier=sightings[1]),
    )
    renderer = TwoPixels()
    messages = expose(renderer, CameraJob(pose=POSE, shape=SHAPE, exposures=exposures), snapshot)
    assert [message.stream_id for message in messages] == [1, 2, 3, 4]
    assert renderer.asked == [(False, sightings)]
    assert unpack_header(bytes(messages[0].parts[0])).type_id == SensorType.OPTICAL_FLOW_CAMERA
    for message, value in ((messages[0], 0.5), (messages[2], 0.0), (messages[3], 1.5)):
        assert np.frombuffer(message.parts[1], "<f4").tolist() == [value] * 4


def test_an_event_camera_sends_what_changed_and_is_silent_otherwise(world: World) -> None:
    snapshot = world.tick().snapshot
    shape = replace(event_shape(ActorDescription(uid=1, id="sensor.camera.dvs")), positive_threshold=0.05)
    events = EventPixels(shape, np.random.default_rng(0))
    exposures = (
        Exposure(kind=SensorKind.DVS, stream_id=1, events=events),
        Exposure(kind=SensorKind.DEPTH, stream_id=2),
    )
    job = CameraJob(pose=POSE, shape=SHAPE, exposures=exposures)
    renderer = TwoPixels()  # its first pixel has 10 more red in each picture
    first = expose(renderer, job, replace(snapshot, elapsed_s=1.0))
    second = expose(renderer, job, replace(snapshot, elapsed_s=1.1))
    assert [color for _, color in renderer.calls] == [True, True]
    assert [message.stream_id for message in first] == [2]
    assert [message.stream_id for message in second] == [1, 2]
    head, body = map(bytes, second[0].parts)
    assert unpack_header(head).type_id == SensorType.DVS_CAMERA
    assert head[HEADER_BYTES:] == bytes.fromhex("02000000 01000000 0000b442")
    assert len(body) % 13 == 0
    x, y, t, polarity = struct.unpack_from("<HHqB", body)
    assert (x, y, polarity) == (0, 0, 1)
    assert 1_000_000_000 < t <= 1_100_000_000


def test_messages_own_their_pixels(world: World) -> None:
    snapshot = world.tick().snapshot
    renderer = TwoPixels()
    job = CameraJob(pose=POSE, shape=SHAPE, exposures=(Exposure(kind=SensorKind.RGB, stream_id=1),))
    (first,) = expose(renderer, job, snapshot)
    (second,) = expose(renderer, job, snapshot)
    assert pixels(first)[0, 2] == 10
    assert pixels(second)[0, 2] == 20
