"""A net as it was born: a run folder without a training, for tests in which it is not the net that matters."""

from __future__ import annotations

from pathlib import Path

import torch

from datasets.labels import CARLA_29
from harness.run_dir import RunDir
from harness.training.checkpoint import CheckpointInfo, save_checkpoint
from nets import build_net


def save_born_net(run: Path, *, seed: int) -> None:
    """Write the run folder of a tiny U-Net for the 29 tags of CARLA, with the weights of ``seed``."""
    torch.manual_seed(seed)
    options = {"base_channels": 4, "depth": 1}
    net = build_net("unet", CARLA_29.num_classes, **options)
    info = CheckpointInfo(
        net="unet",
        net_options=options,
        label_set=CARLA_29.name,
        labels=CARLA_29.to_json(),
        classes=CARLA_29.names,
        epoch=1,
        step=1,
    )
    save_checkpoint(RunDir.create(run), "best", info, net.state_dict())
