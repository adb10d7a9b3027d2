"""All that changes while a net is trained, how it starts from a seed, and how it is put to disk and back, exactly.

One file holds it all (weights, batch norm statistics, optimiser moments, counters), written atomically at the end of
each epoch. What is *not* in it needs no saving: the learning rate is a function of the step, the order of frames and
every random number are functions of seed and epoch. So a run that was killed at any moment and resumed makes the same
steps again, and on a CPU ends with the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness.errors import CheckpointError
from harness.run_dir import RunDir
from harness.training.checkpoint import SCHEMA, first_mismatch, load_tensors, save_tensors
from harness.training.config import TrainConfig
from harness.training.device import Precision
from nets import build_net

_NET = "net/"
_OPTIMIZER = "optimizer/"


@dataclass
class TrainingState:
    """A net in training."""

    net: nn.Module
    """On the device, channels last."""

    optimizer: torch.optim.Optimizer
    """AdamW over the net's parameters."""

    scaler: torch.amp.GradScaler
    """Loss scaling, which only float16 needs; disabled otherwise."""

    epoch: int = 0
    """Finished epochs."""

    step: int = 0
    """Optimiser steps made."""

    def set_learning_rate(self, rate: float) -> None:
        """Use ``rate`` from the next step on."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def save(self, run: RunDir) -> None:
        """Write everything, atomically."""
        tensors = {_NET + name: tensor for name, tensor in self.net.state_dict().items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            tensors.update({f"{_OPTIMIZER}{index}/{name}": moment for name, moment in moments.items()})
        description = {
            "schema": SCHEMA,
            "epoch": self.epoch,
            "step": self.step,
            "loss_scale": self.scaler.state_dict(),
        }
        save_tensors(run.training_state, tensors, description)

    def restore(self, run: RunDir) -> None:
        """Take over what ``save`` wrote; the state must have been made for the same configuration.

        Raises:
            CheckpointError: the file is damaged or belongs to another net.
        """
        description, tensors = load_tensors(run.training_state)
        weights = {name.removeprefix(_NET): value for name, value in tensors.items() if name.startswith(_NET)}
        try:
            self.net.load_state_dict(weights)
            self._restore_optimizer(tensors)
        except (RuntimeError, KeyError, ValueError) as error:
            raise CheckpointError(
                f"{run.training_state} does not fit this net: {first_mismatch(error)} Start anew with --overwrite."
            ) from error
        if description["loss_scale"]:
            self.scaler.load_state_dict(description["loss_scale"])
        self.epoch, self.step = description["epoch"], description["step"]

    def _restore_optimizer(self, tensors: dict[str, Tensor]) -> None:
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith(_OPTIMIZER):
                number, moment = name.removeprefix(_OPTIMIZER).split("/")
                moments.setdefault(int(number), {})[moment] = tensor
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        for index, parameter in enumerate(parameters):
            for moment, value in moments[index].items():
                if value.shape == parameter.shape:
                    # In the parameter's own memory layout: another one may be summed in another order.
                    moments[index][moment] = torch.empty_like(parameter, device="cpu").copy_(value)
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})


def initial_state(
    config: TrainConfig, *, num_classes: int, device: torch.device, precision: Precision
) -> TrainingState:
    """Return a net with weights drawn from the seed, and its optimiser.

    Weights are drawn on the CPU, so that every device starts from the same ones.

    Raises:
        NetError: the configuration names a net or option that does not exist.
    """
    torch.manual_seed(epoch_seed(config.seed, 0))
    net = build_net(config.net, num_classes, **config.net_options)
    net = net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(_parameter_groups(net, config.weight_decay), lr=config.learning_rate, fused=True)
    return TrainingState(net, optimizer, torch.amp.GradScaler(device.type, enabled=precision == "float16"))


def epoch_seed(seed: int, epoch: int) -> int:
    """Return the seed of all of torch's randomness in one epoch; epoch 0 is the drawing of the weights."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _parameter_groups(net: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Decay the weights of convolutions; decaying biases and batch norm only fights what they are for."""
    parameters = [parameter for parameter in net.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
