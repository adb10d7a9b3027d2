"""A street of which masks can be drawn exactly, and a car in it: what the parts of the driver are tested on.

The street is given by the middle of its right lane as a polyline; every pixel is cast to the ground and asked what lies
there. Nothing here uses the driver's own projection: rays are made with carla's own rotation matrix.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Protocol

import carla
import numpy as np
import numpy.typing as npt
from numba import njit

from datasets.labels import CARLA_29
from harness.carla_client.route_plan import Command
from harness.closed_loop.policy import DrivingObservation, EpisodeFacts, VehicleControl, VehicleFacts
from sim_scenarios.camera import CameraSpec

Floats = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]

ROAD, LINE, SIDEWALK, SKY, CAR, WALKER = (
    CARLA_29.class_id(name) for name in ("Roads", "RoadLines", "Sidewalks", "Sky", "Car", "Pedestrians")
)
LANE_M = 3.5
_OFF_THE_ARC_M = 0.003
"""Between an arc and the pieces that stand for it, at most."""
SIGHT_M = 150.0
"""Along the camera's axis; beyond lies sky."""
CAMERA = CameraSpec(width=320, height=180)
CAR_FACTS = VehicleFacts(
    wheelbase_m=2.9, rear_axle_x_m=-1.45, front_m=2.4, rear_m=2.4, width_m=1.9, max_steer_deg=70.0,
    steering_curve=((0.0, 1.0), (20.0, 0.9), (60.0, 0.8), (120.0, 0.7)),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Box:
    """Something that stands on the ground: an upright square post."""

    x: float
    y: float
    half_m: float
    height_m: float
    tag: int


class Ground(Protocol):
    """What can be drawn."""

    @property
    def boxes(self) -> tuple[Box, ...]:
        """What stands there."""

    def tags_at(self, places: Floats) -> Image:
        """What lies on the ground at places (M, 2)."""


@dataclass(frozen=True, kw_only=True)
class Street:
    """Two lanes, one each way, with a centre line, edge lines and pavements."""

    lane: Floats
    """(N, 2) middle of the right lane."""
    dash_m: float = 0.0
    """Length of the dashes of the centre line; 0: solid."""
    boxes: tuple[Box, ...] = field(default=())

    def offsets(self, places: Floats) -> tuple[Floats, Floats]:
        """(way along the lane, way to the right of its middle) of places (M, 2)."""
        along, aside = np.empty(len(places)), np.empty(len(places))
        _offsets(self.lane, np.ascontiguousarray(places), along, aside)
        return along, aside

    def tags_at(self, places: Floats) -> Image:
        """What lies on the ground at places (M, 2)."""
        along, aside = self.offsets(places)
        tags = np.full(len(places), SIDEWALK, np.uint8)
        tags[(aside < LANE_M / 2) & (aside > -1.5 * LANE_M)] = ROAD
        centre = np.abs(aside + LANE_M / 2) < 0.07
        if self.dash_m:
            centre &= along % (2.5 * self.dash_m) < self.dash_m
        edges = (np.abs(aside - 1.55) < 0.07) | (np.abs(aside + 1.5 * LANE_M - 0.2) < 0.07)
        tags[centre | edges] = LINE
        return tags


@njit(cache=True)
def _offsets(lane: Floats, places: Floats, along: Floats, aside: Floats) -> None:
    """By the nearest piece of the lane, the first one of several."""
    for i in range(len(places)):
        best, begin = np.inf, 0.0
        for k in range(len(lane) - 1):
            x, y = lane[k + 1, 0] - lane[k, 0], lane[k + 1, 1] - lane[k, 1]
            from_x, from_y = places[i, 0] - lane[k, 0], places[i, 1] - lane[k, 1]
            square = x * x + y * y
            size = math.sqrt(square)
            share = min(1.0, max(0.0, (from_x * x + from_y * y) / square))
            gap_x, gap_y = from_x - share * x, from_y - share * y
            distance = gap_x * gap_x + gap_y * gap_y
            if distance < best:
                best = distance
                along[i] = begin + share * size
                aside[i] = math.copysign(math.sqrt(distance), x * gap_y - y * gap_x)
            begin += size


def straight(length_m: float = 200.0) -> Floats:
    """A lane along x."""
    return np.array([[-20.0, 0.0], [length_m, 0.0]])


def bend(radius_m: float, *, before_m: float = 30.0, angle_deg: float = 90.0, after_m: float = 60.0) -> Floats:
    """A lane that goes straight, then round (right for positive angles), then straight."""
    sign, turned = math.copysign(1.0, angle_deg), math.radians(abs(angle_deg))
    pieces = math.ceil(turned / (2.0 * math.acos(1.0 - _OFF_THE_ARC_M / radius_m)))
    angles = np.linspace(0.0, turned, pieces + 1)
    arc = np.stack([before_m + radius_m * np.sin(angles), sign * radius_m * (1 - np.cos(angles))], axis=1)
    end = arc[-1] + after_m * np.array([math.cos(angles[-1]), sign * math.sin(angles[-1])])
    return np.concatenate([[[-20.0, 0.0]], arc, [end]])


FRONT_SLIP, REAR_SLIP = 0.0085, 0.006
"""[rad per m/s^2] of a car of its own: others than the driver takes for usual."""
PITCH_DEG, ROLL_DEG = 0.21, -0.42
"""[deg per m/s^2] nose up when it gains speed, and clockwise in a bend to the right; likewise."""
SPRING_RAD, DAMPING = 10.0, 0.4
"""Of pitch and roll: angular frequency [rad/s], and share of the critical damping."""


@dataclass(kw_only=True)
class Car:
    """A bicycle with linear tyres and a body on springs (Rajamani, Vehicle Dynamics and Control, 2.3)."""

    x: float = 0.0
    y: float = 0.0
    yaw: float = 0.0
    """[rad] right positive."""
    speed: float = 0.0
    """[m/s] along the heading."""
    aside: float = 0.0
    """[m/s] to the right, of the origin."""
    yaw_rate: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    pitch_rate: float = 0.0
    """[deg/s]"""
    roll_rate: float = 0.0

    def to_world(self, places: Floats) -> Floats:
        """Places (M, 2) of the ego frame in the world."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return np.array([self.x, self.y]) + places @ np.array([[c, s], [-s, c]])

    def step(self, control: VehicleControl, *, step_s: float, facts: VehicleFacts = CAR_FACTS) -> None:
        """Drive for a moment: 4 m/s^2 at full throttle, 8 at full brake."""
        before = self.speed
        self.speed = max(0.0, self.speed + (4.0 * control.throttle - 8.0 * control.brake - 0.1) * step_s)
        self._turn(control.steer * facts.lock_rad(self.speed), step_s, facts)
        middle = self.yaw + 0.5 * self.yaw_rate * step_s
        c, s = math.cos(middle), math.sin(middle)
        self.x += (self.speed * c - self.aside * s) * step_s
        self.y += (self.speed * s + self.aside * c) * step_s
        self.yaw += self.yaw_rate * step_s
        pitched = PITCH_DEG * (self.speed - before) / step_s
        self.pitch_deg, self.pitch_rate = _sprung(self.pitch_deg, self.pitch_rate, pitched, step_s)
        rolled = ROLL_DEG * self.speed * self.yaw_rate
        self.roll_deg, self.roll_rate = _sprung(self.roll_deg, self.roll_rate, rolled, step_s)

    def _turn(self, angle: float, step_s: float, facts: VehicleFacts) -> None:
        """The tyres' forces for a moment, with front wheels turned by ``angle`` [rad]; implicit, as they are stiff.

        Per mass, with the yaw inertia of two masses over the axles. Each axle carries its share of the weight.
        """
        rear = -facts.rear_axle_x_m
        front, speed = facts.wheelbase_m - rear, max(self.speed, 0.1)
        push_front, push_rear = rear / facts.wheelbase_m / FRONT_SLIP, front / facts.wheelbase_m / REAR_SLIP
        moved = np.array([[1.0, 1.0], [1.0 / rear, -1.0 / front]])  # by forces at the axles
        slips = np.array([[1.0, front], [1.0, -rear]]) / speed
        stiffness = moved @ np.diag([push_front, push_rear])
        matrix = np.eye(2) + step_s * (stiffness @ slips + np.array([[0.0, speed], [0.0, 0.0]]))
        pushed = step_s * stiffness @ np.array([angle, 0.0])
        found = np.linalg.solve(matrix, np.array([self.aside, self.yaw_rate]) + pushed)
        self.aside, self.yaw_rate = (float(each) for each in found) if self.speed > 0.0 else (0.0, 0.0)


def _sprung(angle: float, rate: float, towards: float, step_s: float) -> tuple[float, float]:
    """Angle and rate a moment later of a spring with a damper, at rest at ``towards``."""
    rate += step_s * SPRING_RAD * (SPRING_RAD * (towards - angle) - 2.0 * DAMPING * rate)
    return angle + step_s * rate, rate


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rays:
    """Of a camera's P pixels, row after row, in the ego frame."""

    directions: Floats
    """(P, 3)"""
    origin: Floats
    """(3,)"""
    reach: Floats
    """(P,) of how many of its lengths a ray meets the ground; inf: never."""
    on_ground: npt.NDArray[np.intp]
    """(G,) pixels that show the ground, within ``SIGHT_M``."""
    places: Floats
    """(G, 2) what they show."""

    @cached_property
    def bearings(self) -> Floats:
        """(P,) [rad] right positive."""
        return np.arctan2(self.directions[:, 1], self.directions[:, 0])


@lru_cache(maxsize=8)
def _rays(camera: CameraSpec, pitch_deg: float, roll_deg: float) -> _Rays:
    body = carla.Transform(carla.Location(), carla.Rotation(pitch_deg, 0.0, roll_deg))
    mounted = carla.Transform(
        carla.Location(camera.x, camera.y, camera.z), carla.Rotation(camera.pitch, camera.yaw, camera.roll)
    )
    matrix = np.array(body.get_matrix()) @ np.array(mounted.get_matrix())
    focal = camera.width / (2.0 * math.tan(math.radians(camera.fov) / 2.0))
    v, u = np.mgrid[0 : camera.height, 0 : camera.width] + 0.5
    rays = np.stack(
        [np.full(u.shape, focal), u - camera.width / 2, camera.height / 2 - v], axis=-1
    ).reshape(-1, 3) @ matrix[:3, :3].T  # fmt: skip
    origin = matrix[:3, 3]
    down = rays[:, 2] < -1e-6
    reach = np.full(len(rays), np.inf)
    reach[down] = -origin[2] / rays[down, 2]
    on_ground = np.flatnonzero(down & (reach * focal <= SIGHT_M))
    places = origin[:2] + reach[on_ground, None] * rays[on_ground, :2]
    return _Rays(
        directions=rays, origin=origin, reach=reach, on_ground=on_ground, places=places
    )  # fmt: skip


def draw(street: Ground, car: Car, camera: CameraSpec = CAMERA) -> Image:
    """(H, W) uint8 tags as the camera on the car sees the street."""
    rays = _rays(camera, car.pitch_deg, car.roll_deg)
    tags = np.full(len(rays.directions), SKY, np.uint8)
    tags[rays.on_ground] = street.tags_at(car.to_world(rays.places))
    _stand(street.boxes, car, rays, tags)
    return tags.reshape(camera.height, camera.width)


def _stand(boxes: Sequence[Box], car: Car, rays: _Rays, tags: Image) -> None:
    """Draw posts: rays against their boxes (slabs), in the frame of the car turned to the world."""
    c, s = math.cos(car.yaw), math.sin(car.yaw)
    start = np.array([*car.to_world(rays.origin[None, :2])[0], rays.origin[2]])
    reach = rays.reach.copy()
    for box in boxes:
        low = np.array([box.x - box.half_m, box.y - box.half_m, 0.0])
        high = np.array([box.x + box.half_m, box.y + box.half_m, box.height_m])
        looking = _towards(box, start, car.yaw, rays)
        world = rays.directions[looking]
        world[:, :2] = world[:, :2] @ np.array([[c, s], [-s, c]])
        with np.errstate(divide="ignore", invalid="ignore"):
            a, b = (low - start) / world, (high - start) / world
        near, far = np.nanmax(np.minimum(a, b), axis=1), np.nanmin(np.maximum(a, b), axis=1)
        hit = (near < far) & (near > 0.0) & (near < reach[looking])
        tags[looking[hit]], reach[looking[hit]] = box.tag, near[hit]


def _towards(box: Box, start: Floats, yaw: float, rays: _Rays) -> npt.NDArray[np.intp]:
    """Rays that may meet a box, by their bearing: all others pass it."""
    x, y = box.x - start[0], box.y - start[1]
    distance, reach_m = math.hypot(x, y), math.sqrt(2.0) * box.half_m
    if distance <= reach_m:
        return np.arange(len(rays.bearings))
    off = np.abs((rays.bearings - (math.atan2(y, x) - yaw) + math.pi) % (2.0 * math.pi) - math.pi)
    return np.flatnonzero(off <= math.asin(reach_m / distance) + 1e-6)


def episode(camera: CameraSpec = CAMERA, *, step_s: float = 0.1) -> EpisodeFacts:
    """The facts of an episode in this world."""
    return EpisodeFacts(camera=camera, vehicle=CAR_FACTS, decision_s=step_s, tag_set=CARLA_29, seed=0)


def observe(
    car: Car, tick: int, *, step_s: float = 0.1, speed_limit: float = 10.0,
    command: Command = Command.FOLLOW, command_distance_m: float = math.inf,
) -> DrivingObservation:  # fmt: skip
    """What the car's instruments and the navigator say."""
    return DrivingObservation(
        tick=tick, time_s=tick * step_s, speed=car.speed, yaw_rate=car.yaw_rate, pitch_deg=car.pitch_deg,
        roll_deg=car.roll_deg, speed_limit=speed_limit, command=command, command_distance_m=command_distance_m,
    )  # fmt: skip
