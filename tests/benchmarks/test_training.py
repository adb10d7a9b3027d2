"""How fast nets are trained: our loop against the usual one, what it waits for frames, and what a GPU reaches.

Prints its figures (``pytest -m benchmark -s``) and fails on wrong results only, never on time. On a CPU the two loops
take turns, step by step: the usual one makes its step whenever ours reports one. The usual loop is eager, channels
first, float32, with torch's cross entropy and AdamW, on a batch that is ready: augmentation, clipping and waiting for
frames are in our time alone.
"""

from __future__ import annotations

import importlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import nets
from datasets.labels import CITYSCAPES_19
from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardWriter
from harness.net_cost import MeasuredNet, flop_per_image
from harness.training.config import TrainConfig
from harness.training.device import choose_precision
from harness.training.epoch_metrics import EpochMetrics
from harness.training.loop import train
from nets import build_net

pytestmark = pytest.mark.benchmark

CPU_NET = "unet"
CPU_OPTIONS = {"base_channels": 16}
CPU_BATCH = 4

H200_BFLOAT16_FLOP_PER_S = 989e12
"""Dense, from NVIDIA's data sheet."""
GPU_STEPS = 20


def write_streets(path: Path, *, width: int, height: int, frames: int) -> Path:
    """A recording of ``frames`` training frames and two to validate on: blocks of classes, coloured, with grain."""
    recording = RecordingDir.create(path)
    with recording.lock():
        for split, count in (("train", frames), ("val", 2)):
            header = ShardHeader(
                scenario=split,
                split=split,
                town="Town10HD",
                seed=0,
                weather={"name": "ClearNoon"},
                camera={"width": width, "height": height},
                server_version="0.9.16",
                tag_table=CITYSCAPES_19,
                harness_version="0",
            )
            with ShardWriter(recording.shard_path(split), header) as writer:
                for frame in range(count):
                    writer.append(street(frame, width=width, height=height))
            recording.add_shard(recording.shard_path(split))
    return path


def street(frame: int, *, width: int, height: int) -> Sample:
    rng = np.random.default_rng(frame)
    blocks = rng.integers(0, CITYSCAPES_19.num_classes, (height // 40 + 1, width // 40 + 1), dtype=np.uint8)
    tags = np.ascontiguousarray(blocks.repeat(40, axis=0).repeat(40, axis=1)[:height, :width])
    grain = rng.integers(0, 16, (height, width, 1), dtype=np.uint8)
    rgb = CITYSCAPES_19.palette[tags] // 2 + grain
    return Sample(frame=frame, timestamp_s=frame / 20, rgb=rgb, tags=tags, camera_transform=(0.0,) * 6)


@pytest.fixture(scope="module")
def size(is_full: bool) -> tuple[int, int]:
    """(width, height) [px] of the frames on a CPU."""
    return (640, 480) if is_full else (256, 192)


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory, is_full: bool, size: tuple[int, int]) -> Path:
    path = tmp_path_factory.mktemp("training") / "streets"
    width, height = size
    return write_streets(path, width=width, height=height, frames=CPU_BATCH * (20 if is_full else 5))


class UsualLoop:
    """What a tutorial shows: float32, channels first, ``CrossEntropyLoss``, ``AdamW``, one step after the other."""

    def __init__(self, net: nn.Module, images: Tensor, labels: Tensor) -> None:
        self._net, self._images, self._labels = net.train(), images, labels.long()
        self._loss = nn.CrossEntropyLoss(ignore_index=255)
        self._optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)

    def step(self) -> None:
        self._optimizer.zero_grad()
        outputs = self._net(self._images)
        logits = outputs if isinstance(outputs, Tensor) else outputs[0]
        self._loss(logits, self._labels).backward()
        self._optimizer.step()


def random_batch(batch_size: int, width: int, height: int, device: str) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn((batch_size, 3, height, width), generator=generator)
    labels = torch.randint(CITYSCAPES_19.num_classes, (batch_size, height, width), generator=generator)
    return images.to(device), labels.to(device)


def cpu_config(**settings: Any) -> TrainConfig:
    return TrainConfig(
        net=CPU_NET, net_options=CPU_OPTIONS, label_set=CITYSCAPES_19, batch_size=CPU_BATCH, device="cpu", **settings
    )


def test_a_step_over_the_usual_one(streets: Path, size: tuple[int, int], tmp_path: Path) -> None:
    width, height = size
    print(f"\ntraining step of {CPU_NET} {CPU_OPTIONS}, {CPU_BATCH} frames of {width}x{height}, usual loop over ours")
    for precision in dict.fromkeys(("float32", choose_precision("auto", torch.device("cpu")))):
        usual_net = build_net(CPU_NET, CITYSCAPES_19.num_classes, **CPU_OPTIONS)
        usual = UsualLoop(usual_net, *random_batch(CPU_BATCH, width, height, "cpu"))
        usual.step()
        times: list[tuple[float, float]] = []
        resumed = time.perf_counter()

        def take_turn(_: object, usual: UsualLoop = usual, times: list[tuple[float, float]] = times) -> None:
            nonlocal resumed
            ours = time.perf_counter() - resumed
            started = time.perf_counter()
            usual.step()
            times.append((time.perf_counter() - started, ours))
            resumed = time.perf_counter()

        summary = train(
            cpu_config(epochs=1, precision=precision, cache="ram"),
            streets,
            tmp_path / precision,
            on_status=take_turn,
        )
        assert summary.precision == precision
        assert len(times) == summary.num_train_frames // CPU_BATCH
        measured = times[1:]  # our first step has all preparations in it
        ratio = statistics.median(theirs / ours for theirs, ours in measured)
        theirs_ms, ours_ms = (1e3 * statistics.median(side) for side in zip(*measured, strict=True))
        print(f"  {precision:8}  {theirs_ms:.0f} ms over {ours_ms:.0f} ms: {ratio:.2f}   target >= 1.3")


def test_share_of_a_step_spent_waiting_for_frames(streets: Path, tmp_path: Path) -> None:
    epochs: list[EpochMetrics] = []
    train(cpu_config(epochs=2, cache="none", workers=2), streets, tmp_path / "run", on_epoch=epochs.append)
    assert all(0 <= epoch.data_wait_share <= 1 for epoch in epochs)
    first, second = (epoch.data_wait_share for epoch in epochs)
    print(
        f"\nstreamed by two workers: {second:.1%} of a step is spent waiting for frames (target <= 5 %); "
        f"{first:.1%} in the first epoch, in which they start"
    )


GPU_ROWS = {
    "U-Net-64": ("unet", {"base_channels": 64}, 32),
    "SegNet": ("segnet", {}, 32),
    "DeepLabV3+": ("deeplabv3plus", {}, 64),
}
"""Net, options and batch."""


@pytest.fixture(scope="module")
def many_streets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gpu") / "streets"
    return write_streets(path, width=640, height=480, frames=64 * GPU_STEPS)


def gpu_row(recording: Path, out: Path, name: str, options: dict[str, Any], batch_size: int) -> EpochMetrics:
    """The last of four epochs: compiled, warm, frames in the GPU's memory."""
    epochs: list[EpochMetrics] = []
    config = TrainConfig(
        net=name,
        net_options=options,
        label_set=CITYSCAPES_19,
        batch_size=batch_size,
        epochs=4,
        device="cuda",
        precision="bfloat16",
        cache="gpu",
    )
    train(config, recording, out, on_epoch=epochs.append)
    return epochs[-1]


def images_a_second_of_the_usual_loop(net: nn.Module, batch_size: int) -> float:
    loop = UsualLoop(net.cuda(), *random_batch(batch_size, 640, 480, "cuda"))
    for _ in range(3):
        loop.step()
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(GPU_STEPS):
        loop.step()
    torch.cuda.synchronize()
    return GPU_STEPS * batch_size / (time.perf_counter() - started)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and torch sees none")
@pytest.mark.parametrize("title", GPU_ROWS)
def test_images_a_second_on_a_gpu(many_streets: Path, tmp_path: Path, title: str) -> None:
    name, options, batch_size = GPU_ROWS[title]
    ours = gpu_row(many_streets, tmp_path / "run", name, options, batch_size)
    usual_net = build_net(name, CITYSCAPES_19.num_classes, **options)
    # In half a batch, since float32 takes twice the memory.
    usual = images_a_second_of_the_usual_loop(usual_net, batch_size // 2)
    net = MeasuredNet(title=title, name=name, options=options, num_classes=CITYSCAPES_19.num_classes)
    flop = flop_per_image(net, width=640, height=480, task="training")
    print(
        f"\n{title}, 640x480, {torch.cuda.get_device_name()}, batch {batch_size}, bfloat16: {ours.images_per_s:.0f} "
        f"images/s, {ours.images_per_s * flop / H200_BFLOAT16_FLOP_PER_S:.1%} of an H200's peak, "
        f"{ours.data_wait_share:.2%} waiting for frames, {ours.memory_bytes / 2**30:.1f} GiB\n"
        f"  the same net, eager, float32: {usual:.0f} images/s; ours over it: {ours.images_per_s / usual:.2f}"
    )
    assert ours.images_per_s > 0


@pytest.fixture
def references(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """segmentation-models-pytorch, which `make venv` installs beside the environment since it needs torchvision."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(sys.prefix) / "references")])
    declaration = importlib.import_module("tests.unit.nets.smp_reference").importable_torchvision()
    yield importlib.import_module("segmentation_models_pytorch")
    del declaration  # what it declares ends with it


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and torch sees none")
@pytest.mark.parametrize("kind", ["Unet", "DeepLabV3Plus"])
def test_reference_nets_under_the_same_loop(
    many_streets: Path, tmp_path: Path, references: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    build: Callable[..., nn.Module] = getattr(references, kind)

    class Reference(nn.Module):
        stride = 32
        auxiliary_weights: tuple[float, ...] = ()

        def __init__(self, num_classes: int, *, base_channels: int = 64) -> None:
            super().__init__()
            self.net = build("resnet50", encoder_weights=None, classes=num_classes)

        def forward(self, images: Tensor) -> Tensor:
            logits: Tensor = self.net(images)
            return logits

    monkeypatch.setitem(nets.NETS, "reference", Reference)
    found = gpu_row(many_streets, tmp_path / "run", "reference", {}, 64)
    print(
        f"\nsegmentation-models-pytorch {kind} ResNet-50, 640x480, batch 64, our loop: "
        f"{found.images_per_s:.0f} images/s, {found.memory_bytes / 2**30:.1f} GiB"
    )
    assert found.images_per_s > 0
