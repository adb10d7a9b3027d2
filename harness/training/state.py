"""All that changes while a net is trained, how it starts from a seed, and how it is put to disk and back, exactly.

One file holds it all (weights, their moving average, batch norm statistics, optimiser moments, counters), written
atomically at the end of each epoch. What is *not* in it needs no saving: the learning rate is a function of the step,
the order of frames and every random number are functions of seed and epoch. So a run that was killed at any moment and
resumed makes the same steps again, and on a CPU ends with the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from harness.errors import CheckpointError
from harness.run_dir import RunDir
from harness.training.checkpoint import SCHEMA, first_mismatch, load_tensors, save_tensors
from harness.training.config import TrainConfig
from harness.training.device import Precision
from harness.training.ema import WeightAverage
from harness.training.optimizer import build_optimizer
from nets import build_net

_NET = "net/"
_AVERAGE = "average/"
_OPTIMIZER = "optimizer/"


@dataclass
class TrainingState:
    """A net in training."""

    net: nn.Module
    """On the device, channels last."""

    optimizer: torch.optim.Optimizer
    """Over the net's parameters."""

    scaler: torch.amp.GradScaler
    """Loss scaling, which only float16 needs; disabled otherwise."""

    average: WeightAverage | None
    """Moving average of the net's weights, if the run has one."""

    epoch: int = 0
    """Finished epochs."""

    step: int = 0
    """Optimiser steps made."""

    @property
    def best_net(self) -> nn.Module:
        """The net to validate and to keep: the averaged one if there is one."""
        return self.net if self.average is None else self.average.net

    def set_learning_rate(self, rate: float) -> None:
        """Use ``rate`` from the next step on."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def save(self, run: RunDir) -> None:
        """Write everything, atomically."""
        tensors = {prefix + name: tensor for prefix, net in self._nets() for name, tensor in net.state_dict().items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            given = {name: moment for name, moment in moments.items() if moment is not None}
            tensors.update({f"{_OPTIMIZER}{index}/{name}": moment for name, moment in given.items()})
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
        try:
            for prefix, net in self._nets():
                net.load_state_dict({n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)})
            self._restore_optimizer(tensors)
        except (RuntimeError, KeyError, ValueError) as error:
            raise CheckpointError(
                f"{run.training_state} does not fit this net: {first_mismatch(error)} Start anew with --overwrite."
            ) from error
        if description["loss_scale"]:
            self.scaler.load_state_dict(description["loss_scale"])
        self.epoch, self.step = description["epoch"], description["step"]

    def _nets(self) -> list[tuple[str, nn.Module]]:
        """The nets in the file, each with the prefix of its tensors."""
        return [(_NET, self.net)] + ([(_AVERAGE, self.average.net)] if self.average is not None else [])

    def _restore_optimizer(self, tensors: dict[str, Tensor]) -> None:
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith(_OPTIMIZER):
                number, moment = name.removeprefix(_OPTIMIZER).split("/")
                moments.setdefault(int(number), {})[moment] = tensor
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        for index, parameter in enumerate(parameters):
            for moment, value in moments.get(index, {}).items():  # SGD without momentum has none
                if value.shape == parameter.shape:
                    # In the parameter's own memory layout: another one may be summed in another order.
                    moments[index][moment] = torch.empty_like(parameter, device="cpu").copy_(value)
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})


def initial_state(config: TrainConfig, *, device: torch.device, precision: Precision) -> TrainingState:
    """Return a net with weights drawn from the seed, and its optimiser.

    Weights are drawn on the CPU, so that every device and every process starts from the same ones.

    Raises:
        NetError: the configuration names a net or option that does not exist.
    """
    torch.manual_seed(epoch_seed(config.seed, 0))
    net = build_net(config.net, config.label_set.num_classes, **config.net_options)
    net = net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return TrainingState(
        net=net,
        optimizer=build_optimizer(config, net),
        scaler=torch.amp.GradScaler(device.type, enabled=precision == "float16"),
        average=WeightAverage(net, config.ema_decay) if config.ema_decay is not None else None,
    )


def epoch_seed(seed: int, epoch: int) -> int:
    """Return the seed of all of torch's randomness in one epoch; epoch 0 is the drawing of the weights."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1))
