"""The moving part of the scene: object rows and joint rotations from a snapshot, and nothing else.

Wheels turn with the distance travelled and the steering angle, limbs follow the gait (``world.gait``) or the bones
that a client has set, so the same snapshot always gives the same picture. Frames of reference: CARLA's axes; a
walker's pose and its model's origin are at half its height. A joint's motion is a rotation about the pivot of the
vertices that it moves and a shift after it (3, 4): a shin turns about the knee and goes where the thigh takes it.
All actors are posed at once, as arrays: a loop over sixty of them would cost as much as drawing the road.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import Records
from sim_scenarios.embedded_simulator.render.lamps import beacon_share
from sim_scenarios.embedded_simulator.render.library import linear_from_srgb
from sim_scenarios.embedded_simulator.render.mesh import Joint, Part
from sim_scenarios.embedded_simulator.render.model_table import model_entry
from sim_scenarios.embedded_simulator.render.scene import WHEELCHAIR, Scene, blank_rows
from sim_scenarios.embedded_simulator.render.standing import StandingObjects
from sim_scenarios.embedded_simulator.world.gait import Gait, Limb, Manner, gait
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot, TrafficLightState, VehicleLight

NUM_JOINTS = len(Joint)
BLINK_HZ = 1.5
LIMB_ROOM_M = 0.6
"""How far swinging limbs may reach beyond a walker's box."""

_LENSES = [Part.SIGNAL_RED, Part.SIGNAL_YELLOW, Part.SIGNAL_GREEN]
"""In the order of ``TrafficLightState``."""
_UNLIT_LENS_TINT = 0.12
_UPPER_LIMBS = (
    (Limb.LEFT_LEG, Joint.LEFT_LEG), (Limb.RIGHT_LEG, Joint.RIGHT_LEG), (Limb.LEFT_ARM, Joint.LEFT_ARM),
    (Limb.RIGHT_ARM, Joint.RIGHT_ARM), (Limb.HEAD, Joint.HEAD),
)  # fmt: skip
_LOWER_LIMBS = (
    (Limb.LEFT_SHIN, Joint.LEFT_SHIN, Joint.LEFT_LEG), (Limb.RIGHT_SHIN, Joint.RIGHT_SHIN, Joint.RIGHT_LEG),
    (Limb.LEFT_FOREARM, Joint.LEFT_FOREARM, Joint.LEFT_ARM),
    (Limb.RIGHT_FOREARM, Joint.RIGHT_FOREARM, Joint.RIGHT_ARM),
    (Limb.LEFT_FOOT, Joint.LEFT_FOOT, Joint.LEFT_SHIN), (Limb.RIGHT_FOOT, Joint.RIGHT_FOOT, Joint.RIGHT_SHIN),
)  # fmt: skip
_Floats = NDArray[np.float64]


class ActorPoser:
    """Writes the rows of a snapshot's actors after the static rows, and lights the signals among those."""

    def __init__(self, scene: Scene, walker_heights_m: dict[str, float]) -> None:
        self._num_static = len(scene.objects)
        self.standing = StandingObjects(scene)
        self._objects = scene.objects.copy()
        self._signals = list(scene.light_rows)
        self._signal_rows = np.array(list(scene.light_rows.values()), np.int64)
        self._scene = scene
        self._kind_of = {blueprint_id: kind for kind, blueprint_id in enumerate(scene.actors)}
        self._height_m = np.array([walker_heights_m.get(name.removesuffix(WHEELCHAIR), 0.0) for name in scene.actors])
        num_kinds = len(scene.actors)
        self._num_levels = np.zeros(num_kinds, np.int32)  # 0: not made yet
        self._first_level = np.zeros(num_kinds, np.int32)
        self._box_middle, self._box_half = np.zeros((num_kinds, 3)), np.zeros((num_kinds, 3))
        self._wheel_radius_m = np.zeros(num_kinds)
        self._cabins = np.zeros((num_kinds, 8), np.float32)
        self._pivots = np.zeros((num_kinds, NUM_JOINTS, 3))
        self._joints = np.zeros((0, 3, 4), np.float32)
        self._footprints = np.zeros((0, 6), np.float32)
        self._posed: Snapshot | None = None

    def twin(self) -> ActorPoser:
        """A poser of other snapshots of the scene; a model that either makes is known to both."""
        twin = copy.copy(self)
        twin.standing, twin._objects, twin._posed = StandingObjects(self._scene), self._scene.objects.copy(), None
        return twin

    @property
    def num_static(self) -> int:
        """How many rows stand still; actors come after them."""
        return self._num_static

    @property
    def footprints(self) -> NDArray[np.float32]:
        """(N, 6) like ``Scene.footprints``, of the actors posed last."""
        return self._footprints

    def pose(self, snapshot: Snapshot) -> tuple[Records, NDArray[np.float32]]:
        """All object rows (static, then actors in snapshot order) and joint motions (14 an actor, 3, 4).

        Both are reused by the next call. The cameras of one tick share a snapshot, which is posed only once.
        """
        num_actors = len(snapshot.actors)
        count = self._num_static + num_actors
        if snapshot is not self._posed:
            if len(self._objects) < count:
                self._objects = np.concatenate([self._objects[: self._num_static], blank_rows(num_actors + 64)])
            self.standing.apply(self._objects, snapshot)
            self._light_signals(snapshot)
            self._pose_actors(snapshot, self._objects[self._num_static : count])
            self._posed = snapshot
        return self._objects[:count], self._joints

    def _light_signals(self, snapshot: Snapshot) -> None:
        states = [snapshot.traffic_lights.get(signal, TrafficLightState.OFF) for signal in self._signals]
        lit = np.array(states, np.int64).reshape(-1, 1) == np.arange(len(_LENSES))  # (S, 3)
        where = self._signal_rows[:, None], np.array(_LENSES)[None, :]
        self._objects["glow"][where] = lit
        self._objects["tint"][where] = np.where(lit, 1.0, _UNLIT_LENS_TINT)[..., None]

    def _pose_actors(self, snapshot: Snapshot, rows: Records) -> None:
        """Fill ``rows`` (N,), the joints and the footprints."""
        actors = snapshot.actors
        count = len(actors)
        rows[:] = blank_rows(1)
        names = [
            actor.blueprint_id + WHEELCHAIR if actor.manner == Manner.IN_A_WHEELCHAIR else actor.blueprint_id
            for actor in actors
        ]
        kinds = np.array([self._kind_of[name] for name in names], np.int64)
        for name, kind in zip(names, kinds, strict=True):
            if self._num_levels[kind] == 0:
                self._make(name, int(kind))
        rotation = rotation_matrices(np.array([actor.pose.rotation for actor in actors], float).reshape(-1, 3))
        origin = np.array([actor.pose.location for actor in actors], float).reshape(-1, 3)
        walk = gait(
            np.array([actor.gait_phase for actor in actors], float),
            np.array([actor.speed for actor in actors], float),
            self._height_m[kinds],
            np.array([actor.manner for actor in actors], np.int64),
        )
        middle = origin + np.einsum("nij,nj->ni", rotation, self._box_middle[kinds])
        half = self._box_half[kinds]
        rows["rotation"], rows["center"] = rotation, middle
        rows["origin"] = origin - rotation[:, :, 2] * walk.drop_m[:, None]
        rows["half"] = np.einsum("nij,nj->ni", np.abs(rotation), half) + LIMB_ROOM_M
        rows["first_level"], rows["num_levels"] = self._first_level[kinds], self._num_levels[kinds]
        rows["cabin"] = self._cabins[kinds]
        ids = np.array([actor.id for actor in actors], np.int64)
        rows["instance"], rows["moves"] = ids & 0xFFFF, 1
        rows["seed"] = _looks_seeds(kinds, np.array([actor.color for actor in actors], np.uint32).reshape(-1, 3))
        rows["joint_base"] = NUM_JOINTS * np.arange(count)
        color = linear_from_srgb(np.array([actor.color for actor in actors], np.float32).reshape(-1, 3) / 255.0)
        rows["tint"][:, Part.PAINT], rows["tint"][:, Part.CLOTHES] = color, color
        for number, actor in enumerate(actors):
            if actor.lights:
                switch_lights(rows["glow"][number], actor.lights, actor.age_s)
        self._footprints = np.concatenate([middle[:, :2], rotation[:, :2, 0], half[:, :2]], axis=1).astype(np.float32)
        travelled = np.array([actor.travelled_m for actor in actors], float)
        joints = np.tile(np.eye(3, 4), (count, NUM_JOINTS, 1, 1))
        turn_wheels(joints, travelled, np.array([actor.steer_deg for actor in actors]), self._wheel_radius_m[kinds])
        move_limbs(joints, limb_rotations(walk, [actor.posture for actor in actors]), self._pivots[kinds])
        self._joints = joints.reshape(-1, 3, 4).astype(np.float32)

    def _make(self, name: str, kind: int) -> None:
        """Add the model of a kind of actor that is seen for the first time."""
        table, model = self._scene.models, self._scene.actors[name]()
        entry = model_entry(model, first_level=len(table.level_meshes))
        table.add([model])
        self._first_level[kind], self._num_levels[kind] = entry.first_level, entry.num_levels
        self._cabins[kind] = entry.cabin
        self._box_middle[kind] = (entry.box_min + entry.box_max) / 2.0
        self._box_half[kind] = (entry.box_max - entry.box_min) / 2.0
        finest = model.levels[0][1]
        for joint in np.unique(finest.joints):
            self._pivots[kind, joint] = finest.pivots[finest.joints == joint].mean(axis=0)
        wheels = (finest.joints == Joint.FRONT_WHEELS) | (finest.joints == Joint.REAR_WHEELS)
        if wheels.any():
            ground_z = finest.positions[wheels, 2].min() if self._height_m[kind] > 0.0 else 0.0
            self._wheel_radius_m[kind] = finest.pivots[wheels, 2].mean() - ground_z


def rotation_matrices(rotation_deg: _Floats) -> _Floats:
    """(N, 3, 3) object-to-world matrices of (N, 3) pitch, yaw, roll; columns are forward, right, up."""
    (cp, cy, cr), (sp, sy, sr) = np.cos(np.radians(rotation_deg)).T, np.sin(np.radians(rotation_deg)).T
    return np.stack(
        [
            np.stack([cp * cy, cy * sp * sr - sy * cr, -cy * sp * cr - sy * sr], axis=1),
            np.stack([cp * sy, sy * sp * sr + cy * cr, -sy * sp * cr + cy * sr], axis=1),
            np.stack([sp, -cp * sr, cp * cr], axis=1),
        ],
        axis=1,
    )


def turn_wheels(joints: _Floats, travelled_m: _Floats, steer_deg: _Floats, wheel_radius_m: _Floats) -> None:
    """Roll the wheels in ``joints`` (N, 14, 3, 4) by the distance travelled and steer the front ones; all else (N,)."""
    has_wheels = wheel_radius_m > 0.0
    roll = _about_y(np.where(has_wheels, travelled_m / np.where(has_wheels, wheel_radius_m, 1.0), 0.0))
    joints[:, Joint.REAR_WHEELS, :, :3] = roll
    joints[:, Joint.FRONT_WHEELS, :, :3] = _about_z(np.radians(np.where(has_wheels, steer_deg, 0.0))) @ roll


def limb_rotations(walk: Gait, postures: Sequence[_Floats | None]) -> _Floats:
    """(N, 11, 3, 3) rotations of the limbs against the limb above: of the gait, or of a posture where there is one."""
    rotations = _about_y(walk.angles)
    for number, posture in enumerate(postures):
        if posture is not None:
            rotations[number] = posture
    return rotations


def move_limbs(joints: _Floats, rotations: _Floats, pivots: _Floats) -> None:
    """Set the limbs in ``joints`` (N, 14, 3, 4) by ``rotations`` (N, 11, 3, 3) about ``pivots`` (N, 14, 3) [m]."""
    for limb, joint in _UPPER_LIMBS:
        joints[:, joint, :, :3] = rotations[:, limb]
    for limb, joint, parent in _LOWER_LIMBS:
        turn, arm = joints[:, parent, :, :3], pivots[:, joint] - pivots[:, parent]
        joints[:, joint, :, :3] = turn @ rotations[:, limb]
        joints[:, joint, :, 3] = joints[:, parent, :, 3] + np.einsum("nij,nj->ni", turn, arm) - arm


def _looks_seeds(kinds: NDArray[np.int64], colors: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """(N,) of what a model leaves open, by kind and colour: an actor's id is another one in each replay."""
    packed = (colors[:, 0] << 16) | (colors[:, 1] << 8) | colors[:, 2]
    of_color = (packed + np.uint32(1)) * np.uint32(2654435761)
    seeds: NDArray[np.uint32] = of_color ^ kinds.astype(np.uint32) * np.uint32(40503)
    return seeds


def switch_lights(glow: NDArray[np.float32], lights: VehicleLight, age_s: float) -> None:
    """Set the emission (20,) of a vehicle's lamps; what blinks does so with its age [s of simulated time]."""
    bits = int(lights)
    blink = 1.0 if math.fmod(age_s * BLINK_HZ, 1.0) < 0.5 else 0.0
    if bits & VehicleLight.HIGH_BEAM.value:
        glow[Part.HEADLIGHT] = 1.4
    elif bits & VehicleLight.LOW_BEAM.value:
        glow[Part.HEADLIGHT] = 1.0
    elif bits & VehicleLight.POSITION.value:
        glow[Part.HEADLIGHT] = 0.25
    if bits & VehicleLight.BRAKE.value:
        glow[Part.TAIL_LIGHT] = 1.0
    elif bits & (VehicleLight.POSITION.value | VehicleLight.LOW_BEAM.value | VehicleLight.HIGH_BEAM.value):
        glow[Part.TAIL_LIGHT] = 0.3
    glow[Part.BLINKER_LEFT] = blink if bits & VehicleLight.LEFT_BLINKER.value else 0.0
    glow[Part.BLINKER_RIGHT] = blink if bits & VehicleLight.RIGHT_BLINKER.value else 0.0
    glow[Part.CABIN] = 0.2 if bits & VehicleLight.INTERIOR.value else 0.0
    glow[Part.BEACON] = beacon_share(age_s) if bits & VehicleLight.SPECIAL1.value else 0.0
    glow[Part.REVERSE_LIGHT] = 0.8 if bits & VehicleLight.REVERSE.value else 0.0


def _about_y(angle: _Floats) -> _Floats:
    """(..., 3, 3) turns; positive moves the top forwards (z towards x)."""
    c, s, zero, one = np.cos(angle), np.sin(angle), np.zeros_like(angle), np.ones_like(angle)
    return np.stack([c, zero, s, zero, one, zero, -s, zero, c], axis=-1).reshape(*angle.shape, 3, 3)


def _about_z(angle: _Floats) -> _Floats:
    """(N, 3, 3) turns; positive is to the right (x towards y)."""
    c, s, zero, one = np.cos(angle), np.sin(angle), np.zeros_like(angle), np.ones_like(angle)
    return np.stack([c, -s, zero, s, c, zero, zero, zero, one], axis=-1).reshape(*angle.shape, 3, 3)
