"""Runs with made-up scores, so that what is said about them can be worked out by hand; and a recording to train on."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datasets.labels import CARLA_29
from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardWriter
from harness.ablation.results import RunResult
from harness.scoring.measures import ClassMeasures, Interval, Measures
from harness.training.config import TrainConfig

NOWHERE = Interval(low=math.nan, high=math.nan)
CLASSES = ("Roads", "Car", "Poles", "Train")
SHARES = (0.9, 0.095, 0.005, 0.0)


def measures(ious: tuple[float, ...], boundary: float) -> Measures:
    """Scores of four classes; the last one is in no scored frame."""
    known = [iou for iou in ious if not math.isnan(iou)]
    miou = sum(known) / len(known)
    return Measures(
        frames=8,
        pixel_accuracy=0.9,
        pixel_accuracy_interval=Interval(low=0.85, high=0.95),
        miou=miou,
        miou_interval=Interval(low=miou - 0.02, high=miou + 0.02),
        frequency_weighted_iou=0.8,
        frequency_weighted_iou_interval=Interval(low=0.7, high=0.9),
        boundary_iou=boundary,
        boundary_iou_interval=NOWHERE,
        classes=tuple(
            ClassMeasures(
                name=name,
                pixels=0 if math.isnan(iou) else 1000,
                iou=iou,
                iou_interval=NOWHERE,
                precision=iou,
                recall=iou,
                f1=iou,
                boundary_iou=iou / 2,
                boundary_iou_interval=NOWHERE,
            )
            for name, iou in zip(CLASSES, ious, strict=True)
        ),
        definition="pooled counts",
    )


@pytest.fixture
def baseline() -> TrainConfig:
    return TrainConfig(net="unet", net_options={"base_channels": 4, "depth": 2}, size=(40, 32), label_set=CARLA_29)


@pytest.fixture
def score() -> Callable[..., RunResult]:
    """A finished run: IoUs of road, car and poles, and the mean boundary IoU."""

    def make(road: float = 0.9, car: float = 0.6, poles: float = 0.3, *, boundary: float = 0.4, cost: float = 1.0):  # type: ignore[no-untyped-def]
        return RunResult(
            status="done",
            parameters=int(1000 * cost),
            gflop=cost,
            latency_ms=10 * cost,
            train_seconds=60 * cost,
            best_epoch=3,
            train_shares=SHARES,
            measures=measures((road, car, poles, math.nan), boundary),
        )

    return make


@pytest.fixture(scope="session")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four frames of 32x24 in each split: blocks of classes in their colours. Read only."""
    recording = RecordingDir.create(tmp_path_factory.mktemp("ablation") / "streets")
    with recording.lock():
        for seed, split in enumerate(("train", "val", "test")):
            path = recording.shard_path(split)
            with ShardWriter(path, header(split)) as writer:
                for frame in range(4):
                    blocks = np.random.default_rng((seed, frame)).integers(1, 6, (3, 4), dtype=np.uint8)
                    tags = blocks.repeat(8, axis=0).repeat(8, axis=1)
                    rgb = CARLA_29.palette[tags]
                    writer.append(
                        Sample(frame=frame, timestamp_s=0.05 * frame, rgb=rgb, tags=tags, camera_transform=(0.0,) * 6)
                    )
            recording.add_shard(path)
    return recording.root


def header(split: str) -> ShardHeader:
    return ShardHeader(
        scenario=split,
        split=split,
        town="Town10HD",
        seed=0,
        weather={"name": "ClearNoon"},
        camera={"width": 32, "height": 24},
        server_version="0.9.16",
        tag_table=CARLA_29,
        harness_version="0.1.0",
    )
