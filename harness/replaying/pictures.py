"""Logged drives as pictures: each pass replays one drive in one weather for all cameras that still lack it.

``replay.json`` says what the folder holds. A pass that was stopped is replayed again from its start, because a video
cannot be gone on with and every tick has to be replayed anyway; what is complete is not touched.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from datasets.errors import DiskError, storage_error
from datasets.labels import LabelSet, tag_table_for_server
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.replay import replay
from harness.carla_client.session import open_session
from harness.errors import DataError, HarnessError, OutputInUseError, ServerLostError
from harness.recording.passes import Progress
from harness.recording.plan import PlannedStream, differing_facts
from harness.recording.rows import RecordRow
from harness.recording.scenario_recorder import RECORDED_BEFORE, drive_sha256
from harness.replaying.drives import LoggedDrive
from harness.replaying.frame_folder import FrameFolder
from harness.replaying.output_thread import OutputThread, PictureOutput
from harness.replaying.video_file import VideoFile
from harness.run_dir import write_json
from sim_scenarios.errors import ScenarioError
from sim_scenarios.weather_timeline import WeatherTimeline

PictureKind = Literal["frames", "video"]

DESCRIPTION_NAME = "replay.json"
DESCRIPTION_SCHEMA = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pass:
    """What one replay gave, over all its cameras."""

    frames: int
    gaps: int
    notes: tuple[str, ...]
    """What a user should know of the server."""


def replay_pictures(
    endpoint: Endpoint,
    drives: Sequence[LoggedDrive],
    out: Path,
    *,
    kind: PictureKind,
    progress: Progress | None = None,
    on_row: Callable[[RecordRow], None],
) -> None:
    """Write the pictures that are missing in ``out``, a prepared folder.

    Args:
        endpoint: The server.
        drives: What to replay, how.
        out: Empty, or left by an earlier call for the same drives, cameras and weathers.
        kind: What becomes of the pictures.
        progress: Called with the name of the pass, its recorded ticks so far and in all.
        on_row: Called for each weather of each drive; a pass that failed is a row with its reason.

    Raises:
        OutputInUseError: the folder was begun with other drives, cameras or weathers.
        ServerLostError: the server stopped answering.
        ShardError: a file cannot be written; DiskError where the disk is at fault.
    """
    _describe(out, endpoint, drives, kind)
    tags = tag_table_for_server(endpoint.version)
    for drive, weather in [(each, weather) for each in drives for weather in each.weathers]:
        try:
            outputs = [_output(out, stream, drive.log, kind, tags) for stream in drive.streams(weather)]
            row = _row(endpoint, drive, weather, outputs, progress)
        except DiskError as error:
            raise DiskError(
                f"{error}\nWhat was complete before is kept. Mend the disk or make room on it, then run the same "
                "command with --resume."
            ) from error
        on_row(row)


def _row(
    endpoint: Endpoint,
    drive: LoggedDrive,
    weather: WeatherTimeline,
    outputs: Sequence[PictureOutput],
    progress: Progress | None,
) -> RecordRow:
    row = RecordRow(scenario=drive.scenario.name, weather=weather.name, split=drive.scenario.split, status="done")
    missing = {output.camera: output for output in outputs if not output.is_complete}
    if not missing:
        return replace(row, frames=sum(output.num_frames for output in outputs), note=RECORDED_BEFORE)
    started = time.perf_counter()
    try:
        made = _replayed(endpoint, drive, weather, missing, progress)
    except ServerLostError:
        raise
    except (HarnessError, ScenarioError, RuntimeError) as error:
        return replace(row, status="failed", note=str(error))
    return replace(
        row,
        frames=sum(output.num_frames for output in outputs),
        frames_per_s=made.frames / (time.perf_counter() - started),
        gaps=made.gaps,
        note="; ".join(made.notes),
    )


def _replayed(
    endpoint: Endpoint,
    drive: LoggedDrive,
    weather: WeatherTimeline,
    outputs: Mapping[str, PictureOutput],
    progress: Progress | None,
) -> _Pass:
    """Replay once; when this returns, the outputs are complete."""
    specs = [stream.camera for stream in drive.streams(weather) if stream.camera.name in outputs]
    cameras = [spec.model_copy(update={"planes": ()}) for spec in specs]  # depth and instances would go nowhere
    came: Counter[str] = Counter()
    gaps: list[str] = []
    with (
        open_session(endpoint, fixed_delta_seconds=drive.log.fixed_delta_seconds) as session,
        ExitStack() as stack,
    ):
        threads = [stack.enter_context(OutputThread(output)) for output in outputs.values()]
        timeline = weather.over(drive.scenario.duration_s)
        run = replay(session, drive.log, weather=timeline, cameras=cameras)
        observations = stack.enter_context(closing(iter(run)))
        for done, observation in enumerate(observations, start=1):
            for thread in threads:
                thread.put(observation)
            came.update(observation.cameras.keys())
            gaps += [gap.reason for gap in observation.gaps]
            if progress is not None:
                progress(f"{drive.scenario.name} {weather.name}", done, drive.log.num_frames)
        for camera in outputs:
            if not came[camera]:
                raise DataError(f"camera {camera!r} saw not one tick: {gaps[0] if gaps else 'nothing was replayed'}")
    return _Pass(frames=came.total(), gaps=len(gaps), notes=tuple(session.notes))


def _output(out: Path, stream: PlannedStream, log: DriveLog, kind: PictureKind, tags: LabelSet) -> PictureOutput:
    camera = stream.camera.name
    if kind == "frames":
        return FrameFolder(out / stream.name, camera=camera, palette=tags.palette)
    fps = 1.0 / (log.fixed_delta_seconds * log.record_every_n)
    return VideoFile(out / f"{stream.name}.mp4", camera=camera, fps=fps)


def _describe(out: Path, endpoint: Endpoint, drives: Sequence[LoggedDrive], kind: PictureKind) -> None:
    """Write what the folder will hold, or make sure that it is what it holds already."""
    path = out / DESCRIPTION_NAME
    description = _description(endpoint, drives, kind)
    try:
        if not path.exists():
            _require_nothing_else(out)
            write_json(path, description)
            return
        found = json.loads(path.read_text())
        if not isinstance(found, dict):
            raise ValueError("it is no JSON object")
    except ValueError as error:
        raise DataError(f"{path} cannot be read ({error}): use --overwrite to start anew") from error
    except OSError as error:
        raise storage_error(f"{path} cannot be written", error) from error
    differing = differing_facts(found, description)
    if differing:
        raise OutputInUseError(
            f"{out} was begun in another way: {', '.join(differing)}. Repeat the command as it was, choose another "
            "folder, or start anew with --overwrite"
        )


def _require_nothing_else(out: Path) -> None:
    others = sorted(each.name for each in out.iterdir() if not each.name.startswith("."))
    if others:
        raise OutputInUseError(
            f"{out} has no {DESCRIPTION_NAME} but holds {', '.join(others[:5])}, so no pictures of a replay were begun "
            "there: choose another folder, or start anew with --overwrite"
        )


def _description(endpoint: Endpoint, drives: Sequence[LoggedDrive], kind: PictureKind) -> dict[str, Any]:
    tags = tag_table_for_server(endpoint.version)
    return {
        "schema_version": DESCRIPTION_SCHEMA,
        "write": kind,
        "server": {"version": endpoint.version, "embedded_simulator": endpoint.embedded},
        "tags": {str(number): name for number, name in enumerate(tags.names)},
        "drives": {
            drive.scenario.name: {
                "sha256": drive_sha256(drive.log),
                "definition": drive.scenario.definition,
                "weathers": {
                    weather.name: weather.over(drive.scenario.duration_s).model_dump(mode="json")
                    for weather in drive.weathers
                },
            }
            for drive in drives
        },
    }
