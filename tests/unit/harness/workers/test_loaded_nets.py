from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from datasets.labels import CARLA_29, LabelClass, LabelSet
from harness.errors import CheckpointError, UsageError
from harness.run_dir import RunDir
from harness.training.checkpoint import CheckpointInfo, save_checkpoint
from harness.workers.loaded_nets import load_nets, require_sizes
from nets import build_net

SHAPES = LabelSet(name="shapes", classes=tuple(LabelClass(name=f"shape {n}", color=(n, n, n)) for n in range(3)))


def save_run(path: Path, labels: LabelSet = CARLA_29, *, seed: int = 0) -> str:
    torch.manual_seed(seed)
    net = build_net("unet", labels.num_classes, base_channels=4, depth=1)
    info = CheckpointInfo(
        net="unet",
        net_options={"base_channels": 4, "depth": 1},
        label_set=labels.name,
        labels=labels.to_json(),
        classes=labels.names,
        epoch=1,
        step=1,
    )
    save_checkpoint(RunDir.create(path), "best", info, net.state_dict())
    return str(path)


def test_nets_are_loaded_by_name(tmp_path: Path) -> None:
    runs = {"a": save_run(tmp_path / "a"), "b": save_run(tmp_path / "b", seed=1)}
    nets = load_nets(runs, checkpoint="best", device="cpu")
    assert list(nets) == ["a", "b"]
    assert nets["a"].origin["weights_sha256"] != nets["b"].origin["weights_sha256"]
    require_sizes(nets, [(33, 17), (64, 48)])


def test_nets_of_other_classes_are_refused(tmp_path: Path) -> None:
    runs = {"a": save_run(tmp_path / "a"), "b": save_run(tmp_path / "b", SHAPES)}
    with pytest.raises(CheckpointError, match=r"a and b know other classes \(carla29 and shapes\)"):
        load_nets(runs, checkpoint="best", device="cpu")


@pytest.mark.parametrize(
    ("predict", "message"),
    [
        (lambda rgb: np.zeros((2, 2), dtype=np.uint8), r"of 32x24 with class ids of shape \(2, 2\)"),
        (lambda rgb: np.zeros(rgb.shape[:2]).reshape(7, 7), "cannot take pictures of 32x24: cannot reshape"),
    ],
)
def test_a_size_that_a_net_cannot_take_is_named(net: Any, predict: Any, message: str) -> None:
    net.predict = predict
    with pytest.raises(UsageError, match=message):
        require_sizes({"net": net}, [(32, 24)])
