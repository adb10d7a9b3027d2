"""U-Net against the paper, and the options people vary."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from nets import NetError
from nets.unet import UNet


@pytest.mark.parametrize(
    ("base_channels", "options", "expected"),
    [
        (64, {}, 31_039_453),
        (64, {"upsampling": "bilinear"}, 28_950_493),
        (64, {"skip_connections": False}, 27_906_013),
        (32, {}, 7_763_965),
        (16, {}, 1_943_053),
    ],
)
def test_parameter_counts_are_those_of_the_docstring(
    base_channels: int, options: dict[str, Any], expected: int
) -> None:
    with torch.device("meta"):
        net = UNet(29, base_channels=base_channels, **options)
    assert sum(parameter.numel() for parameter in net.parameters()) == expected


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


def test_padding_repeats_the_edge_and_leaves_divisible_sizes_alone() -> None:
    net = UNet(3, base_channels=4, depth=2).eval()
    torch.manual_seed(1)
    image = torch.randn(1, 3, 13, 18)
    padded = torch.cat((image, image[..., -1:, :].expand(-1, -1, 3, -1)), dim=2)
    padded = torch.cat((padded, padded[..., -1:].expand(-1, -1, -1, 2)), dim=3)
    torch.testing.assert_close(net(image), net(padded)[..., :13, :18])


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
