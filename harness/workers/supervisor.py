"""Runs jobs on one or several servers, each with a worker process of its own, and outlives them all.

The net's code and the carla client run in the workers only. A worker may crash, hang or leak; its server may be killed
or stand still: that costs one retry of the job that it had, in a new worker.

Decisions:

* **One thread, no locks.** Workers are pipes that are waited for together; Ctrl-C arrives between two events.
* **Who is to blame decides what follows.** A job that the worker reports as failed (the scenario, the model, the data)
  is not tried again: it would fail again. A job whose worker or server was lost is tried again, ``retries`` times, and
  then its passes, or the episode, are "crashed" or "timed out".
* **A hang is an absence of events.** A tick that takes too long is noticed by the worker itself; what else may hang, a
  spawn, a net, the worker as a whole, is noticed here.
* **A named server that does not come back is given up** with its worker. When none is left, the run ends with
  ``ServerLostError``, and what was not done was "not run".

It imports neither torch nor carla.
"""

from __future__ import annotations

import selectors
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from harness.errors import HarnessError, ServerLostError, ServerNotFoundError
from harness.workers.frame_progress import FrameProgress
from harness.workers.protocol import (
    DriveDone,
    DriveJob,
    EpisodeDone,
    Event,
    Failed,
    Frame,
    Job,
    Lost,
    Note,
    PassDone,
    Ready,
    Refused,
    ResultDone,
    ResultJob,
    Setup,
)
from harness.workers.schedule import Schedule
from harness.workers.status import Status
from harness.workers.worker_process import COMMAND, END_GRACE_S, WorkerProcess

_LOOK_AGAIN_S = 0.5
"""How often hangs are looked for while nothing is said."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one pass or episode."""

    job: ResultJob
    status: Status
    message: str
    retries: int
    done: ResultDone | None = None
    """What the worker said of it, where there is a result."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait and how often to try again."""

    retries: int = 3
    """Of a job whose worker or server was lost, and of a simulator that does not start."""
    hang_timeout_s: float = 180.0
    """Without any event, a worker that has something to do is taken for hung [s]."""
    reconnect_s: float = 30.0
    """How long to wait for a named server that was lost [s]."""


@dataclass(kw_only=True, eq=False)
class _Lane:
    """One server, the worker on it, and what it does."""

    setup: Setup
    worker: WorkerProcess | None = None
    ready: Ready | None = None
    """What its first worker said."""
    is_ready: bool = False
    """Whether the present worker can take jobs."""
    job: Job | None = None
    deadline: float = float("inf")
    """When the worker is taken for hung, if it says nothing before."""
    loss: Lost | None = None
    """What the worker said before it ended."""
    failed_starts: int = 0
    given_up: HarnessError | None = None

    @property
    def is_embedded(self) -> bool:
        return self.setup.host is None and self.setup.port is None


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Who is told what happens; the defaults tell nobody."""

    outcome: Callable[[Outcome], None] = lambda outcome: None
    """A pass or an episode is over."""
    progress: Callable[[str, int, int], None] = lambda what, done, total: None
    """(what is being done, steps done, steps in all)."""
    say: Callable[[str], None] = lambda text: None
    """Something that a user should know, in one sentence."""


class Supervisor:
    """Starts a worker for each server, and ends them all when its ``with`` block is left."""

    def __init__(
        self,
        setups: Sequence[Setup],
        *,
        patience: Patience,
        listener: Listener,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """Prepare; nothing is started yet.

        Args:
            setups: one for each server.
            patience: how long to wait, and how often to try again.
            listener: told what happens.
            command: the worker's program.
        """
        self._lanes = [_Lane(setup=setup) for setup in setups]
        self._patience = patience
        self._listener = listener
        self._command = tuple(command)
        self._selector = selectors.DefaultSelector()
        self._scratch = Path()
        self._schedule = Schedule((), ())
        self._retries: Counter[str] = Counter()
        self._progress = FrameProgress((), listener.progress)
        self._num_started = 0

    def __enter__(self) -> Supervisor:
        self._scratch = Path(tempfile.mkdtemp(prefix="harness-workers-"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.end()
        finally:
            self._selector.close()
            shutil.rmtree(self._scratch, ignore_errors=True)

    def end(self) -> None:
        """End every worker; each has some time to leave its server in order."""
        workers = [lane.worker for lane in self._lanes if lane.worker is not None]
        deadline = time.monotonic() + END_GRACE_S
        try:
            for worker in workers:
                worker.ask_to_end()
            for worker in workers:
                worker.end(deadline=deadline)
        finally:
            for worker in workers:
                worker.kill()

    def start(self) -> Ready:
        """Start every worker and wait until all can take jobs.

        Returns:
            What the first one said.

        Raises:
            HarnessError: of the kind that the worker met: no server, another version, unknown towns, unusable nets.
        """
        for lane in self._lanes:
            self._start(lane)
        while not all(lane.is_ready for lane in self._lanes):
            self._wait()
            for lane in self._lanes:
                if lane.given_up is not None:
                    raise lane.given_up
                if lane.worker is None:
                    self._start(lane)
        ready = self._lanes[0].ready
        assert ready is not None
        return ready

    def run(self, schedule: Schedule) -> None:
        """Do every job; each pass or episode that is over is told to the listener.

        Raises:
            ServerLostError: every named server is gone for good; what is left was not run.
            ServerNotFoundError: the embedded simulator does not start any more.
        """
        self._schedule = schedule
        self._progress = FrameProgress(schedule.jobs, self._listener.progress)
        while not schedule.is_finished:
            self._assign()
            self._wait()

    def _assign(self) -> None:
        """Give every worker that waits a job, and every server that lost its worker a new one, while there are jobs."""
        for lane in self._lanes:
            if lane.given_up is not None or lane.job is not None or not self._schedule.has_next():
                continue
            if lane.worker is None:
                self._start(lane)
            elif lane.is_ready and lane.loss is None:
                lane.job = job = self._schedule.take()
                assert job is not None
                self._expect_an_event(lane)
                lane.worker.send(job)
        if all(lane.given_up is not None for lane in self._lanes):
            error = self._lanes[0].given_up
            assert error is not None
            raise error

    def _start(self, lane: _Lane) -> None:
        self._num_started += 1
        setup = lane.setup
        if lane.ready is not None:
            again = {"wait_s": self._patience.reconnect_s, "actors": None if lane.is_embedded else lane.ready.actors}
            setup = setup.model_copy(update=again)
        log = self._scratch / f"worker_{self._num_started}.log"
        lane.worker = WorkerProcess(self._command, setup, scratch=self._scratch, log=log)
        lane.is_ready, lane.loss = False, None
        self._selector.register(lane.worker, selectors.EVENT_READ, lane)
        self._expect_an_event(lane)

    def _expect_an_event(self, lane: _Lane) -> None:
        lane.deadline = time.monotonic() + self._patience.hang_timeout_s

    def _wait(self) -> None:
        """Handle what is said next, or notice that nothing is."""
        for key, _ in self._selector.select(_LOOK_AGAIN_S):
            lane: _Lane = key.data
            assert lane.worker is not None
            events = lane.worker.read()
            for event in events or ():
                self._handle(lane, event)
            if events is None:
                self._ended(lane)
        now = time.monotonic()
        for lane in self._lanes:
            if lane.worker is not None and now > lane.deadline:
                waited = f"nothing was heard of it for {self._patience.hang_timeout_s:g} s"
                lane.loss = lane.loss or Lost(message=waited, hung=True)
                self._ended(lane)

    def _handle(self, lane: _Lane, event: Event) -> None:
        self._expect_an_event(lane)
        match event:
            case Ready():
                lane.ready, lane.is_ready, lane.failed_starts = lane.ready or event, True, 0
                lane.deadline = float("inf")
            case Refused():
                self._refused(lane, event)
            case Frame():
                if lane.job is not None:
                    self._progress.frames(lane.job, event.done)
            case Note():
                self._listener.say(f"note: {event.text}")
            case DriveDone():
                self._done(lane)
            case PassDone():
                self._done(lane, status=event.status, message=event.message, done=event)
            case EpisodeDone():
                self._done(lane, status=event.status, message=event.message, done=event)
                if event.ends_worker:  # no job for it any more; the next one starts a new worker
                    lane.loss = Lost(message=event.message, hung=True)
                    lane.deadline = time.monotonic() + END_GRACE_S
            case Failed():
                self._give_up(lane, "failed", event.message)
            case Lost():
                lane.loss = event
                lane.deadline = time.monotonic() + (0.0 if lane.is_embedded else END_GRACE_S)

    def _refused(self, lane: _Lane, refusal: Refused) -> None:
        if lane.ready is None:
            self._abandon(lane, _error(refusal))
        elif lane.is_embedded:
            lane.loss = Lost(message=refusal.message, hung=False)  # like any other start that fails: its end follows
        else:
            error = ServerLostError(
                f"the server at {lane.setup.host}:{lane.setup.port} was lost: {refusal.message} What was done "
                "before is kept: start the server again and use --resume."
            )
            self._abandon(lane, error)

    def _abandon(self, lane: _Lane, error: HarnessError) -> None:
        """Use a server no more; the error is raised where it was the last one, or one of those to start with."""
        lane.given_up = error
        if lane.ready is not None and len(self._lanes) > 1:
            self._listener.say(f"one server less: {error}")

    def _done(self, lane: _Lane, *, status: Status = "done", message: str = "", done: ResultDone | None = None) -> None:
        job = self._over(lane)
        self._schedule.done(job)
        if not isinstance(job, DriveJob):
            self._tell(job, status, message, retries=self._retries[str(job)], done=done)

    def _give_up(self, lane: _Lane, status: Status, message: str) -> None:
        job = self._over(lane)
        for each in self._schedule.give_up(job):
            self._progress.over(each)
            self._tell(each, status, message, retries=self._retries[str(job)])

    def _over(self, lane: _Lane) -> Job:
        """The job that a worker has just ended."""
        job, lane.job, lane.deadline = lane.job, None, float("inf")
        assert job is not None, "a worker that had no job says that one ended"
        self._progress.over(job)
        return job

    def _tell(
        self, job: ResultJob, status: Status, message: str, *, retries: int, done: ResultDone | None = None
    ) -> None:
        self._listener.outcome(Outcome(job=job, status=status, message=message, retries=retries, done=done))

    def _ended(self, lane: _Lane) -> None:
        """The worker is gone, or is as good as gone: its job goes back, to be tried again."""
        worker, job = lane.worker, lane.job
        assert worker is not None
        self._selector.unregister(worker)
        worker.kill()
        loss = lane.loss or Lost(message=worker.last_words(), hung=False)
        had_started = lane.is_ready
        lane.worker, lane.is_ready, lane.deadline = None, False, float("inf")
        if job is not None:
            self._lost(lane, job, loss)
        elif not had_started and lane.given_up is None:
            self._did_not_start(lane, loss)

    def _lost(self, lane: _Lane, job: Job, loss: Lost) -> None:
        if self._retries[str(job)] >= self._patience.retries:
            self._give_up(lane, "timed out" if loss.hung else "crashed", loss.message)
            return
        self._retries[str(job)] += 1
        lane.job = None
        self._schedule.put_back(job)
        self._progress.frames(job, 0)
        self._listener.say(f"retry {self._retries[str(job)]} of {self._patience.retries} of {job}: {loss.message}")

    def _did_not_start(self, lane: _Lane, loss: Lost) -> None:
        lane.failed_starts += 1
        if lane.failed_starts > self._patience.retries:
            self._abandon(lane, ServerNotFoundError(f"a worker could not be started: {loss.message}"))
        else:
            self._listener.say(f"a worker is started again: {loss.message}")


def _error(refusal: Refused) -> HarnessError:
    """The error that a worker met, as it would have been raised here."""
    kinds = {kind.exit_code: kind for kind in HarnessError.__subclasses__()}
    return kinds.get(refusal.exit_code, HarnessError)(refusal.message)
