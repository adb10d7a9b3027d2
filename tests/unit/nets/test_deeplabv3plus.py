"""DeepLabV3+ against the paper, its cost, and segmentation-models-pytorch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from nets import NetError
from nets.deeplabv3plus import DeepLabV3Plus


@pytest.mark.parametrize(
    ("base_channels", "parameters", "gflops", "fine_gflops"),
    [(64, 26_684_781, 88.41, 263.87), (32, 6_704_837, 22.62, 66.58), (16, 1_693_041, 5.91, 16.95)],
)
def test_the_cost_is_that_of_the_docstring(
    base_channels: int, parameters: int, gflops: float, fine_gflops: float, cost: Any
) -> None:
    for output_stride, expected in ((16, gflops), (8, fine_gflops)):
        assert cost("deeplabv3plus", base_channels=base_channels, output_stride=output_stride) == (
            parameters,
            pytest.approx(expected, abs=0.01),
        )


@pytest.mark.parametrize("output_stride", [16, 8])
def test_it_computes_what_the_reference_computes(
    output_stride: int, smp_reference: dict[str, Any], copy_state: Any
) -> None:
    reference = smp_reference["deeplabv3plus"]
    net = DeepLabV3Plus(29, output_stride=output_stride).eval()
    assert sum(parameter.numel() for parameter in net.parameters()) == reference["parameters"]
    for part in ("encoder", "aspp", "low_level", "refine", "head"):
        copy_state(reference[part], net.get_submodule(part))
    logits = []
    net.head.register_forward_hook(lambda _module, _inputs, output: logits.append(output))
    with torch.inference_mode():
        net(smp_reference["images"])
    torch.testing.assert_close(logits[0], reference["logits"][output_stride], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("output_stride", "sizes", "rates", "aspp_rates"),
    [(16, [16, 8, 4, 4], [1, 1, 1, 2], [6, 12, 18]), (8, [16, 8, 8, 8], [1, 1, 2, 4], [12, 24, 36])],
)
def test_the_output_stride_sets_sizes_and_rates(
    output_stride: int, sizes: list[int], rates: list[int], aspp_rates: list[int]
) -> None:
    net = DeepLabV3Plus(2, base_channels=4, output_stride=output_stride).eval()
    seen: list[int] = []
    for stage in net.encoder.stages:
        stage.register_forward_hook(lambda _module, _inputs, output: seen.append(output.shape[-1]))
    with torch.inference_mode():
        net(torch.zeros(1, 3, 64, 64))
    assert seen == sizes
    assert [{m.dilation[0] for m in convolutions_3x3(stage)} for stage in net.encoder.stages] == [{r} for r in rates]
    assert [m.dilation[0] for m in convolutions_3x3(net.aspp)] == aspp_rates


def convolutions_3x3(module: nn.Module) -> list[nn.Conv2d]:
    return [m for m in module.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]


@pytest.mark.parametrize(
    ("num_classes", "options", "message"),
    [
        (1, {}, "num_classes is 1"),
        (3, {"base_channels": 6}, r"base_channels is 6; it must be a multiple of 4 \(the paper has 64\)"),
        (3, {"base_channels": 0}, "base_channels is 0; it must be a multiple of 4"),
        (3, {"output_stride": 32}, "output_stride is 32; it must be 8 or 16"),
    ],
)
def test_options_out_of_range_are_named(num_classes: int, options: dict[str, Any], message: str) -> None:
    with pytest.raises(NetError, match=message):
        DeepLabV3Plus(num_classes, **options)
