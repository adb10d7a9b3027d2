"""Padding, enlarging and cropping: what lets a net take any size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nets.layers import conv_bn, conv_bn_relu, enlarge, logits_at_image_size, pad_to_multiple

sizes = st.integers(1, 20)


@given(sizes, sizes, st.integers(1, 9))
def test_padding_is_numpys_edge_mode(height: int, width: int, multiple: int) -> None:
    images = torch.arange(2 * 3 * height * width, dtype=torch.float32).view(2, 3, height, width)
    padded = pad_to_multiple(images, multiple)
    bottom, right = padded.shape[-2] - height, padded.shape[-1] - width
    assert (padded.shape[-2] % multiple, padded.shape[-1] % multiple) == (0, 0)
    assert 0 <= bottom < multiple
    assert 0 <= right < multiple
    expected = np.pad(images.numpy(), ((0, 0), (0, 0), (0, bottom), (0, right)), mode="edge")
    np.testing.assert_array_equal(padded.numpy(), expected)


def test_what_needs_no_padding_is_not_copied() -> None:
    images = torch.zeros(1, 3, 8, 12)
    assert pad_to_multiple(images, 4) is images


@given(sizes, sizes, st.sampled_from((1, 2, 4, 8)))
def test_logits_get_the_size_of_the_image_and_stay_where_they_were(height: int, width: int, stride: int) -> None:
    images = torch.zeros(1, 3, height, width)
    rows, columns = -(-height // stride), -(-width // stride)
    logits = torch.arange(rows, dtype=torch.float32).view(1, 1, rows, 1).expand(1, 2, rows, columns)
    result = logits_at_image_size(logits, images, stride=stride)
    assert result.shape == (1, 2, height, width)
    # The centre of row y is at (y + 1/2) / stride - 1/2 of the logits' rows; beyond their first and last they go on.
    expected = ((torch.arange(height) + 0.5) / stride - 0.5).clamp(0, rows - 1)
    torch.testing.assert_close(result, expected.view(1, 1, height, 1).expand_as(result), rtol=1e-5, atol=1e-5)


def test_enlarging_keeps_what_is_constant() -> None:
    torch.testing.assert_close(enlarge(torch.ones(1, 2, 3, 4), torch.Size((7, 9))), torch.ones(1, 2, 7, 9))


@pytest.mark.parametrize(("kernel_size", "dilation"), [(1, 1), (3, 1), (3, 4), (5, 2), (7, 1)])
def test_convolutions_keep_the_size_or_divide_it_by_their_stride(kernel_size: int, dilation: int) -> None:
    images = torch.randn(2, 4, 12, 16)
    for stride in (1, 2):
        layers = conv_bn(4, 6, kernel_size, stride=stride, dilation=dilation, groups=2)
        assert layers(images).shape == (2, 6, 12 // stride, 16 // stride)


def test_conv_bn_relu_is_conv_bn_without_what_is_negative() -> None:
    torch.manual_seed(0)
    with_relu = conv_bn_relu(3, 4)
    without = conv_bn(3, 4)
    without.load_state_dict(with_relu.state_dict())
    images = torch.randn(2, 3, 8, 8)
    assert torch.equal(with_relu(images), without(images).clamp(min=0))
