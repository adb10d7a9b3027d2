"""What is where: static objects, and rays to the ground."""

from __future__ import annotations

from typing import Any

from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.wire.structs import (
    flag,
    integer,
    integers,
    number,
    pack_bounding_box,
    pack_environment_object,
    pack_labelled_point,
    unpack_vector,
)
from sim_scenarios.embedded_simulator.world.actors import TrafficLight
from sim_scenarios.embedded_simulator.world.description import EnvironmentObject, LabelledPoint
from sim_scenarios.embedded_simulator.world.environment import TAG_ANY, MapLayer
from sim_scenarios.embedded_simulator.world.snapshot import Vector


def _objects(context: Context, tag: Any) -> list[EnvironmentObject]:
    wanted = integer(tag)
    return [thing for thing in context.world.place.objects if wanted in (TAG_ANY, thing.tag)]


def get_environment_objects(context: Context, tag: Any) -> list[Any]:
    """The town's objects of a tag, hidden ones, too: who hid them wants to find them again."""
    return [pack_environment_object(thing) for thing in _objects(context, tag)]


def get_all_level_bounding_boxes(context: Context, tag: Any) -> list[Any]:
    """Boxes of the same objects in the world, none of what is hidden; those of traffic lights name their actor."""
    hidden = context.world.hidden_objects
    lights = {light.site.opendrive_id: light.id for light in context.world.of_kind(TrafficLight)}
    return [
        pack_bounding_box(thing.box, actor_id=lights.get(thing.signal_id, 0))
        for thing in _objects(context, tag)
        if thing.id not in hidden
    ]


def enable_environment_objects(context: Context, object_ids: Any, enabled: Any) -> None:
    """Shows or hides objects by their ids."""
    context.world.enable_objects(integers(object_ids), flag(enabled))


def load_map_layer(context: Context, layers: Any) -> None:
    """Shows the objects of layers again."""
    context.world.show_layers(_layers(layers), True)


def unload_map_layer(context: Context, layers: Any) -> None:
    """Hides the objects of layers."""
    context.world.show_layers(_layers(layers), False)


def _layers(packed: Any) -> MapLayer:
    bits = integer(packed)
    if not 0 <= bits <= MapLayer.ALL:
        raise WireError(f"expected map layers as 16 bits, got {bits}")
    return MapLayer(bits)


def get_names_of_all_objects(context: Context) -> list[str]:
    """Names of all static objects."""
    return [thing.name for thing in context.world.place.objects]


async def cast_ray(context: Context, start: Any, end: Any) -> list[Any]:
    """Everything that the way from ``start`` to ``end`` passes through, in that order."""
    points = await context.rays.points_along(unpack_vector(start), unpack_vector(end))
    return [pack_labelled_point(point) for point in points]


async def project_point(context: Context, location: Any, direction: Any, search_distance: Any) -> list[Any]:
    """The first thing in a direction, whose length does not matter; whether there is one comes first."""
    start, towards, reach = unpack_vector(location), unpack_vector(direction), number(search_distance)
    point = await context.rays.first_point(start, towards, reach)
    return [point is not None, pack_labelled_point(point or LabelledPoint(Vector(), 0))]
