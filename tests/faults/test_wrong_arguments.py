"""Every method with arguments of every wrong kind: an answer that says so, and nothing breaks inside."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from sim_scenarios.embedded_simulator.dispatch import ROUTES
from sim_scenarios.embedded_simulator.handlers.context import arity
from tests.faults.hostile_client import HERE, Client

if TYPE_CHECKING:
    from harness.carla_client.endpoint import Endpoint

ROUNDS = 60
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 255, 2**31, 2**63 - 1, -(2**63), 0.5, -0.0, 1e9, 1e300, math.nan, math.inf, -math.inf,
    "", "x", "vehicle.tesla.model3", "\udcff", "../..", "a" * 5000, b"", b"\xff\x00", [], {}, {"a": 1},
    [[]], [None] * 3, [0.0, 0.0, 0.0], [math.nan] * 3, [1e9, -1e9, 1e9], HERE, [[0, 0, 0], [1e9, 1e9, 1e9]],
    [1, "vehicle.audi.tt", []], [1, "walker.pedestrian.0001", [["speed", 3, "x"]]], [False], [True, 1], [True],
    [1.0, 0.5, 0.0, False, False, False, 2**40], [[1.0, 0.0, 0.0], 1e9, True], [0.0] * 14, list(range(40)),
]  # fmt: skip
LEFT_OUT = {"load_new_episode", "copy_opendrive_to_file"}
"""They load towns, which takes seconds; their arguments are tried in ``test_hostile_clients.py``."""


@pytest.fixture
def client(simulator: Endpoint) -> Any:
    with Client(simulator.port) as client:
        client.value("load_new_episode", "", True, 65535)
        client.synchronous(True)
        yield client
        client.value("stop_recorder")
        client.value("load_new_episode", "", True, 65535)


def test_no_argument_breaks_anything_inside(client: Client) -> None:
    chance = random.Random(0)
    point = client.value("get_map_info")[1][0]
    actors = [client.spawn("vehicle.tesla.model3", point), client.spawn("walker.pedestrian.0001"),
              client.spawn("sensor.other.imu"), 1, 2]  # fmt: skip
    broken: Counter[str] = Counter()
    for (method, route), _ in itertools.product(sorted(ROUTES.items()), range(ROUNDS)):
        if method in LEFT_OUT:
            continue
        number = max(0, arity(route.handler) + chance.choice([0, 0, 0, 0, 0, 0, 0, 1, -1]))
        arguments = [chance.choice(ODD) for _ in range(number)]
        if arguments and chance.random() < 0.7:
            arguments[0] = chance.choice(actors)
        error, result = client.ask(method, *arguments)
        text = repr((error, result))[:400]
        if "failed inside the server" in text:
            broken[f"{method}({', '.join(repr(argument)[:60] for argument in arguments)}): {text[:200]}"] += 1
        if method == "set_episode_settings":
            client.synchronous(True)
    assert not broken, "\n".join(broken)
    assert client.value("tick_cue") > 0
