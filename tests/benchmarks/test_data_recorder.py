"""What the recorder takes in memory while the disk stalls, and what judging a frame costs.

Each test prints its figures (``pytest -m benchmark -s``) and fails on wrong results only, never on time.
"""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from datasets.labels import CARLA_29
from datasets.omissions import OmissionLog
from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from datasets.shard_writer import ShardWriter
from harness.carla_client.endpoint import Endpoint
from harness.recording.plan import RecordingOptions, planned_streams
from harness.recording.quarantine import flaw_of
from harness.recording.shard_pipeline import QUEUE_BYTES, ShardPipeline, pixel_bytes
from harness.recording.stream_writer import StreamWriter
from harness.recording.streams_on_disk import StreamOnDisk
from sim_scenarios.scenario import Scenario, Suite
from sim_scenarios.weather import Weather
from sim_scenarios.weather_timeline import WeatherTimeline

pytestmark = pytest.mark.benchmark

WIDTH, HEIGHT = 640, 480
PAIRS_PER_S = 100
MIB = 1 << 20


def street(frame: int) -> Sample:
    """A gradient with noise, of which every frame is another one: compresses about as a street does."""
    rng = np.random.default_rng(frame)
    rgb = np.linspace(20, 220, WIDTH * 3, dtype=np.uint8).reshape(1, WIDTH, 3).repeat(HEIGHT, axis=0)
    rgb = rgb + rng.integers(0, 16, (HEIGHT, WIDTH, 1), np.uint8)
    tags = np.repeat(np.arange(HEIGHT, dtype=np.uint8)[:, None] // 24, WIDTH, axis=1)
    return Sample(
        frame=frame, timestamp_s=frame / 20, rgb=rgb, tags=tags, camera_transform=(float(frame), 0, 0, 0, 0, 0)
    )


def resident_bytes(field: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def writer_into(recording: RecordingDir) -> StreamWriter:
    camera = {"name": "front", "width": WIDTH, "height": HEIGHT}
    scenario = Scenario.model_validate({"name": "one", "split": "train", "duration_s": 1.0, "cameras": [camera]})
    (stream,) = planned_streams(scenario, WeatherTimeline.constant(Weather()), is_replayed=False)
    endpoint = Endpoint(host="127.0.0.1", port=1, version="0.9.16", embedded=True)
    options = RecordingOptions()
    suite = Suite(name="benchmark", scenarios=(scenario,))
    return StreamWriter(
        recording,
        stream,
        stream.header(suite=suite, endpoint=endpoint, options=options, drive_sha256=None),
        options=options,
        before=StreamOnDisk(),
        gaps=OmissionLog(recording.root / "gaps.jsonl"),
        quarantine=OmissionLog(recording.root / "quarantine.jsonl"),
    )


def test_memory_while_the_disk_stalls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_full: bool) -> None:
    stall_s = 4.0 if is_full else 2.0  # the queue is full after 1.1 s
    disk, append = threading.Event(), ShardWriter.append_encoded
    disk.set()
    monkeypatch.setattr(ShardWriter, "append_encoded", lambda self, encoded: (disk.wait(), append(self, encoded)))
    recording = RecordingDir.create(tmp_path / "out")
    frames = [
        street(frame) for frame in range(8)
    ]  # what a camera would have made; made before, so as not to be measured

    def sample(number: int) -> Sample:
        like = frames[number % len(frames)]
        return Sample(
            frame=number,
            timestamp_s=like.timestamp_s,
            rgb=like.rgb.copy(),
            tags=like.tags.copy(),
            camera_transform=(float(number), 0, 0, 0, 0, 0),
        )

    with recording.lock():
        pipeline = ShardPipeline({"front": writer_into(recording)})
        number, blocked_s = 0, 0.0
        for _ in range(3):
            pipeline.put("front", sample(number))
            number += 1
        pipeline.flush()
        Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts anew
        before = resident_bytes("VmRSS")
        disk.clear()
        threading.Timer(stall_s, disk.set).start()
        started = time.perf_counter()
        offered = 0
        while not disk.is_set():
            due = started + offered / PAIRS_PER_S
            time.sleep(max(0.0, due - time.perf_counter()))
            waited_from = time.perf_counter()
            pipeline.put("front", sample(number))
            blocked_s += time.perf_counter() - waited_from
            number, offered = number + 1, offered + 1
        grown = resident_bytes("VmHWM") - before
        pipeline.finish()
    bound = QUEUE_BYTES + 4 * pixel_bytes(frames[0])
    print(
        f"\n{PAIRS_PER_S} pairs/s of {WIDTH}x{HEIGHT} offered for {stall_s:.0f} s to a stalled disk: {offered} taken\n"
        f"the recorder waited {blocked_s:.1f} s; peak memory grew by {grown / MIB:.0f} MiB\n"
        f"bound: {QUEUE_BYTES / MIB:.0f} MiB of pixels, {QUEUE_BYTES // pixel_bytes(frames[0])} pairs"
    )
    assert recording.shards()[0].num_frames == number
    assert grown <= bound


def test_cost_of_judging_a_frame() -> None:
    rng = np.random.default_rng(0)
    frames = [
        Sample(
            frame=frame,
            timestamp_s=0.0,
            rgb=rng.integers(0, 256, (360, 640, 3), np.uint8),
            tags=rng.integers(0, 29, (360, 640), np.uint8),
            camera_transform=(float(frame), 0, 0, 0, 0, 0),
        )
        for frame in range(20)
    ]
    times = []
    for previous, sample in itertools.pairwise(frames):
        started = time.perf_counter()
        assert flaw_of(sample, previous=previous, size=(640, 360), tag_table=CARLA_29) is None
        times.append(time.perf_counter() - started)
    print(f"\njudging a 640x360 pair: median {1e3 * statistics.median(times):.3f} ms")
