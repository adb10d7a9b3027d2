"""A training run killed by SIGKILL in mid-epoch, twice, and resumed: it ends with the bits of one that was not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.training.config import TrainConfig
from harness.training.loop import train
from tests.unit.harness.training.conftest import write_recording

pytestmark = pytest.mark.integration

CONFIG = TrainConfig(
    net_options={"base_channels": 4, "depth": 2},
    epochs=3,
    batch_size=4,
    learning_rate=2e-2,
    crop=(32, 24),
    scale_jitter=0.5,
    ema_decay=0.99,
    device="cpu",
)
STEPS_PER_EPOCH = 3
ROOT = Path(__file__).parents[2]


def train_until(step: int, recording: Path, out: Path) -> None:
    """Train in another process that is killed after a step; the folder is as the system leaves it."""
    arguments = [json.dumps(CONFIG.to_json()), str(recording), str(out), str(step)]
    command = [sys.executable, "-m", "tests.integration.killed_training", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def test_resumed_is_as_uninterrupted(tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "streets", {"north": "train", "south": "train", "east": "val"})
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(CONFIG, recording, whole)
    train_until(2, recording, killed)  # in the first epoch: nothing is there to go on from
    assert not (killed / "last.safetensors").exists()
    train_until(STEPS_PER_EPOCH + 2, recording, killed)
    summary = train(CONFIG, recording, killed, resume=True)

    assert summary.epochs == CONFIG.epochs
    for name in ("best.safetensors", "last.safetensors", "last_state.safetensors", "last.json"):
        assert (whole / name).read_bytes() == (killed / name).read_bytes(), name
    assert len(json.loads((killed / "manifest.json").read_text())["sessions"]) == 3
    assert list(killed.glob(".*.part")) == []
