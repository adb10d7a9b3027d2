"""What a handler may touch: the world, and the few things about the session that are no part of a world."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from sim_scenarios.embedded_simulator.recorder.recorder import Recorder
from sim_scenarios.embedded_simulator.recorder.replayer import Replayer
from sim_scenarios.embedded_simulator.recorder.scratch import Scratch
from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.world.description import LabelledPoint
from sim_scenarios.embedded_simulator.world.snapshot import Vector
from sim_scenarios.embedded_simulator.world.towns import TownLibrary
from sim_scenarios.embedded_simulator.world.world import World

CARLA_VERSION = "0.9.16"

Handler = Callable[..., Any]
"""``handler(context, *arguments)``, as msgpack gives them; returns what msgpack takes, or an awaitable of it."""


class Streams(Protocol):
    """The server's streams as handlers see them."""

    def token(self, stream_id: int) -> bytes:
        """24 bytes with which a client finds a stream."""

    def announce(self, stream_id: int) -> None:
        """A client asked for a token: its connection is about to arrive."""

    def renew(self, stream_id: int) -> None:
        """A client is about to leave a stream and to subscribe to it anew."""


class Rays(Protocol):
    """Rays through what is drawn of the world as it is now; handlers know no renderer."""

    async def points_along(self, start: Vector, end: Vector) -> list[LabelledPoint]:
        """What the way between two points [m] passes through, in that order."""

    async def first_point(self, start: Vector, towards: Vector, reach_m: float) -> LabelledPoint | None:
        """What is first in a direction, at most ``reach_m`` away."""


@dataclass(kw_only=True, slots=True)
class Context:
    """One for the whole server."""

    world: World
    towns: TownLibrary
    streams: Streams
    tick: Callable[[], Awaitable[int]]
    """Advances the world, publishes it, and returns the frame."""
    rays: Rays
    traffic_managers: dict[int, str] = field(default_factory=dict)
    """Port -> address of every traffic manager that a client runs; the server only keeps the register."""
    scratch: Scratch = field(default_factory=Scratch)
    """Where recordings lie."""
    recorder: Recorder = field(default_factory=Recorder)
    replayer: Replayer = field(default_factory=Replayer)


@cache
def arity(handler: Handler) -> int:
    """Number of arguments that a handler takes beside the context."""
    return len(inspect.signature(handler).parameters) - 1


def call(context: Context, handler: Handler, arguments: tuple[Any, ...]) -> Any:
    """Calls a handler.

    Raises:
        WireError: The number of arguments is wrong.
    """
    expected = arity(handler)
    if len(arguments) != expected:
        raise WireError(f"expected {expected} arguments, got {len(arguments)}")
    return handler(context, *arguments)
