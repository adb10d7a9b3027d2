"""What of a plan is still to be done, and writing down what has become of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.carla_client.drive_log import DRIVES_FOLDER
from harness.run_dir import folder_name
from harness.scoring.plan import Pass, ScorePlan
from harness.workers.journal import Journal, JournalEntry
from harness.workers.protocol import DriveJob, PassDone, PassJob
from harness.workers.schedule import Schedule
from harness.workers.supervisor import Outcome
from sim_scenarios.scenario import Scenario

CELLS_FOLDER = "cells"


def log_path(folder: Path, scenario: Scenario) -> Path:
    """Where a recording or a score has the log of a drive."""
    return folder / DRIVES_FOLDER / f"{scenario.name}.npz"


class ScoreRun:
    """What of a plan is still to be done, and the journal of what is."""

    def __init__(self, plan: ScorePlan, out: Path, *, drives: Path | None, say: Callable[[str], None]) -> None:
        """Start from what ``out`` holds.

        Args:
            plan: what to score.
            out: the output folder.
            drives: a recording whose drive logs to replay; None: those that are made, in ``out``.
            say: called with what a user should know.
        """
        self._plan = plan
        self._out = out
        self._drives = drives
        self._say = say
        self._journal = Journal(out, Pass)
        self._labels: dict[tuple[str, str], tuple[Pass, str]] = {}

    def schedule(self) -> Schedule:
        """The jobs that are not done yet.

        Raises:
            DataError: the journal cannot be read.
        """
        finished = self._journal.finished()
        for entry in finished.values():
            self._compare_labels(entry)
        passes = [self._job(each) for each in self._plan.passes() if each not in finished]
        undriven = {job.scenario.name: job for job in passes if not Path(job.log).exists()}
        return Schedule([DriveJob(scenario=job.scenario, log=job.log) for job in undriven.values()], passes)

    def note(self, outcome: Outcome) -> None:
        """Write down what became of a pass."""
        job, done = outcome.job, outcome.done
        assert isinstance(job, PassJob)
        assert isinstance(done, PassDone | None)
        of = job.of
        entry = JournalEntry(
            of=of,
            status=outcome.status,
            message=outcome.message,
            retries=outcome.retries,
            seconds=0.0 if done is None else done.seconds,
            file="" if done is None else job.file,
            sha256="" if done is None else done.sha256,
            labels={} if done is None else done.labels,
        )
        self._journal.append(entry)
        self._compare_labels(entry)
        if outcome.status != "done":
            self._say(f"{outcome.status}: {of}: {outcome.message}")

    def _compare_labels(self, entry: JournalEntry[Pass]) -> None:
        """Say so where the labels of a scenario are not those of its other passes."""
        for view, digest in entry.labels.items():
            first, expected = self._labels.setdefault((entry.of.scenario, view), (entry.of, digest))
            if digest != expected:
                self._say(
                    f"warning: the labels of {entry.of} at {view} are not those of {first.weather}: a difference "
                    "between these weathers is not the weather's alone"
                )

    def _job(self, each: Pass) -> PassJob:
        plan, scenario = self._plan, self._plan.scenario(each.scenario)
        return PassJob(
            scenario=scenario,
            weather=each.weather,
            timeline=plan.weathers[each.weather],
            repeat=each.repeat,
            sizes=plan.sizes,
            fovs=plan.fovs or (scenario.cameras[0].fov,),
            warmup_frames=plan.warmup_frames,
            log=str(log_path(self._drives or self._out, scenario).resolve()),
            out=str(self._out.resolve()),
            file=f"{CELLS_FOLDER}/{folder_name(each.scenario)}/{folder_name(each.weather)}_{each.repeat:02d}.npz",
        )
