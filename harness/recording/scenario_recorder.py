"""One scenario of a recording: what of it is there, what is missing, and the passes that complete it.

A scenario whose drive log is there is replayed, one without is driven: a drive is known by its log, and a replay of it
belongs to what was recorded of it before, on any server.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets.errors import DiskError, storage_error
from datasets.shard_header import ShardHeader
from harness.carla_client.drive import drive
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.log_checks import logged_scenario
from harness.carla_client.session import open_session
from harness.errors import HarnessError, OutputInUseError, ServerLostError
from harness.recording.open_recording import OpenRecording
from harness.recording.pairing import frames_with_other_labels
from harness.recording.passes import AnotherDriveError, Pass, PassResult, Progress
from harness.recording.plan import (
    DRIVE_KEY,
    PlannedStream,
    differing_facts,
    differing_keys,
    planned_streams,
    planned_weathers,
)
from harness.recording.rows import RecordRow, Status
from harness.recording.thinning import kept_ticks
from sim_scenarios.errors import ScenarioError
from sim_scenarios.scenario import Scenario, Suite
from sim_scenarios.weather_timeline import WeatherTimeline

RECORDED_BEFORE = "recorded before"


@dataclass(frozen=True, kw_only=True, eq=False)
class _View:
    """A scenario in one weather."""

    weather: str
    streams: tuple[PlannedStream, ...]


class ScenarioRecorder:
    """Records one scenario in all its weathers."""

    def __init__(
        self,
        endpoint: Endpoint,
        suite: Suite,
        scenario: Scenario,
        weathers: Sequence[WeatherTimeline],
        opened: OpenRecording,
        *,
        progress: Progress | None = None,
    ) -> None:
        """See ``recorder.record``."""
        self._endpoint = endpoint
        self._suite = suite
        self._scenario = scenario
        self._is_paired = bool(weathers)
        self._opened = opened
        self._progress = progress
        self._log_path = opened.recording.drive_log_path(scenario.name)
        self._notes: list[str] = []
        """For the next row."""
        self._views = [
            _View(
                weather=weather.name,
                streams=planned_streams(scenario, weather, is_replayed=self._is_paired),
            )
            for weather in planned_weathers(scenario, weathers)
        ]

    def run(self, on_row: Callable[[RecordRow], None]) -> None:
        """Record what is missing; ``on_row`` is called for each weather.

        Raises:
            ServerLostError: the server stopped answering.
            ShardError: the disk failed.
        """
        log = self._saved_log()
        if self._is_paired and log is None and not all(self._is_complete(view) for view in self._views):
            try:
                log = self._driven()
            except ServerLostError:
                raise
            except (HarnessError, ScenarioError, RuntimeError) as error:
                for view in self._views:
                    on_row(self._row(view, None, status="failed", note=f"the drive failed: {error}"))
                return
        if self._is_paired and log is not None:
            self._set_other_drives_aside(log)
        for view in self._views:
            try:
                row = self._recorded(view, log)
            except (ServerLostError, DiskError) as error:
                with contextlib.suppress(DiskError):
                    self._opened.streams.look_again()
                on_row(self._row(view, None, status="failed", note=str(error)))
                raise
            on_row(row)

    def _recorded(self, view: _View, log: DriveLog | None) -> RecordRow:
        if self._is_complete(view):
            return self._row(view, None, status="done", note=RECORDED_BEFORE)
        try:
            result = self._run_pass(view, log)
        except ServerLostError:
            raise
        except (HarnessError, ScenarioError, RuntimeError) as error:
            self._opened.streams.look_again()
            return self._row(view, None, status="failed", note=str(error))
        return self._row(view, result, status="done")

    def _run_pass(self, view: _View, log: DriveLog | None) -> PassResult:
        try:
            return self._pass(view, log).run(on_log=self._save, progress=self._progress)
        except AnotherDriveError:
            self._opened.streams.look_again()
            for stream in view.streams:
                self._set_aside(stream, "the server did not do the same drive again, so it was recorded anew")
            return self._pass(view, log).run(on_log=self._save, progress=self._progress)

    def _pass(self, view: _View, log: DriveLog | None) -> Pass:
        writers = {
            stream.camera.name: self._opened.writer(stream, self._header(stream, log))
            for stream in view.streams
            if not self._opened.find(stream).is_complete
        }
        return Pass(
            endpoint=self._endpoint,
            scenario=self._scenario,
            writers=writers,
            log=log,
            options=self._opened.options,
            name=f"{self._scenario.name} {view.weather}" if self._is_paired else self._scenario.name,
        )

    def _driven(self) -> DriveLog:
        """The log of the drive that all weathers will show; saved."""
        scenario = self._scenario
        with open_session(self._endpoint, fixed_delta_seconds=scenario.fixed_delta_seconds) as session:
            run = drive(session, scenario, cameras=())
            for done, _ in enumerate(run, start=1):
                if self._progress is not None:
                    self._progress(f"{scenario.name} drive", done, scenario.num_frames)
            self._notes += [*session.notes, *run.shortfalls]
        self._save(run.log)
        return run.log

    def _save(self, log: DriveLog) -> None:
        try:
            log.save(self._log_path)
        except OSError as error:
            raise storage_error(f"{self._log_path} cannot be written", error) from error

    def _saved_log(self) -> DriveLog | None:
        return DriveLog.load(self._log_path) if self._log_path.exists() else None

    def _header(self, stream: PlannedStream, log: DriveLog | None) -> ShardHeader:
        return stream.header(
            suite=self._suite,
            endpoint=self._endpoint,
            options=self._opened.options,
            drive_sha256=drive_sha256(log) if self._is_paired and log is not None else None,
        )

    def _is_complete(self, view: _View) -> bool:
        return all(self._opened.find(stream).is_complete for stream in view.streams)

    def require_same_definition(self) -> None:
        """Make sure that what is there of the scenario may be gone on with.

        Raises:
            OutputInUseError: it was recorded in another way.
        """
        log = self._saved_log()
        if log is not None:
            differing = differing_facts(logged_scenario(log, path=self._log_path).definition, self._scenario.definition)
            if differing:
                raise _made_otherwise(self._log_path, self._scenario, differing)
        for view in self._views:
            for stream in view.streams:
                expected = self._header(stream, None)
                for piece in self._opened.find(stream).pieces:
                    differing = differing_keys(piece.header, expected)
                    if differing:
                        raise _made_otherwise(piece.path, self._scenario, differing)

    def _set_other_drives_aside(self, log: DriveLog) -> None:
        """Shards of another drive than ``log``'s: its log was lost, and the server drove differently this time."""
        digest = drive_sha256(log)
        for view in self._views:
            for stream in view.streams:
                if any(piece.header.extra.get(DRIVE_KEY) != digest for piece in self._opened.find(stream).pieces):
                    self._set_aside(stream, "it shows another drive than the drive log")

    def _set_aside(self, stream: PlannedStream, why: str) -> None:
        self._opened.streams.set_aside(stream.key, why)
        for omissions in (self._opened.gaps, self._opened.quarantine):
            omissions.forget(*stream.key)

    def _row(self, view: _View, result: PassResult | None, *, status: Status, note: str = "") -> RecordRow:
        found = [self._opened.find(stream) for stream in view.streams]
        key = self._scenario.name, view.weather
        notes = [note, *self._notes, *(result.notes if result else ()), *self._opened.streams.take_notes()]
        self._notes = []
        return RecordRow(
            scenario=self._scenario.name,
            weather=view.weather,
            split=self._scenario.split,
            status=status,
            frames=sum(each.num_frames for each in found),
            frames_per_s=result.written / result.seconds if result else 0.0,
            gaps=len(self._opened.gaps.select(*key)),
            idle=self._idle_frames(view) if status == "done" else 0,
            quarantined=len(self._opened.quarantine.select(*key)),
            other_labels=self._other_labels(view) if status == "done" else None,
            note="; ".join(filter(None, notes)),
        )

    def _idle_frames(self, view: _View) -> int:
        options = self._opened.options
        if not options.min_motion_m or not self._log_path.exists():
            return 0
        log = DriveLog.load(self._log_path)
        return (log.num_frames - len(kept_ticks(log, options.min_motion_m))) * len(view.streams)

    def _other_labels(self, view: _View) -> int | None:
        first = self._views[0]
        if view is first:
            return None
        pairs = [
            (self._opened.find(one), self._opened.find(other))
            for one, other in zip(first.streams, view.streams, strict=True)
        ]
        if not all(one.is_complete for one, _ in pairs):
            return None
        return sum(frames_with_other_labels(one.index, other.index) for one, other in pairs)


def drive_sha256(log: DriveLog) -> str:
    """SHA-256 (hex) of the poses of all actors: equal for equal drives, whatever the server counted."""
    digest = hashlib.sha256(log.spawn_transforms.tobytes())
    digest.update(log.transforms.tobytes())
    return digest.hexdigest()


def _made_otherwise(path: Path, scenario: Scenario, differing: Sequence[str]) -> OutputInUseError:
    return OutputInUseError(
        f"{path} is of scenario {scenario.name!r}, recorded in another way: {', '.join(differing)}. Repeat the command "
        "as it was, choose another folder, or record anew with --overwrite"
    )
