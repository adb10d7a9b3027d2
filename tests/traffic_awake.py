"""Keeps TrafficManagers of tests going, which can miss their cue: a fault of the client, see ``TrafficWatch``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial

from harness.carla_client.traffic_watch import TrafficWatch

PATIENCE_S = 45.0


@contextlib.contextmanager
def traffic_awake(*ports: int) -> Iterator[list[int]]:
    """Wakes those at ``ports``, in this process or another, whenever the block has run for so long; yields who was.

    One that did not need it makes a step more, and none at a port is no error.
    """
    woken: list[int] = []
    watches = [TrafficWatch(port, on_wake=partial(woken.append, port), patience_s=PATIENCE_S) for port in ports]
    try:
        with contextlib.ExitStack() as stack:
            for watch in watches:
                stack.enter_context(watch.during_a_tick())
            yield woken
    finally:
        for watch in watches:
            watch.leave()
