"""The collision sensor: one message for each thing its parent ran into during the tick."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sim_scenarios.embedded_simulator.sensors.actor_message import pack_event_actor, pack_scenery
from sim_scenarios.embedded_simulator.wire.sensor_data import pack_collision
from sim_scenarios.embedded_simulator.world.actors import Sensor
from sim_scenarios.embedded_simulator.world.contacts import Collision
from sim_scenarios.embedded_simulator.world.world import World


def measure_collisions(sensor: Sensor, world: World, collisions: Iterable[Collision]) -> Iterator[bytes]:
    """Payloads of collision messages."""
    parent = world.actors.get(sensor.parent_id)
    if parent is None:
        return
    for collision in collisions:
        if collision.actor_id == parent.id:
            other = world.actors.get(collision.other_id)
            yield pack_collision(
                actor=pack_event_actor(parent),
                other=pack_event_actor(other) if other else pack_scenery(collision.scenery_tag),
                impulse=collision.impulse,
            )
