"""What turns gradients into steps: AdamW or SGD with momentum, each as one fused kernel over all parameters.

SGD has plain momentum, not Nesterov's, as in the papers of the nets here (DeepLabV3+, SegNet, DDRNet, RegSeg).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from harness.training.config import TrainConfig


def build_optimizer(config: TrainConfig, net: nn.Module) -> torch.optim.Optimizer:
    """Return the optimiser that ``config`` asks for, over the parameters of ``net``."""
    groups = _parameter_groups(net, config.weight_decay)
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate, momentum=config.momentum, fused=True)
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)


def _parameter_groups(net: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Decay the weights of convolutions; decaying biases and batch norm only fights what they are for."""
    parameters = [parameter for parameter in net.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
