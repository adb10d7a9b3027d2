"""Pixels to a net's input, logits to class ids."""

from __future__ import annotations

import torch

from harness.training.pixels import to_class_ids, to_net_input


def test_black_grey_and_white() -> None:
    rgb = torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(1, 3, 1, 1).expand(2, 3, 4, 5)
    images = to_net_input(rgb)
    assert images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(images[1, :, 2, 3], torch.tensor([-2.0, -1.2, 2.0]))
    assert rgb.flatten().unique(sorted=True).tolist() == [0, 51, 255]  # type: ignore[no-untyped-call]


def test_the_largest_logit_is_the_class() -> None:
    logits = torch.randn(2, 29, 6, 7, generator=torch.Generator().manual_seed(0))
    ids = to_class_ids(logits)
    assert ids.dtype == torch.uint8
    assert torch.equal(ids.long(), logits.argmax(dim=1))
