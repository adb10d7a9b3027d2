"""The optimisers: what they decay, and that a fused one makes the steps of the formula."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from harness.training.config import TrainConfig
from harness.training.optimizer import build_optimizer


def net() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_only_convolution_weights_are_decayed(name: str) -> None:
    decayed, free = build_optimizer(TrainConfig(optimizer=name), net()).param_groups  # type: ignore[arg-type]
    assert decayed["weight_decay"] > 0
    assert free["weight_decay"] == 0
    assert all(parameter.ndim == 4 for parameter in decayed["params"])
    assert all(parameter.ndim == 1 for parameter in free["params"])


def sgd(weight: Tensor, gradients: list[Tensor]) -> Tensor:
    velocity = torch.zeros_like(weight)
    for gradient in gradients:
        velocity = 0.8 * velocity + gradient + 0.02 * weight
        weight = weight - 0.1 * velocity
    return weight


def adamw(weight: Tensor, gradients: list[Tensor]) -> Tensor:
    mean, square = torch.zeros_like(weight), torch.zeros_like(weight)
    for step, gradient in enumerate(gradients, start=1):
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        weight = weight * (1 - 0.1 * 0.02)
        weight = weight - 0.1 * mean / (1 - 0.9**step) / ((square / (1 - 0.999**step)).sqrt() + 1e-8)
    return weight


@pytest.mark.parametrize("formula", [sgd, adamw])
def test_steps_are_those_of_the_formula(formula: object) -> None:
    name = formula.__name__  # type: ignore[attr-defined]
    model = net()
    optimizer = build_optimizer(TrainConfig(optimizer=name, momentum=0.8, learning_rate=0.1, weight_decay=0.02), model)
    weight = model[0].weight
    gradients = [torch.randn(weight.shape) for _ in range(3)]
    expected = formula(weight.detach().clone(), gradients)  # type: ignore[operator]
    for gradient in gradients:
        weight.grad = gradient.contiguous(memory_format=torch.channels_last)
        optimizer.step()
    assert torch.allclose(weight.detach(), expected, atol=1e-6)
