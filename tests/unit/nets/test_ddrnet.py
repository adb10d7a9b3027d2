"""DDRNet-23-slim against the paper and its authors' code, and what is peculiar to it: two branches and two heads."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from nets import NetError
from nets.ddrnet import _DAPPM, DDRNet, _enlarge_onto


def test_the_parameter_count_is_that_of_the_authors_code() -> None:
    """5,734,342 with the auxiliary head; 64 are biases of the stem. Without that head it is the 5.7 M of the paper."""
    with torch.device("meta"):
        net = DDRNet(19)
    assert _num_parameters(net) == 5_734_342 - 64
    assert _num_parameters(net) - _num_parameters(net.auxiliary_head) == 5_695_923


@pytest.mark.parametrize(
    ("base_channels", "in_use", "auxiliary", "gflops"),
    [(32, 5_696_573, 39_005, 10.65), (16, 1_429_805, 10_301, 2.70)],
)
def test_the_cost_is_that_of_the_docstring(
    base_channels: int, in_use: int, auxiliary: int, gflops: float, cost: Any
) -> None:
    assert cost("ddrnet", base_channels=base_channels) == (in_use + auxiliary, pytest.approx(gflops, abs=0.01))
    with torch.device("meta"):
        assert _num_parameters(DDRNet(29, base_channels=base_channels).auxiliary_head) == auxiliary


def test_multiply_adds_at_1024x2048_are_those_of_the_paper() -> None:
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        DDRNet(19).eval()(torch.empty(1, 3, 1024, 2048))
    assert counter.get_total_flops() / 2 == pytest.approx(36.3e9, rel=1e-3)


def test_with_the_same_weights_it_gives_both_logits_of_the_authors_code() -> None:
    """Theirs with ``count_include_pad=False`` in DAPPM, which is our departure."""
    net = _with_made_up_weights(DDRNet(3)).train()
    images = torch.arange(2 * 3 * 64 * 128, dtype=torch.float64).mul(0.7).sin().view(2, 3, 64, 128)
    with torch.no_grad():
        logits, auxiliary = (output[1, :, 30, 50].tolist() for output in net(images))
    assert logits == pytest.approx([-0.447677036, -1.608041912, 1.931412444], rel=1e-6)
    assert auxiliary == pytest.approx([-0.738413465, -1.187358187, 1.890749799], rel=1e-6)


def test_stages_have_the_shapes_of_the_docstring() -> None:
    net = DDRNet(5, base_channels=8).eval()
    shapes: dict[str, tuple[int, ...]] = {}
    for name, module in net.named_children():
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: shapes.update(
                {name: tuple(output.shape) if isinstance(output, Tensor) else tuple(tuple(o.shape) for o in output)}
            )
        )
    net(torch.zeros(2, 3, 128, 192))
    assert shapes == {
        "stem": (2, 8, 32, 48),
        "layer1": (2, 8, 32, 48),
        "layer2": (2, 16, 16, 24),
        "high3": (2, 16, 16, 24),
        "low3": (2, 32, 8, 12),
        "fuse3": ((2, 16, 16, 24), (2, 32, 8, 12)),
        "high4": (2, 16, 16, 24),
        "low4": (2, 64, 4, 6),
        "fuse4": ((2, 16, 16, 24), (2, 64, 4, 6)),
        "high5": (2, 32, 16, 24),
        "low5": (2, 128, 2, 3),
        "context": (2, 32, 2, 3),
        "head": (2, 5, 16, 24),
    }, "the auxiliary head is not among them in eval mode"


def test_in_training_the_auxiliary_logits_come_too() -> None:
    net = DDRNet(5, base_channels=4).train()
    outputs = net(torch.randn(2, 3, 33, 47))
    assert [tuple(output.shape) for output in outputs] == [(2, 5, 33, 47)] * 2
    assert len(outputs) == 1 + len(net.auxiliary_weights)
    assert net.auxiliary_weights == (0.4,)


def test_the_auxiliary_loss_teaches_what_lies_before_the_first_fusion_and_nothing_after_it() -> None:
    net = DDRNet(5, base_channels=4).train()
    _, auxiliary = net(torch.randn(2, 3, 64, 64))
    auxiliary.square().sum().backward()
    taught = {name.partition(".")[0] for name, parameter in net.named_parameters() if parameter.grad is not None}
    assert taught == {"stem", "layer1", "layer2", "high3", "low3", "fuse3", "auxiliary_head"}


@pytest.mark.parametrize(("height", "width"), [(1, 1), (9, 17), (64, 64)])
def test_two_images_of_any_size_are_a_batch_to_train_on(height: int, width: int) -> None:
    torch.manual_seed(0)
    net = DDRNet(3, base_channels=4).train()
    logits, auxiliary = net(torch.randn(2, 3, height, width))
    loss = functional.cross_entropy(logits, torch.zeros(2, height, width, dtype=torch.int64)) + auxiliary.mean()
    loss.backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in net.parameters())


def test_what_is_enlarged_stays_above_what_it_came_from() -> None:
    """A map of the pixels' own positions, enlarged onto a map whose size is no multiple, still says where they are."""
    positions = (torch.arange(4.0) + 0.5) * 8
    low = positions.expand(1, 1, 3, 4)
    high = _enlarge_onto(low, torch.empty(1, 7, 20, 27), 8)
    assert high.shape == (1, 1, 20, 27)
    torch.testing.assert_close(high[0, 0, 0, 4:], torch.arange(4.0, 27.0) + 0.5)  # the outermost half cell is constant


def test_the_averages_of_the_pyramid_do_not_count_the_padding() -> None:
    poolings = _DAPPM(4, 4).poolings
    assert [tuple(pooling(torch.ones(1, 4, 8, 10)).shape[-2:]) for pooling in poolings] == [
        (4, 5),
        (2, 3),
        (1, 2),
        (1, 1),
    ]
    for pooling in poolings:
        pooled = pooling(torch.ones(1, 4, 2, 3))
        torch.testing.assert_close(pooled, torch.ones_like(pooled))


@pytest.mark.parametrize(
    ("num_classes", "base_channels", "message"), [(1, 32, "num_classes is 1"), (3, 0, "base_channels is 0")]
)
def test_options_out_of_range_are_named(num_classes: int, base_channels: int, message: str) -> None:
    with pytest.raises(NetError, match=message):
        DDRNet(num_classes, base_channels=base_channels)


def _num_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _with_made_up_weights(net: nn.Module) -> nn.Module:
    """Weights from a formula, in float64: the same with every version of torch."""
    for number, (name, value) in enumerate(net.double().state_dict().items()):
        wave = torch.arange(number, number + value.numel(), dtype=torch.float64).mul(12.9898).sin().view(value.shape)
        if value.dim() == 4:
            value.copy_(wave * (2 / value[0].numel()) ** 0.5)
        elif name.endswith(("running_var", "weight")):
            value.copy_(1 + 0.5 * wave)
        elif value.is_floating_point():
            value.copy_(0.1 * wave)
    return net
