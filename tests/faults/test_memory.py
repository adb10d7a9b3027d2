"""Memory over a long run: actors and sensors come and go all along, and the curve stays flat.

``pytest tests/faults/test_memory.py -m slow -s`` prints the curve.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.hostile_client import Client, ServerProcess

if TYPE_CHECKING:
    from harness.carla_client.endpoint import Endpoint

NUM_TICKS = 20_000
PERIOD = 25
"""Ticks after which a generation of actors goes and another comes."""
REPORT_EVERY = 1000
SETTLED = 200
"""By then every kernel is compiled, every texture made and every kind of actor drawn."""
LIMIT_MB = 1536 * 1.048576
GROWTH_MB = 40.0
SENSORS = ("sensor.camera.rgb", "sensor.other.imu", "sensor.other.gnss", "sensor.lidar.ray_cast", "sensor.other.radar")


class Traffic:
    """One client's actors: each generation has cars with sensors, walkers and props of its own."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._random = random.Random(0)
        self._points = client.value("get_map_info")[1]
        names = [blueprint[1] for blueprint in client.value("get_actor_definitions")]
        self._cars = sorted(name for name in names if name.startswith("vehicle."))
        self._walkers = sorted(name for name in names if name.startswith("walker."))
        self._props = sorted(name for name in names if name.startswith("static.prop."))
        self._sensors = [name for name in SENSORS if name in names]
        self._actors: list[int] = []
        self._streams: list[socket.socket] = []

    def renew(self) -> None:
        """Everything goes, and others come."""
        for stream in self._streams:
            stream.close()
        self._streams = []
        self._client.ask("apply_batch", [[[1, [actor_id]]] for actor_id in self._actors], False)
        points = self._random.sample(self._points, 9)
        kinds = [*[self._cars] * 4, *[self._walkers] * 3, *[self._props] * 2]
        commands = []
        for (place, turn), names in zip(points, kinds, strict=True):
            pose = [[place[0], place[1], place[2] + 1.0], turn]
            after = [[[2, [0, [0.7, self._random.uniform(-0.2, 0.2), 0.0, False, False, False, 0]]]]]
            commands.append([[0, [[1, self._random.choice(names), []], pose, [False], 0, "", after]]])
        _, answers = self._client.ask("apply_batch", commands, False)
        self._actors = [content for ((index, content),) in answers if index == 1]
        for name in self._sensors:
            self._actors.append(self._attach(name, self._actors[0]))
            stream = self._client.subscribe(self._actors[-1])
            stream.setblocking(False)
            self._streams.append(stream)

    def _attach(self, name: str, parent_id: int) -> int:
        sizes = [["image_size_x", 2, "64"], ["image_size_y", 2, "36"]] if "camera" in name else []
        actor_id: int = self._client.value(
            "spawn_actor_with_parent", [1, name, sizes], [[0.0, 0.0, 2.0], [0.0, 0.0, 0.0]], parent_id, 0, ""
        )[0]
        return actor_id

    def drain(self) -> int:
        """Reads what has come; returns how much."""
        received = 0
        for stream in self._streams:
            with contextlib.suppress(BlockingIOError):
                while data := stream.recv(1 << 18):
                    received += len(data)
        return received


@pytest.mark.slow
def test_memory_is_flat_over_twenty_thousand_ticks(simulator: Endpoint) -> None:
    assert simulator.child is not None
    process = ServerProcess(simulator.child.process.pid)
    with Client(simulator.port) as client:
        client.value("load_new_episode", "", True, 65535)
        client.synchronous(True)
        traffic = Traffic(client)
        curve, received, started = [], 0, time.monotonic()
        for tick in itertools.count():
            if tick % PERIOD == 0:
                traffic.renew()
            if tick % REPORT_EVERY == 0:
                curve.append((tick, process.rss_mb))
                print(f"tick {tick:>6}  {curve[-1][1]:7.1f} MB  {process.open_files} files  "
                      f"{received >> 10} KiB read  {time.monotonic() - started:.0f} s", flush=True)  # fmt: skip
            if tick == NUM_TICKS:
                break
            client.value("tick_cue")
            received += traffic.drain()
        client.value("load_new_episode", "", True, 65535)
    settled = [memory for tick, memory in curve if tick >= SETTLED]
    assert received > NUM_TICKS * 1000  # sensors were at work
    assert max(memory for _, memory in curve) < LIMIT_MB
    assert max(settled) - settled[0] < GROWTH_MB, curve


def rss_after(client: Client, process: ServerProcess, do: Any, times: int) -> float:
    """Resident memory after doing something many times."""
    for _ in range(times):
        do()
    client.value("tick_cue")
    return process.rss_mb


def test_episodes_leave_nothing_behind(simulator: Endpoint) -> None:
    assert simulator.child is not None
    process = ServerProcess(simulator.child.process.pid)
    with Client(simulator.port) as client:

        def live_and_leave() -> None:
            client.value("load_new_episode", "", True, 65535)
            client.synchronous(True)
            for name in ("vehicle.tesla.model3", "sensor.other.imu", "walker.pedestrian.0001"):
                client.spawn(name, client.value("get_map_info")[1][len(name)])
            client.value("tick_cue")

        before = rss_after(client, process, live_and_leave, 5)
        assert rss_after(client, process, live_and_leave, 40) < before + 15.0
        client.value("load_new_episode", "", True, 65535)
