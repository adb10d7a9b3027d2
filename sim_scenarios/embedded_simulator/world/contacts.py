"""What moving actors do to each other and to the town during a tick.

Whoever touches nothing is left exactly where its own motion took it. The others go through the tick again, from where
they stood at its start and at the velocity that they have come to, in the plane and among what stands there
(``physics/contacts.py``); heights stay as they are. An actor without physics, or attached to another, does not yield.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics.broad_phase import WAY, Meeting, Movers, find_meeting
from sim_scenarios.embedded_simulator.physics.contacts import Body, BodyAfter, Outcome, collide
from sim_scenarios.embedded_simulator.physics.footprints import Footprint
from sim_scenarios.embedded_simulator.physics.scenery_grid import Scenery
from sim_scenarios.embedded_simulator.world.actors import MovingActor, TrafficLight, TrafficSign, Vehicle, Walker
from sim_scenarios.embedded_simulator.world.description import BoundingBox
from sim_scenarios.embedded_simulator.world.environment import TAG_TRAFFIC_SIGN
from sim_scenarios.embedded_simulator.world.geometry import difference, length, scaled, wrap_degrees
from sim_scenarios.embedded_simulator.world.motion import FASTEST
from sim_scenarios.embedded_simulator.world.scenery import Solid
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

FELT_SPEED = 0.05
"""[m/s] A contact that changes the lighter body's speed by less is two bodies resting against each other: no event."""
POST_M = 1.2
"""How far a sign's post may stand from where the map has the sign."""
PUSH_N = 200.0
"""What somebody who walks into something pushes it with; legs do not bring the whole body's momentum tick by tick."""
CLEARANCE_M = 0.15
"""What is lower passes under a vehicle, or is its wheels' matter."""
_ON_SPRINGS_M = 0.4
"""The same above the top of a box, into which springs may give way by 0.25 m as a vehicle lands on it."""
_STANDING_M = 0.02
"""Likewise of all others, or rounding would push what stands on something off its side."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Collision:
    """What one actor felt in one tick."""

    actor_id: int
    other_id: int
    """0 when it was scenery; a signal's pole is its traffic light, a sign's post the sign."""
    scenery_tag: int
    """Semantic tag of what cannot move, 0 for what can."""
    impulse: Vector
    """[kg m/s] on ``actor_id``, in the world."""


class Contacts:
    """What is in the way of what, in one town."""

    def __init__(
        self,
        scenery: Scenery,
        solids: Sequence[Solid],
        lights: Sequence[TrafficLight],
        signs: Sequence[TrafficSign],
    ) -> None:
        """``scenery`` holds the boxes of ``solids``, with the poles of ``lights`` and the posts of ``signs``."""
        self._scenery, self._solids = scenery, solids
        light_ids = {light.site.opendrive_id: light.id for light in lights}
        self._owners = [light_ids.get(solid.signal_id, 0) or _sign_at(solid, signs) for solid in solids]
        self._object_ids = np.array([solid.object_id for solid in solids], np.int64)
        self.hidden = np.zeros(len(solids), np.bool_)
        """(S,) boxes that are not there."""
        self._ids: list[int] = []
        self._boxes: list[BoundingBox] = []
        self._centers, self._extents = np.empty((0, 3)), np.empty((0, 3))
        self._clearances = np.empty(0)
        self._groups = np.empty(0, np.int64)

    def hide(self, object_ids: Collection[int]) -> None:
        """Takes these environment objects, and no others, out of the way."""
        self.hidden = np.isin(self._object_ids, sorted(object_ids))

    def resolve(self, actors: Sequence[MovingActor], starts: Sequence[Pose], delta_s: float) -> list[Collision]:
        """Moves what touched and reports what each felt.

        Args:
            actors: All that move, by id, where their own motion has taken them.
            starts: Where each was when the tick began.
            delta_s: The tick [s].
        """
        bodies = [actor for actor in actors if actor.has_collisions]
        if not bodies:
            return []
        if len(bodies) < len(actors):
            starts = [start for actor, start in zip(actors, starts, strict=True) if actor.has_collisions]
        movers = self._movers(bodies, starts)
        meeting = find_meeting(movers, self._scenery, self.hidden, farthest_m=FASTEST * delta_s)
        if not meeting.bodies:
            return []
        met = [bodies[number] for number in meeting.bodies]
        ways = meeting.flat[:, WAY]
        blow = max((ways[number] for number in meeting.bodies if not isinstance(bodies[number], Walker)), default=0.0)
        outcome = collide(
            [
                _body(bodies[number], number, meeting, movers, delta_s, walks=ways[number] >= blow)
                for number in meeting.bodies
            ],
            [self._scenery.box(index) for index in meeting.obstacles],
            closing_m=meeting.closing_m,
            passes=meeting.passes,
            delta_s=delta_s,
        )
        for number, after in outcome.after.items():
            _move(met[number], after, delta_s)
        return list(self._collisions(met, meeting.obstacles, outcome))

    def _collisions(
        self, met: Sequence[MovingActor], obstacles: Sequence[int], outcome: Outcome
    ) -> Iterator[Collision]:
        for touch in outcome.touches:
            actor = met[touch.body]
            other = None if touch.other is None else met[touch.other]
            impulse = Vector(touch.impulse_x, touch.impulse_y, 0.0)
            lighter = min(body.mass_kg for body in (actor, other) if body is not None and _yields(body))
            if length(impulse) < FELT_SPEED * lighter:
                continue
            if other is not None:
                back = scaled(impulse, -1.0)
                yield Collision(actor_id=actor.id, other_id=other.id, scenery_tag=0, impulse=impulse)
                yield Collision(actor_id=other.id, other_id=actor.id, scenery_tag=0, impulse=back)
            elif touch.obstacle is not None:
                index = obstacles[touch.obstacle]
                tag, owner = self._solids[index].tag, self._owners[index]
                yield Collision(actor_id=actor.id, other_id=owner, scenery_tag=tag, impulse=impulse)

    def _movers(self, bodies: Sequence[MovingActor], starts: Sequence[Pose]) -> Movers:
        ids, boxes = [body.id for body in bodies], [body.box for body in bodies]
        if ids != self._ids or boxes != self._boxes:
            self._ids, self._boxes = ids, boxes
            # Two arrays: a slice of one would have another memory layout for one body than for many, hence two kernels.
            self._centers = np.array([box.location for box in boxes])
            self._extents = np.array([box.extent for box in boxes])
            self._clearances = np.array([CLEARANCE_M if isinstance(body, Vehicle) else _STANDING_M for body in bodies])
            self._groups = np.array([body.parent_id or body.id for body in bodies])
        over_box = [isinstance(body, Vehicle) and body.is_over_box for body in bodies]
        return Movers(
            before=_as_array(starts),
            after=_as_array([body.pose for body in bodies]),
            centers=self._centers,
            extents=self._extents,
            clearances=np.where(over_box, _ON_SPRINGS_M, self._clearances),
            is_free=np.array([body.simulate_physics for body in bodies]) & (self._groups == ids),
            groups=self._groups,
        )


def _sign_at(solid: Solid, signs: Sequence[TrafficSign]) -> int:
    """Id of the sign whose post a box is, 0 for none."""
    if solid.tag != TAG_TRAFFIC_SIGN:
        return 0
    places = [(math.dist((solid.box.x, solid.box.y), sign.pose.location[:2]), sign.id) for sign in signs]
    distance_m, sign_id = min(places, default=(math.inf, 0))
    return sign_id if distance_m < POST_M else 0


def footprint(actor: MovingActor) -> Footprint:
    """An actor as seen from above, at its pose."""
    yaw = math.radians(actor.pose.rotation.yaw)
    aside_x, aside_y = _turned(actor.box.location, yaw)
    center_z = actor.pose.location.z + actor.box.location.z
    return Footprint(
        x=actor.pose.location.x + aside_x,
        y=actor.pose.location.y + aside_y,
        half_length=actor.box.extent.x,
        half_width=actor.box.extent.y,
        cos_yaw=math.cos(yaw),
        sin_yaw=math.sin(yaw),
        bottom=center_z - actor.box.extent.z,
        top=center_z + actor.box.extent.z,
    )


def _as_array(poses: Sequence[Pose]) -> NDArray[np.float64]:
    """(N, 6) x, y, z, pitch, yaw, roll."""
    flat: list[float] = []
    for location, rotation in poses:
        flat += location
        flat += rotation
    return np.frombuffer(array("d", flat)).reshape(-1, 6)


def _body(actor: MovingActor, number: int, meeting: Meeting, movers: Movers, delta_s: float, *, walks: bool) -> Body:
    """Mover ``number``; a walker that ``walks`` comes to the others rather than they to it."""
    x, y, yaw, half_length, half_width, bottom, top, way_x, way_y, *_ = meeting.flat[number].tolist()
    turn = wrap_degrees(float(movers.after[number, 4] - movers.before[number, 4]))
    velocity_x, velocity_y, yaw_rate = way_x / delta_s, way_y / delta_s, math.radians(turn) / delta_s
    is_free = bool(movers.is_free[number])
    is_round = isinstance(actor, Walker)
    if is_free and not is_round:  # what it has come to by now, not the mean of its way
        yaw_rate = math.radians(actor.angular_velocity.z)
        lever_x, lever_y = _turned(actor.box.location, yaw)
        velocity_x = actor.velocity.x - yaw_rate * lever_y
        velocity_y = actor.velocity.y + yaw_rate * lever_x
    mass_kg = actor.mass_kg
    if is_round and walks:
        mass_kg = min(mass_kg, PUSH_N * delta_s / max(1e-3, math.hypot(velocity_x, velocity_y)))
    box = Footprint(
        x=x, y=y, half_length=max(half_length, half_width) if is_round else half_length, half_width=half_width,
        cos_yaw=math.cos(yaw), sin_yaw=math.sin(yaw), bottom=bottom, top=top,
    )  # fmt: skip
    return Body(
        box=box, yaw=yaw, velocity_x=velocity_x, velocity_y=velocity_y, yaw_rate=yaw_rate, mass_kg=mass_kg,
        is_free=is_free, is_round=is_round, group=int(movers.groups[number]),
    )  # fmt: skip


def _turned(v: Vector, yaw: float) -> tuple[float, float]:
    return v.x * math.cos(yaw) - v.y * math.sin(yaw), v.x * math.sin(yaw) + v.y * math.cos(yaw)


def _move(actor: MovingActor, after: BodyAfter, delta_s: float) -> None:
    before = actor.velocity
    pitch, yaw, roll = actor.pose.rotation
    if not isinstance(actor, Walker):
        yaw = wrap_degrees(math.degrees(after.yaw))
    lever_x, lever_y = _turned(actor.box.location, math.radians(yaw))
    actor.be_pushed(
        Pose(Vector(after.x - lever_x, after.y - lever_y, actor.pose.location.z), Rotation(pitch, yaw, roll)),
        velocity=Vector(
            after.velocity_x + after.yaw_rate * lever_y,
            after.velocity_y - after.yaw_rate * lever_x,
            actor.velocity.z,
        ),
        angular_velocity=Vector(actor.angular_velocity.x, actor.angular_velocity.y, math.degrees(after.yaw_rate)),
    )
    change = scaled(difference(actor.velocity, before), 1.0 / delta_s)
    actor.acceleration = Vector(*(now + more for now, more in zip(actor.acceleration, change, strict=True)))


def _yields(actor: MovingActor) -> bool:
    return actor.simulate_physics and not actor.parent_id
