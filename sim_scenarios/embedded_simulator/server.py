"""The server: asyncio, and the only file with sockets.

Two ports, as CARLA has them: RPC at p, streams at p + 1. Rules of this file, each a lesson of CARLA's client:

* The snapshot of a frame is sent before its images and scans, and those as soon as they are made.
* An RPC answer never waits for a client to read a stream: the client may hold Python's lock until it has the
  answer. Streams are queued; only the next tick looks at a backlog, and for a bounded time.
* In synchronous mode nothing is dropped. In asynchronous mode a subscriber that is still reading misses the newest
  message.
* The server never closes a stream: the client would reconnect in a tight loop. A destroyed sensor's stream falls
  silent.
* ``listen()`` returns before the subscription arrives; a synchronous tick waits, for a bounded time, for the ones
  that were announced by a request for their token.
* Rendering happens on a thread of its own, one tick at a time, while the client already works with the snapshot.
* Whatever a connection does wrong costs only that connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import sys
import traceback
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from sim_scenarios.embedded_simulator.dispatch import Dispatcher
from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.recorder.scratch import Scratch
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.sensors.episode_state import pack_episode_state
from sim_scenarios.embedded_simulator.sensors.jobs import Job, SeesScene, perform
from sim_scenarios.embedded_simulator.sensors.labelled_points import first_point, points_along
from sim_scenarios.embedded_simulator.sensors.message import SensorMessage
from sim_scenarios.embedded_simulator.sensors.suite import SensorSuite
from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.wire.rpc import RequestDecoder
from sim_scenarios.embedded_simulator.wire.streams import (
    Part,
    SubscriptionDecoder,
    Token,
    frame_message,
    pack_token,
)
from sim_scenarios.embedded_simulator.world.description import LabelledPoint
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot, Vector
from sim_scenarios.embedded_simulator.world.towns import TownLibrary
from sim_scenarios.embedded_simulator.world.world import EPISODE_STREAM_ID, World

SUBSCRIPTION_WAIT_S = 0.5
"""How long a tick waits for announced subscriptions; they arrive within milliseconds if they arrive at all."""
BACKLOG_WAIT_S = 2.0
MAX_BACKLOG_BYTES = 256 << 20
"""A synchronous tick waits this long for slow readers once this much is queued; then it goes on and queues more."""
_POLL_S = 0.001
_SHORTEST_PERIOD_S = 0.002
"""Asynchronous ticks come no faster, whatever time step a client sets: other clients want to be heard, too."""
_READ_BYTES = 1 << 18
_PARTS_AT_ONCE = 64
_SEND_BUFFER_BYTES = 4 << 20

_T = TypeVar("_T")


class PortInUseError(Exception):
    """Somebody else listens at a port that we need."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listeners:
    """The two bound ports."""

    host: str
    rpc: socket.socket
    streams: socket.socket

    @property
    def port(self) -> int:
        """The RPC port; the streaming port is the next one."""
        port: int = self.rpc.getsockname()[1]
        return port


def bind(host: str, port: int) -> Listeners:
    """Binds ``port`` and the next one; 0 takes any two consecutive free ones.

    Raises:
        PortInUseError: One of them is taken.
    """
    for _ in range(1 if port else 50):
        rpc = _listen(host, port)
        try:
            address, rpc_port = rpc.getsockname()  # tokens need an address, and --host may be a name
            return Listeners(host=address, rpc=rpc, streams=_listen(host, rpc_port + 1))
        except PortInUseError:
            rpc.close()
            if port:
                raise
    raise PortInUseError(f"found no two consecutive free ports on {host}")


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise PortInUseError(f"cannot listen at {host}:{port}: {error}; choose another --host or --port") from error
    listener.setblocking(False)
    return listener


class StreamConnection:
    """One client's connection to one stream: a subscription in, messages out, all by callbacks of the event loop."""

    def __init__(self, connection: socket.socket, hub: StreamHub) -> None:
        self._socket = connection
        self._hub = hub
        self._loop = asyncio.get_running_loop()
        self._subscription = SubscriptionDecoder()
        self._pending: deque[memoryview] = deque()
        self._is_waiting = False
        self.pending_bytes = 0
        self.stream_id: int | None = None
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self._loop.add_reader(connection, self._on_readable)

    def offer(self, framed: Sequence[Part], *, droppable: bool) -> None:
        """Sends what the socket takes now and queues the rest; a droppable message is not queued behind another."""
        if droppable and self._pending:
            return
        for part in framed:
            view = memoryview(part)
            self._pending.append(view)
            self.pending_bytes += len(view)
        if not self._is_waiting:
            self._flush()

    def close(self) -> None:
        """Forgets the client; safe to call twice."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
        self._pending.clear()
        self.pending_bytes = 0
        self._hub.forget(self)

    def _on_readable(self) -> None:
        try:
            data = self._socket.recv(64)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.close()
        elif self.stream_id is None:
            self.stream_id = self._subscription.feed(data)
            if self.stream_id is not None:
                self._hub.subscribe(self, self.stream_id)

    def _flush(self) -> None:
        try:
            while self._pending:
                self._consume(self._socket.sendmsg(list(itertools.islice(self._pending, _PARTS_AT_ONCE))))
        except (BlockingIOError, InterruptedError):
            self._wait_until_writable(True)
        except OSError:
            self.close()
        else:
            self._wait_until_writable(False)

    def _consume(self, sent: int) -> None:
        self.pending_bytes -= sent
        while sent:
            first = self._pending[0]
            if sent < len(first):
                self._pending[0] = first[sent:]
                return
            sent -= len(first)
            self._pending.popleft()

    def _wait_until_writable(self, waiting: bool) -> None:
        if waiting and not self._is_waiting:
            self._loop.add_writer(self._socket, self._flush)
        elif self._is_waiting and not waiting:
            self._loop.remove_writer(self._socket)
        self._is_waiting = waiting


class StreamHub:
    """All stream connections, by stream id."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._subscribers: dict[int, list[StreamConnection]] = {}
        self._connections: set[StreamConnection] = set()
        self._announced: Counter[int] = Counter()

    def accept(self, listener: socket.socket) -> None:
        """Takes one waiting connection in."""
        with contextlib.suppress(OSError):  # it may have gone again
            connection, _ = listener.accept()
            self._connections.add(StreamConnection(connection, self))

    def token(self, stream_id: int) -> bytes:
        """Bound to every interface, the server lets the client use the address that it knows."""
        host = None if self._host in ("0.0.0.0", "") else self._host
        return pack_token(Token(stream_id=stream_id, port=self._port, host=host))

    def announce(self, stream_id: int) -> None:
        """A subscription is about to arrive."""
        self._announced[stream_id] += 1

    def subscribe(self, connection: StreamConnection, stream_id: int) -> None:
        """A subscription arrived; one to a stream that does not exist is held open in silence."""
        if self._announced[stream_id] > 0:
            self._announced[stream_id] -= 1
        self._subscribers.setdefault(stream_id, []).append(connection)

    def forget(self, connection: StreamConnection) -> None:
        """A client went away."""
        self._connections.discard(connection)
        if connection.stream_id is not None:
            subscribers = self._subscribers.get(connection.stream_id, [])
            if connection in subscribers:
                subscribers.remove(connection)

    def is_listened_to(self, stream_id: int) -> bool:
        """Whether anybody subscribes to a stream."""
        return bool(self._subscribers.get(stream_id))

    def send(self, stream_id: int, parts: Sequence[Part], *, droppable: bool) -> None:
        """Offers a message to every subscriber; never waits."""
        framed = frame_message(parts)
        for connection in tuple(self._subscribers.get(stream_id, ())):
            connection.offer(framed, droppable=droppable)

    async def settle(self) -> None:
        """Waits, for a bounded time, for announced subscriptions and for readers that are far behind."""
        await _until(lambda: not any(count > 0 for count in self._announced.values()), SUBSCRIPTION_WAIT_S)
        self._announced.clear()
        await _until(lambda: sum(c.pending_bytes for c in self._connections) <= MAX_BACKLOG_BYTES, BACKLOG_WAIT_S)

    def close(self) -> None:
        """Ends all connections."""
        for connection in tuple(self._connections):
            connection.close()


async def _until(condition: Callable[[], bool], at_most_s: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + at_most_s
    while not condition() and loop.time() < deadline:
        await asyncio.sleep(_POLL_S)


class SceneRays:
    """What handlers may ask of the scene; asked on the thread that renders, since a renderer serves one at a time."""

    def __init__(self, world: World, renderer_for: Callable[[Town], SeesScene], thread: ThreadPoolExecutor) -> None:
        self._world, self._renderer_for, self._thread = world, renderer_for, thread

    async def points_along(self, start: Vector, end: Vector) -> list[LabelledPoint]:
        """See ``labelled_points.points_along``."""
        return await self._ask(lambda scene, snapshot: points_along(scene.rays, snapshot, start, end))

    async def first_point(self, start: Vector, towards: Vector, reach_m: float) -> LabelledPoint | None:
        """See ``labelled_points.first_point``."""
        return await self._ask(lambda scene, snapshot: first_point(scene.rays, snapshot, start, towards, reach_m))

    async def _ask(self, question: Callable[[SeesScene, Snapshot], _T]) -> _T:
        snapshot, town = self._world.snapshot(), self._world.place.town
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: question(self._renderer_for(town), snapshot))


class Server:
    """One world behind two ports."""

    def __init__(
        self,
        listeners: Listeners,
        *,
        world: World,
        towns: TownLibrary,
        renderer_for: Callable[[Town], SeesScene],
        seed: int = 0,
        scratch: Scratch | None = None,
    ) -> None:
        self._listeners = listeners
        self._world = world
        self._renderer_for = renderer_for
        self._hub = StreamHub(listeners.host, listeners.port + 1)
        self._suite = SensorSuite(seed=seed)
        self._render_thread = ThreadPoolExecutor(1, thread_name_prefix="cameras")
        self._context = Context(
            world=world, towns=towns, streams=self._hub, tick=self.tick, scratch=scratch or Scratch(),
            rays=SceneRays(world, renderer_for, self._render_thread),
        )  # fmt: skip
        self._dispatcher = Dispatcher(self._context)
        self._clients: set[asyncio.Task[None]] = set()
        self._tick_lock = asyncio.Lock()
        self._rendering: asyncio.Task[None] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Serves until ``stop`` is set; both ports are free when it returns."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._listeners.rpc, self._accept_client)
        loop.add_reader(self._listeners.streams, self._hub.accept, self._listeners.streams)
        free_running = asyncio.create_task(self._free_run())
        try:
            await stop.wait()
        finally:
            for listener in (self._listeners.rpc, self._listeners.streams):
                loop.remove_reader(listener)
                listener.close()
            tasks = [free_running, *self._clients, *([self._rendering] if self._rendering else [])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._hub.close()
            self._context.recorder.stop()
            self._context.replayer.stop(self._world, keep_actors=True)
            self._context.scratch.close()
            self._render_thread.shutdown(wait=True, cancel_futures=True)

    async def tick(self) -> int:
        """Advances the world, sends its snapshot, and starts the rendering of its images."""
        async with self._tick_lock:
            synchronous = self._world.settings.synchronous_mode
            if synchronous:
                await self._hub.settle()
            if self._rendering is not None:
                await asyncio.wait([self._rendering])
            self._context.replayer.before_tick(self._world)
            tick = self._world.tick()
            self._context.replayer.after_tick(self._world)
            self._context.recorder.record(self._world, tick)
            state = pack_episode_state(self._world)
            self._hub.send(EPISODE_STREAM_ID, [state], droppable=not synchronous)
            measured = self._suite.measure(self._world, tick, is_listened_to=self._hub.is_listened_to)
            for message in measured.messages:
                self._hub.send(message.stream_id, message.parts, droppable=not synchronous)
            if measured.jobs:
                rendering = self._render(measured.jobs, tick.snapshot, self._world.place.town, not synchronous)
                self._rendering = asyncio.create_task(rendering)
            return self._world.frame

    async def _render(self, jobs: Sequence[Job], snapshot: Snapshot, town: Town, droppable: bool) -> None:
        loop = asyncio.get_running_loop()
        for job in jobs:
            try:
                messages = await loop.run_in_executor(self._render_thread, self._perform, job, snapshot, town)
            except Exception:  # one sensor that cannot be served must not stop the world
                traceback.print_exc()
                continue
            for message in messages:
                self._hub.send(message.stream_id, message.parts, droppable=droppable)

    def _perform(self, job: Job, snapshot: Snapshot, town: Town) -> list[SensorMessage]:
        return perform(self._renderer_for(town), job, snapshot)

    async def _free_run(self) -> None:
        """Ticks in real time while the mode is asynchronous; late ticks are not made up for."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(loop.time(), due + max(_SHORTEST_PERIOD_S, self._world.settings.delta_s))
            await asyncio.sleep(due - loop.time())
            if not self._world.settings.synchronous_mode:
                try:
                    await self.tick()
                except Exception:  # a mistake of ours; the next tick may fare better, and synchronous mode answers
                    traceback.print_exc()

    def _accept_client(self) -> None:
        with contextlib.suppress(OSError):  # it may have gone again
            connection, _ = self._listeners.rpc.accept()
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = asyncio.create_task(self._serve_client(connection))
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)

    async def _serve_client(self, connection: socket.socket) -> None:
        """Answers one client's requests in their order until it leaves or talks nonsense."""
        loop = asyncio.get_running_loop()
        decoder = RequestDecoder()
        try:
            while data := await loop.sock_recv(connection, _READ_BYTES):
                for request in decoder.feed(data):
                    await loop.sock_sendall(connection, await self._dispatcher.answer(request))
        except WireError as error:
            print(f"embedded simulator: closed a connection: {error}", file=sys.stderr, flush=True)
        except OSError:
            return  # the client vanished
        finally:
            connection.close()
