"""Traffic lights: states, times, groups."""

from __future__ import annotations

from typing import Any

from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.wire.structs import flag, integer, number, pack_bounding_box
from sim_scenarios.embedded_simulator.world.actors import TrafficLight
from sim_scenarios.embedded_simulator.world.environment import head_boxes
from sim_scenarios.embedded_simulator.world.snapshot import TrafficLightState


def _light(context: Context, actor_id: Any) -> TrafficLight:
    return context.world.actor_of_kind(integer(actor_id), TrafficLight)


def _seconds(packed: Any) -> float:
    seconds = number(packed)
    if seconds < 0.0:
        raise WireError(f"expected a time >= 0 s, got {seconds}")
    return seconds


def set_traffic_light_state(context: Context, actor_id: Any, state: Any) -> None:
    """Until the group's next change; freeze it to keep the state."""
    light = _light(context, actor_id)
    try:
        wanted = TrafficLightState(integer(state))
    except ValueError as error:
        raise WireError(f"expected a traffic light state 0 to 4, got {state}") from error
    context.world.traffic_lights.group_of(light).override(light, wanted)


def set_traffic_light_green_time(context: Context, actor_id: Any, seconds: Any) -> None:
    """[s] of green in each cycle."""
    _light(context, actor_id).green_s = _seconds(seconds)


def set_traffic_light_yellow_time(context: Context, actor_id: Any, seconds: Any) -> None:
    """[s] of yellow in each cycle."""
    _light(context, actor_id).yellow_s = _seconds(seconds)


def set_traffic_light_red_time(context: Context, actor_id: Any, seconds: Any) -> None:
    """[s] that everybody waits after this light's yellow."""
    _light(context, actor_id).red_s = _seconds(seconds)


def freeze_traffic_light(context: Context, actor_id: Any, frozen: Any) -> None:
    """Stops the light's whole group."""
    context.world.traffic_lights.group_of(_light(context, actor_id)).set_frozen(flag(frozen))


def freeze_all_traffic_lights(context: Context, frozen: Any) -> None:
    """Stops every group."""
    context.world.traffic_lights.freeze_all(flag(frozen))


def reset_traffic_light_group(context: Context, actor_id: Any) -> None:
    """The group's cycle starts anew."""
    context.world.traffic_lights.group_of(_light(context, actor_id)).reset()


def reset_all_traffic_lights(context: Context) -> None:
    """Every cycle starts anew."""
    context.world.traffic_lights.reset_all()


def get_group_traffic_lights(context: Context, actor_id: Any) -> list[int]:
    """Ids of all lights of the group."""
    group = context.world.traffic_lights.group_of(_light(context, actor_id))
    return [light.id for light in group.lights]


def get_light_boxes(context: Context, actor_id: Any) -> list[Any]:
    """Boxes of the signal heads, in the world."""
    light = _light(context, actor_id)
    return [pack_bounding_box(box, actor_id=light.id) for box in head_boxes(light.site)]
