"""SegNet against the paper, its cost, and VGG16 as others have it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nets import NetError
from nets.segnet import SegNet


@pytest.mark.parametrize(
    ("base_channels", "parameters", "gflops"),
    [(64, 29_451_805, 385.04), (32, 7_371_549, 99.09), (16, 1_847_197, 26.19)],
)
def test_the_cost_is_that_of_the_docstring(base_channels: int, parameters: int, gflops: float, cost: Any) -> None:
    assert cost("segnet", base_channels=base_channels) == (parameters, pytest.approx(gflops, abs=0.01))


def test_the_decoder_mirrors_the_encoder() -> None:
    net = SegNet(5, base_channels=2)
    encoder, decoder = (
        [(m.in_channels, m.out_channels) for m in part.modules() if isinstance(m, nn.Conv2d)]
        for part in (net.encoder, nn.ModuleList((net.decoder, net.head)))
    )
    assert len(encoder) == len(decoder) == 13
    assert [(o, i) for i, o in reversed(encoder[1:])] == decoder[:-1]
    assert (encoder[0], decoder[-1]) == ((3, 2), (2, 5))


def test_the_encoder_is_vgg16(smp_reference: dict[str, Any], copy_state: Any) -> None:
    reference = smp_reference["vgg16_bn"]
    encoder = SegNet(2).encoder.eval()
    copy_state(without_convolution_biases(reference["state"]), encoder)
    x = smp_reference["images"]
    with torch.inference_mode():
        for stage in encoder:
            x = functional.max_pool2d(stage(x), 2)
    torch.testing.assert_close(x, reference["features"], rtol=1e-4, atol=1e-4)


def without_convolution_biases(state: list[Tensor]) -> list[Tensor]:
    """Move what a bias adds into the mean that batch norm takes off: VGG's convolutions have biases, ours have none."""
    moved = []
    for start in range(0, len(state), 7):
        weight, bias, scale, shift, mean, *rest = state[start : start + 7]
        moved += [weight, scale, shift, mean - bias, *rest]
    return moved


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_unpooling_puts_each_value_where_its_maximum_was(memory_format: torch.memory_format) -> None:
    """Every stage of the decoder gets, from each 2x2 window, one value at the encoder's maximum and three zeros."""
    torch.manual_seed(0)
    net = SegNet(2, base_channels=4).eval().to(memory_format=memory_format)  # type: ignore[call-overload]
    encoded: list[Tensor] = []
    unpooled: list[Tensor] = []
    decoded: list[Tensor] = []
    for stage in net.encoder:
        stage.register_forward_hook(lambda _module, _inputs, output: encoded.append(output))
    for stage in net.decoder:
        stage.register_forward_pre_hook(lambda _module, inputs: unpooled.append(inputs[0]))
        stage.register_forward_hook(lambda _module, _inputs, output: decoded.append(output))
    with torch.inference_mode():
        net(torch.randn(2, 3, 64, 64).contiguous(memory_format=memory_format))
    smaller = [functional.max_pool2d(encoded[-1], 2), *decoded[:-1]]
    for before, small, large in zip(reversed(encoded), smaller, unpooled, strict=True):
        torch.testing.assert_close(large, unpooled_window_by_window(small, before), rtol=0, atol=0)


def unpooled_window_by_window(small: Tensor, before: Tensor) -> Tensor:
    """Cut ``before`` into windows, and put each value of ``small`` where its window has its first maximum."""
    windows = before.unfold(2, 2, 2).unfold(3, 2, 2).flatten(-2)  # (B, C, h, w, 4)
    is_maximum = functional.one_hot(windows.argmax(dim=-1), 4)
    values = small.unsqueeze(-1) * is_maximum
    return values.unflatten(-1, (2, 2)).movedim(4, 3).flatten(4).flatten(2, 3)


@pytest.mark.parametrize(
    ("num_classes", "base_channels", "message"),
    [(1, 64, "num_classes is 1"), (3, 0, r"base_channels is 0; it must be at least 1 \(the paper has 64\)")],
)
def test_options_out_of_range_are_named(num_classes: int, base_channels: int, message: str) -> None:
    with pytest.raises(NetError, match=message):
        SegNet(num_classes, base_channels=base_channels)
