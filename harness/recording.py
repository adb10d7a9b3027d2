"""Record a suite: drive each scenario, pair its images, write shards and drive logs.

Decisions:

- The recording thread ticks and receives; encoding and writing happen in other threads, so frame n+1 is simulated
  while frame n is compressed.
- A session of its own for each scenario: its drive does not depend on those before it, so a resumed recording holds
  what an uninterrupted one would.
- A scenario counts once its drive log and then its shards have their names and the manifest lists them. One that was
  interrupted keeps its frames in a ``.part``, until ``resume`` drives it again from its start.
- A scenario that fails is a row with its reason, and the next one is driven. A lost server or a disk that fails ends
  the recording, because nothing after it could succeed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from datasets.errors import ShardError
from datasets.labels import tag_table_for_server
from datasets.recording_dir import MANIFEST_NAME, RecordingDir
from datasets.sample import Sample
from datasets.shard_header import ShardHeader
from datasets.shard_layout import PART_SUFFIX
from datasets.shard_reader import ShardReader
from harness import __version__
from harness.carla_client.drive import Drive, drive
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.observation import Gap, Observation
from harness.carla_client.session import open_session
from harness.errors import DataError, HarnessError, OutputInUseError, ServerLostError
from harness.shard_pipeline import ShardPipeline
from sim_scenarios.camera import CameraSpec
from sim_scenarios.errors import ScenarioError
from sim_scenarios.scenario import Scenario, Suite
from sim_scenarios.weather import weather_name

Progress = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""

Status = Literal["done", "failed", "not run"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordRow:
    """What became of one scenario."""

    scenario: str
    split: str
    status: Status
    frames: int = 0
    """Written pairs, over all cameras."""
    frames_per_s: float = 0.0
    """Of real time, spawning and warm-up included; 0 where nothing was driven."""
    gaps: int = 0
    """Pairs that should be there and are not."""
    note: str = ""
    """Why it failed, or what else a user should know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordSummary:
    """One row for each scenario of the suite, in its order."""

    rows: tuple[RecordRow, ...]
    server_lost: ServerLostError | None = None
    """Set when the recording ended early because the server did; what was recorded before is kept."""


def record(
    endpoint: Endpoint,
    suite: Suite,
    out: Path,
    *,
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
        resume: Go on in a folder that holds a recording: skip what is finished, drive anew what is not.
        splits: Only scenarios of these splits; all if empty.
        progress: Called with the scenario's name, its frames so far and in all.
        on_row: Called with the row of each scenario as it ends.

    Raises:
        OutputInUseError: ``out`` holds a recording and ``resume`` is not set, or it is of other scenarios.
        ShardError: the disk failed; finished scenarios are kept.
    """
    scenarios = [each for each in suite.scenarios if not splits or each.split in splits]
    recording = _open(out, resume=resume)
    with recording.lock():
        rows: list[RecordRow] = []
        for i, scenario in enumerate(scenarios):
            task = _Task(endpoint=endpoint, suite=suite, scenario=scenario, recording=recording, progress=progress)
            try:
                rows.append(task.run())
                if on_row is not None:
                    on_row(rows[-1])
            except ServerLostError as error:
                rows.append(_row(scenario, status="failed", note=str(error)))
                rows += unfinished(scenarios[i + 1 :], ())
                return RecordSummary(rows=tuple(rows), server_lost=error)
    return RecordSummary(rows=tuple(rows))


def unfinished(scenarios: Sequence[Scenario], ended: Sequence[RecordRow]) -> list[RecordRow]:
    """Rows of the scenarios that have none in ``ended``, because the server was lost."""
    names = {row.scenario for row in ended}
    return [_row(each, status="not run", note="the server was lost") for each in scenarios if each.name not in names]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Task:
    """One scenario of a recording."""

    endpoint: Endpoint
    suite: Suite
    scenario: Scenario
    recording: RecordingDir
    progress: Progress | None

    def run(self) -> RecordRow:
        """Drive and write the scenario, unless it is there already."""
        targets = {
            camera.name: (self.recording.shard_path(_shard_name(self.scenario, camera)), self._header(camera))
            for camera in self.scenario.cameras
        }
        recorded = self._already_recorded(targets)
        if recorded is not None:
            return _row(self.scenario, status="done", frames=recorded, note="recorded before")
        # What is left of an interrupted attempt, of one whose other camera never got its name, or damaged.
        for path, _ in targets.values():
            path.with_name(path.name + PART_SUFFIX).unlink(missing_ok=True)
        aside = [str(kept) for path, _ in targets.values() if (kept := self.recording.set_aside(path)) is not None]
        try:
            row = self._drive_and_write(targets)
        except ServerLostError:
            raise
        except (HarnessError, ScenarioError, RuntimeError) as error:
            row = _row(self.scenario, status="failed", note=str(error))
        if not aside:
            return row
        return replace(row, note="; ".join(filter(None, (row.note, f"an earlier shard is kept as {', '.join(aside)}"))))

    def _drive_and_write(self, targets: dict[str, tuple[Path, ShardHeader]]) -> RecordRow:
        scenario = self.scenario
        started = time.perf_counter()
        pipeline = ShardPipeline(targets)
        try:
            with open_session(
                self.endpoint, seed=scenario.seed, fixed_delta_seconds=scenario.fixed_delta_seconds
            ) as session:
                run = drive(session, scenario, cameras=scenario.cameras)
                gaps = self._feed(run, pipeline)
            pipeline.flush()
            rejected = [Gap(frame=each.frame, camera=each.camera, reason=each.reason) for each in pipeline.rejected]
            gaps += rejected
            _require_frames(pipeline, gaps)
            replace(run.log, gaps=tuple(gaps)).save(self.recording.drive_log_path(scenario.name))
            pipeline.finish()
        except BaseException:
            pipeline.leave_unfinished()
            raise
        for path, _ in targets.values():
            self.recording.add_shard(path)
        seconds = time.perf_counter() - started
        return _row(
            scenario,
            status="done",
            frames=pipeline.num_written,
            frames_per_s=pipeline.num_written / seconds,
            gaps=len(gaps),
            note="; ".join((*session.notes, *run.shortfalls)),
        )

    def _feed(self, run: Drive, pipeline: ShardPipeline) -> list[Gap]:
        gaps: list[Gap] = []
        total = self.scenario.num_frames
        with closing(iter(run)) as observations:
            for done, observation in enumerate(observations, start=1):
                gaps += observation.gaps
                for camera, sample in _samples(observation):
                    pipeline.put(camera, sample)
                if self.progress is not None:
                    self.progress(self.scenario.name, done, total)
        return gaps

    def _already_recorded(self, targets: dict[str, tuple[Path, ShardHeader]]) -> int | None:
        """Frames of the finished recording of this scenario; None if there is none that can be opened.

        Raises:
            OutputInUseError: it is there, but was recorded under other conditions.
        """
        if not all(_can_be_opened(path) for path, _ in targets.values()):
            return None
        listed = {entry.path: entry for entry in self.recording.shards()}
        frames = 0
        for path, header in targets.values():
            # A recorder that died between naming a shard and listing it left a shard that is as good as any.
            entry = listed.get(path) or self.recording.add_shard(path)
            if entry.header_digest != header.digest:
                raise OutputInUseError(
                    f"{path} holds scenario {self.scenario.name!r} recorded from another definition, server or "
                    "version of this program: choose another folder, or record anew with --overwrite"
                )
            frames += entry.num_frames
        return frames

    def _header(self, camera: CameraSpec) -> ShardHeader:
        scenario = self.scenario
        return ShardHeader(
            scenario=scenario.name,
            split=scenario.split,
            town=scenario.town,
            seed=scenario.seed,
            weather={"name": weather_name(scenario.weather)} | scenario.weather.model_dump(),
            camera=camera.model_dump(),
            server_version=self.endpoint.version,
            tag_table=tag_table_for_server(self.endpoint.version),
            harness_version=__version__,
            extra={
                "suite": self.suite.name,
                "embedded_simulator": self.endpoint.embedded,
                "definition": scenario.model_dump(mode="json"),
            },
        )


def _open(out: Path, *, resume: bool) -> RecordingDir:
    if not (out / MANIFEST_NAME).exists():
        return RecordingDir.create(out)
    if not resume:
        raise OutputInUseError(f"{out} holds a recording: add --resume to go on with it, or choose another folder")
    return RecordingDir.open(out, allow_missing=True)


def _can_be_opened(path: Path) -> bool:
    """Whether a whole shard is there; its frames are checked when they are read."""
    try:
        ShardReader(path).close()
    except ShardError:
        return False
    return True


def _require_frames(pipeline: ShardPipeline, gaps: Sequence[Gap]) -> None:
    for camera, count in pipeline.written.items():
        if count == 0:
            reasons = [gap.reason for gap in gaps if gap.camera == camera] or ["the drive had no recorded tick"]
            raise DataError(f"camera {camera!r} recorded not one pair of images: {reasons[0]}")


def _shard_name(scenario: Scenario, camera: CameraSpec) -> str:
    return scenario.name if len(scenario.cameras) == 1 else f"{scenario.name}.{camera.name}"


def _samples(observation: Observation) -> Iterator[tuple[str, Sample]]:
    for camera, pair in observation.cameras.items():
        yield (
            camera,
            Sample(
                frame=observation.frame,
                timestamp_s=observation.timestamp_s,
                rgb=pair.rgb,
                tags=pair.tags,
                camera_transform=pair.transform,
            ),
        )


def _row(
    scenario: Scenario,
    *,
    status: Status,
    frames: int = 0,
    frames_per_s: float = 0.0,
    gaps: int = 0,
    note: str = "",
) -> RecordRow:
    return RecordRow(
        scenario=scenario.name,
        split=scenario.split,
        status=status,
        frames=frames,
        frames_per_s=frames_per_s,
        gaps=gaps,
        note=note,
    )
