"""``harness score``: nets, live in the simulator, under many weathers and sizes.

Each scenario is driven once without cameras for its drive log, or the log of a recording is taken. The log is then
replayed kinematically under each weather with a camera for every size, and the nets predict each frame as it comes.
All weathers see the identical scene, so a difference between them is the weather's alone; the checksum of the labels
in ``scenarios.csv`` proves it for every run.

The work is done by workers, one for each server (:mod:`harness.workers.supervisor`). Here it is decided what
is to be done, and what was done is written down: the journal after each pass, the tables at the end, however it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets.labels import LabelSet
from harness.carla_client.drive_log import DRIVES_FOLDER, DriveLog
from harness.carla_client.log_checks import require_drive_of
from harness.errors import DataError, UsageError
from harness.run_dir import check_output, lock_output, prepare_output, write_manifest
from harness.scoring.collected import collect
from harness.scoring.description import FILE_NAME, check_same_run, describe, save_description
from harness.scoring.plan import ScorePlan
from harness.scoring.score_run import ScoreRun, log_path
from harness.scoring.summary import ScoreSummary, summarize
from harness.scoring.tables import write_tables
from harness.workers.frame_progress import ProgressCallback
from harness.workers.protocol import Ready, Setup
from harness.workers.servers import Servers
from harness.workers.supervisor import Listener, Supervisor


@dataclass(frozen=True, kw_only=True)
class Nets:
    """What is scored."""

    runs: Mapping[str, Path]
    """Folder of the training run of each net, by the net's name in the tables."""
    checkpoint: str = "best"
    device: str = "auto"
    reference: str | None = None
    """Name of the one that the others are compared with."""


def score(
    plan: ScorePlan,
    nets: Nets,
    servers: Servers,
    *,
    suite: str,
    out: Path,
    drives: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    check_classes: Callable[[Sequence[str]], None] = lambda names: None,
    progress: ProgressCallback = lambda what, done, total: None,
    say: Callable[[str], None] = lambda text: None,
) -> ScoreSummary:
    """Score every cell of ``plan`` and write the tables into ``out``.

    The folder is not touched before every server and every net is known to be usable.

    Args:
        plan: what to score.
        nets: the nets; ``plan.models`` are their names.
        servers: where.
        suite: name of the suite that the scenarios are from.
        out: output folder.
        drives: a recording whose drive logs to replay; without it each scenario is driven.
        resume: keep the finished passes that ``out`` holds. They must be of the same run.
        overwrite: delete what ``out`` holds.
        check_classes: called with the names of the classes before anything is written; it may raise.
        progress: called with (what, frames done, frames in all).
        say: called with what a user should know while it goes on.

    Returns:
        What was scored; cells that failed are in it, and do not raise.

    Raises:
        UsageError: a reference model that is not scored.
        DataError: a drive log, or what is to be resumed, is missing or damaged.
        CheckpointError: a net cannot be loaded.
        ScenarioFileError: a server cannot run a scenario.
        OutputInUseError: ``out`` holds another run's score, or is being written to.
        ServerNotFoundError: a server does not answer.
        ServerLostError: all servers went away; the tables hold what was finished.
    """
    _check(plan, nets, drives)
    run = ScoreRun(plan, out, drives=drives, say=say)
    listener = Listener(outcome=run.note, progress=progress, say=say)
    with Supervisor(setups(plan, nets, servers), patience=servers.patience, listener=listener) as supervisor:
        ready = supervisor.start()
        say(ready.description)
        for note in ready.notes:
            say(f"note: {note}")
        labels = LabelSet.from_json(ready.labels)
        check_classes(labels.names)
        prepare_output(out, resume=resume, overwrite=overwrite)
        with lock_output(out):
            _write_identity(plan, nets, ready, labels, suite=suite, out=out, drives=drives)
            try:
                supervisor.run(run.schedule())
            finally:  # also after Ctrl-C: what was finished is in the tables, and what was not run is named
                supervisor.end()
                summary = _write_tables(plan, labels, out)
    return summary


def setups(plan: ScorePlan, nets: Nets, servers: Servers) -> list[Setup]:
    """The first message to each worker: one for each server."""
    return [
        Setup(
            host=place.host,
            port=place.port,
            seed=servers.seed,
            threads=place.threads,
            wait_s=0.0,
            actors=None,
            tick_timeout_s=servers.tick_timeout_s,
            models={name: str(run) for name, run in nets.runs.items()},
            checkpoint=nets.checkpoint,
            device=nets.device,
            scenarios=plan.scenarios,
            sizes=plan.sizes,
        )
        for place in servers.places()
    ]


def _check(plan: ScorePlan, nets: Nets, drives: Path | None) -> None:
    """What can be known before anything is started."""
    if nets.reference is not None and nets.reference not in plan.models:
        raise UsageError(
            f"the reference model {nets.reference!r} is not among the scored ones ({', '.join(plan.models)}): "
            "add it with --model NAME=RUN"
        )
    if drives is not None:
        if not (drives / DRIVES_FOLDER).is_dir():
            raise DataError(f"{drives} has no folder {DRIVES_FOLDER} with logs: --drives takes a recording or a score")
        for scenario in plan.scenarios:
            path = log_path(drives, scenario)
            require_drive_of(DriveLog.load(path), scenario, path=path)


def _write_identity(
    plan: ScorePlan, nets: Nets, ready: Ready, labels: LabelSet, *, suite: str, out: Path, drives: Path | None
) -> None:
    """Say what the folder is going to hold, once it is sure that it holds nothing else."""
    description = describe(
        plan, labels, models=ready.models, suite=suite, server=ready.server, reference_model=nets.reference,
        drives=drives,
    )  # fmt: skip
    if check_output(out, resume=True):  # it is empty but for a run that is resumed
        check_same_run(out, description)
    save_description(out, description)
    write_manifest(
        out / "manifest.json",
        seeds={scenario.name: scenario.seed for scenario in plan.scenarios},
        inputs={} if drives is None else {"recording": drives},
        extra={"server": ready.server, "models": ready.models},
    )


def _write_tables(plan: ScorePlan, labels: LabelSet, out: Path) -> ScoreSummary:
    collected = collect(out, plan)
    paths = write_tables(
        out,
        collected.results,
        collected.worst,
        towns=plan.towns,
        class_names=labels.names,
        label_sizes=plan.label_sizes(),
    )
    return summarize(collected.results, labels.names, paths=[*paths, out / FILE_NAME])
