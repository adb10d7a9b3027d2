"""The obstacle detector (Carla/Sensor/ObstacleDetectionSensor.cpp): a sphere swept forwards from the sensor.

It meets the triangles that the cameras draw, the ground among them, but not its own carrier. Reported is how far the
sphere's centre gets: 0 when it touches something from the start, as one that hangs too low does the road.
``debug_linetrace`` draws into CARLA's window and has no effect here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim_scenarios.embedded_simulator.render.ray_caster import RayCaster
from sim_scenarios.embedded_simulator.render.view import rotation_axes
from sim_scenarios.embedded_simulator.sensors.actor_message import pack_event_actor, pack_scenery
from sim_scenarios.embedded_simulator.wire.sensor_data import pack_obstacle
from sim_scenarios.embedded_simulator.wire.streams import Part
from sim_scenarios.embedded_simulator.world.actors import Actor, Sensor
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Snapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """What an obstacle detector looks for in one measurement."""

    stream_id: int
    pose: Pose
    reach_m: float
    radius_m: float
    only_dynamics: bool
    carrier: Actor
    """The sensor's parent; the sensor itself when it is attached to nothing."""
    actors: Mapping[int, Actor]


def plan_probe(sensor: Sensor, actors: Mapping[int, Actor]) -> Probe:
    """The sphere's way, among the episode's actors."""
    return Probe(
        stream_id=sensor.stream_id,
        pose=sensor.pose,
        reach_m=max(0.0, sensor.number("distance", 5.0)),
        radius_m=max(0.0, sensor.number("hit_radius", 0.5)),
        only_dynamics=sensor.description.attribute("only_dynamics").lower() in ("true", "1"),
        carrier=actors.get(sensor.parent_id, sensor),
        actors=actors,
    )


def perform_probe(rays: RayCaster, probe: Probe, snapshot: Snapshot) -> list[Part]:
    """Payload of an obstacle message; empty when the way is free."""
    touch = rays.sweep(
        snapshot,
        probe.pose.location,
        rotation_axes(probe.pose.rotation)[0],
        reach_m=probe.reach_m,
        radius_m=probe.radius_m,
        without_actor=probe.carrier.id,
        actors_only=probe.only_dynamics,
    )
    if touch is None:
        return []
    other = probe.actors.get(touch.actor_id)
    packed = pack_scenery(touch.tag) if other is None else pack_event_actor(other)
    return [pack_obstacle(actor=pack_event_actor(probe.carrier), other=packed, distance_m=touch.distance_m)]
