"""Which job comes next: drives before the passes that replay them, and what was put back first.

Nothing here knows about processes: jobs are taken, and come back done, put back or given up.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.workers.protocol import DriveJob, Job, ResultJob


class Schedule:
    """The jobs of a run that are not done yet."""

    def __init__(self, drives: Iterable[DriveJob], results: Iterable[ResultJob]) -> None:
        """Start with nothing done.

        Args:
            drives: what must be driven first.
            results: passes or episodes in their order; each waits for the drive of its scenario, if that is among
                ``drives``.
        """
        self._drives = list(drives)
        self._results = list(results)
        self._undriven = {drive.scenario.name for drive in self._drives}
        self._num_taken = 0

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left, also in nobody's hands."""
        return not (self._drives or self._results or self._num_taken)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """What nobody has taken yet."""
        return *self._drives, *self._results

    def has_next(self) -> bool:
        """Whether there is a job that can be done now."""
        return bool(self._drives) or self._next_result() is not None

    def take(self) -> Job | None:
        """The next job, which is the caller's until it is told to be over; None: there is none now."""
        job: Job | None = self._drives.pop(0) if self._drives else self._next_result()
        if job is not None and not isinstance(job, DriveJob):
            self._results.remove(job)
        self._num_taken += job is not None
        return job

    def done(self, job: Job) -> None:
        """A taken job is done; after a drive, its passes can be taken."""
        self._num_taken -= 1
        if isinstance(job, DriveJob):
            self._undriven.discard(job.scenario.name)

    def put_back(self, job: Job) -> None:
        """A taken job was not done: it is the next one again."""
        self._num_taken -= 1
        if isinstance(job, DriveJob):
            self._drives.insert(0, job)
        else:
            self._results.insert(0, job)

    def give_up(self, job: Job) -> list[ResultJob]:
        """A taken job cannot be done; returns the results that never will be because of it."""
        self._num_taken -= 1
        if not isinstance(job, DriveJob):
            return [job]
        given_up = [each for each in self._results if each.scenario.name == job.scenario.name]
        self._results = [each for each in self._results if each.scenario.name != job.scenario.name]
        return given_up

    def _next_result(self) -> ResultJob | None:
        return next((each for each in self._results if each.scenario.name not in self._undriven), None)
