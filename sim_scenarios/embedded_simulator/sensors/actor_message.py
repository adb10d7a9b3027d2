"""How an actor is described inside a sensor's event, where CARLA sends it whole."""

from __future__ import annotations

from typing import Any

from sim_scenarios.embedded_simulator.wire.structs import pack_actor
from sim_scenarios.embedded_simulator.world.actors import Actor
from sim_scenarios.embedded_simulator.world.description import ActorDescription, BoundingBox

_SCENERY_NAMES = {
    1: "road", 2: "sidewalk", 3: "building", 4: "wall", 5: "fence", 6: "pole", 7: "trafficlight", 8: "trafficsign",
    9: "vegetation", 10: "terrain", 14: "car", 15: "truck", 16: "bus", 18: "motorcycle", 19: "bicycle", 20: "static",
    21: "dynamic", 22: "other", 23: "water", 24: "roadline", 25: "ground", 26: "bridge", 27: "railtrack",
    28: "guardrail",
}  # fmt: skip


def pack_event_actor(actor: Actor) -> list[Any]:
    """An actor of the episode; events carry no stream tokens."""
    return pack_actor(
        actor_id=actor.id,
        parent_id=actor.parent_id,
        description=actor.description,
        box=actor.box,
        tags=actor.tags,
        stream_token=b"",
    )


def pack_scenery(tag: int) -> list[Any]:
    """Something that is no actor: id 0 and ``static.<label>`` (Carla/Game/CarlaEpisode.cpp)."""
    name = f"static.{_SCENERY_NAMES.get(tag, 'unknown')}"
    return pack_actor(
        actor_id=0,
        parent_id=0,
        description=ActorDescription(uid=0, id=name),
        box=BoundingBox(),
        tags=bytes([tag]),
        stream_token=b"",
    )
