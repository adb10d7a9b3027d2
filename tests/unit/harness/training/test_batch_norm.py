"""Batch norm of a batch that two processes share is torch's own on the whole batch, forwards and backwards."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harness.training.batch_norm import SynchronisedBatchNorm, synchronised
from harness.training.distributed import Ranks, data_parallel
from harness.training.losses import build_loss
from nets import build_net
from tests.unit.harness.training.two_processes import TwoProcesses

TWO_STEPS = 2


@dataclass
class Seen:
    """What a process has of two training steps, and of an evaluation after them."""

    outputs: list[Tensor]
    input_gradients: list[Tensor]
    parameter_gradients: list[Tensor]
    state: dict[str, Tensor]
    evaluated: Tensor


def batch() -> tuple[Tensor, Tensor]:
    """Five frames whose channels are far from zero and spread differently, and the gradient of their output.

    In double precision, in which an error of principle cannot be taken for one of rounding.
    """
    generator = torch.Generator().manual_seed(1)
    spread = torch.tensor([0.1, 2.0, 30.0], dtype=torch.float64)[:, None, None]
    features = torch.randn(5, 3, 6, 4, generator=generator, dtype=torch.float64) * spread + 100.0
    return features, torch.randn(5, 3, 6, 4, generator=generator, dtype=torch.float64)


def layer(**settings: Any) -> nn.BatchNorm2d:
    made = nn.BatchNorm2d(3, **settings, dtype=torch.float64)
    if made.affine:
        with torch.no_grad():
            made.weight.copy_(torch.tensor([0.5, -1.0, 2.0]))
            made.bias.copy_(torch.tensor([0.0, 1.0, -3.0]))
    return made


def steps(net: nn.Module, features: Tensor, gradient: Tensor) -> Seen:
    outputs, input_gradients = [], []
    for step in range(TWO_STEPS):
        features = (features * (1 + step)).detach().requires_grad_()
        output = net(features)
        output.backward(gradient)
        assert features.grad is not None
        outputs.append(output.detach())
        input_gradients.append(features.grad)
    parameter_gradients = [parameter.grad for parameter in net.parameters() if parameter.grad is not None]
    return Seen(outputs, input_gradients, parameter_gradients, net.state_dict(), net.eval()(features).detach())


def shared_steps(ranks: Ranks, settings: dict[str, Any]) -> Seen:
    """In each of two processes: two steps on its part of the batch, two frames or three."""
    features, gradient = batch()
    part = ranks.part_of(5)
    net = synchronised(nn.Sequential(layer(**settings)), ranks)
    assert isinstance(net[0], SynchronisedBatchNorm)  # type: ignore[index]
    return steps(net, features[part], gradient[part])


@pytest.mark.parametrize(
    "settings",
    [{}, {"momentum": None}, {"affine": False}, {"track_running_stats": False}],
    ids=["usual", "average of all batches", "without weights", "without running statistics"],
)
def test_two_processes_do_what_torch_does_with_the_whole_batch(
    processes: TwoProcesses, settings: dict[str, Any]
) -> None:
    first, second = processes.results(shared_steps, settings)
    torch.manual_seed(0)
    expected = steps(nn.Sequential(layer(**settings)), *batch())
    for step in range(TWO_STEPS):
        close(torch.cat((first.outputs[step], second.outputs[step])), expected.outputs[step])
        close(torch.cat((first.input_gradients[step], second.input_gradients[step])), expected.input_gradients[step])
    for mine, others, whole in zip(
        first.parameter_gradients, second.parameter_gradients, expected.parameter_gradients, strict=True
    ):
        close(mine + others, whole)
    assert list(first.state) == list(second.state) == list(expected.state)
    for name, value in expected.state.items():
        assert torch.equal(first.state[name], second.state[name]), name
        close(first.state[name], value)
    if settings != {"track_running_stats": False}:  # then it evaluates with the statistics of what it is given
        close(torch.cat((first.evaluated, second.evaluated)), expected.evaluated)


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=1e-9)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-4), (torch.bfloat16, 0.02)])
def test_features_keep_their_type(processes: TwoProcesses, dtype: torch.dtype, error: float) -> None:
    """In float32 the mean of a channel, 100, is off by up to 4e-6, which is 4e-5 of the smallest deviation, 0.1."""
    found = torch.cat(processes.results(in_fewer_digits, dtype))
    exact = layer()(batch()[0].to(dtype).double())
    assert found.dtype == dtype
    torch.testing.assert_close(found.double(), exact, atol=error, rtol=error)


def in_fewer_digits(ranks: Ranks, dtype: torch.dtype) -> Tensor:
    net = synchronised(nn.Sequential(layer().float()), ranks)
    output: Tensor = net(batch()[0][ranks.part_of(5)].to(dtype))
    return output.detach()


@pytest.mark.parametrize("is_weighted", [False, True])
def test_the_gradient_of_a_whole_net_is_that_of_the_whole_batch(processes: TwoProcesses, is_weighted: bool) -> None:
    """Batch norm, the exchange of gradients and the division of the loss, together."""
    expected = gradient_step(Ranks(), is_weighted)
    for found in processes.results(gradient_step, is_weighted):
        for name, gradient in expected.items():
            torch.testing.assert_close(found[name], gradient, atol=1e-11, rtol=1e-9)


def gradient_step(ranks: Ranks, is_weighted: bool) -> dict[str, Tensor]:
    """This process's part of a step on three frames, of which the first has few labelled pixels."""
    generator = torch.Generator().manual_seed(2)
    images = torch.randn(3, 3, 16, 24, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, 5, (3, 16, 24), generator=generator, dtype=torch.uint8)
    labels[0, :14] = 255
    torch.manual_seed(0)
    net = synchronised(build_net("unet", 5, base_channels=4, depth=2).double(), ranks)
    weights = torch.tensor([0.0, 1.0, 2.0, 0.5, 9.0]) if is_weighted else None
    loss = build_loss("cross-entropy", num_classes=5, ignore_id=255, class_weights=weights)
    part = ranks.part_of(3)
    parallel = data_parallel(net, ranks)
    total_weights = ranks.sum_(loss.weights(labels[part]))
    share = loss(parallel(images[part]), labels[part], total_weights=total_weights)
    (share * ranks.size).backward()
    return {name: parameter.grad for name, parameter in net.named_parameters() if parameter.grad is not None}


def test_a_checkpoint_is_that_of_the_plain_net() -> None:
    plain = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Sequential(layer(), nn.ReLU()), layer())
    net = synchronised(copy.deepcopy(plain), Ranks(rank=0, size=2))
    assert list(net.state_dict()) == list(plain.state_dict())
    for name, value in plain.state_dict().items():
        assert torch.equal(net.state_dict()[name], value)
    plain.load_state_dict(net.state_dict())


def test_an_optimiser_made_before_goes_on_with_the_same_parameters() -> None:
    plain = nn.Sequential(layer())
    parameters = list(plain.parameters())
    net = synchronised(plain, Ranks(rank=0, size=2))
    assert all(a is b for a, b in zip(parameters, net.parameters(), strict=True))


def test_one_process_keeps_torchs_own() -> None:
    net = nn.Sequential(layer())
    assert synchronised(net, Ranks()) is net
    assert type(net[0]) is nn.BatchNorm2d


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")
def test_on_a_gpu_it_is_torchs_own() -> None:
    net = synchronised(nn.Sequential(layer()).cuda(), Ranks(rank=0, size=2))
    assert type(next(iter(net.children()))) is nn.SyncBatchNorm
