"""How large a recording will be, before anything is driven: counts if no frame is lost, bytes as an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.recording.plan import PlannedStream, RecordingOptions, planned_streams, planned_weathers
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather_timeline import WeatherTimeline

INDEX_ROW_BYTES = 104

_LOSSLESS_LABELS = {"tags": 0.29, "depth": 3.93, "instance": 0.33}
BITS_PER_PIXEL: dict[str, dict[str, float]] = {
    "residual": {"rgb": 11.5, **_LOSSLESS_LABELS},
    "plain": {"rgb": 19.3, "tags": 0.29, "depth": 5.70, "instance": 0.33},
    "gzip": {"rgb": 16.3, "tags": 0.34, "depth": 5.62, "instance": 0.41},
    "jpeg": {"rgb": 3.60, **_LOSSLESS_LABELS},
}
"""By compression and plane. Measured on 2026-11-20: means over 32 frames of the embedded simulator, 640x360, three
drives of the suite "city" in ClearNoon, CloudySunset, HardRainNight and DenseFog. RGB varied by a fifth with the
weather; 320x180 takes a tenth more, 1280x720 a twentieth less. JPEG at quality 95."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EstimateRow:
    """What one scenario comes to."""

    scenario: str
    split: str
    streams: int
    """Weathers times cameras."""
    frames: int
    """Over all streams."""
    shards: int
    num_bytes: int


def estimate(
    scenarios: Sequence[Scenario], weathers: Sequence[WeatherTimeline], options: RecordingOptions
) -> list[EstimateRow]:
    """One row for each scenario; ``weathers`` as for ``recorder.record``."""
    return [_row(scenario, weathers, options) for scenario in scenarios]


def frame_bytes(stream: PlannedStream, options: RecordingOptions) -> int:
    """Of one frame of ``stream`` in its shard, estimated."""
    bits = BITS_PER_PIXEL[options.compression]
    camera = stream.camera
    pixels = camera.width * camera.height
    return INDEX_ROW_BYTES + round(pixels * sum(bits[plane] for plane in ("rgb", "tags", *camera.planes)) / 8)


def _row(scenario: Scenario, weathers: Sequence[WeatherTimeline], options: RecordingOptions) -> EstimateRow:
    streams = [
        stream
        for weather in planned_weathers(scenario, weathers)
        for stream in planned_streams(scenario, weather, is_replayed=bool(weathers))
    ]
    frames = scenario.num_frames
    shards = -(-frames // options.shard_frames) if options.shard_frames else 1
    return EstimateRow(
        scenario=scenario.name,
        split=scenario.split,
        streams=len(streams),
        frames=frames * len(streams),
        shards=shards * len(streams),
        num_bytes=sum(frames * frame_bytes(stream, options) for stream in streams),
    )
