"""DDRNet-23-slim: two branches, one that keeps the resolution and one that sees the whole, which talk to each other.

Paper: Y. Hong, H. Pan, W. Sun and Y. Jia, "Deep Dual-resolution Networks for Real-time and Accurate Semantic
Segmentation of Road Scenes", 2021 (arXiv:2101.06085). What the text leaves open is from the authors' code
(github.com/ydhongHIT/DDRNet, ``segmentation/DDRNet_23_slim.py``).

From 1/8 on there are two branches: the high-resolution one stays there and keeps edges, the low-resolution one goes
down to 1/64 and gathers context; twice each is added to the other (*bilateral fusion*). At the end of the low branch,
where the map is tiny, a pyramid of poolings (*DAPPM*, deep aggregation pyramid pooling module) adds context of four
scales for next to nothing.

Legend: B batch, K classes, H x W padded image, C = ``base_channels``; a *basic* block has two 3x3 convolutions, a
*bottleneck* 1x1, 3x3, 1x1::

    stem        (B,  C, H/4, W/4)  two 3x3 convolutions, each of stride 2
    layer 1     (B,  C, H/4, W/4)  2 basic blocks
    layer 2     (B, 2C, H/8, W/8)  2 basic blocks
                high resolution                         low resolution
    layer 3     (B, 2C, H/8, W/8)  2 basic blocks       (B,  4C, H/16, W/16)  2 basic blocks
    fusion                         <── 1x1, enlarged x2 ──   ── 3x3, stride 2 ──>
    layer 4     (B, 2C, H/8, W/8)  2 basic blocks       (B,  8C, H/32, W/32)  2 basic blocks
    fusion                         <── 1x1, enlarged x4 ──   ── two 3x3, stride 2 ──>
    layer 5     (B, 4C, H/8, W/8)  1 bottleneck         (B, 16C, H/64, W/64)  1 bottleneck
    DAPPM                                               (B,  4C, H/64, W/64)
    sum         (B, 4C, H/8, W/8)  <── enlarged x8
    logits      (B,  K, H/8, W/8)  3x3 convolution (2C), 1x1 convolution; enlarged to H x W
    auxiliary   (B,  K, H/8, W/8)  the same from the high branch after the first fusion; in training only

Deep supervision: in training mode the net returns ``(logits, auxiliary logits)``, and the loss of the second counts
0.4. In eval mode the auxiliary head is not computed.

Parameters and FLOPs at 480x640 (asserted in tests; the paper has 5.7 M, and 36.3 G multiply-adds at 1024x2048):

    ==========  ================  ==================  =================
    C           in use, K = 29    auxiliary head      FLOPs (in use)
    ==========  ================  ==================  =================
    32          5.697 M           0.039 M             10.7 G
    16          1.430 M           0.010 M             2.70 G
    ==========  ================  ==================  =================

Departures from the paper:

- no ImageNet weights;
- the two convolutions of the stem have no bias: the batch norm after them has one (the authors have 2C parameters
  more);
- any input size: the image is padded to a multiple of 8. Smaller maps are rounded up, and what is enlarged from them
  is cropped, so that pixels stay above each other (the authors stretch, which is the same for multiples of 64);
- DAPPM's averages do not count the padding: on the few pixels that are left of a small image, a 17x17 window would
  otherwise be nearly all zeros.

DAPPM's global pooling leaves one pixel of each image, and batch norm has no variance of a single value: training needs
at least two images in a batch.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from nets.errors import check_widths
from nets.layers import conv_bn, conv_bn_relu, enlarge, logits_at_image_size, pad_to_multiple

AUXILIARY_WEIGHT = 0.4
"""Weight of the auxiliary head's loss in the paper's deep supervision, the same as in PSPNet (arXiv:1612.01105)."""

POOLINGS = ((5, 2), (9, 4), (17, 8))
"""Kernel and stride of DAPPM's averages; a global one follows."""


class DDRNet(nn.Module):
    """DDRNet-23-slim with the paper's layout.

    Args:
        num_classes: number of output channels K, at least 2.
        base_channels: channels C of the stem; all other widths are in proportion. Paper: 32 (DDRNet-23 has 64).

    Raises:
        NetError: an option is out of range.
    """

    def __init__(self, num_classes: int, *, base_channels: int = 32) -> None:
        super().__init__()
        check_widths(num_classes, base_channels, paper=32)
        self.stride = 8
        self.auxiliary_weights: tuple[float, ...] = (AUXILIARY_WEIGHT,)
        c = base_channels
        self.stem = nn.Sequential(conv_bn_relu(3, c, stride=2), conv_bn_relu(c, c, stride=2))
        self.layer1 = _basic_blocks(c, c)
        self.layer2 = _basic_blocks(c, 2 * c, stride=2)
        self.high3 = _basic_blocks(2 * c, 2 * c)
        self.low3 = _basic_blocks(2 * c, 4 * c, stride=2)
        self.fuse3 = _BilateralFusion((2 * c, 4 * c))
        self.high4 = _basic_blocks(2 * c, 2 * c)
        self.low4 = _basic_blocks(4 * c, 8 * c, stride=2)
        self.fuse4 = _BilateralFusion((2 * c, 4 * c, 8 * c))
        self.high5 = _bottleneck(2 * c, 2 * c)
        self.low5 = _bottleneck(8 * c, 8 * c, stride=2)
        self.context = _DAPPM(16 * c, 4 * c)
        self.head = _head(4 * c, 2 * c, num_classes)
        self.auxiliary_head = _head(2 * c, 2 * c, num_classes)
        self.apply(_initialise)

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Return logits ``(B, K, H, W)`` for ``images (B, 3, H, W)``; in training mode also the auxiliary logits.

        All are of the floating type of ``images`` and of the same shape.
        """
        x = self.stem(pad_to_multiple(images, self.stride))
        x = functional.relu(self.layer2(functional.relu(self.layer1(x))))
        fused, low = self.fuse3(self.high3(x), self.low3(x))
        high, low = self.fuse4(self.high4(functional.relu(fused)), self.low4(functional.relu(low)))
        high = self.high5(functional.relu(high))
        context = self.context(self.low5(functional.relu(low)))
        logits = logits_at_image_size(self.head(high + _enlarge_onto(context, high, 8)), images, stride=8)
        if not self.training:
            return logits
        return logits, logits_at_image_size(self.auxiliary_head(fused), images, stride=8)


class _Residual(nn.Module):
    """``body(x) + shortcut(x)``, without a ReLU after it: bilateral fusion adds to the sum first."""

    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x) + self.shortcut(x)
        return out


class _BilateralFusion(nn.Module):
    """Add to each branch what the other has found.

    Args:
        widths: channels from the high-resolution branch to the low one, one number for each halving of the map.
    """

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        *before, last = itertools.pairwise(widths)
        self.down = nn.Sequential(*(conv_bn_relu(*pair, stride=2) for pair in before), conv_bn(*last, stride=2))
        self.compress = conv_bn(widths[-1], widths[0], kernel_size=1)
        self.factor = 2 ** (len(widths) - 1)

    def forward(self, high: Tensor, low: Tensor) -> tuple[Tensor, Tensor]:
        """Return both for ``high (B, widths[0], h, w)`` and ``low (B, widths[-1], h / factor, w / factor)``."""
        from_low = self.compress(functional.relu(low))
        return high + _enlarge_onto(from_low, high, self.factor), low + self.down(functional.relu(high))


class _DAPPM(nn.Module):
    """Deep aggregation pyramid pooling: ``(B, in, h, w)`` to ``(B, out, h, w)`` with context of four scales.

    Each scale is pooled, narrowed, enlarged, added to the scale before it and convolved: they build on each other.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        width = out_channels
        self.poolings = nn.ModuleList(
            nn.AvgPool2d(kernel, stride, padding=kernel // 2, count_include_pad=False) for kernel, stride in POOLINGS
        )
        self.poolings.append(nn.AdaptiveAvgPool2d(1))
        self.narrow = _bn_relu_conv(in_channels, width, kernel_size=1)
        self.narrow_pooled = nn.ModuleList(_bn_relu_conv(in_channels, width, kernel_size=1) for _ in self.poolings)
        self.process = nn.ModuleList(_bn_relu_conv(width, width, kernel_size=3) for _ in self.poolings)
        self.join = _bn_relu_conv(width * (1 + len(self.poolings)), out_channels, kernel_size=1)
        self.shortcut = _bn_relu_conv(in_channels, out_channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        scales = [self.narrow(x)]
        for pooling, narrow, process in zip(self.poolings, self.narrow_pooled, self.process, strict=True):
            scales.append(process(enlarge(narrow(pooling(x)), x.shape[-2:]) + scales[-1]))
        out: Tensor = self.join(torch.cat(scales, dim=1)) + self.shortcut(x)
        return out


def _basic_blocks(in_channels: int, out_channels: int, *, stride: int = 1) -> nn.Sequential:
    """Return two basic blocks, the first of which changes width and size; no ReLU after the second."""
    first = _basic_block(in_channels, out_channels, stride=stride)
    return nn.Sequential(first, nn.ReLU(inplace=True), _basic_block(out_channels, out_channels, stride=1))


def _basic_block(in_channels: int, out_channels: int, *, stride: int) -> _Residual:
    body = nn.Sequential(conv_bn_relu(in_channels, out_channels, stride=stride), conv_bn(out_channels, out_channels))
    return _Residual(body, _shortcut(in_channels, out_channels, stride))


def _bottleneck(in_channels: int, width: int, *, stride: int = 1) -> _Residual:
    """Return a bottleneck block of ``2 * width`` output channels; no ReLU after it."""
    body = nn.Sequential(
        conv_bn_relu(in_channels, width, kernel_size=1),
        conv_bn_relu(width, width, stride=stride),
        conv_bn(width, 2 * width, kernel_size=1),
    )
    return _Residual(body, _shortcut(in_channels, 2 * width, stride))


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return conv_bn(in_channels, out_channels, kernel_size=1, stride=stride)


def _bn_relu_conv(in_channels: int, out_channels: int, *, kernel_size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.BatchNorm2d(in_channels),
        nn.ReLU(inplace=True),
        nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False),
    )


def _head(in_channels: int, width: int, num_classes: int) -> nn.Sequential:
    return nn.Sequential(
        _bn_relu_conv(in_channels, width, kernel_size=3),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.Conv2d(width, num_classes, kernel_size=1),
    )


def _enlarge_onto(x: Tensor, other: Tensor, factor: int) -> Tensor:
    """Return ``x (B, C, h, w)`` enlarged by ``factor`` and cropped to the size of ``other``."""
    height, width = x.shape[-2:]
    return enlarge(x, (height * factor, width * factor))[..., : other.shape[-2], : other.shape[-1]]


def _initialise(module: nn.Module) -> None:
    """Gaussian weights with standard deviation sqrt(2 / N), N outgoing nodes of a neuron, as in the authors' code."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
