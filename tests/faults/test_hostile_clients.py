"""Clients that are broken, greedy or gone: an error for them, and the others go on; memory and open files return."""

from __future__ import annotations

import math
import resource
import socket
import struct
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgpack
import pytest

from tests.faults.hostile_client import HERE, Client, ServerProcess, eventually, request, unharmed

if TYPE_CHECKING:
    from harness.carla_client.endpoint import Endpoint

CAR = [1, "vehicle.tesla.model3", []]
NAN, INF = math.nan, math.inf


@pytest.fixture
def port(simulator: Endpoint) -> int:
    return simulator.port


@pytest.fixture
def process(simulator: Endpoint) -> ServerProcess:
    assert simulator.child is not None
    return ServerProcess(simulator.child.process.pid)


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- bytes ----------------------------------------------------------------------------------------------------------

NESTED = b"\x91" * 100_000
BOMBS = {
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "never msgpack": b"\xc1" * 100,
    "zeros": bytes(1000),
    "deep nesting": b"\x94\x00\x01\xa1x\x92\x91\xc2" + NESTED,
    "maps as keys": b"\x81\x80\x80",
    "a notification": msgpack.packb([2, "version", [[False]]]),
    "an answer": msgpack.packb([1, 7, None, None]),
    "no metadata": msgpack.packb([0, 1, "version", []]),
    "a method that is none": msgpack.packb([0, 1, 5, [[False]]]),
    "an integer": b"\x07" * 50,
}


def test_nonsense_costs_its_own_connection(port: int, process: ServerProcess) -> None:
    with unharmed(port, process) as other:
        for name, bomb in BOMBS.items():
            with Client(port) as bad:
                bad.send(bomb)
                assert bad.is_closed_by_server(), name
            assert other.value("version") == "0.9.16", name


PROMISES = {
    "a string": b"\x94\x00\x01\xdb\xff\xff\xff\xff",
    "bytes": b"\x94\x00\x01\xa1x\x92\x91\xc2\xc6\xff\xff\xff\xff",
    "an array": b"\xdd\xff\xff\xff\xff",
    "arrays in arrays": b"\xdd\x00\x40\x00\x00" * 300,
    "a map": b"\xdf\xff\xff\xff\xff",
    "an extension": b"\xc9\xff\xff\xff\xff\x01",
}
"""Of up to four billion items or bytes, with nothing behind them."""


def test_giant_lengths_that_are_only_declared_cost_nothing(port: int, process: ServerProcess) -> None:
    process.forget_peak()
    before = process.rss_mb
    with unharmed(port, process) as other:
        clients = [Client(port) for _ in PROMISES]
        for client, promise in zip(clients, PROMISES.values(), strict=True):
            client.send(promise)
        for _ in range(5):
            other.value("tick_cue")
        for client in clients:
            client.close()
    assert process.peak_mb < before + 60


def test_half_a_message_waits_and_goes_with_its_client(port: int, process: ServerProcess) -> None:
    whole = request("spawn_actor", CAR, HERE)
    with unharmed(port, process) as other:
        for size in range(1, len(whole), 7):
            with Client(port) as half:
                half.send(whole[:size])
        with Client(port) as half:
            half.send(whole[:20])
            assert other.value("tick_cue") > 0
            half.send(whole[20:])
            assert half.answer()[0] is None


def test_a_request_that_has_no_end_is_cut_off(port: int, process: ServerProcess) -> None:
    process.forget_peak()
    with unharmed(port, process) as other, Client(port) as bad:
        head = b"\x94\x00\x01\xa1x\x92\x91\xc2" + b"\xc6\x01\xf0\x00\x00"  # 32.5 MB are announced
        bad.send(head)
        for _ in range(31):
            bad.send(bytes(1 << 20))
            other.value("version")
        with pytest.raises(ConnectionError):
            bad.send(bytes(40 << 20))
    assert process.peak_mb < process.rss_mb + 400


def test_a_request_full_of_tiny_things_has_a_bound(port: int, process: ServerProcess) -> None:
    """8 MB of arrays of one item become some 250 MB, which are gone with the answer."""
    process.forget_peak()
    before = process.rss_mb
    with unharmed(port, process), Client(port) as bad:
        bad.send(request("no_such_method", *[[[0]] * 1_000_000] * 4))
        assert "no method" in bad.answer()[0]
    assert process.peak_mb < before + 700


def test_wrong_types_are_answered(port: int, process: ServerProcess) -> None:
    values: list[Any] = [
        None,
        True,
        -1,
        2**63,
        1e300,
        NAN,
        INF,
        "x",
        b"\xff",
        [],
        {},
        [[[]]],
        {"a": {}},
        "\udcff" * 100,
    ]
    with unharmed(port, process) as other:
        (actor_id,) = [other.spawn("vehicle.tesla.model3")]
        for method in (
            "set_actor_transform",
            "set_actor_target_velocity",
            "add_actor_impulse",
            "apply_control_to_vehicle",
        ):
            for value in values:
                assert f"{method}: expected" in other.reason(method, actor_id, value)
        for value in values:
            assert other.reason("spawn_actor", value, HERE)
            assert other.reason("spawn_actor", CAR, value)
            assert other.reason("set_weather_parameters", value)
            other.ask("apply_batch", value, False)
            other.ask("apply_batch", [value, [[99, []]], [value, value], [[0, value]]], False)
            other.ask("get_actors_by_id", value)
            other.ask("load_new_episode", value if value != [] else None, True, 65535)
            other.ask("start_recorder", value, False)
            other.ask(str(value)[:100], value)
        other.value("stop_recorder")
        assert other.value("get_actors_by_id", [actor_id]) != []


def test_unknown_commands_fail_one_by_one(port: int, process: ServerProcess) -> None:
    with unharmed(port, process) as other:
        commands = [
            [[22, []]],
            [[-1, []]],
            [[255, [1, 2]]],
            [["x", []]],
            [[0, [CAR, HERE, [False], 0, "", []]]],
            [[1]],
            [],
        ]
        error, answers = other.ask("apply_batch", commands, True)
        assert error is None
        assert [answer[0][0] for answer in answers] == [0, 0, 0, 0, 1, 0, 0]


def test_strings_that_are_no_text(port: int, process: ServerProcess) -> None:
    with unharmed(port, process) as other:
        odd = b"\xff\xfe\xed\xa0\x80\x00"
        other.send(b"\x94\x00\x01\xab" + b"spawn_actor" + b"\x93\x91\xc2")
        other.send(b"\x93\x01\xb4vehicle.tesla.model3\x91\x93\xa9role_name\x04\xa6" + odd + msgpack.packb(HERE))
        _, ((index, actor),) = other.answer()
        assert index == 1
        assert actor[2][2][0][2].encode(errors="surrogateescape") == odd
        other.send(b"\x94\x00\x01\xa6" + odd + b"\x91\x91\xc2")
        assert "no method" in other.answer()[0]
        assert other.value("tick_cue") > 0


# --- values ---------------------------------------------------------------------------------------------------------


def test_what_is_not_finite_or_far_beyond_never_enters_the_world(port: int, process: ServerProcess) -> None:
    with unharmed(port, process) as other:
        (point, *_) = other.value("get_map_info")[1]
        car = other.value("spawn_actor", CAR, point)[0]
        walker = other.spawn("walker.pedestrian.0001")
        good = [0.5, 0.0, 0.0, False, False, False, 2**40]
        other.value("apply_control_to_vehicle", car, good)
        for bad in (NAN, INF, -INF, 1e30):
            vector, turn = [bad, 0.0, 0.0], [0.0, bad, 0.0]
            for method, argument in (
                ("set_actor_transform", [vector, [0.0, 0.0, 0.0]]), ("set_actor_transform", [[0.0, 0.0, 0.0], turn]),
                ("set_actor_location", vector), ("set_actor_target_velocity", vector),
                ("enable_actor_constant_velocity", vector), ("add_actor_impulse", vector), ("add_actor_force", vector),
                ("apply_control_to_vehicle", [bad, *good[1:]]), ("apply_control_to_vehicle", [0.0, bad, *good[2:]]),
                ("apply_ackermann_control_to_vehicle", [0.0, 0.0, bad, 0.0, 0.0]),
            ):  # fmt: skip
                assert "expected" in other.reason(method, car, argument), (method, bad)
            assert "expected" in other.reason("apply_control_to_walker", walker, [vector, 1.0, False])
            assert "expected" in other.reason("apply_control_to_walker", walker, [[1.0, 0.0, 0.0], bad, False])
            assert "expected" in other.reason("spawn_actor", CAR, [vector, [0.0, 0.0, 0.0]])
        for method in ("set_actor_target_velocity", "add_actor_impulse", "add_actor_force"):
            other.value(method, car, [1e9, -1e9, 1e9])
            other.value("tick_cue")
        other.value("enable_actor_constant_velocity", car, [1e9, 0.0, 0.0])
        states = states_of(other, port, ticks=5)
        assert math.isfinite(sum(abs(value) for state in states for value in state))


def states_of(client: Client, port: int, *, ticks: int) -> list[tuple[float, ...]]:
    """Poses, velocities and accelerations of all actors, from the episode's stream."""
    stream = socket.create_connection(("127.0.0.1", port + 1), timeout=20.0)
    stream.sendall(struct.pack("<I", 1))
    client.value("get_sensor_token", 1)
    states = []
    with stream, stream.makefile("rb") as file:
        for _ in range(ticks):
            client.value("tick_cue")
            (length,) = struct.unpack("<I", file.read(4))
            message = file.read(length)
            records = message[-((length - 92) // 119) * 119 :]
            states += [struct.unpack_from("<15f", records, at + 5) for at in range(0, len(records), 119)]
    return states


@pytest.mark.parametrize("physics", ["zeros", "negative", "huge"])
def test_physics_that_cannot_be(port: int, process: ServerProcess, physics: str) -> None:
    value = {"zeros": 0.0, "negative": -1.0, "huge": 1e9}[physics]

    def spoil(item: Any) -> Any:
        if isinstance(item, list):
            return [spoil(part) for part in item]
        return value if isinstance(item, float) else item

    with unharmed(port, process) as other:
        (point, *_) = other.value("get_map_info")[1]
        car = other.value("spawn_actor", CAR, point)[0]
        control = spoil(other.value("get_physics_control", car))
        control[11] = value  # its mass
        if value <= 0.0:
            assert "expected a mass of at least 1 kg" in other.reason("apply_physics_control", car, control)
            control[11] = 1500.0
        other.ask("apply_physics_control", car, control)
        other.value("apply_control_to_vehicle", car, [1.0, 0.3, 0.0, False, False, False, 0])
        states = states_of(other, port, ticks=20)
        assert math.isfinite(sum(abs(value) for state in states for value in state))
        other.value("add_actor_impulse", car, [1e9, 0.0, 1e9])
        other.value("spawn_actor", CAR, [[point[0][0] + 30.0, *point[0][1:]], point[1]])
        states = states_of(other, port, ticks=5)
        assert math.isfinite(sum(abs(value) for state in states for value in state))


ABSURD = ["0", "-1", "1e9", "nan", "inf", "many", "\udcff", "9" * 400, "-9e99"]


def test_absurd_sensors_are_refused_or_harmless(port: int, process: ServerProcess) -> None:
    with unharmed(port, process, memory_mb=150.0) as other:
        for name in ("image_size_x", "image_size_y"):
            for value in ABSURD:
                description = [1, "sensor.camera.rgb", [[name, 2, value]]]
                assert "invalid actor description" in other.reason("spawn_actor", description, HERE)
        for value in ("0", "360", "-90", "180", "nan", "wide"):
            description = [1, "sensor.camera.depth", [["fov", 3, value]]]
            assert "invalid actor description" in other.reason("spawn_actor", description, HERE)
        assert "px at most" in other.reason(
            "spawn_actor", [1, "sensor.camera.rgb", [["image_size_x", 2, "8192"], ["image_size_y", 2, "8192"]]], HERE
        )
        library = {blueprint[1]: blueprint for blueprint in other.value("get_actor_definitions")}
        others = [name for name in library if name.startswith("sensor.") and "camera" not in name]
        for blueprint_id in others:
            for attribute in library[blueprint_id][3]:
                if attribute[1] not in (2, 3):  # integers and floats
                    continue
                for value in ABSURD:
                    error, ((index, content),) = other.ask(
                        "spawn_actor", [1, blueprint_id, [[attribute[0], attribute[1], value]]], HERE
                    )
                    assert error is None
                    if index == 1:
                        stream = other.subscribe(content[0]) if content[5] else None
                        started = time.monotonic()
                        other.value("tick_cue")
                        assert time.monotonic() - started < 10.0, (blueprint_id, attribute[0], value)
                        other.value("destroy_actor", content[0])
                        if stream is not None:
                            stream.close()


def test_a_time_step_that_cannot_be(port: int, process: ServerProcess) -> None:
    with unharmed(port, process) as other:
        settings = list(other.value("get_episode_settings"))
        for delta_s in (-1.0, 1e9, NAN, INF):
            assert "expected" in other.reason("set_episode_settings", [True, False, [True, delta_s], *settings[3:]])


# --- connections ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_connections_that_say_nothing(port: int, process: ServerProcess, count: int) -> None:
    with unharmed(port, process) as other:
        for number in range(count):  # more than a process has file descriptors by default
            socket.create_connection(("127.0.0.1", port + number % 2), timeout=20.0).close()
            if number % 500 == 0:
                assert other.value("version") == "0.9.16"


def test_a_thousand_connections_held_open_idle(port: int, process: ServerProcess, many_files: None) -> None:
    with unharmed(port, process) as other:
        files = process.open_files
        idle = [socket.create_connection(("127.0.0.1", port + number % 2), timeout=20.0) for number in range(1000)]
        assert eventually(lambda: process.open_files >= files + 1000)
        started = time.monotonic()
        for _ in range(20):
            other.value("tick_cue")
        assert time.monotonic() - started < 10.0
        for each in idle:
            each.close()


def test_a_hundred_thousand_requests_whose_answers_nobody_reads(port: int, process: ServerProcess) -> None:
    with unharmed(port, process) as other:
        with Client(port) as greedy:
            greedy.socket.settimeout(0.5)
            flood = request("get_actor_definitions") * 1000
            sent = 0
            try:
                while sent < 100:
                    greedy.send(flood)
                    sent += 1
            except TimeoutError:  # the server reads no more of it until it reads its answers
                pass
            started = time.monotonic()
            for _ in range(20):
                other.value("tick_cue")
            assert time.monotonic() - started < 10.0
        with Client(port) as patient:  # the same many, read in the end: every one is answered
            patient.send(request("version") * 20_000)
            assert all(patient.answer() == (None, [[1, "0.9.16"]]) for _ in range(20_000))


def test_a_client_that_vanishes_while_it_is_owed_images(port: int, process: ServerProcess) -> None:
    with unharmed(port, process, memory_mb=100.0) as other:
        for _ in range(3):
            gone = Client(port)
            camera = gone.spawn("sensor.camera.semantic_segmentation", image_size_x="640", image_size_y="360")
            stream = gone.subscribe(camera)
            for _ in range(3):
                other.value("tick_cue")
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, as of a crash
            gone.send(request("tick_cue")[:-3])
            gone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            gone.close()
            other.value("tick_cue")
            other.value("destroy_actor", camera)


@pytest.mark.parametrize("rows", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_thousands_of_actors(port: int, process: ServerProcess, rows: int) -> None:
    with unharmed(port, process, memory_mb=30.0 + 7.0 * rows) as other, Client(port) as greedy:
        made: list[int] = []
        for row in range(rows):
            poses = [[[1000.0 + 3.0 * row, 3.0 * column, 0.0], [0.0, 0.0, 0.0]] for column in range(1000)]
            cone = [1, "static.prop.constructioncone", []]
            commands = [[[0, [cone, pose, [False], 0, "", []]]] for pose in poses]
            _, answers = greedy.ask("apply_batch", commands, False)
            made += [content for ((index, content),) in answers if index == 1]
            assert other.value("version") == "0.9.16"
        assert len(made) == 1000 * rows
        other.value("tick_cue")
        _, answers = greedy.ask("apply_batch", [[[1, [actor_id]]] for actor_id in made], False)
        assert all(index == 1 for ((index, _),) in answers)
        other.value("tick_cue")
        assert not set(made) & {actor[0] for actor in other.value("get_actors_by_id", made)}
