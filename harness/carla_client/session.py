"""A connected, synchronous world that is left as it was found.

Decisions:

- One client and one world for each session, and one TrafficManager for each drive, on a port of its own that was free
  a moment ago: a second one never inherits the first one's vehicles, seeds or settings. It lives no longer than its
  drive, because in each tick it looks at every vehicle there is: in a replay, which needs none, that took more time
  than all else together.
- Only the session ticks. A server that somebody else ticks, too, is refused, because frames would go missing unseen.
- Synchronous mode that an earlier client left behind (it died) is noted, and ended with the session.
- A server that hangs still listens, so that only time tells: a call that is not answered in ``tick_timeout_s`` is taken
  for a hang, and from then on the server counts as lost, because nothing that is asked of it would be answered.
- When the server is gone, closing makes no more calls: each would wait for its whole time-out. The TrafficManager of a
  dead server cannot be stopped either: its next step, with the next tick of any session or at the end of the process,
  fails with a C++ exception, which holds its thread. So a process that lost a server should say so and leave by
  ``os._exit``.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator

import carla

from harness.carla_client.actors import ActorScope
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.process_state import undisturbed_by_interrupts, without_lines_on_stderr
from harness.carla_client.traffic_watch import TrafficWatch
from harness.errors import ScenarioFileError, ServerHungError, ServerLostError
from sim_scenarios.errors import unknown_name

WORKER_THREADS = 8
"""Of the client: as many callbacks may wait for the GIL at once, and with no thread left no snapshot is read."""
CALL_TIMEOUT_S = 20.0
TICK_TIMEOUT_S = 60.0
LOAD_TIMEOUT_S = 180.0
_FOREIGN_TICK_WAIT_S = 1.0
_DEAD_SERVER_TIMEOUT_S = 0.1

_log = logging.getLogger(__name__)


def connect(endpoint: Endpoint, *, timeout_s: float = CALL_TIMEOUT_S) -> carla.Client:
    """A client of the server, whose calls wait ``timeout_s``; it asks for nothing yet."""
    client = carla.Client(endpoint.host, endpoint.port, WORKER_THREADS)
    client.set_timeout(timeout_s)
    if endpoint.cache_dir is not None:
        client.set_files_base_folder(str(endpoint.cache_dir))
    return client


class Session:
    """A synchronous world; made by ``open_session``."""

    def __init__(self, endpoint: Endpoint, *, fixed_delta_seconds: float, tick_timeout_s: float) -> None:
        self.endpoint = endpoint
        self.fixed_delta_seconds = fixed_delta_seconds
        self._tick_timeout_s = tick_timeout_s
        self._call_timeout_s = min(CALL_TIMEOUT_S, tick_timeout_s)
        self.notes: list[str] = []
        """What a user should know about the state that the server was found in."""
        self.client = connect(endpoint, timeout_s=self._call_timeout_s)
        self.world: carla.World = self.client.get_world()
        self._settings_before = self._settings_to_restore()
        self._scopes: list[ActorScope] = []
        self.traffic_manager: carla.TrafficManager = None
        self.traffic_manager_port = 0
        self._traffic_watch: TrafficWatch | None = None

    def start(self) -> None:
        """Enter synchronous mode."""
        self._synchronise()

    def start_traffic(self, seed: int) -> None:
        """Start a TrafficManager, restart all that is random from ``seed``, and the lights from their first phase."""
        self.end_traffic()
        # It looks at the actors of the latest snapshot at once; one that was destroyed since would end this process.
        self.tick()
        self.traffic_manager_port = _free_port()
        with without_lines_on_stderr("No InMemoryMap cache found"):
            self.traffic_manager = self.client.get_trafficmanager(self.traffic_manager_port)
        self._traffic_watch = TrafficWatch(self.traffic_manager_port, on_wake=self._note_wake)
        self.traffic_manager.set_synchronous_mode(True)
        self.traffic_manager.set_random_device_seed(seed)
        self.world.set_pedestrians_seed(seed)
        self.world.reset_all_traffic_lights()

    def end_traffic(self) -> None:
        """Stop the TrafficManager, if there is one and the server still is; never raises.

        Its vehicles must still exist: its thread makes one more step, which asks for them, and the error in answer to
        one that is gone would end this process.
        """
        if self._traffic_watch is not None:
            self._traffic_watch.leave()
            self._traffic_watch = None
        manager, self.traffic_manager = self.traffic_manager, None
        if manager is not None and self.endpoint.is_alive():
            try:
                manager.shut_down()
            except RuntimeError as error:
                _log.warning("the TrafficManager could not be stopped: %s", error)

    @property
    def map(self) -> carla.Map:
        """Of the town that is loaded; the client keeps it after the first call."""
        return self.world.get_map()

    def load_town(self, town: str) -> None:
        """Load ``town`` unless it is loaded.

        Raises:
            ScenarioFileError: the server has no such town.
        """
        if is_map_of(town, self.map):
            return
        available = town_names(self.client)
        if town not in available:
            raise ScenarioFileError(str(unknown_name("town", town, available)))
        self.client.set_timeout(LOAD_TIMEOUT_S)
        try:
            self.world = self.client.load_world(town, reset_settings=False)
        finally:
            self.client.set_timeout(self._call_timeout_s)
        self._synchronise()

    def tick(self) -> carla.WorldSnapshot:
        """Let ``fixed_delta_seconds`` pass.

        Returns:
            The world after it.

        Raises:
            ServerHungError: no answer in time.
            ServerLostError: the server is gone, or somebody else ticks as well.
        """
        if self.endpoint.is_known_lost():
            raise server_lost(self.endpoint, "ticking", seen="its connection broke")
        watched = contextlib.nullcontext() if self._traffic_watch is None else self._traffic_watch.during_a_tick()
        with self.reporting_loss("ticking"), watched:
            frame = self.world.tick(self._tick_timeout_s)
            snapshot = self.world.get_snapshot()
        if snapshot.frame != frame:
            raise ServerLostError(
                f"frame {frame} was asked for and {snapshot.frame} arrived: another client ticks the server at "
                f"{self.endpoint.host}:{self.endpoint.port}. Stop it, or use a server of your own."
            )
        return snapshot

    def actors(self) -> ActorScope:
        """A scope for actors; what it spawns is destroyed when it is closed, at the latest with the session."""
        scope = ActorScope(self.client, self.world, server_is_alive=self.endpoint.is_alive)
        self._scopes.append(scope)
        return scope

    @contextlib.contextmanager
    def reporting_loss(self, doing: str) -> Iterator[None]:
        """Turn a failed call into ``ServerLostError`` or ``ServerHungError``; an answer that is an error stays one."""
        try:
            yield
        except RuntimeError as error:
            explained = _explained(self.endpoint, doing, error)
            if explained is None:
                raise
            raise explained from error

    def close(self) -> None:
        """Destroy every actor of ours, stop the TrafficManager, give back the settings.

        Does not raise, and is not interrupted by a second Ctrl-C: it takes as long as one call may take at most.
        """
        with undisturbed_by_interrupts():
            self._close()

    def _close(self) -> None:
        is_alive = self.endpoint.is_alive()
        if is_alive:
            self.end_traffic()
        else:
            self._expect_no_answers()
        for scope in reversed(self._scopes):
            scope.close()
        self._scopes.clear()
        if not is_alive:
            _log.warning("the server is gone; nothing could be restored on it")
            return
        try:
            self.world.apply_settings(self._settings_before)
        except RuntimeError as error:
            _log.warning("the server could not be left as it was found: %s", error)

    def _expect_no_answers(self) -> None:
        """The server is gone, but one tick makes several calls, and even destructors of sensors call it."""
        self.client.set_timeout(_DEAD_SERVER_TIMEOUT_S)

    def _synchronise(self) -> None:
        settings = self.world.get_settings()
        settings.synchronous_mode = True
        settings.fixed_delta_seconds = self.fixed_delta_seconds
        self.world.apply_settings(settings)

    def _settings_to_restore(self) -> carla.WorldSettings:
        settings = self.world.get_settings()
        if not settings.synchronous_mode:
            return settings
        if self._somebody_ticks():
            raise ServerLostError(
                f"another client ticks the server at {self.endpoint.host}:{self.endpoint.port} in synchronous mode: "
                "two clients cannot share one. Stop it, or use a server of your own."
            )
        self._note("an earlier client left the server in synchronous mode; it is set back to asynchronous at the end")
        settings.synchronous_mode = False
        settings.fixed_delta_seconds = None
        return settings

    def _somebody_ticks(self) -> bool:
        try:
            self.world.wait_for_tick(_FOREIGN_TICK_WAIT_S)
        except RuntimeError:
            return False
        return True

    def _note_wake(self) -> None:
        self._note(
            "carla's TrafficManager stood still in a tick and was woken (carla issue 9172): nothing that was recorded "
            "is wrong, but another drive with this seed may differ"
        )

    def _note(self, text: str) -> None:
        self.notes.append(text)
        _log.warning("%s", text)


@contextlib.contextmanager
def open_session(
    endpoint: Endpoint, *, fixed_delta_seconds: float, tick_timeout_s: float = TICK_TIMEOUT_S
) -> Iterator[Session]:
    """A synchronous world while the block lasts.

    Args:
        endpoint: The server.
        fixed_delta_seconds: Simulated time of one tick [s].
        tick_timeout_s: Wall time that one tick may take, and any other call but the loading of a town [s]. Other calls
            wait 20 s at most.

    Raises:
        ServerHungError: the server listens, but did not answer in time.
        ServerLostError: the server is gone, or another client ticks it.
    """
    if not endpoint.is_alive():  # at once, where the client would wait for its whole time-out
        raise server_lost(endpoint, "connecting", seen="nothing listens there any more")
    try:
        session = Session(endpoint, fixed_delta_seconds=fixed_delta_seconds, tick_timeout_s=tick_timeout_s)
    except RuntimeError as error:
        explained = _explained(endpoint, "connecting", error)
        raise explained or server_lost(endpoint, "connecting", seen=str(error)) from error
    try:
        with session.reporting_loss("entering synchronous mode"):
            session.start()
        yield session
    finally:
        session.close()


def server_lost(endpoint: Endpoint, doing: str, *, seen: str) -> ServerLostError:
    """The error that says that, and if possible why, the server is gone."""
    return ServerLostError(
        f"the server at {endpoint.host}:{endpoint.port} was lost while {doing}: {endpoint.last_words() or seen}. "
        "What was recorded or scored before is kept: start the server again and use --resume."
    )


def _explained(endpoint: Endpoint, doing: str, error: RuntimeError) -> ServerLostError | None:
    """What became of a server whose client raised ``error``; None: it is there and has answered. A hang is given up."""
    if not endpoint.is_alive():
        return server_lost(endpoint, doing, seen=str(error))
    if "time-out" not in str(error):
        return None
    endpoint.give_up()
    return ServerHungError(
        f"the server at {endpoint.host}:{endpoint.port} hangs: it still listens, but gave no answer while {doing} "
        f"({error}). What was recorded or scored before is kept: end the server, start it again and use --resume."
    )


def _free_port() -> int:
    """A TCP port that is free now: the TrafficManager listens on one, and 8000 is often taken."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def is_map_of(town: str, loaded: carla.Map) -> bool:
    """Whether ``town`` is loaded; its ``_Opt`` variant is the same town with layers."""
    return base_name(loaded.name) in (town, f"{town}_Opt")


def town_names(client: carla.Client) -> list[str]:
    """The towns that the server can load, sorted."""
    return sorted({base_name(name) for name in client.get_available_maps()})


def base_name(map_name: str) -> str:
    """``Town10HD`` of ``Carla/Maps/Town10HD``."""
    return map_name.rpartition("/")[2]
