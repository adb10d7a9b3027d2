"""Record a suite: drive or replay each scenario, prove its images, write shards and drive logs.

Decisions:

- The recording thread ticks and receives; judging, encoding and writing happen in other threads, so frame n+1 is
  simulated while frame n is compressed.
- A session of its own for each pass: it does not depend on those before it, so a resumed recording holds what an
  uninterrupted one would.
- With several weathers a scenario is driven once without cameras, its log is saved, and every weather is a replay.
- A scenario that fails is a row with its reason, and the next one is driven. A lost server or a disk that fails ends
  the recording, because nothing after it could succeed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from datasets.errors import DiskError
from datasets.recording_dir import MANIFEST_NAME, RecordingDir
from harness.carla_client.endpoint import Endpoint
from harness.errors import OutputInUseError, ServerLostError
from harness.recording.open_recording import OpenRecording
from harness.recording.passes import Progress
from harness.recording.plan import (
    RecordingOptions,
    check_stream_names,
    check_weathers,
    planned_streams,
    planned_weathers,
)
from harness.recording.rows import RecordRow, RecordSummary
from harness.recording.scenario_recorder import ScenarioRecorder
from sim_scenarios.scenario import Scenario, Suite
from sim_scenarios.weather_timeline import WeatherTimeline


def record(
    endpoint: Endpoint,
    suite: Suite,
    out: Path,
    *,
    weathers: Sequence[WeatherTimeline] = (),
    options: RecordingOptions | None = None,
    resume: bool = False,
    splits: Sequence[str] = (),
    progress: Progress | None = None,
    on_row: Callable[[RecordRow], None] | None = None,
) -> RecordSummary:
    """Record the scenarios of ``suite`` into the folder ``out``.

    Args:
        endpoint: The server.
        suite: What to drive.
        out: A recording folder; made when missing.
        weathers: Each scenario is driven once and replayed in each of them; none: driven in its own weather.
        options: How frames become shards.
        resume: Go on in a folder that holds a recording: skip what is finished, go on where a stream ends.
        splits: Only scenarios of these splits; all if empty.
        progress: Called with the name of the pass, its recorded ticks so far and in all.
        on_row: Called with each row as it is known.

    Raises:
        OutputInUseError: ``out`` holds a recording and ``resume`` is not set, or it was made in another way.
        UsageError: two streams would have one name.
        ShardError: the folder cannot be used.
    """
    scenarios = [each for each in suite.scenarios if not splits or each.split in splits]
    check_names(scenarios, weathers)
    recording = _open(out, resume=resume)
    rows: list[RecordRow] = []
    ended_by: ServerLostError | DiskError | None = None

    def keep(row: RecordRow) -> None:
        rows.append(row)
        if on_row is not None:
            on_row(row)

    with recording.lock():
        try:
            opened = OpenRecording(recording, options or RecordingOptions())
            recorders = [
                ScenarioRecorder(endpoint, suite, scenario, weathers, opened, progress=progress)
                for scenario in scenarios
            ]
            for recorder in recorders:
                recorder.require_same_definition()
            for recorder in recorders:
                recorder.run(keep)
        except ServerLostError as error:
            ended_by = error
            rows += rows_after(error, scenarios, weathers, rows)
        except DiskError as error:
            rows += rows_after(error, scenarios, weathers, rows)
            ended_by = DiskError(
                f"{error}\nWhat was written before is intact. Mend the disk or make room on it, then run the same "
                "command with --resume: it goes on with the first frame that is missing."
            )
            ended_by.__cause__ = error
    return RecordSummary(rows=tuple(rows), ended_by=ended_by)


def rows_after(
    error: Exception,
    scenarios: Sequence[Scenario],
    weathers: Sequence[WeatherTimeline],
    ended: Sequence[RecordRow],
) -> list[RecordRow]:
    """Rows of what has none in ``ended``: never begun, but for the first if ``error`` came before it had a row."""
    have = {(row.scenario, row.weather) for row in ended}
    missing = [
        RecordRow(scenario=scenario.name, weather=weather.name, split=scenario.split, status="not run")
        for scenario in scenarios
        for weather in planned_weathers(scenario, weathers)
        if (scenario.name, weather.name) not in have
    ]
    seen, _, _ = str(error).partition("\n")  # behind it: what to do
    if missing and not any(row.note.startswith(seen) for row in ended):
        missing[0] = replace(missing[0], status="failed", note=str(error))
    return missing


def check_names(scenarios: Sequence[Scenario], weathers: Sequence[WeatherTimeline]) -> None:
    """Refuse a plan in which two streams would have one name.

    Raises:
        UsageError: they would; with the names.
    """
    check_weathers(weathers)
    check_stream_names(
        stream
        for scenario in scenarios
        for weather in planned_weathers(scenario, weathers)
        for stream in planned_streams(scenario, weather, is_replayed=bool(weathers))
    )


def _open(out: Path, *, resume: bool) -> RecordingDir:
    if not (out / MANIFEST_NAME).exists():
        return RecordingDir.create(out)
    if not resume:
        raise OutputInUseError(f"{out} holds a recording: add --resume to go on with it, or choose another folder")
    return RecordingDir.open(out, allow_missing=True)
