"""Frames of several sizes become frames of one; labels stay labels. See ``test_data`` for what is damaged."""

from __future__ import annotations

import torch

from harness.training.decoding import resize_pair


def test_resizing_blends_colours_and_never_labels() -> None:
    labels = torch.zeros(8, 8, dtype=torch.uint8)
    labels[:, 3:] = 200
    rgb, smaller = resize_pair(labels.expand(3, -1, -1), labels, (4, 4))
    assert smaller.shape == (4, 4)
    assert set(smaller.flatten().tolist()) == {0, 200}
    assert rgb.dtype == torch.uint8
    assert len(set(rgb.flatten().tolist()) - {0, 200}) > 0
