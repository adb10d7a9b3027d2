"""How fast frames reach a training loop, against a folder of PNG files read the usual way.

Prints its figures (``pytest -m benchmark -s``) and fails on wrong results only, never on time. All sides show 640x480
frames of the embedded simulator in random order, cropped to 512x384, mirrored, and changed in brightness, contrast and
saturation; batches of 8 arrive in the training process, which does nothing else. The PNG side hands out float32, as is
usual; the shards hand out uint8, which is scaled where the net is: what that takes on a CPU is measured, too.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, RandomSampler

from datasets.augmentation import LUMA, Augmentation
from datasets.labels import CARLA_29, CITYSCAPES_19, lookup_table
from datasets.recording_dir import RecordingDir
from datasets.shard import ShardReader
from datasets.torch_dataset import ShardDataset
from datasets.torch_loader import ShardLoader
from harness.carla_client.endpoint import Endpoint
from harness.recording.recorder import record
from harness.training.pixels import to_net_input
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Ego, Scenario, Suite, Traffic

pytestmark = pytest.mark.benchmark

BATCH_SIZE = 8
CROP_WIDTH, CROP_HEIGHT = 512, 384
JITTER = 0.3

Batches = Iterable[tuple[Tensor, Tensor]]


class PngFolder(Dataset[tuple[Tensor, Tensor]]):
    """Images and index masks as PNG files, decoded and changed one by one: what tutorials show."""

    def __init__(self, folder: Path, *, augment: bool = True) -> None:
        self.images = sorted(folder.glob("*.rgb.png"))
        self.lookup = lookup_table(CARLA_29, CITYSCAPES_19)
        self.augment = augment

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        path = self.images[number]
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        mask = cv2.imread(str(path).replace(".rgb.", ".tags."), cv2.IMREAD_UNCHANGED)
        labels = self.lookup[mask]
        if not self.augment:
            return torch.from_numpy(image).permute(2, 0, 1), torch.from_numpy(labels)
        rng = np.random.default_rng()
        top, left = rng.integers(0, 480 - CROP_HEIGHT + 1), rng.integers(0, 640 - CROP_WIDTH + 1)
        image = image[top : top + CROP_HEIGHT, left : left + CROP_WIDTH]
        labels = labels[top : top + CROP_HEIGHT, left : left + CROP_WIDTH]
        if rng.random() < 0.5:
            image, labels = image[:, ::-1], labels[:, ::-1]
        brightness, contrast, saturation = (1 + JITTER * rng.uniform(-1, 1, 3)).astype(np.float32)
        pixels = image.astype(np.float32) / 255 * brightness
        grey = pixels @ LUMA.astype(np.float32)
        pixels = grey[..., None] + saturation * (pixels - grey[..., None])
        pixels = np.clip(grey.mean() + contrast * (pixels - grey.mean()), 0, 1)
        pixels = (pixels - 0.5) / 0.25
        return torch.from_numpy(pixels.transpose(2, 0, 1).copy()), torch.from_numpy(labels.copy())


@pytest.fixture(scope="module")
def shard(simulator: Endpoint, tmp_path_factory: pytest.TempPathFactory, is_full: bool) -> Path:
    """One drive through the town."""
    folder = tmp_path_factory.mktemp("loader") / "recording"
    scenario = Scenario(
        name="benchmark",
        split="train",
        seed=1,
        duration_s=(96 if is_full else 48) * 0.05,
        ego=Ego(spawn_point=3),
        traffic=Traffic(vehicles=30, walkers=30),
        cameras=(CameraSpec(width=640, height=480),),
    )
    record(simulator, Suite(name="benchmark", scenarios=(scenario,)), folder)
    (entry,) = RecordingDir.open(folder).shards()
    return entry.path


@pytest.fixture(scope="module")
def png_folder(shard: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same frames, at OpenCV's usual level of compression."""
    folder = tmp_path_factory.mktemp("png")
    with ShardReader(shard) as reader:
        for number in range(len(reader)):
            cv2.imwrite(str(folder / f"{number:04}.rgb.png"), cv2.cvtColor(reader.rgb(number), cv2.COLOR_RGB2BGR))
            cv2.imwrite(str(folder / f"{number:04}.tags.png"), reader.tags(number))
    return folder


@dataclass(frozen=True)
class Pace:
    """What one pass over a side's frames took."""

    frames_a_second: float
    processor_ms: float
    """Processor time of a frame, in this process and in all workers; unlike the pace, hardly touched by other load."""


def pace(batches: Batches, use: Callable[[Tensor], object] = len) -> Pace:
    count, started, busy = 0, time.perf_counter(), processor_seconds()
    for rgb, _ in batches:
        use(rgb)
        count += len(rgb)
    return Pace(count / (time.perf_counter() - started), 1e3 * (processor_seconds() - busy) / count)


def processor_seconds() -> float:
    """Of this process and its children, the workers, so far."""
    total = time.process_time()
    for child in multiprocessing.active_children():
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def epochs(loader: ShardLoader, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    for _ in range(count):
        yield from loader


def without_threads(_worker: int) -> None:
    cv2.setNumThreads(0)


def test_frames_a_second(shard: Path, png_folder: Path, is_full: bool) -> None:
    rounds = 3 if is_full else 1
    data = ShardDataset([shard] * 4, label_set=CITYSCAPES_19)  # longer epochs: a loader runs dry at the end of each
    reference = PngFolder(png_folder, augment=False)
    frames = len(reference)
    for number in (0, frames // 2, frames - 1):  # the very same frames on both sides
        for mine, theirs in zip(data[number], reference[number], strict=True):
            assert torch.equal(mine, theirs)

    augmentation = Augmentation(crop=(CROP_WIDTH, CROP_HEIGHT), color_jitter=JITTER)
    shards = {
        workers: ShardLoader(data, batch_size=BATCH_SIZE, num_workers=workers, augmentation=augmentation)
        for workers in (0, 2)
    }
    folder = PngFolder(png_folder)
    pngs = DataLoader(
        folder,
        batch_size=BATCH_SIZE,
        sampler=RandomSampler(folder, replacement=True, num_samples=frames),
        num_workers=2,
        persistent_workers=True,
        multiprocessing_context="spawn",
        worker_init_fn=without_threads,
    )
    sides: dict[str, Callable[[], Pace]] = {
        "shards, 2 workers": lambda: pace(epochs(shards[2], 2)),
        "shards, 1 process": lambda: pace(epochs(shards[0], 1)),
        "shards, 2 workers, scaled to float32": lambda: pace(epochs(shards[2], 1), to_net_input),
        "PNG folder, 2 workers": lambda: pace(pngs),
    }
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # in the training process, as in the workers
    try:
        for side in sides.values():
            side()  # start workers, compile, fill the page cache
        paces: dict[str, list[Pace]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, side in sides.items():
                paces[name].append(side())
    finally:
        torch.set_num_threads(threads)

    def ratio(name: str, other: str) -> float:
        pairs = zip(paces[name], paces[other], strict=True)
        return statistics.median(mine.frames_a_second / theirs.frames_a_second for mine, theirs in pairs)

    print(f"\n640x480 frames, crop {CROP_WIDTH}x{CROP_HEIGHT}, batches of {BATCH_SIZE}, median of {rounds} rounds")
    for name, found in paces.items():
        rate, busy = (statistics.median(values) for values in zip(*map(astuple, found), strict=True))
        print(f"{name}: {rate:.0f} frames/s, {busy:.2f} ms of processor time a frame")
    print(f"shards / PNG folder, 2 workers: {ratio('shards, 2 workers', 'PNG folder, 2 workers'):.2f} (target >= 4)")
    scaled = ratio("shards, 2 workers, scaled to float32", "PNG folder, 2 workers")
    print(f"the same with scaling to float32 in the training process: {scaled:.2f}")
    print(f"2 workers / 1 process: {ratio('shards, 2 workers', 'shards, 1 process'):.2f} (target >= 1.8)")
