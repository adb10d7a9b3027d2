"""Sockets: who gets what, in which order, and who pays for whose mistakes. The other end is written with our own wire
code; the real client is at work in ``tests/integration/test_simulator_client.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgpack
import numpy as np
import pytest

from sim_scenarios.embedded_simulator import server as server_module
from sim_scenarios.embedded_simulator.render.view import Frame, View
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.server import Listeners, PortInUseError, Server, bind
from sim_scenarios.embedded_simulator.wire.rpc import Request, pack_request
from sim_scenarios.embedded_simulator.wire.sensor_data import SensorType, unpack_header
from sim_scenarios.embedded_simulator.wire.streams import pack_subscription, unpack_token
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot
from sim_scenarios.embedded_simulator.world.towns import TownLibrary
from sim_scenarios.embedded_simulator.world.world import EPISODE_STREAM_ID, StaticTown, World

SYNCHRONOUS = [True, False, [True, 0.05], True, 0.01, 10, 0.0, False, 3000.0, 2000.0, True]
FAST_ASYNCHRONOUS = [False, False, [True, 0.002], *SYNCHRONOUS[3:]]


class GreyRenderer:
    """Every pixel grey."""

    def render(self, view: View, snapshot: Snapshot, *, color: bool) -> Frame:
        size = (view.height, view.width)
        return Frame(
            rgb=np.full((*size, 3), 128, np.uint8) if color else None,
            tag=np.ones(size, np.uint8),
            instance=np.zeros(size, np.uint16),
            depth_m=np.zeros(size, np.float32),
        )


class Clients:
    """Everybody who connects in one scene, so that everybody leaves at its end."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self) -> Client:
        return Client(*await self.open(self.port), self)

    async def open(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self._writers.append(writer)
        return reader, writer

    async def leave(self) -> None:
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class Client:
    """The RPC side of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clients: Clients) -> None:
        self.reader, self.writer = reader, writer
        self._clients = clients
        self._unpacker = msgpack.Unpacker()

    async def call(self, method: str, *arguments: Any) -> Any:
        self.writer.write(pack_request(Request(msgid=1, method=method, arguments=arguments, is_async=False)))
        while True:
            for _, _, error, result in self._unpacker:
                assert error is None, error
                return result[0][1] if len(result[0]) == 2 else None
            data = await asyncio.wait_for(self.reader.read(1 << 16), 5)
            assert data, "the server closed the connection"
            self._unpacker.feed(data)

    async def closed_by_server(self) -> bool:
        return await asyncio.wait_for(self.reader.read(1 << 16), 5) == b""

    async def subscribe(self, stream_id: int) -> asyncio.StreamReader:
        token = unpack_token((await self.call("get_sensor_token", stream_id))[0])
        assert token.host == "127.0.0.1"
        reader, writer = await self._clients.open(token.port)
        writer.write(pack_subscription(token.stream_id))
        return reader


async def next_message(reader: asyncio.StreamReader) -> bytes:
    async def read() -> bytes:
        length = int.from_bytes(await reader.readexactly(4), "little")
        return await reader.readexactly(length)

    return await asyncio.wait_for(read(), 5)


@contextlib.asynccontextmanager
async def serving(street: StaticTown, street_town: Town) -> AsyncIterator[tuple[Listeners, World]]:
    world = World("Street", street)
    listeners = bind("127.0.0.1", 0)
    renderer = GreyRenderer()
    towns = TownLibrary(["Street"], lambda name: street_town)
    server = Server(listeners, world=world, towns=towns, renderer_for=lambda town: renderer)
    stop = asyncio.Event()
    running = asyncio.create_task(server.run(stop))
    try:
        yield listeners, world
    finally:
        stop.set()
        await asyncio.wait_for(running, 10)


Play = Callable[[Clients, World], Awaitable[None]]
Scene = Callable[[Play], None]


@pytest.fixture
def scene(street: StaticTown, street_town: Town) -> Scene:
    """Runs a coroutine against a fresh server, with asyncio's own checks on."""

    def run(play: Play) -> None:
        async def whole() -> None:
            async with serving(street, street_town) as (listeners, world):
                clients = Clients(listeners.port)
                try:
                    await play(clients, world)
                finally:
                    await clients.leave()

        asyncio.run(whole(), debug=True)

    return run


async def spawn_camera(client: Client, kind: str = "rgb", **attributes: str) -> int:
    """Returns the stream id."""
    values = [[name, 4, value] for name, value in attributes.items()]
    pose = [[0.0, 0.0, 5.0], [0.0, 0.0, 0.0]]
    actor = await client.call("spawn_actor", [1, f"sensor.camera.{kind}", values], pose)
    return unpack_token(actor[5]).stream_id


# --- RPC ------------------------------------------------------------------------------------------------------------


def test_answers_come_in_order_also_when_requests_come_at_once(scene: Scene) -> None:
    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        requests = [Request(msgid=i, method="version", arguments=(), is_async=False) for i in range(50)]
        client.writer.write(b"".join(map(pack_request, requests)))
        unpacker = msgpack.Unpacker()
        seen: list[int] = []
        while len(seen) < 50:
            unpacker.feed(await asyncio.wait_for(client.reader.read(1 << 16), 5))
            seen += [message[1] for message in unpacker]
        assert seen == list(range(50))

    scene(play)


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\xc1" * 10, bytes(1000)])
def test_garbage_costs_only_its_own_connection(scene: Scene, garbage: bytes, capfd: Any) -> None:
    async def play(clients: Clients, world: World) -> None:
        good, bad = await clients.connect(), await clients.connect()
        bad.writer.write(garbage)
        assert await bad.closed_by_server()
        assert await good.call("version") == "0.9.16"

    scene(play)
    assert "closed a connection" in capfd.readouterr().err


def test_a_client_that_vanishes_in_the_middle_of_a_request(scene: Scene) -> None:
    async def play(clients: Clients, world: World) -> None:
        gone = await clients.connect()
        gone.writer.write(b"\x94\x00")
        gone.writer.transport.abort()
        assert await (await clients.connect()).call("version") == "0.9.16"

    scene(play)


# --- streams --------------------------------------------------------------------------------------------------------


def test_a_tick_sends_the_snapshot_and_then_the_image(scene: Scene) -> None:
    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        await client.call("set_episode_settings", SYNCHRONOUS)
        states = await client.subscribe(EPISODE_STREAM_ID)
        images = await client.subscribe(await spawn_camera(client, image_size_x="64", image_size_y="32"))
        for _ in range(3):
            frame = await client.call("tick_cue")
            assert unpack_header(await next_message(states)).frame == frame
            image = await next_message(images)
            assert unpack_header(image).frame == frame
            assert unpack_header(image).type_id == SensorType.RGB_CAMERA
            assert image[60:] == bytes([128, 128, 128, 255]) * (64 * 32)

    scene(play)


def test_the_first_tick_waits_for_an_announced_subscription(scene: Scene) -> None:
    """As after ``listen()``: the token is asked for, the tick comes, and only then the stream connects."""

    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        await client.call("set_episode_settings", SYNCHRONOUS)
        token = unpack_token((await client.call("get_sensor_token", EPISODE_STREAM_ID))[0])
        ticking = asyncio.create_task(client.call("tick_cue"))
        await asyncio.sleep(0.05)
        reader, writer = await clients.open(token.port)
        writer.write(pack_subscription(token.stream_id))
        assert unpack_header(await next_message(reader)).frame == await ticking

    scene(play)


def test_an_announcement_that_never_comes_true_does_not_hang(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "SUBSCRIPTION_WAIT_S", 0.05)

    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        await client.call("set_episode_settings", SYNCHRONOUS)
        await client.call("get_sensor_token", 4711)
        first = await client.call("tick_cue")
        assert await client.call("tick_cue") == first + 1

    scene(play)


def test_the_stream_of_a_destroyed_sensor_stays_open_and_silent(scene: Scene) -> None:
    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        await client.call("set_episode_settings", SYNCHRONOUS)
        images = await client.subscribe(await spawn_camera(client, image_size_x="8", image_size_y="8"))
        await client.call("tick_cue")
        await next_message(images)
        await client.call("destroy_actor", max(world.actors))
        unknown = await client.subscribe(987654)
        await client.call("tick_cue")
        for reader in (images, unknown):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.1)

    scene(play)


def test_two_subscribers_get_the_same(scene: Scene) -> None:
    async def play(clients: Clients, world: World) -> None:
        one, two = await clients.connect(), await clients.connect()
        await one.call("set_episode_settings", SYNCHRONOUS)
        readers = [await one.subscribe(EPISODE_STREAM_ID), await two.subscribe(EPISODE_STREAM_ID)]
        await two.call("tick_cue")
        first, second = [await next_message(reader) for reader in readers]
        assert first == second

    scene(play)


def test_in_synchronous_mode_a_slow_reader_misses_nothing(scene: Scene) -> None:
    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        await client.call("set_episode_settings", SYNCHRONOUS)
        images = await client.subscribe(await spawn_camera(client))  # 800x600: far more than sockets hold
        frames = [await client.call("tick_cue") for _ in range(12)]
        assert [unpack_header(await next_message(images)).frame for _ in frames] == frames

    scene(play)


def test_in_asynchronous_mode_a_slow_reader_misses_frames_and_costs_no_memory(scene: Scene) -> None:
    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        images = await client.subscribe(await spawn_camera(client, image_size_x="1600", image_size_y="1200"))
        await client.call("set_episode_settings", FAST_ASYNCHRONOUS)
        while world.frame < 150:
            await asyncio.sleep(0.02)
        await client.call("set_episode_settings", SYNCHRONOUS)
        await client.call("tick_cue")
        frames = [unpack_header(await next_message(images)).frame]
        while frames[-1] < world.frame:
            frames.append(unpack_header(await next_message(images)).frame)
        assert frames == sorted(set(frames))
        assert len(frames) < 30

    scene(play)


def test_asynchronous_mode_ticks_by_itself(scene: Scene) -> None:
    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        states = await client.subscribe(EPISODE_STREAM_ID)
        frames = [unpack_header(await next_message(states)).frame for _ in range(5)]
        assert frames == list(range(frames[0], frames[0] + 5))
        await client.call("set_episode_settings", SYNCHRONOUS)
        await asyncio.sleep(0.12)
        frame = world.frame
        await asyncio.sleep(0.12)
        assert world.frame == frame

    scene(play)


def test_without_rendering_no_images_come(scene: Scene) -> None:
    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        await client.call("set_episode_settings", [True, True, *SYNCHRONOUS[2:]])
        images = await client.subscribe(await spawn_camera(client, image_size_x="8", image_size_y="8"))
        await client.call("tick_cue")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(images.read(1), 0.1)

    scene(play)


def test_a_renderer_that_fails_does_not_stop_the_world(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    def fail(*_: Any, **__: Any) -> Frame:
        raise ArithmeticError("no picture today")

    monkeypatch.setattr(GreyRenderer, "render", fail)

    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        await client.call("set_episode_settings", SYNCHRONOUS)
        await client.subscribe(await spawn_camera(client))
        frames = [await client.call("tick_cue") for _ in range(3)]
        assert frames == list(range(frames[0], frames[0] + 3))

    scene(play)
    assert "no picture today" in capfd.readouterr().err


# --- ports ----------------------------------------------------------------------------------------------------------


def test_the_ports_are_free_afterwards(scene: Scene) -> None:
    ports = []

    async def play(clients: Clients, world: World) -> None:
        ports.append(clients.port)
        await (await clients.connect()).call("version")

    scene(play)
    again = bind("127.0.0.1", ports[0])
    again.rpc.close()
    again.streams.close()


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"127.0.0.1:{port}.*choose another --host or --port"):
            bind("127.0.0.1", port)


def test_when_the_second_port_is_in_use_the_first_is_let_go() -> None:
    found = bind("127.0.0.1", 0)
    port = found.port
    found.rpc.close()
    with pytest.raises(PortInUseError, match="cannot listen"):
        bind("127.0.0.1", port)
    found.streams.close()
    again = bind("127.0.0.1", port)
    again.rpc.close()
    again.streams.close()


def test_a_host_by_name_is_resolved_for_the_tokens() -> None:
    found = bind("localhost", 0)
    assert found.host == "127.0.0.1"
    found.rpc.close()
    found.streams.close()


@pytest.mark.parametrize("port", [-1, 70000])
def test_a_port_that_cannot_be(port: int) -> None:
    with pytest.raises(PortInUseError, match="cannot listen"):
        bind("127.0.0.1", port)
