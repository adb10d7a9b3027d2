"""How much a replay will write, before anything is rendered: counts if no frame is lost, bytes as an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.recording.estimate import frame_bytes
from harness.recording.plan import PlannedStream, RecordingOptions
from harness.replaying.drives import LoggedDrive, all_streams
from harness.replaying.frame_folder import KINDS
from harness.replaying.replay import OutputKind

BITS_PER_PIXEL = {"frames": 13.9, "video": 0.84}
"""Measured on 2026-11-20: means over 192 frames of the embedded simulator, 640x360, three drives of the suite "city" in
ClearNoon, CloudySunset, HardRainNight and DenseFog, four pictures a second. The pictures alone are 13.3 of the 13.9."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EstimateRow:
    """What one drive comes to."""

    scenario: str
    streams: int
    """Weathers times cameras."""
    frames: int
    """Over all streams."""
    files: int
    """Pictures, videos or shards."""
    num_bytes: int


def estimate(drives: Sequence[LoggedDrive], kind: OutputKind) -> list[EstimateRow]:
    """One row for each drive."""
    return [_row(drive, kind) for drive in drives]


def _row(drive: LoggedDrive, kind: OutputKind) -> EstimateRow:
    streams, frames = list(all_streams([drive])), drive.log.num_frames
    files_a_stream = len(KINDS) * frames if kind == "frames" else 1
    return EstimateRow(
        scenario=drive.scenario.name,
        streams=len(streams),
        frames=frames * len(streams),
        files=files_a_stream * len(streams),
        num_bytes=sum(frames * _frame_bytes(stream, kind) for stream in streams),
    )


def _frame_bytes(stream: PlannedStream, kind: OutputKind) -> int:
    if kind == "shards":
        return frame_bytes(stream, RecordingOptions())
    width, height = stream.camera.size
    return round(width * height * BITS_PER_PIXEL[kind] / 8)
