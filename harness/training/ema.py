"""A moving average of a net's weights over its steps: smoother than any of them, and often a better net.

Decisions:

* **The decay warms up** as ``(1 + step) / (10 + step)``, up to what was asked for, so that the random weights of the
  start are soon forgotten. It is a function of the step alone: there is nothing more to save than the average.
* **Batch norm statistics are averaged, too,** since they belong to the weights; counters are copied.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class WeightAverage:
    """The average of a net in training, as a net of its own for inference."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        """Start as a copy of ``net``, whose tensors may change but must stay the same objects.

        Args:
            net: the net in training.
            decay: share of the average that a step keeps, in the long run; above 0 and below 1.
        """
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        """The averaged net."""
        self._decay = decay
        pairs = list(zip(_tensors(self.net), _tensors(net), strict=True))
        self._averaged = [pair for pair in pairs if pair[0].is_floating_point()]
        self._copied = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after optimiser step ``step``, 1 being the first; does not wait for the device."""
        decay = min(self._decay, (1 + step) / (10 + step))
        averages, weights = zip(*self._averaged, strict=True)
        torch._foreach_lerp_(averages, weights, 1.0 - decay)
        for copied, value in self._copied:
            copied.copy_(value)


def _tensors(net: nn.Module) -> list[Tensor]:
    """Weights and buffers, the very objects that the net computes with, always in the same order."""
    return [*net.parameters(), *net.buffers()]
