"""The obstacle detector: the nearest thing in front of the sensor, found by a swept circle on the ground plane."""

from __future__ import annotations

import math

from sim_scenarios.embedded_simulator.physics.footprints import Footprint, distance_along
from sim_scenarios.embedded_simulator.sensors.actor_message import pack_event_actor, pack_scenery
from sim_scenarios.embedded_simulator.wire.sensor_data import pack_obstacle
from sim_scenarios.embedded_simulator.world.actors import MovingActor, Sensor
from sim_scenarios.embedded_simulator.world.contacts import footprint
from sim_scenarios.embedded_simulator.world.world import World


def measure_obstacle(sensor: Sensor, world: World) -> bytes | None:
    """Payload of an obstacle message, or None when the way is free."""
    parent = world.actors.get(sensor.parent_id)
    if parent is None:
        return None
    reach, radius = sensor.number("distance", 5.0), sensor.number("hit_radius", 0.5)
    beam = _beam(sensor, reach, radius)
    nearest, found = math.inf, None
    for other in world.of_kind(MovingActor):
        if other.id != parent.id:
            distance = distance_along(beam, footprint(other))
            if distance is not None and distance < nearest:
                nearest, found = distance, pack_event_actor(other)
    if sensor.description.attribute("only_dynamics").lower() != "true":
        for index, _ in world.place.scenery.overlaps(beam):
            distance = distance_along(beam, world.place.scenery.box(index))
            if distance is not None and distance < nearest:
                nearest, found = distance, pack_scenery(world.place.solids[index].tag)
    if found is None:
        return None
    return pack_obstacle(actor=pack_event_actor(parent), other=found, distance_m=nearest)


def _beam(sensor: Sensor, reach: float, radius: float) -> Footprint:
    """The strip in front of the sensor."""
    (x, y, z), rotation = sensor.pose
    yaw = math.radians(rotation.yaw)
    return Footprint.of(
        x=x + 0.5 * reach * math.cos(yaw),
        y=y + 0.5 * reach * math.sin(yaw),
        yaw_deg=rotation.yaw,
        half_length=0.5 * reach,
        half_width=radius,
        bottom=z - radius,
        top=z + radius,
    )
