"""What is known of an ego, tick by tick: its motion, the road under it, its place on the route, what it ran into.

A drive calls this between ticks; everything comes out as plain data, so that who judges a drive needs no carla.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import carla

from harness.carla_client.actors import pose_of
from harness.carla_client.cast import CastMember
from harness.carla_client.drive import Drive
from harness.carla_client.ego_events import EgoEvents
from harness.carla_client.observation import Pose
from harness.carla_client.road_facts import RoadFacts, road_facts
from harness.carla_client.route_plan import RoutePlan
from harness.carla_client.route_progress import RoutePlace, RouteTracker
from harness.carla_client.session import Session
from harness.carla_client.stop_lines import LaneStop, stop_lines
from harness.carla_client.vehicle_measures import VehicleMeasures, vehicle_measures

Vector = tuple[float, float, float]
_KMH = 1.0 / 3.6


@dataclass(frozen=True, kw_only=True, slots=True)
class CastBox:
    """The bounding box of one of the cast."""

    blueprint: str
    half_extents_m: Vector
    """Along its own axes."""
    center_m: Vector
    """From the actor's origin, along its own axes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EgoReading:
    """Of one tick."""

    pose: Pose
    velocity: Vector
    """[m/s] in the world."""
    speed: float
    """[m/s] along the heading, negative backwards."""
    yaw_rate: float
    """[rad/s] to the right."""
    control: Vector
    """Throttle, steer, brake in force during the tick."""
    speed_limit: float
    """[m/s]"""
    road: RoadFacts
    route: RoutePlace
    light_states: tuple[int, ...]
    """``carla.TrafficLightState`` of all lights, in the order of the drive log's columns."""


class EgoInstruments:
    """On the ego of one drive."""

    def __init__(self, session: Session, drive: Drive, plan: RoutePlan, *, first_tick: int) -> None:
        """Attach them; called after a tick, before ``first_tick``."""
        assert drive.scope is not None
        ego = drive.cast[0].actor
        transform = session.world.get_snapshot().find(ego.id).get_transform()
        self._town = session.map
        self._ego = ego
        self._drive = drive
        self._box: carla.BoundingBox = ego.bounding_box
        self._tracker = RouteTracker(plan)
        self.measures: VehicleMeasures = vehicle_measures(ego, transform)
        self.stop_lines: tuple[LaneStop, ...] = stop_lines(session.world, session.map)
        self.boxes: tuple[CastBox, ...] = tuple(_box_of(member) for member in drive.cast)
        columns = {int(member.actor.id): column for column, member in enumerate(drive.cast)}
        self.events = EgoEvents(session, drive.scope, ego, columns, first_tick=first_tick)

    def read(self, snapshot: carla.WorldSnapshot) -> EgoReading:
        """Read them after a tick."""
        state = snapshot.find(self._ego.id)
        transform: carla.Transform = state.get_transform()
        velocity, heading = state.get_velocity(), transform.get_forward_vector()
        control = self._ego.get_control()
        self.events.after_tick(snapshot.frame)
        return EgoReading(
            pose=pose_of(transform),
            velocity=(velocity.x, velocity.y, velocity.z),
            speed=velocity.x * heading.x + velocity.y * heading.y + velocity.z * heading.z,
            yaw_rate=math.radians(state.get_angular_velocity().z),
            control=(control.throttle, control.steer, control.brake),
            speed_limit=self._ego.get_speed_limit() * _KMH,
            road=road_facts(self._town, transform, self._box),
            route=self._tracker.update(transform.location.x, transform.location.y),
            light_states=self._drive.traffic_lights,
        )


def _box_of(member: CastMember) -> CastBox:
    box = member.actor.bounding_box
    return CastBox(
        blueprint=member.made_as.blueprint,
        half_extents_m=(box.extent.x, box.extent.y, box.extent.z),
        center_m=(box.location.x, box.location.y, box.location.z),
    )
