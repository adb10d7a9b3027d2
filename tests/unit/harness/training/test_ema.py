"""The moving average of weights, against its definition."""

from __future__ import annotations

import torch
from torch import nn

from harness.training.ema import WeightAverage


def test_it_is_the_average_of_the_definition() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    average = WeightAverage(net, 0.4)
    expected = net[0].weight.detach().clone()
    means = net[1].running_mean.clone()
    for step in range(1, 9):
        with torch.no_grad():
            net[0].weight += torch.randn(net[0].weight.shape)
        net(torch.randn(2, 1, 5, 5))
        average.update(step)
        decay = min(0.4, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * net[0].weight.detach()
        means = decay * means + (1 - decay) * net[1].running_mean
    averaged = average.net.state_dict()
    assert torch.allclose(averaged["0.weight"], expected, atol=1e-6)
    assert torch.allclose(averaged["1.running_mean"], means, atol=1e-6)
    assert averaged["1.num_batches_tracked"] == 8


def test_the_random_start_is_soon_forgotten() -> None:
    net = nn.Linear(1, 1, bias=False)
    nn.init.constant_(net.weight, 1000.0)
    average = WeightAverage(net, 0.999)
    nn.init.constant_(net.weight, 1.0)
    for step in range(1, 40):
        average.update(step)
    assert 1.0 < float(average.net.weight) < 1.001  # with 0.999 from the start it would be 962


def test_the_average_is_for_inference_and_has_no_gradient() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).train()
    average = WeightAverage(net, 0.9)
    assert net.training
    assert not average.net.training
    assert not any(parameter.requires_grad for parameter in average.net.parameters())
    assert all(parameter.requires_grad for parameter in net.parameters())
