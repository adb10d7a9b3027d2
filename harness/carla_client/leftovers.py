"""Actors of a client that was killed before it could destroy them.

A server keeps them, and they stand where the next drive wants to spawn its own. Whose an actor is, a server does not
tell; so what was there before the first client of ours is noted, and everything else is taken for left over.

A client knows of actors what the latest tick told it. The server of a client that died in synchronous mode waits for a
tick for ever: it has to be set free first. Where somebody does tick it, it is in use, and nothing in it is touched.
"""

from __future__ import annotations

from collections.abc import Collection

import carla

from harness.carla_client.endpoint import Endpoint
from harness.carla_client.session import TICK_TIMEOUT_S, connect, server_lost
from harness.errors import ServerLostError

_KINDS = ("sensor.*", "controller.*", "vehicle.*", "walker.*")
"""What a client spawns, in the order in which it must be destroyed: what is attached comes first."""
_FOREIGN_TICK_WAIT_S = 1.0


def spawned_actors(endpoint: Endpoint) -> tuple[int, ...]:
    """The ids of all actors that some client has spawned.

    Raises:
        ServerLostError: the server stopped answering.
    """
    try:
        world = connect(endpoint).get_world()
        if not world.get_settings().synchronous_mode:
            world.wait_for_tick(TICK_TIMEOUT_S)
        return tuple(actor.id for actor in _actors(world))
    except RuntimeError as error:
        raise server_lost(endpoint, "asking for its actors", seen=str(error)) from error


def destroy_leftovers(endpoint: Endpoint, keep: Collection[int]) -> int:
    """Destroy every spawned actor that is not in ``keep``, and return how many they were.

    Raises:
        ServerLostError: the server stopped answering, or another client ticks it.
    """
    client = connect(endpoint)
    try:
        world = client.get_world()
        _set_free(world, endpoint)
        left = [actor.id for actor in _actors(world) if actor.id not in keep]
        client.apply_batch_sync([carla.command.DestroyActor(each) for each in left], False)
    except RuntimeError as error:
        raise server_lost(endpoint, "destroying what was left over", seen=str(error)) from error
    return len(left)


def _set_free(world: carla.World, endpoint: Endpoint) -> None:
    settings = world.get_settings()
    if settings.synchronous_mode:
        if _somebody_ticks(world):
            raise ServerLostError(
                f"another client ticks the server at {endpoint.host}:{endpoint.port}: its actors cannot be told from "
                "those that were left over. Stop it, or use a server of your own."
            )
        settings.synchronous_mode = False
        settings.fixed_delta_seconds = None
        world.apply_settings(settings)
    world.wait_for_tick(TICK_TIMEOUT_S)


def _somebody_ticks(world: carla.World) -> bool:
    try:
        world.wait_for_tick(_FOREIGN_TICK_WAIT_S)
    except RuntimeError:
        return False
    return True


def _actors(world: carla.World) -> list[carla.Actor]:
    actors = world.get_actors()
    return [actor for kind in _KINDS for actor in actors.filter(kind)]
