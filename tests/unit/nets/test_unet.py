"""U-Net against the paper, and the options people vary."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nets import NetError
from nets.unet import UNet


@pytest.mark.parametrize(
    ("base_channels", "options", "parameters", "gflops"),
    [
        (64, {}, 31_039_453, 452.67),
        (64, {"upsampling": "bilinear"}, 28_950_493, 437.57),
        (64, {"skip_connections": False}, 27_906_013, 362.07),
        (32, {}, 7_763_965, 113.72),
        (32, {"upsampling": "bilinear"}, 7_241_725, 109.94),
        (32, {"skip_connections": False}, 6_980_605, 91.07),
        (16, {}, 1_943_053, 28.70),
        (16, {"upsampling": "bilinear"}, 1_812_493, 27.76),
        (16, {"skip_connections": False}, 1_747_213, 23.04),
    ],
)
def test_the_cost_is_that_of_the_docstring(
    base_channels: int, options: dict[str, Any], parameters: int, gflops: float, cost: Any
) -> None:
    assert cost("unet", base_channels=base_channels, **options) == (parameters, pytest.approx(gflops, abs=0.01))


def test_the_weights_that_the_paper_counts() -> None:
    """Figure 1 of the paper: 23 convolutional layers, of which 4 are up-convolutions."""
    net = UNet(2)
    convolutions = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.ConvTranspose2d)]
    assert len(convolutions) == 23
    assert sum(isinstance(m, torch.nn.ConvTranspose2d) for m in convolutions) == 4


@pytest.mark.parametrize("skip_connections", [True, False])
def test_past_the_bottom_there_is_no_way_but_the_skip_connections(skip_connections: bool) -> None:
    torch.manual_seed(0)
    net = UNet(3, base_channels=4, depth=2, skip_connections=skip_connections).eval()
    net.bottom.register_forward_hook(lambda _module, _inputs, output: torch.zeros_like(output))
    with torch.inference_mode():
        is_equal = torch.equal(net(torch.zeros(1, 3, 16, 16)), net(torch.ones(1, 3, 16, 16)))
    assert is_equal is not skip_connections


@pytest.mark.parametrize(
    ("num_classes", "options", "message"),
    [
        (1, {}, "num_classes is 1"),
        (3, {"base_channels": 0}, "base_channels is 0"),
        (3, {"depth": 7}, "depth is 7; it must be 1 to 6"),
        (3, {"upsampling": "nearest"}, "upsampling is 'nearest'; it must be 'transposed' or 'bilinear'"),
    ],
)
def test_options_out_of_range_are_named(num_classes: int, options: dict[str, Any], message: str) -> None:
    with pytest.raises(NetError, match=message):
        UNet(num_classes, **options)
