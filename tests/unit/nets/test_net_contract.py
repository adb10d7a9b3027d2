"""What every net promises, as one abstract set of tests: a new net adds a subclass at the end of this file."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nets import build_net

NUM_CLASSES = 4

ODD_SIZES = ((32, 32), (33, 47), (1, 1), (5, 64), (90, 160))
"""(height, width): a multiple of the stride, odd, smaller than the stride, thin, and 160x90."""


class NetContract:
    """Subclass it, name the net, and give options that make it small enough for a test."""

    name: ClassVar[str]
    options: ClassVar[dict[str, Any]]

    @pytest.fixture
    def net(self) -> nn.Module:
        torch.manual_seed(7)
        return build_net(self.name, NUM_CLASSES, **self.options)

    @pytest.mark.parametrize(("height", "width"), ODD_SIZES)
    def test_logits_have_the_size_of_the_image(self, net: nn.Module, height: int, width: int) -> None:
        assert net.eval()(torch.zeros(2, 3, height, width)).shape == (2, NUM_CLASSES, height, width)

    def test_the_gradient_reaches_every_parameter(self, net: nn.Module) -> None:
        images, labels = four_pictures()
        functional.cross_entropy(net(images), labels).backward()  # type: ignore[no-untyped-call]
        unreached = [name for name, p in net.named_parameters() if p.grad is None or not bool(p.grad.abs().sum() > 0)]
        assert unreached == []

    def test_it_can_learn_four_pictures_by_heart(self, net: nn.Module) -> None:
        images, labels = four_pictures()
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2)
        for _ in range(120):
            optimizer.zero_grad()
            logits = net(images)
            functional.cross_entropy(logits, labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if accuracy(logits, labels) > 0.97:
                break
        assert accuracy(net(images), labels) > 0.95

    def test_evaluation_is_deterministic_and_changes_nothing(self, net: nn.Module) -> None:
        images, _ = four_pictures()
        before = {name: value.clone() for name, value in net.state_dict().items()}
        net.eval()
        with torch.inference_mode():
            assert torch.equal(net(images), net(images))
        assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())

    def test_a_batch_of_one_gives_what_it_gives_within_a_batch(self, net: nn.Module) -> None:
        images, _ = four_pictures()
        net.eval()
        with torch.inference_mode():
            torch.testing.assert_close(net(images[2:3]), net(images)[2:3], rtol=1e-4, atol=1e-4)

    def test_channels_last_changes_the_speed_and_not_the_result(self, net: nn.Module) -> None:
        images, _ = four_pictures()
        net.eval()
        with torch.inference_mode():
            expected = net(images)
            net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            logits = net(images.contiguous(memory_format=torch.channels_last))
        torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)

    def test_it_exports_to_a_graph_that_computes_the_same(self, net: nn.Module) -> None:
        images, _ = four_pictures()
        exported = torch.export.export(net.eval(), (images,)).module()
        torch.testing.assert_close(exported(images), net(images), rtol=1e-4, atol=1e-4)

    def test_the_same_seed_gives_the_same_net(self, net: nn.Module) -> None:
        torch.manual_seed(7)
        again = build_net(self.name, NUM_CLASSES, **self.options).state_dict()
        assert all(torch.equal(value, again[name]) for name, value in net.state_dict().items())


def four_pictures() -> tuple[Tensor, Tensor]:
    """``(4, 3, 27, 32)`` noisy images of coloured rectangles and their ``(4, 27, 32)`` int64 labels."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.zeros(4, 27, 32, dtype=torch.int64)
    for picture, (top, left) in enumerate(((2, 3), (9, 16), (12, 1), (5, 20))):
        labels[picture, top : top + 12, left : left + 10] = 1
        labels[picture, top + 5 : top + 9, left + 5 : left + 12] = 2
        labels[picture, 24:] = 3
    colors = torch.tensor([[-1.0, 0.2, 0.5], [1.0, -0.5, 0.0], [0.1, 1.0, -1.0], [0.6, 0.6, 0.6]])
    images = colors[labels].permute(0, 3, 1, 2)
    return images + 0.1 * torch.randn(images.shape, generator=generator), labels


def accuracy(logits: Tensor, labels: Tensor) -> float:
    return float((logits.argmax(dim=1) == labels).float().mean())


class TestUNet(NetContract):
    name = "unet"
    options: ClassVar[dict[str, Any]] = {"base_channels": 8, "depth": 3}


class TestUNetBilinear(NetContract):
    name = "unet"
    options: ClassVar[dict[str, Any]] = {"base_channels": 8, "depth": 2, "upsampling": "bilinear"}


class TestUNetWithoutSkipConnections(NetContract):
    name = "unet"
    options: ClassVar[dict[str, Any]] = {"base_channels": 8, "depth": 2, "skip_connections": False}
