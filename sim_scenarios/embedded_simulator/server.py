"""The server: asyncio, and, with ``rpc_connection.py`` and ``stream_hub.py``, the only files with sockets.

Two ports, as CARLA has them: RPC at p, streams at p + 1. Rules of this file, each a lesson of CARLA's client:

* The snapshot of a frame is sent before its images and scans, and those as soon as they are made.
* An RPC answer never waits for a client to read a stream: the client may hold Python's lock until it has the
  answer. Streams are queued; only the next tick looks at a backlog, and for a bounded time.
* In synchronous mode no message is dropped; a subscriber that does not read at all is cut off in the end, so that
  memory is bounded. In asynchronous mode a subscriber that is still reading misses the newest message.
* The server never closes the stream of a sensor that is gone: the client would reconnect in a tight loop. It falls
  silent.
* ``listen()`` returns before the subscription arrives; a synchronous tick waits, for a bounded time, for the ones
  that were announced by a request for their token.
* After a world was loaded nothing is sent until whoever loaded it has left its old subscription: the client can crash
  over a message of that moment. CARLA is silent then, too, because it loads.
* Rendering happens on a thread of its own, one tick at a time, while the client already works with the snapshot.
* Whatever a connection does wrong costs only that connection. There are fewer connections than open files, half
  requests of all clients together have a bound, and who asks faster than it is answered waits its turn.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from sim_scenarios.embedded_simulator.dispatch import Dispatcher
from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.recorder.scratch import Scratch
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.rpc_connection import HeldBytes, RpcConnection
from sim_scenarios.embedded_simulator.sensors.episode_state import EpisodeStatePacker
from sim_scenarios.embedded_simulator.sensors.jobs import Job, SeesScene, perform_shift, shifts
from sim_scenarios.embedded_simulator.sensors.labelled_points import first_point, points_along
from sim_scenarios.embedded_simulator.sensors.suite import SensorSuite
from sim_scenarios.embedded_simulator.stream_hub import StreamHub
from sim_scenarios.embedded_simulator.world.description import LabelledPoint
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot, Vector
from sim_scenarios.embedded_simulator.world.towns import TownLibrary
from sim_scenarios.embedded_simulator.world.world import EPISODE_STREAM_ID, World

_SHORTEST_PERIOD_S = 0.002
"""Asynchronous ticks come no faster, whatever time step a client sets: other clients want to be heard, too."""
MOST_OPEN_FILES = 1 << 16
_RESERVED_FILES = 64
"""Open files that are no connections: the interpreter's, caches of kernels, recordings."""
_REFUSAL_PAUSE_S = 0.1
_WAITING_CONNECTIONS = 1024
_TOLD_CLOSURES = 20
"""Closed connections that are told of on stderr; a scan of ports is not worth a log of megabytes."""

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
        listener.listen(_WAITING_CONNECTIONS)
    except (OSError, OverflowError) as error:
        listener.close()
        raise PortInUseError(f"cannot listen at {host}:{port}: {error}; choose another --host or --port") from error
    listener.setblocking(False)
    return listener


def raise_file_limit() -> None:
    """Lets this process have as many connections as the system allows it, within reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_OPEN_FILES)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


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
        # Who comes late, or to a world that stands still, must not have to wait for the next tick.
        self._states = EpisodeStatePacker()
        greetings = {EPISODE_STREAM_ID: lambda: [self._states.pack(world)]}
        self._hub = StreamHub(listeners.host, listeners.port + 1, greetings)
        self._suite = SensorSuite(seed=seed)
        self._render_thread = ThreadPoolExecutor(1, thread_name_prefix="cameras")
        self._context = Context(
            world=world, towns=towns, streams=self._hub, tick=self.tick, scratch=scratch or Scratch(),
            rays=SceneRays(world, renderer_for, self._render_thread),
        )  # fmt: skip
        self._dispatcher = Dispatcher(self._context)
        self._clients: set[RpcConnection] = set()
        self._held = HeldBytes()
        self._most_connections = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _RESERVED_FILES
        self._closures = 0
        self._tick_lock = asyncio.Lock()
        self._rendering: asyncio.Task[None] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Serves until ``stop`` is set; both ports are free when it returns."""
        loop = asyncio.get_running_loop()
        self._listen(self._listeners.rpc, self._add_client)
        self._listen(self._listeners.streams, self._hub.add)
        free_running = asyncio.create_task(self._free_run())
        try:
            await stop.wait()
        finally:
            for listener in (self._listeners.rpc, self._listeners.streams):
                loop.remove_reader(listener)
                listener.close()
            for client in tuple(self._clients):
                client.close()
            tasks = [free_running, *([self._rendering] if self._rendering else [])]
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
            else:
                self._hub.forget_announcements()
            if self._rendering is not None:
                await asyncio.wait([self._rendering])
            self._context.replayer.before_tick(self._world)
            tick = self._world.tick()
            self._context.replayer.after_tick(self._world)
            self._context.recorder.record(self._world, tick)
            state = self._states.pack(self._world)
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
        try:
            renderer = await loop.run_in_executor(self._render_thread, self._renderer_for, town)
            for shift in shifts(jobs, renderer.threads):
                messages = await loop.run_in_executor(self._render_thread, perform_shift, renderer, shift, snapshot)
                for message in messages:
                    self._hub.send(message.stream_id, message.parts, droppable=droppable)
        except Exception:  # what cannot be drawn must not stop the world
            traceback.print_exc()

    async def _free_run(self) -> None:
        """Ticks in real time while the mode is asynchronous; late ticks are not made up for."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(loop.time(), due + max(_SHORTEST_PERIOD_S, self._world.settings.delta_s))
            await asyncio.sleep(due - loop.time())
            await self._hub.renewal()
            if not self._world.settings.synchronous_mode:
                try:
                    await self.tick()
                except Exception:  # a mistake of ours; the next tick may fare better, and synchronous mode answers
                    traceback.print_exc()

    def _listen(self, listener: socket.socket, add: Callable[[socket.socket], None]) -> None:
        if listener.fileno() >= 0:  # not closed meanwhile
            asyncio.get_running_loop().add_reader(listener, self._accept, listener, add)

    def _accept(self, listener: socket.socket, add: Callable[[socket.socket], None]) -> None:
        """Takes one waiting connection in, or closes it at once where there are too many."""
        try:
            connection, _ = listener.accept()
        except (BlockingIOError, ConnectionError, InterruptedError):
            return  # it has gone again
        except OSError as error:  # no file left: it goes on waiting, and we must not spin meanwhile
            self._tell(f"cannot take a connection: {error}")
            loop = asyncio.get_running_loop()
            loop.remove_reader(listener)
            loop.call_later(_REFUSAL_PAUSE_S, self._listen, listener, add)
            return
        if len(self._clients) + len(self._hub) >= self._most_connections:
            self._tell(f"refused a connection: there are {self._most_connections}, as many as open files allow")
            connection.close()
            return
        add(connection)

    def _add_client(self, connection: socket.socket) -> None:
        answer = self._dispatcher.answer
        client = RpcConnection(connection, answer=answer, held=self._held, on_close=self._forget_client)
        self._clients.add(client)

    def _forget_client(self, client: RpcConnection, reason: str) -> None:
        self._clients.discard(client)
        if reason:
            self._tell(f"closed a connection: {reason}")

    def _tell(self, what: str) -> None:
        """Says on stderr what became of a connection, a bounded number of times."""
        self._closures += 1
        if self._closures <= _TOLD_CLOSURES:
            rest = "; further ones are not told of" if self._closures == _TOLD_CLOSURES else ""
            print(f"embedded simulator: {what}{rest}", file=sys.stderr, flush=True)
