"""Sockets: who gets what, in which order, and who pays for whose mistakes. The other end is written with our own wire
code; the real client is at work in ``tests/integration/test_simulator_client.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import msgpack
import numpy as np
import pytest

from sim_scenarios.embedded_simulator import rpc_connection, stream_hub
from sim_scenarios.embedded_simulator import server as server_module
from sim_scenarios.embedded_simulator.render.camera_stages import PLAIN_SHOT, Shot
from sim_scenarios.embedded_simulator.render.view import Frame, Sighting, View
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.server import Listeners, PortInUseError, Server, bind
from sim_scenarios.embedded_simulator.wire.rpc import Request, pack_request
from sim_scenarios.embedded_simulator.wire.sensor_data import SensorType, unpack_header
from sim_scenarios.embedded_simulator.wire.streams import Token, pack_subscription, unpack_token
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot
from sim_scenarios.embedded_simulator.world.towns import TownLibrary
from sim_scenarios.embedded_simulator.world.world import EPISODE_STREAM_ID, StaticTown, World

SYNCHRONOUS = [True, False, [True, 0.05], True, 0.01, 10, 0.0, False, 3000.0, 2000.0, True]
FAST_ASYNCHRONOUS = [False, False, [True, 0.002], *SYNCHRONOUS[3:]]


class GreyRenderer:
    """Every pixel grey."""

    threads = 1

    def render(
        self, view: View, snapshot: Snapshot, *, color: bool, normals: bool = False, earlier: Sequence[Sighting] = (),
        shot: Shot = PLAIN_SHOT,
    ) -> Frame:  # fmt: skip
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
        if stream_id == EPISODE_STREAM_ID:
            await next_message(reader)  # the world as it is
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
        frame = await ticking
        assert unpack_header(await next_message(reader)).frame == frame - 1  # the world as it was when it came
        assert unpack_header(await next_message(reader)).frame == frame

    scene(play)


def test_an_announcement_that_never_comes_true_does_not_hang(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_hub, "SUBSCRIPTION_WAIT_S", 0.05)

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


def test_who_comes_to_a_world_that_stands_still_is_told_how_it_is(scene: Scene) -> None:
    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        await client.call("set_episode_settings", SYNCHRONOUS)
        frame = await client.call("tick_cue")
        await client.call("load_new_episode", "", False, 65535)
        token = unpack_token((await client.call("get_sensor_token", EPISODE_STREAM_ID))[0])
        reader, writer = await clients.open(token.port)
        writer.write(pack_subscription(token.stream_id))
        state = await next_message(reader)
        assert unpack_header(state).frame == frame
        assert int.from_bytes(state[48:56], "little") == world.episode_id  # of the episode that has not ticked yet

    scene(play)


async def token_of_episode(client: Client) -> Token:
    return unpack_token((await client.call("get_episode_info"))[1][0])


def test_after_a_load_the_stream_has_another_number_and_the_old_one_still_means_it(scene: Scene) -> None:
    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        await client.call("set_episode_settings", SYNCHRONOUS)
        readers, numbers = [], []
        for _ in range(3):
            numbers.append((await token_of_episode(client)).stream_id)
            readers.append(await client.subscribe(EPISODE_STREAM_ID))
            await client.call("load_new_episode", "", False, 65535)
        assert len(set(numbers)) == 3
        frame = await client.call("tick_cue")
        assert [unpack_header(await next_message(reader)).frame for reader in readers] == [frame] * 3

    scene(play)


def test_nothing_is_sent_until_who_loaded_a_world_has_left_its_subscription(scene: Scene) -> None:
    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        other = await client.subscribe(EPISODE_STREAM_ID)
        token = await token_of_episode(client)
        reader, writer = await clients.open(token.port)
        writer.write(pack_subscription(token.stream_id))
        await next_message(reader)
        await client.call("load_new_episode", "", True, 65535)
        frame = world.frame
        await asyncio.sleep(0.2)
        assert world.frame == frame
        writer.close()
        while unpack_header(await next_message(other)).frame <= frame:
            pass

    scene(play)


def test_a_world_goes_on_if_nobody_leaves(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_hub, "RENEWAL_WAIT_S", 0.05)

    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        states = await client.subscribe(EPISODE_STREAM_ID)
        await client.call("load_new_episode", "", True, 65535)
        frame = world.frame
        while unpack_header(await next_message(states)).frame <= frame:
            pass

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


def test_a_subscriber_that_never_reads_is_cut_off_and_the_others_miss_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stream_hub, "MAX_BACKLOG_BYTES", 30 << 20)
    monkeypatch.setattr(stream_hub, "BACKLOG_WAIT_S", 0.1)

    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        await client.call("set_episode_settings", SYNCHRONOUS)
        stream_id = await spawn_camera(client, image_size_x="1600", image_size_y="1200")
        deaf, reader = await client.subscribe(stream_id), await client.subscribe(stream_id)
        frames = []
        for _ in range(12):  # of 8 MB
            frames.append(await client.call("tick_cue"))
            assert unpack_header(await next_message(reader)).frame == frames[-1]
        seen = 0
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                assert unpack_header(await next_message(deaf)).frame == frames[seen]
                seen += 1
        assert 0 < seen < 10  # in their order, and then the end

    scene(play)
    assert "cut a subscriber to stream 2 off: it left " in capfd.readouterr().err


def test_more_connections_than_open_files_are_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server_module.resource, "getrlimit", lambda _: (server_module._RESERVED_FILES + 3, 100))

    async def play(clients: Clients, world: World) -> None:
        client, other = await clients.connect(), await clients.connect()
        states = await client.subscribe(EPISODE_STREAM_ID)
        assert await other.call("version") == "0.9.16"
        for _ in range(30):
            refused = await clients.connect()
            assert await refused.closed_by_server()
        await client.call("tick_cue")
        await next_message(states)
        other.writer.close()
        await asyncio.sleep(0.05)
        assert await (await clients.connect()).call("version") == "0.9.16"

    scene(play)
    told = capfd.readouterr().err
    assert "refused a connection: there are 3, as many as open files allow" in told
    assert told.count("refused a connection") == server_module._TOLD_CLOSURES


def test_no_file_left_is_no_reason_to_spin(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def play(clients: Clients, world: World) -> None:
        client = await clients.connect()
        assert await client.call("version") == "0.9.16"
        taken = []
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        waiting = socket.socket()
        waiting.setblocking(False)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        try:
            with contextlib.suppress(OSError):
                while len(taken) < 64:
                    taken.append(socket.socket())
            assert len(taken) < 64
            waiting.connect_ex(("127.0.0.1", clients.port))
            await asyncio.sleep(0.35)
            assert await client.call("tick_cue") > 0
        finally:
            for each in taken:
                each.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        waiting.close()
        assert await (await clients.connect()).call("version") == "0.9.16"

    scene(play)
    assert 1 <= capfd.readouterr().err.count("cannot take a connection") <= 5


def test_half_requests_of_all_clients_have_a_bound(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_connection, "MAX_HELD_BYTES", 3 << 20)

    async def play(clients: Clients, world: World) -> None:
        halves = [await clients.connect() for _ in range(3)]
        for half in halves:
            half.writer.write(b"\x94\x00\x01\xdb\x01\x00\x00\x00" + bytes(1 << 20))
        await asyncio.sleep(0.3)
        closed = [half for half in halves if half.reader.at_eof()]
        assert len(closed) == 1
        (first, second) = (half for half in halves if half not in closed)
        first.writer.close()
        await asyncio.sleep(0.05)
        second.writer.write(bytes(1 << 20))
        assert await (await clients.connect()).call("version") == "0.9.16"
        assert not second.reader.at_eof()

    scene(play)


def test_who_asks_without_end_lets_the_others_in_between(scene: Scene) -> None:
    async def play(clients: Clients, world: World) -> None:
        greedy, other = await clients.connect(), await clients.connect()
        flood = b"".join(
            pack_request(Request(msgid=i, method="version", arguments=(), is_async=False)) for i in range(20_000)
        )
        greedy.writer.write(flood)
        await asyncio.sleep(0)
        for _ in range(5):
            assert await other.call("version") == "0.9.16"
        answered = sum(1 for _ in _messages(await greedy.reader.read(1 << 22)))
        assert answered < 15_000

    scene(play)


def _messages(data: bytes) -> msgpack.Unpacker:
    unpacker = msgpack.Unpacker()
    unpacker.feed(data)
    return unpacker


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


def test_the_limit_of_open_files_is_raised_softly() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
        server_module.raise_file_limit()
        raised, still_hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert raised == min(still_hard, server_module.MOST_OPEN_FILES)
        assert still_hard == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
