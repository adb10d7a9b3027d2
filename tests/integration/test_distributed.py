"""``torchrun -m harness train`` in two processes: the same net as one process makes, one set of files, one message."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from datasets.shard_guard import examined
from harness.run_dir import RunDir
from harness.training.config import TrainConfig
from harness.training.loop import train
from harness.training.state import initial_state
from tests.unit.harness.training.conftest import write_recording

pytestmark = pytest.mark.integration

CONFIG = TrainConfig(
    net="unet",
    net_options={"base_channels": 4, "depth": 2},
    epochs=2,
    batch_size=4,
    optimizer="sgd",
    learning_rate=0.05,
    class_weights="inverse-sqrt",
    crop=(32, 24),
    scale_jitter=0.5,
    precision="float32",
    device="cpu",
    ema_decay=0.9,
)
"""SGD, since Adam divides each gradient by its size: where one is nearly zero, its rounding error becomes a step."""

OPTIONS = (
    *("--net", "unet:base_channels=4:depth=2", "--epochs", "2", "--batch-size", "4", "--optimizer", "sgd"),
    *("--learning-rate", "0.05", "--class-weights", "inverse-sqrt", "--crop", "32x24", "--scale-jitter", "0.5"),
    *("--precision", "float32", "--device", "cpu", "--ema", "0.9"),
)
"""The same on the command line."""

TOLERANCE = 3e-4
"""Relative, of losses and of the way that the weights went. Sums over a batch are taken in another order, which float32
feels in its seventh digit and a gradient in its fifth; a few steps, each from where the last one led, come to 1e-5.
A small mistake, batch norm that is not shared, comes to 2e-3 in the first loss. See ``test_batch_norm`` for one step in
double precision."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str
    left_processes: list[int]


def torchrun(*arguments: object) -> Ended:
    """Run the harness in two processes; its descendants are known by a mark in their environment."""
    mark = f"HARNESS_TEST_MARK={uuid.uuid4()}"
    name, value = mark.split("=")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "harness"]
    done = subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1", name: value},
    )
    return Ended(done.returncode, done.stdout, done.stderr, _processes_with(mark))


def _processes_with(mark: str) -> list[int]:
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in environment.read_bytes():
                found.append(int(environment.parent.name))
        except OSError:  # it has just ended, or is not ours
            continue
    return found


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve frames to learn from, three steps of four; six to validate on."""
    path = tmp_path_factory.mktemp("distributed") / "streets"
    return write_recording(path, {"north": "train", "south": "train", "east": "val"})


def rows(run: RunDir) -> list[dict[str, str]]:
    with run.metrics.open(newline="") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> list[str]:
    """Names of all files; TensorBoard's hold time and process."""
    names = (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return sorted(name.split("tfevents")[0] for name in names)


def test_two_processes_train_the_net_that_one_does(streets: Path, tmp_path: Path) -> None:
    told: list[str] = []
    alone, shared = RunDir(tmp_path / "alone"), RunDir(tmp_path / "shared")
    train(CONFIG, streets, alone.path, on_note=told.append)
    ended = torchrun("train", streets, "-o", shared.path, *OPTIONS)
    assert ended.code == 0, ended.err
    assert ended.left_processes == []

    assert json.loads(shared.config.read_text()) == json.loads(alone.config.read_text())
    (session,) = json.loads(shared.manifest.read_text())["sessions"]
    assert session["processes"] == 2
    assert files(shared.path) == files(alone.path)
    assert ended.out.count("epoch   2") == 1
    assert told == []

    assert len(rows(alone)) == len(rows(shared)) == 2
    for expected, found in zip(rows(alone), rows(shared), strict=True):
        for name in ("step", "learning_rate", "train_loss", "validation_loss"):
            assert float(found[name]) == pytest.approx(float(expected[name]), rel=TOLERANCE), name
        for name in ("pixel_accuracy", "miou"):  # a pixel between two classes may fall to either
            assert float(found[name]) == pytest.approx(float(expected[name]), abs=3e-3), name
    start = initial_state(CONFIG, device=torch.device("cpu"), precision="float32").net.state_dict()
    went, expected_went = (way(start, load_file(run.training_state)) for run in (shared, alone))
    assert (went - expected_went).norm() <= TOLERANCE * expected_went.norm()


def way(start: dict[str, Tensor], state: dict[str, Tensor]) -> Tensor:
    """How far the weights and the statistics of batch norm went, as one vector."""
    names = [name for name in start if not name.endswith("num_batches_tracked")]
    return torch.cat([(state[f"net/{name}"] - start[name]).flatten() for name in names])


def test_an_error_of_the_first_process_ends_both_with_one_message(streets: Path, tmp_path: Path) -> None:
    """Only process 0 looks at the output folder; process 1 waits for it."""
    (tmp_path / "mine.txt").write_text("not of the harness")
    ended = torchrun("train", streets, "-o", tmp_path, *OPTIONS)
    assert ended.code != 0
    assert ended.err.count("error: ") == 1
    assert "holds mine.txt and was not made by the harness" in ended.err
    assert ended.left_processes == []
    assert files(tmp_path) == ["mine.txt"]


def test_a_damaged_frame_in_one_process_ends_both_with_one_message(streets: Path, tmp_path: Path) -> None:
    """Streamed, only the process that draws the frame meets it, while the other waits for its gradients."""
    copy = shutil.copytree(streets, tmp_path / "damaged")
    shard = copy / "shards" / "south.h5"
    offset, size = map(int, examined(shard).chunks["rgb"][3])
    content = bytearray(shard.read_bytes())
    content[offset + size // 2] ^= 0xFF
    shard.write_bytes(content)
    options = [option if option != "inverse-sqrt" else "none" for option in OPTIONS]
    ended = torchrun("train", copy, "-o", tmp_path / "run", *options, "--cache", "none", "--workers", "0")
    assert ended.code != 0
    assert ended.err.count("error: ") == 1
    assert "error: south:103: " in ended.err
    assert ended.left_processes == []
    assert not RunDir(tmp_path / "run").weights("last").exists()
