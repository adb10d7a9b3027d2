"""``harness score``: a net, live in the simulator, under many weathers and sizes.

Each scenario is driven once without cameras for its drive log, or the log of a recording is taken. The log is then
replayed kinematically under each weather with a camera for every size, and the net predicts each frame as it comes.
All weathers see the identical scene, so a difference between them is the weather's alone; the checksum of the labels
in ``scenarios.csv`` proves it for every run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from datasets.labels import tag_table_for_server
from harness.carla_client.endpoint import Endpoint
from harness.run_dir import lock_output, write_manifest
from harness.scoring.description import FILE_NAME, check_same_run, describe, save_description
from harness.scoring.live import Net
from harness.scoring.plan import make_plan
from harness.scoring.restore import restore
from harness.scoring.runner import ProgressCallback, ScoreRunner
from harness.scoring.simulator import DriveOpener
from harness.scoring.summary import ScoreSummary, summarize
from harness.scoring.tables import TABLE_NAMES, ScoreTables
from sim_scenarios.camera import Size
from sim_scenarios.scenario import Suite
from sim_scenarios.weather import Weather


def score(
    endpoint: Endpoint,
    segmenter: Net,
    suite: Suite,
    *,
    weathers: Mapping[str, Weather],
    sizes: Sequence[Size],
    out: Path,
    drives: Path | None = None,
    reference_weather: str | None = None,
    warmup_frames: int = 0,
    worst_frames: int = 3,
    resume: bool = False,
    progress: ProgressCallback | None = None,
) -> ScoreSummary:
    """Score every scenario of ``suite`` under every weather at every size, and write the tables into ``out``.

    Args:
        endpoint: the server.
        segmenter: the net.
        suite: scenarios to score, all of them.
        weathers: weather by the name that it has in the tables.
        sizes: (width, height) [px] of the cameras.
        out: a prepared output folder (:func:`harness.run_dir.prepare_output`).
        drives: a recording whose drive logs to replay; without it each scenario is driven.
        reference_weather: weather to compare the others with; ClearNoon, or the first one, when omitted.
        warmup_frames: frames at the start of each replay not to count.
        worst_frames: frames of each scenario and weather to keep as images, at the largest size.
        resume: keep the finished passes that ``out`` holds. They must be of the same run.
        progress: called with (what, frames done, frames in all).

    Returns:
        What was scored; cells that failed are in it, and do not raise.

    Raises:
        UsageError: a plan that makes no sense.
        DataError: a drive log is missing or damaged, or a table to resume from is.
        OutputInUseError: ``out`` holds another run's score, or is being written to.
        ServerLostError: the server went away; the tables hold what was finished.
    """
    plan = make_plan(
        suite.scenarios,
        weathers,
        sizes,
        reference_weather=reference_weather,
        warmup_frames=warmup_frames,
        worst_frames=worst_frames,
    )
    open_drive = DriveOpener(endpoint, kept=out / "drives", recorded=drives, progress=progress)
    open_drive.check(plan.scenarios)
    description = describe(plan, segmenter, suite=suite.name, server=_server(endpoint), drives=drives)
    tables = ScoreTables(out, plan.cells(), towns=plan.towns, class_names=segmenter.label_set.names)
    with lock_output(out):
        if resume and (out / FILE_NAME).exists():
            check_same_run(out, description)
            restore(tables, plan)
        save_description(out, description)
        write_manifest(
            out / "manifest.json",
            seeds={scenario.name: scenario.seed for scenario in plan.scenarios},
            inputs={} if drives is None else {"recording": drives},
            extra={"server": _server(endpoint), "model": dict(segmenter.origin)},
        )
        runner = ScoreRunner(plan, segmenter, tag_table_for_server(endpoint.version), tables, progress=progress)
        runner.run(open_drive)
    return summarize(tables.results, tables.class_names, paths=[out / name for name in (*TABLE_NAMES, FILE_NAME)])


def _server(endpoint: Endpoint) -> dict[str, str | int | bool]:
    return {
        "host": endpoint.host,
        "port": endpoint.port,
        "version": endpoint.version,
        "embedded": endpoint.embedded,
    }
