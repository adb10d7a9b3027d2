"""``harness drive``: policies drive the ego through a suite, and everything that happens is kept.

The work is done by workers, one for each server (:mod:`harness.workers.supervisor`). Here it is decided what is to be
done, and what was done is written down: the journal after each episode, the tables at the end, however it comes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from datasets.labels import LabelSet
from harness.closed_loop.description import FILE_NAME, check_same_drive, describe_drive, save_description
from harness.closed_loop.episode_files import log_file
from harness.closed_loop.episode_log import EpisodeKey
from harness.closed_loop.plan import DrivePlan
from harness.closed_loop.tables import write_drive_tables
from harness.errors import UsageError
from harness.run_dir import check_output, lock_output, prepare_output, write_manifest
from harness.workers.frame_progress import ProgressCallback
from harness.workers.journal import Journal, JournalEntry
from harness.workers.protocol import EpisodeDone, EpisodeJob, Ready, Setup
from harness.workers.schedule import Schedule
from harness.workers.servers import Servers
from harness.workers.status import Status
from harness.workers.supervisor import Listener, Outcome, Supervisor


@dataclass(frozen=True, kw_only=True)
class DriveNet:
    """The net that policies may drive by."""

    run: Path | None
    """Folder of its training run; None: there is none."""
    checkpoint: str = "best"
    device: str = "auto"


@dataclass(frozen=True, kw_only=True)
class PlannedEpisode:
    """One planned episode and what became of it."""

    key: EpisodeKey
    status: Status
    message: str


@dataclass(frozen=True, kw_only=True, eq=False)
class DriveSummary:
    """What a run gave."""

    episodes: tuple[PlannedEpisode, ...]
    """Every planned episode: the list is the denominator."""
    table: pd.DataFrame
    """``drive_summary.csv``."""
    paths: tuple[Path, ...]
    """The tables that were written."""

    @property
    def incomplete(self) -> tuple[PlannedEpisode, ...]:
        """Episodes that are not "done"."""
        return tuple(each for each in self.episodes if each.status != "done")


class DriveRun:
    """What of a plan is still to be done, and the journal of what is."""

    def __init__(self, plan: DrivePlan, out: Path, *, say: Callable[[str], None]) -> None:
        """Start from what ``out`` holds.

        Args:
            plan: what to drive.
            out: the output folder.
            say: called with what a user should know.
        """
        self._plan = plan
        self._out = out
        self._say = say
        self._journal = Journal(out, EpisodeKey)

    def schedule(self) -> Schedule:
        """The episodes that are not done yet.

        Raises:
            DataError: the journal cannot be read.
        """
        finished = self._journal.finished()
        return Schedule((), [self._job(key) for key in self._plan.episodes() if key not in finished])

    def note(self, outcome: Outcome) -> None:
        """Write down what became of an episode."""
        job, done = outcome.job, outcome.done
        assert isinstance(job, EpisodeJob)
        assert isinstance(done, EpisodeDone | None)
        self._journal.append(
            JournalEntry(
                of=job.key,
                status=outcome.status,
                message=outcome.message,
                retries=outcome.retries,
                seconds=0.0 if done is None else done.seconds,
                file="" if done is None else job.file,
                sha256="" if done is None else done.sha256,
            )
        )
        if outcome.status != "done":
            self._say(f"{outcome.status}: {job}: {outcome.message}")

    def _job(self, key: EpisodeKey) -> EpisodeJob:
        plan = self._plan
        return EpisodeJob(
            key=key,
            scenario=plan.scenario_of(key),
            timeline=plan.weathers[key.weather],
            camera=plan.camera_of(key),
            rules=plan.rules,
            policy=plan.policies[key.policy],
            out=str(self._out.resolve()),
            file=log_file(key),
        )


def drive_suite(
    plan: DrivePlan,
    net: DriveNet,
    servers: Servers,
    *,
    suite: str,
    out: Path,
    resume: bool = False,
    overwrite: bool = False,
    progress: ProgressCallback = lambda what, done, total: None,
    say: Callable[[str], None] = lambda text: None,
) -> DriveSummary:
    """Drive every episode of ``plan`` and write the tables into ``out``.

    The folder is not touched before every server, every policy and the net are known to be usable.

    Args:
        plan: what to drive.
        net: what ``plan.policies`` may drive by; it is loaded only if one of them may need it.
        servers: where.
        suite: name of the suite that the scenarios are from.
        out: output folder.
        resume: keep the finished episodes that ``out`` holds. They must be of the same run.
        overwrite: delete what ``out`` holds.
        progress: called with (what, ticks done, ticks in all).
        say: called with what a user should know while it goes on.

    Returns:
        What was driven; episodes that failed are in it, and do not raise.

    Raises:
        UsageError: a policy that does not exist, or that needs a net and has none.
        DataError: what is to be resumed is damaged.
        CheckpointError: the net cannot be loaded, or cannot be driven by.
        ScenarioFileError: a server cannot run a scenario.
        OutputInUseError: ``out`` holds another run, or is being written to.
        ServerNotFoundError: a server does not answer.
        ServerLostError: all servers went away; the tables hold what was finished.
    """
    run = DriveRun(plan, out, say=say)
    listener = Listener(outcome=run.note, progress=progress, say=say)
    with Supervisor(setups(plan, net, servers), patience=servers.patience, listener=listener) as supervisor:
        ready = supervisor.start()
        say(ready.description)
        for note in ready.notes:
            say(f"note: {note}")
        prepare_output(out, resume=resume, overwrite=overwrite)
        with lock_output(out):
            _write_identity(plan, ready, suite=suite, out=out)
            try:
                supervisor.run(run.schedule())
            finally:  # also after Ctrl-C: what was finished is in the tables, and what was not run is named
                supervisor.end()
                summary = summarize(out)
    return summary


def setups(plan: DrivePlan, net: DriveNet, servers: Servers) -> list[Setup]:
    """The first message to each worker: one for each server.

    Raises:
        UsageError: a policy needs a net and has none.
    """
    models = _models(plan, net)
    return [
        Setup(
            host=place.host,
            port=place.port,
            seed=servers.seed,
            threads=place.threads,
            wait_s=0.0,
            actors=None,
            tick_timeout_s=servers.tick_timeout_s,
            models=models,
            checkpoint=net.checkpoint,
            device=net.device,
            scenarios=plan.scenarios,
            sizes=plan.sizes,
            policies=tuple(plan.policies.values()),
        )
        for place in servers.places()
    ]


def summarize(out: Path) -> DriveSummary:
    """Write the tables of a drive folder anew and say what they hold.

    Raises:
        DataError: ``drive.json``, the journal or a log cannot be read.
    """
    tables = write_drive_tables(out)
    rows = tables.episodes.to_dict("records")
    names = tuple(EpisodeKey.__dataclass_fields__)
    episodes = tuple(
        PlannedEpisode(
            key=EpisodeKey(**{name: row[name] for name in names}), status=row["status"], message=row["message"]
        )
        for row in rows
    )
    return DriveSummary(episodes=episodes, table=tables.summary, paths=(*tables.paths, out / FILE_NAME))


def _models(plan: DrivePlan, net: DriveNet) -> dict[str, str]:
    """Folder of the net by its name, where a policy may need it."""
    if plan.net_policies and net.run is None:
        raise UsageError(
            f"the policy {plan.net_policies[0]} drives by a net: name the folder of a training run in place of 'none'"
        )
    if net.run is None or not plan.may_need_net:
        return {}
    return {net.run.resolve().name: str(net.run)}


def _write_identity(plan: DrivePlan, ready: Ready, *, suite: str, out: Path) -> None:
    """Say what the folder is going to hold, once it is sure that it holds nothing else."""
    labels = LabelSet.from_json(ready.labels)
    description = describe_drive(plan, labels, models=ready.models, suite=suite, server=ready.server)
    if check_output(out, resume=True):  # it is empty but for a run that is resumed
        check_same_drive(out, description)
    save_description(out, description)
    write_manifest(
        out / "manifest.json",
        seeds={scenario.name: scenario.seed for scenario in plan.scenarios},
        inputs={},
        extra={"server": ready.server, "models": ready.models},
    )
