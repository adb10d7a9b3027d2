"""How many frames of a run's jobs are over: one figure for each kind of job."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.workers.protocol import Job

ProgressCallback = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""

_WHAT = {"drive": "drive", "pass": "score", "episode": "drive"}
"""What a kind of job is called."""


class FrameProgress:
    """Counts frames over all jobs; one that ends early or was never begun still counts as it was planned."""

    def __init__(self, jobs: Iterable[Job], report: ProgressCallback) -> None:
        """Start with no frame.

        Args:
            jobs: all that are to be done.
            report: told about every change.
        """
        self._report = report
        self._kinds: dict[str, dict[str, int]] = {}
        self._totals: dict[str, int] = {}
        for job in jobs:
            self._kinds.setdefault(job.kind, {})[str(job)] = 0
            self._totals[job.kind] = self._totals.get(job.kind, 0) + job.num_frames

    def frames(self, job: Job, done: int) -> None:
        """So many frames of a job are done."""
        self._kinds[job.kind][str(job)] = min(done, job.num_frames)
        self._report(_WHAT[job.kind], sum(self._kinds[job.kind].values()), self._totals[job.kind])

    def over(self, job: Job) -> None:
        """A job has ended, in whatever way."""
        self.frames(job, job.num_frames)
