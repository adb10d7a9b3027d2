"""SegFormer-B0 against Hugging Face's, the paper's counts, and the shapes of its stages."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from nets import NetError
from nets.segformer import SegFormer


@pytest.fixture
def reference() -> nn.Module:
    """B0 with every number drawn at random: fresh biases and norms would hide an exchange."""
    torch.manual_seed(3)
    model: nn.Module = SegformerForSemanticSegmentation(SegformerConfig(num_labels=19)).eval()
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return model


def test_it_has_as_many_parameters_as_the_reference(reference: nn.Module) -> None:
    assert _num_parameters(SegFormer(19)) == _num_parameters(reference) == 3_719_027


@pytest.mark.parametrize(("height", "width"), [(64, 96), (160, 128)])
def test_with_the_weights_of_the_reference_it_gives_its_logits(
    reference: nn.Module, copy_state: Any, height: int, width: int
) -> None:
    net = SegFormer(19).eval()
    copy_state(_weights_in_our_order(reference), net)
    images = torch.randn(2, 3, height, width)
    with torch.inference_mode():
        expected = reference(images).logits
        expected = functional.interpolate(expected, size=(height, width), mode="bilinear", align_corners=False)
        logits = net(images)
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("base_channels", "parameters", "gflops"), [(32, 3_721_597, 12.16), (16, 948_429, 3.91)])
def test_the_cost_is_that_of_the_docstring(base_channels: int, parameters: int, gflops: float, cost: Any) -> None:
    assert cost("segformer", base_channels=base_channels) == (parameters, pytest.approx(gflops, abs=0.01))


def test_fusing_before_enlarging_takes_two_thirds_of_the_reference(reference: nn.Module) -> None:
    def flops(net: nn.Module) -> int:
        with torch.device("meta"), FlopCounterMode(display=False) as counter:
            net.to("meta")(torch.empty(1, 3, 480, 640))
        return counter.get_total_flops()

    assert flops(SegFormer(19).eval()) / flops(reference) == pytest.approx(2 / 3, abs=0.03)


def test_stages_have_the_shapes_of_the_docstring() -> None:
    net = SegFormer(5, base_channels=4).eval()
    shapes: list[tuple[int, ...]] = []
    for module in (*net.stages, net.decoder, net.head):
        module.register_forward_hook(lambda _module, _inputs, output: shapes.append(tuple(output.shape)))
    net(torch.zeros(2, 3, 90, 160))  # padded to 96 x 160
    assert shapes == [(2, 4, 24, 40), (2, 8, 12, 20), (2, 20, 6, 10), (2, 32, 3, 5), (2, 32, 24, 40), (2, 5, 24, 40)]


def test_keys_and_values_are_of_equally_few_pixels_in_every_stage() -> None:
    net = SegFormer(5, base_channels=4).eval()
    pixels: list[int] = []
    for stage in net.stages:
        stage.blocks[0].attention.key.register_forward_hook(
            lambda _module, _inputs, output: pixels.append(output.shape[1] * output.shape[2])
        )
    net(torch.zeros(1, 3, 96, 160))
    assert pixels == [3 * 5] * 4


@pytest.mark.parametrize(
    ("num_classes", "base_channels", "message"), [(1, 32, "num_classes is 1"), (3, 0, "base_channels is 0")]
)
def test_options_out_of_range_are_named(num_classes: int, base_channels: int, message: str) -> None:
    with pytest.raises(NetError, match=message):
        SegFormer(num_classes, base_channels=base_channels)


def _weights_in_our_order(reference: nn.Module) -> list[Tensor]:
    """The reference's state. Its decoder has one layer over the concatenation, deepest stage first; ours has four."""
    tensors: list[Tensor] = []
    for name, value in reference.state_dict().items():
        if name == "decode_head.linear_fuse.weight":
            tensors += reversed(value.chunk(4, dim=1))
        elif name.startswith("decode_head.linear_projections") and name.endswith("weight"):
            tensors.append(value[:, :, None, None])  # theirs are linear layers, ours 1x1 convolutions
        else:
            tensors.append(value)
    return tensors


def _num_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
