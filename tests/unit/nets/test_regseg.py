"""RegSeg against the paper and its author's code: counts, shapes, dilations and how far it sees."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from nets import NetError
from nets.regseg import RegSeg, _grouped_convolution, _TwoBranches


def test_the_parameter_count_is_that_of_the_authors_code() -> None:
    """``exp48_decoder26`` for the 19 classes of Cityscapes, 3.34 M in the paper."""
    with torch.device("meta"):
        net = RegSeg(19)
    assert sum(parameter.numel() for parameter in net.parameters()) == 3_334_951


@pytest.mark.parametrize(("base_channels", "parameters", "gflops"), [(32, 3_335_601, 11.26), (16, 842_567, 2.87)])
def test_the_cost_is_that_of_the_docstring(base_channels: int, parameters: int, gflops: float, cost: Any) -> None:
    assert cost("regseg", base_channels=base_channels) == (parameters, pytest.approx(gflops, abs=0.01))


def test_with_the_same_weights_it_gives_the_logits_of_the_authors_code() -> None:
    net = _with_made_up_weights(RegSeg(3)).eval()
    images = torch.arange(2 * 3 * 64 * 128, dtype=torch.float64).mul(0.7).sin().view(2, 3, 64, 128)
    with torch.inference_mode():
        logits = net(images)[1, :, 30, 50].tolist()
    assert logits == pytest.approx([-0.601306614, -0.138788221, 0.478129723], rel=1e-6)


def test_stages_have_the_shapes_of_the_docstring() -> None:
    net = RegSeg(5, base_channels=8).eval()
    shapes: dict[str, tuple[int, ...]] = {}
    for name in ("stem", "stage4", "stage8", "stage16", "decoder", "head"):
        net.get_submodule(name).register_forward_hook(
            lambda _module, _inputs, output, name=name: shapes.update({name: tuple(output.shape)})
        )
    net(torch.zeros(2, 3, 90, 160))  # padded to 96 x 160
    assert shapes == {
        "stem": (2, 8, 48, 80),
        "stage4": (2, 12, 24, 40),
        "stage8": (2, 32, 12, 20),
        "stage16": (2, 80, 6, 10),
        "decoder": (2, 16, 24, 40),
        "head": (2, 5, 24, 40),
    }


def test_the_dilations_at_a_sixteenth_are_those_of_the_paper() -> None:
    """Row 1 of the paper's table of backbones, (1,1)+(1,2)+4*(1,4)+7*(1,14), after the block of stride 2."""
    with torch.device("meta"):
        net = RegSeg(2)
    dilations = [
        (block.convolve.near.dilation[0], block.convolve.far.dilation[0])
        if isinstance(block.convolve, _TwoBranches)
        else (block.convolve.dilation[0],) * 2
        for block in net.stage16
    ]
    assert dilations == [(1, 1), (1, 1), (1, 2), *[(1, 4)] * 4, *[(1, 14)] * 7]


def test_the_backbone_sees_3807_pixels_without_a_gap() -> None:
    """The paper's field of view, seen in the gradient of one output of the backbone.

    Weights are positive, so that nothing cancels and no ReLU closes. Squeeze-excitation sees the whole image and is
    taken out.
    """
    net = RegSeg(2, base_channels=4).double().eval()
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d):
            module.weight.data.fill_(1 / module.weight[0].numel())
        if hasattr(module, "excitation"):
            net.get_submodule(name).excitation = nn.Identity()
    images = torch.ones(1, 3, 16, 4800, dtype=torch.float64, requires_grad=True)
    net.stage16(net.stage8(net.stage4(net.stem(images))))[0, :, 0, 150].sum().backward()
    assert images.grad is not None
    seen = images.grad.sum(dim=(0, 1, 2)).nonzero().flatten()
    assert len(seen) == 3807
    assert seen[-1] - seen[0] + 1 == 3807


def test_two_branches_of_equal_dilation_are_one_convolution() -> None:
    torch.manual_seed(0)
    branches = _TwoBranches(16, 1, group_width=4, stride=2)
    one = _grouped_convolution(16, 1, group_width=4, stride=2)
    one.weight.data = torch.cat((branches.near.weight, branches.far.weight)).detach()
    x = torch.randn(2, 16, 9, 12)
    torch.testing.assert_close(branches(x), one(x))


def test_narrow_nets_have_as_many_groups() -> None:
    def groups(base_channels: int) -> list[int]:
        with torch.device("meta"):
            net = RegSeg(2, base_channels=base_channels)
        return [module.groups for module in net.modules() if isinstance(module, nn.Conv2d)]

    assert groups(4) == groups(32)
    assert max(groups(32)) == 256 // 16


@pytest.mark.parametrize(
    ("num_classes", "base_channels", "message"),
    [
        (1, 32, "num_classes is 1"),
        (3, 0, "base_channels is 0"),
        (3, 6, "base_channels is 6; it must be a multiple of 4"),
    ],
)
def test_options_out_of_range_are_named(num_classes: int, base_channels: int, message: str) -> None:
    with pytest.raises(NetError, match=message):
        RegSeg(num_classes, base_channels=base_channels)


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
