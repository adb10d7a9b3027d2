"""Street lamps and windows: ``carla.LightManager``."""

from __future__ import annotations

from typing import Any

from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.wire.errors import WireError, shown
from sim_scenarios.embedded_simulator.wire.structs import flag, pack_light, text, unpack_light


def query_lights_state(context: Context, client: Any) -> list[Any]:
    """Every light; the client's address says nothing, because all clients of a server send the same."""
    text(client)
    return [pack_light(light) for light in context.world.lights.lights(context.world.weather)]


def update_lights_state(context: Context, client: Any, lights: Any, discard_client: Any) -> None:
    """What a client changed since it last told."""
    text(client)
    flag(discard_client)
    if not isinstance(lights, (list, tuple)):
        raise WireError(f"expected an array of light states, got {shown(lights)}")
    context.world.lights.update([unpack_light(light) for light in lights], context.world.weather)


def update_day_night_cycle(context: Context, client: Any, active: Any) -> None:
    """Whether lights go on at dusk and off at dawn by themselves."""
    text(client)
    context.world.lights.set_day_night_cycle(flag(active), context.world.weather)
