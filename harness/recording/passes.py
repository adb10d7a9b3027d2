"""One pass: a drive or a replay, seen by the cameras of one scenario in one weather, into their streams.

A pass that goes on where another one ended begins with the last frame that is there: the camera must be in the same
place and see the same things again, or the server does not repeat its drives and the two ends do not belong together.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from datasets.sample import Sample
from harness.carla_client.drive import Drive, drive
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.observation import Observation
from harness.carla_client.replay import Replay, replay
from harness.carla_client.session import Session, open_session
from harness.errors import DataError
from harness.recording.plan import RecordingOptions
from harness.recording.shard_pipeline import ShardPipeline
from harness.recording.stream_writer import StreamWriter
from harness.recording.thinning import IdleThinning, ego_poses, kept_ticks
from sim_scenarios.scenario import Scenario

Progress: TypeAlias = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""

SAME_PLACE_M = 1e-3
SAME_ANGLE_DEG = 1e-2
"""What is less than this away after all its ticks drives the same drive: float32 leaves 3e-5 at a town's far end."""
SAME_TAGS_SHARE = 0.98
"""Of the pixels: on CARLA foliage moves in the wind, and a car that is elsewhere nearby changes more than this leaves.
The embedded simulator repeats itself to the last pixel, and is held to that."""


class AnotherDriveError(Exception):
    """The server has not repeated the drive that an unfinished stream is of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PassResult:
    """What a pass has done."""

    written: int
    """Frames of this run, over all cameras."""
    seconds: float
    """Of real time."""
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pass:
    """Streams that one drive or replay has to complete."""

    endpoint: Endpoint
    scenario: Scenario
    writers: Mapping[str, StreamWriter]
    """By camera name; all of one weather, none of them complete."""
    log: DriveLog | None
    """Of the drive to replay; None: drive."""
    options: RecordingOptions
    """Which of the recorded ticks are kept."""
    name: str
    """For the progress."""

    def run(self, *, on_log: Callable[[DriveLog], None], progress: Progress | None = None) -> PassResult:
        """Write what is missing and list the streams as complete.

        Args:
            on_log: Called with the log of a drive before its streams count as complete.
            progress: Called after each recorded tick.

        Raises:
            AnotherDriveError: the streams were begun with another drive than the server now does.
            DataError: a stream has not one frame.
            ServerLostError: the server stopped answering.
            ShardError: the disk failed.
        """
        started = time.perf_counter()
        frames_before = self._num_frames
        pipeline = ShardPipeline(self.writers)
        try:
            notes = self._drive_or_replay(pipeline, on_log, progress)
            pipeline.finish()
        except BaseException:
            pipeline.leave_unfinished()
            raise
        return PassResult(
            written=self._num_frames - frames_before,
            seconds=time.perf_counter() - started,
            notes=notes,
        )

    @property
    def _num_frames(self) -> int:
        return sum(writer.num_frames for writer in self.writers.values())

    @property
    def _first_tick(self) -> int:
        last_frame = min(writer.before.last_frame for writer in self.writers.values())
        return max(0, last_frame, min(self.options.ticks, default=0))

    def _drive_or_replay(
        self, pipeline: ShardPipeline, on_log: Callable[[DriveLog], None], progress: Progress | None
    ) -> tuple[str, ...]:
        """Notes; all frames are written when it returns."""
        scenario, log = self.scenario, self.log
        selection = _Selection(self.options, log)
        if log is not None and not selection.has_kept_after(self._first_tick) and self._has_frames:
            return ()  # it ended while it closed its shards
        with open_session(self.endpoint, fixed_delta_seconds=scenario.fixed_delta_seconds) as session:
            run = self._begun(session)
            self._feed(run, selection, _Feeding(pipeline, self.writers, self._same_tags_share), progress)
            pipeline.flush()
        self._require_frames()
        if isinstance(run, Replay):
            return tuple(session.notes)
        on_log(run.log)
        return (*session.notes, *run.shortfalls)

    @property
    def _same_tags_share(self) -> float:
        return 1.0 if self.endpoint.embedded else SAME_TAGS_SHARE

    def _begun(self, session: Session) -> Drive | Replay:
        writers = self.writers.values()
        cameras = [writer.stream.camera for writer in writers]
        if self.log is None:
            return drive(session, self.scenario, cameras=cameras, first_tick=self._first_tick)
        timeline = next(iter(writers)).stream.timeline
        return replay(session, self.log, weather=timeline, cameras=cameras, first_tick=self._first_tick)

    def _feed(self, run: Drive | Replay, selection: _Selection, feeding: _Feeding, progress: Progress | None) -> None:
        scenario = self.scenario
        with closing(iter(run)) as observations:
            for observation in observations:
                if isinstance(run, Drive) and selection.is_new and observation.tick > 0:
                    selection.catch_up(run.log, observation.tick)
                if selection.keeps(observation):
                    feeding.feed(observation)
                if progress is not None:
                    progress(self.name, observation.tick // scenario.record_every_n + 1, scenario.num_frames)
                if selection.ends_with(observation.tick):
                    break
        feeding.require_proof_of_all()

    @property
    def _has_frames(self) -> bool:
        return all(writer.num_frames for writer in self.writers.values())

    def _require_frames(self) -> None:
        for camera, writer in self.writers.items():
            if not writer.num_frames:
                raise DataError(f"camera {camera!r} recorded not one pair of images: {writer.why_empty()}")


class _Selection:
    """Which recorded ticks are kept: of a replay by its log, of a drive as it goes."""

    def __init__(self, options: RecordingOptions, log: DriveLog | None) -> None:
        self._thinning = IdleThinning(options.min_motion_m)
        self._kept = None if log is None else frozenset(kept_ticks(log, options.min_motion_m))
        self._last: int | None = None
        if self._kept is not None and options.ticks:
            self._kept &= frozenset(options.ticks)
            self._last = max(self._kept, default=None)
        self.is_new = True

    def ends_with(self, tick: int) -> bool:
        """Whether none of the chosen ticks comes after this one; what is not chosen is seen to its end."""
        return self._last is not None and tick >= self._last

    def has_kept_after(self, tick: int) -> bool:
        return self._kept is None or any(kept > tick for kept in self._kept)

    def catch_up(self, log: DriveLog, tick: int) -> None:
        """Decide the ticks of a drive before ``tick``, which nobody has seen."""
        for earlier, ego in ego_poses(log):
            if earlier < tick:
                self._thinning.keeps(ego)

    def keeps(self, observation: Observation) -> bool:
        self.is_new = False
        if self._kept is not None:
            return observation.tick in self._kept
        return self._thinning.keeps(observation.ego_transform)


class _Feeding:
    """From observations to the pipeline, from where each stream ends."""

    def __init__(self, pipeline: ShardPipeline, writers: Mapping[str, StreamWriter], same_tags_share: float) -> None:
        self._pipeline = pipeline
        self._same_tags_share = same_tags_share
        self._before = {camera: writer.before for camera, writer in writers.items()}
        self._proven = {camera for camera, before in self._before.items() if not before.pieces}
        """Cameras whose stream is new, or has been seen to go on from its last frame."""

    def feed(self, observation: Observation) -> None:
        tick = observation.tick
        for gap in observation.gaps:
            if tick > self._before[gap.camera].last_frame:
                self._require_proof(gap.camera)
                self._pipeline.list_gap(gap.camera, tick, gap.reason)
        for camera, sample in _samples(observation):
            last_frame = self._before[camera].last_frame
            if tick > last_frame:
                self._require_proof(camera)
                self._pipeline.put(camera, sample)
            elif tick == last_frame:
                self._prove(camera, sample)

    def require_proof_of_all(self) -> None:
        for camera in self._before:
            self._require_proof(camera)

    def _prove(self, camera: str, sample: Sample) -> None:
        if is_same_scene(sample, self._before[camera].last_sample(), tags_share=self._same_tags_share):
            self._proven.add(camera)
            self._pipeline.see(camera, sample)

    def _require_proof(self, camera: str) -> None:
        if camera not in self._proven:
            raise AnotherDriveError


def is_same_scene(one: Sample, other: Sample, *, tags_share: float) -> bool:
    """Whether two frames of a camera are of the same place and scene.

    Args:
        one: A frame.
        other: The frame of the same number, of the same size.
        tags_share: Of the pixels, that must have equal tags.
    """
    here, there = one.camera_transform, other.camera_transform
    turns = (abs((a - b + 180.0) % 360.0 - 180.0) for a, b in zip(here[3:], there[3:], strict=True))
    is_same_place = math.dist(here[:3], there[:3]) <= SAME_PLACE_M and all(turn <= SAME_ANGLE_DEG for turn in turns)
    return is_same_place and float(np.mean(one.tags == other.tags)) >= tags_share


def _samples(observation: Observation) -> Iterator[tuple[str, Sample]]:
    for camera, pair in observation.cameras.items():
        yield (
            camera,
            Sample(
                frame=observation.tick,
                timestamp_s=observation.timestamp_s,
                rgb=pair.rgb,
                tags=pair.tags,
                camera_transform=pair.transform,
                depth=pair.depth,
                instance=pair.instance,
            ),
        )
