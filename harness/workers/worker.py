"""``python -m harness.workers.worker``: one server and all nets, doing jobs one after the other.

It speaks with its supervisor (:mod:`harness.workers.protocol`) over its standard input and output. What other
code prints, native code too, goes to stderr, so that it cannot get between the events.

Decisions:

* **It ends when its standard input does,** whatever it is doing: the main thread is interrupted as by Ctrl-C, leaves
  the server as it was found, and has some seconds for it.
* **A lost server is told and left at once.** No call is made any more: each would wait for its time-out. A thread of
  its own watches for the loss, because the main one may be waiting inside the carla client.
* **Nets are loaded while the simulator starts,** in a thread that also imports torch: both take seconds.
* **A worker with a policy that hangs ends,** because nothing can end the thread that it hangs in.
* It leaves by ``os._exit``: threads of the carla client abort the interpreter's orderly exit when their server is gone.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from typing import NoReturn, TypeAlias

from datasets.labels import LabelSet, tag_table_for_server, translation
from harness.carla_client.endpoint import Endpoint, open_endpoint
from harness.carla_client.leftovers import destroy_leftovers, spawned_actors
from harness.carla_client.preflight import check_scenarios
from harness.carla_client.probe import is_listening
from harness.closed_loop.jobs import EpisodeRunner
from harness.errors import HarnessError, ServerHungError, ServerLostError, ServerNotFoundError
from harness.scoring.jobs import JobRunner
from harness.scoring.live import Net
from harness.workers.protocol import (
    DriveDone,
    EpisodeDone,
    EpisodeJob,
    Event,
    Failed,
    Job,
    Lost,
    Note,
    Ready,
    Refused,
    ResultDone,
    Setup,
    Started,
    Waiting,
    read_order,
    to_line,
)
from harness.workers.simulator import Simulator

END_GRACE_S = 10.0
"""For the main thread to leave the server in order, once it is asked to; less than the supervisor's patience."""
_ASK_AGAIN_S = 1.0
_STDIN, _STDOUT, _STDERR = 0, 1, 2
_Done: TypeAlias = DriveDone | ResultDone | Failed


class _Supervisor:
    """The other end of the pipes."""

    def __init__(self) -> None:
        self._events = os.dup(_STDOUT)
        os.dup2(_STDERR, _STDOUT)
        self._lock = threading.Lock()
        self._orders: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._simulator: int | None = None

    def listen(self) -> None:
        """Read orders in a thread; when they end, so does this process."""
        threading.Thread(target=self._listen, name="orders", daemon=True).start()

    def tell(self, event: Event) -> None:
        """Send an event. A supervisor that is gone does not get it, which the end of the orders tells."""
        with self._lock, suppress(BrokenPipeError):
            os.write(self._events, to_line(event))

    def tell_of_simulator(self, pid: int | None) -> None:
        """Say which process has to end with this one; None: the server is a named one."""
        self._simulator = pid
        self.tell(Started(pid=pid))

    def orders(self) -> Iterator[bytes]:
        """What is ordered, as it comes."""
        while (line := self._orders.get()) is not None:
            yield line

    def leave(self, loss: Lost) -> NoReturn:
        """Tell that the server is lost, and end this process without another call to it."""
        self.tell(loss)
        sys.stderr.flush()
        os._exit(ServerLostError.exit_code)

    def _listen(self) -> None:
        with os.fdopen(_STDIN, "rb", closefd=False) as stream:
            for line in stream:
                self._orders.put(line)
        os.kill(os.getpid(), signal.SIGINT)  # before the end of the orders is told: it must not interrupt the leaving
        self._orders.put(None)
        time.sleep(END_GRACE_S)
        if self._simulator is not None:  # it may have been stopped, and would not notice
            with suppress(ProcessLookupError):
                os.killpg(self._simulator, signal.SIGKILL)
        os._exit(1)


def main() -> None:
    """Work until there are no more orders."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored in a shell's background
    supervisor = _Supervisor()
    code = 0
    try:
        supervisor.listen()
        _work(supervisor)
    except KeyboardInterrupt:
        pass
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)


def _work(supervisor: _Supervisor) -> None:
    orders = supervisor.orders()
    setup = read_order(next(orders))
    assert isinstance(setup, Setup)
    with ExitStack() as stack:
        try:
            loading = stack.enter_context(ThreadPoolExecutor(max_workers=1)).submit(_load_nets, setup)
            endpoint = _open_server(setup, stack, supervisor)
            simulator = stack.enter_context(Simulator(endpoint, tick_timeout_s=setup.tick_timeout_s))
            check_scenarios(endpoint, setup.scenarios)
            if setup.actors is not None:
                destroy_leftovers(endpoint, setup.actors)
            nets, tag_set = loading.result(), tag_table_for_server(endpoint.version)
            drives = EpisodeRunner(simulator, nets, tag_set, on_event=supervisor.tell)
            drives.check_policies(setup.policies)
            ready = _ready(endpoint, nets, tag_set)
        except ServerLostError as error:
            supervisor.leave(_loss(error))
        except HarnessError as error:
            supervisor.tell(Refused(message=str(error), exit_code=error.exit_code))
            return
        scores = JobRunner(simulator, nets, tag_set, on_event=supervisor.tell)

        def run(job: Job) -> _Done:
            return drives.run(job) if isinstance(job, EpisodeJob) else scores.run(job)

        supervisor.tell(ready)
        for line in orders:
            job = read_order(line)
            assert not isinstance(job, Setup)
            done = _do(partial(run, job), simulator, endpoint, supervisor)
            if isinstance(done, EpisodeDone) and done.ends_worker:
                return


def _open_server(setup: Setup, stack: ExitStack, supervisor: _Supervisor) -> Endpoint:
    """The server that is named, which may take a while to answer, or the embedded simulator."""
    deadline = time.monotonic() + setup.wait_s
    while True:
        try:
            endpoint = stack.enter_context(
                open_endpoint(setup.host, setup.port, seed=setup.seed, threads=setup.threads)
            )
        except ServerNotFoundError:
            if time.monotonic() > deadline:
                raise
            supervisor.tell(Waiting())
            time.sleep(_ASK_AGAIN_S)
        else:
            supervisor.tell_of_simulator(None if endpoint.child is None else endpoint.child.process.pid)
            _watch(endpoint, supervisor)
            return endpoint


def _watch(endpoint: Endpoint, supervisor: _Supervisor) -> None:
    """Leave as soon as the server is gone. One that hangs is told by the main thread, which waits for it."""
    lifeline = endpoint.lifeline
    assert lifeline is not None

    def watch() -> None:
        lifeline.lost.wait()
        if not is_listening(endpoint.host, endpoint.port):
            seen = endpoint.last_words() or "its connection broke"
            message = f"the server at {endpoint.host}:{endpoint.port} was lost: {seen}"
            supervisor.leave(Lost(message=message, hung=False))

    threading.Thread(target=watch, name="watch", daemon=True).start()


def _load_nets(setup: Setup) -> Mapping[str, Net]:
    if not setup.models:
        return {}
    from harness.workers.loaded_nets import load_nets, require_sizes

    nets = load_nets(setup.models, checkpoint=setup.checkpoint, device=setup.device)
    require_sizes(nets, setup.sizes)
    return nets


def _ready(endpoint: Endpoint, nets: Mapping[str, Net], tag_set: LabelSet) -> Ready:
    labels = next((net.label_set for net in nets.values()), tag_set)
    lossy = translation(tag_set, labels).warning if nets else None
    return Ready(
        server={
            "host": endpoint.host, "port": endpoint.port, "version": endpoint.version, "embedded": endpoint.embedded
        },
        description=endpoint.describe(),
        labels=labels.to_json(),
        models={name: dict(net.origin) for name, net in nets.items()},
        actors=spawned_actors(endpoint),
        notes=() if lossy is None else (lossy,),
    )  # fmt: skip


def _do(run: Callable[[], _Done], simulator: Simulator, endpoint: Endpoint, supervisor: _Supervisor) -> _Done:
    """Do one job and tell how it ended."""
    try:
        done = run()
    except ServerLostError as error:
        if not endpoint.is_alive():
            supervisor.leave(_loss(error))
        supervisor.tell(_loss(error))
        raise
    for note in simulator.new_notes():
        supervisor.tell(Note(text=note))
    supervisor.tell(done)
    return done


def _loss(error: ServerLostError) -> Lost:
    return Lost(message=str(error), hung=isinstance(error, ServerHungError))


if __name__ == "__main__":
    main()
