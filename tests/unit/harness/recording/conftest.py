"""Streams, samples and open recordings for the tests of `harness.recording`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.omissions import GAPS_NAME, QUARANTINE_NAME, OmissionLog
from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from harness.carla_client.endpoint import Endpoint
from harness.recording.plan import PlannedStream, RecordingOptions, planned_streams
from harness.recording.stream_writer import StreamWriter
from harness.recording.streams_on_disk import StreamOnDisk
from sim_scenarios.scenario import Scenario, Suite
from sim_scenarios.weather import PRESETS
from sim_scenarios.weather_timeline import WeatherTimeline

WIDTH, HEIGHT = 32, 18
ENDPOINT = Endpoint(host="127.0.0.1", port=1, version="0.9.16", embedded=True)


def _scenario(name: str = "one", *, cameras: tuple[str, ...] = ("front",), **changes: Any) -> Scenario:
    facts: dict[str, Any] = {
        "name": name,
        "split": "train",
        "duration_s": 1.0,
        "cameras": [{"name": camera, "width": WIDTH, "height": HEIGHT} for camera in cameras],
    }
    return Scenario.model_validate(facts | changes)


def _sample(frame: int, *, tag: int | None = None, **changes: Any) -> Sample:
    """Random pixels and tags that depend on the frame; the camera moves a metre a frame."""
    rng = np.random.default_rng(frame)
    facts: dict[str, Any] = {
        "frame": frame,
        "timestamp_s": frame / 20,
        "rgb": rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8),
        "tags": rng.integers(0, 29, (HEIGHT, WIDTH), np.uint8),
        "camera_transform": (float(frame), 2.0, 3.0, 4.0, 5.0, 6.0),
    }
    if tag is not None:
        facts["tags"][0, 0] = tag
    return Sample(**(facts | changes))


@pytest.fixture
def make_scenario() -> Callable[..., Scenario]:
    return _scenario


@pytest.fixture
def make_sample() -> Callable[..., Sample]:
    return _sample


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[RecordingDir]:
    """A new recording, locked by this process."""
    recording = RecordingDir.create(tmp_path / "out")
    with recording.lock():
        yield recording


@pytest.fixture
def make_streams() -> Callable[..., dict[str, PlannedStream]]:
    """Streams of a scenario in ClearNoon, by camera."""

    def make(*cameras: str, name: str = "one") -> dict[str, PlannedStream]:
        noon = WeatherTimeline.constant(PRESETS["ClearNoon"])
        streams = planned_streams(_scenario(name, cameras=cameras or ("front",)), noon, is_replayed=False)
        return {stream.camera.name: stream for stream in streams}

    return make


@pytest.fixture
def make_writer(recording: RecordingDir) -> Callable[..., StreamWriter]:
    """A writer of a stream into ``recording``."""

    def make(
        stream: PlannedStream, *, before: StreamOnDisk | None = None, options: RecordingOptions | None = None
    ) -> StreamWriter:
        options = options or RecordingOptions()
        suite = Suite(name="tiny", scenarios=(stream.scenario,))
        return StreamWriter(
            recording,
            stream,
            stream.header(suite=suite, endpoint=ENDPOINT, options=options, drive_sha256=None),
            options=options,
            before=before or StreamOnDisk(),
            gaps=OmissionLog(recording.root / GAPS_NAME),
            quarantine=OmissionLog(recording.root / QUARANTINE_NAME),
        )

    return make
