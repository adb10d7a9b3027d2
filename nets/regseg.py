"""RegSeg: a wide view from dilated convolutions, and nothing after the backbone but a light decoder.

Paper: R. Gao, "Rethinking Dilated Convolution for Real-time Semantic Segmentation", 2021 (arXiv:2111.09957). What the
text leaves open is from the author's code (github.com/RolandGao/RegSeg, model ``exp48_decoder26``).

A net that must know what a road looks like needs to see far, and nets made for ImageNet do not: instead of halving the
image ever further or adding a context module, RegSeg stays at 1/16 and dilates the convolutions of its blocks, up to
every 14th pixel. Half of each block's channels keep a narrow kernel, so that what is near is not lost, and every output
of the backbone sees 3,807 x 3,807 pixels.

The *D block* is a residual block as in RegNetY: 1x1 convolution, grouped 3x3 convolution, squeeze-excitation (the means
of all channels decide how much of each passes), 1x1 convolution. Its grouped convolution is two side by side, each for
half of the channels, with two dilations.

Legend: B batch, K classes, H x W padded image, C = ``base_channels``; ``(1, d)`` a D block with these two dilations::

    stem             (B,     C, H/2,  W/2 )  3x3 convolution, stride 2
    backbone  1/4    (B, 3/2 C, H/4,  W/4 )  1 D block  (1, 1), stride 2                            ────────┐
              1/8    (B,    4C, H/8,  W/8 )  3 D blocks (1, 1), the first of stride 2               ─────┐  │
              1/16   (B,    8C, H/16, W/16)  1 D block  (1, 1), stride 2, and 12 D blocks:               │  │
                                             (1, 1), (1, 2), 4 x (1, 4), 6 x (1, 14)                     │  │
                     (B,   10C, H/16, W/16)  1 D block  (1, 14)                                          │  │
    decoder   1/16   (B,    4C, H/16, W/16)  1x1 convolution                                             │  │
              1/8    (B,    2C, H/8,  W/8 )  + 1x1 convolution (4C), then 3x3 convolution   <────────────┘  │
              1/4    (B,    2C, H/4,  W/4 )  ++ 1x1 convolution (C/4), then 3x3 convolution <───────────────┘
    logits           (B,     K, H/4,  W/4 )  1x1 convolution; enlarged to H x W

``+`` adds to the enlarged map from below, ``++`` concatenates. Every convolution is followed by batch norm and ReLU.

Parameters (19 classes are those of Cityscapes, for which the paper has 3.34 M) and FLOPs at 480x640, asserted in tests:

    ==========  ==========  ==========  =================
    C           K = 19      K = 29      FLOPs, K = 29
    ==========  ==========  ==========  =================
    32          3.335 M     3.336 M     11.3 G
    16          0.842 M     0.843 M     2.87 G
    ==========  ==========  ==========  =================

Departures from the paper: the group width (16 in the paper) is C / 2, so that a narrower net has as many groups.
Weights are initialised by PyTorch's defaults, as in the author's code; the paper uses no ImageNet weights either.

Left out: the search for dilations of the paper's third version, and the larger RegSeg (``exp53_decoder29``).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from nets.errors import check_widths
from nets.layers import conv_bn, conv_bn_relu, enlarge, logits_at_image_size, pad_to_multiple

DILATIONS = (1, 2, *[4] * 4, *[14] * 7)
"""Dilation of the wide branch in the D blocks at 1/16 that follow the one of stride 2."""


class RegSeg(nn.Module):
    """RegSeg with the paper's backbone and decoder.

    Args:
        num_classes: number of output channels K, at least 2.
        base_channels: channels C of the stem, a multiple of 4; all other widths are in proportion. Paper: 32.

    Raises:
        NetError: an option is out of range.
    """

    def __init__(self, num_classes: int, *, base_channels: int = 32) -> None:
        super().__init__()
        check_widths(num_classes, base_channels, paper=32, multiple=4)
        self.stride = 16
        self.auxiliary_weights: tuple[float, ...] = ()
        c = base_channels
        self.stem = conv_bn_relu(3, c, stride=2)
        self.stage4 = _stage(c, 3 * c // 2, [1], group_width=c // 2)
        self.stage8 = _stage(3 * c // 2, 4 * c, [1, 1, 1], group_width=c // 2)
        self.stage16 = _stage(4 * c, 8 * c, [1, *DILATIONS[:-1]], group_width=c // 2)
        self.stage16.append(_DBlock(8 * c, 10 * c, DILATIONS[-1], group_width=c // 2))
        self.decoder = _Decoder((3 * c // 2, 4 * c, 10 * c), c)
        self.head = nn.Conv2d(2 * c, num_classes, kernel_size=1)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``(B, K, H, W)`` for ``images (B, 3, H, W)``, both of the same floating type."""
        x4 = self.stage4(self.stem(pad_to_multiple(images, self.stride)))
        x8 = self.stage8(x4)
        x16 = self.stage16(x8)
        return logits_at_image_size(self.head(self.decoder(x4, x8, x16)), images, stride=4)


class _DBlock(nn.Module):
    """``(B, in, h, w)`` to ``(B, out, h / stride, w / stride)``, with dilations 1 and ``dilation``."""

    def __init__(
        self, in_channels: int, out_channels: int, dilation: int, *, group_width: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.expand = conv_bn_relu(in_channels, out_channels, kernel_size=1)
        self.convolve: nn.Module
        if dilation == 1:  # two equal branches are one convolution
            self.convolve = _grouped_convolution(out_channels, 1, group_width=group_width, stride=stride)
        else:
            self.convolve = _TwoBranches(out_channels, dilation, group_width=group_width, stride=stride)
        self.activate = nn.Sequential(nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True))
        self.excitation = _SqueezeExcitation(out_channels, in_channels // 4)
        self.project = conv_bn(out_channels, out_channels, kernel_size=1)
        self.shortcut = _shortcut(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.project(self.excitation(self.activate(self.convolve(self.expand(x)))))
        return functional.relu(out + self.shortcut(x))


class _TwoBranches(nn.Module):
    """Grouped 3x3 convolutions side by side, each for half of the channels: dilation 1, and ``dilation``."""

    def __init__(self, channels: int, dilation: int, *, group_width: int, stride: int) -> None:
        super().__init__()
        self.near = _grouped_convolution(channels // 2, 1, group_width=group_width, stride=stride)
        self.far = _grouped_convolution(channels // 2, dilation, group_width=group_width, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        near, far = x.chunk(2, dim=1)
        return torch.cat((self.near(near), self.far(far)), dim=1)


class _SqueezeExcitation(nn.Module):
    """Scale each channel of ``(B, C, h, w)`` by a number in 0..1 that is computed from the means of all channels."""

    def __init__(self, channels: int, hidden_channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, hidden_channels, kernel_size=1)
        self.excite = nn.Conv2d(hidden_channels, channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        means = x.mean(dim=(2, 3), keepdim=True)
        return x * torch.sigmoid(self.excite(functional.relu(self.squeeze(means))))


class _Decoder(nn.Module):
    """The backbone's maps at 1/4, 1/8 and 1/16 to ``(B, 2C, H/4, W/4)``: sum at 1/8, concatenation at 1/4."""

    def __init__(self, in_channels: tuple[int, int, int], base_channels: int) -> None:
        super().__init__()
        c = base_channels
        self.project4 = conv_bn_relu(in_channels[0], c // 4, kernel_size=1)
        self.project8 = conv_bn_relu(in_channels[1], 4 * c, kernel_size=1)
        self.project16 = conv_bn_relu(in_channels[2], 4 * c, kernel_size=1)
        self.fuse8 = conv_bn_relu(4 * c, 2 * c)
        self.fuse4 = conv_bn_relu(2 * c + c // 4, 2 * c)

    def forward(self, x4: Tensor, x8: Tensor, x16: Tensor) -> Tensor:
        x8 = self.fuse8(self.project8(x8) + enlarge(self.project16(x16), x8.shape[-2:]))
        out: Tensor = self.fuse4(torch.cat((enlarge(x8, x4.shape[-2:]), self.project4(x4)), dim=1))
        return out


def _stage(in_channels: int, out_channels: int, dilations: Sequence[int], *, group_width: int) -> nn.Sequential:
    """Return D blocks, one for each dilation; the first halves the map."""
    first, *others = dilations
    return nn.Sequential(
        _DBlock(in_channels, out_channels, first, group_width=group_width, stride=2),
        *(_DBlock(out_channels, out_channels, dilation, group_width=group_width) for dilation in others),
    )


def _grouped_convolution(channels: int, dilation: int, *, group_width: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(
        channels,
        channels,
        kernel_size=3,
        stride=stride,
        padding=dilation,
        dilation=dilation,
        groups=channels // group_width,
        bias=False,
    )


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Return what brings a block's input to the shape of its output: means of 2x2 pixels, then a 1x1 convolution."""
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    convolution = conv_bn(in_channels, out_channels, kernel_size=1)
    return convolution if stride == 1 else nn.Sequential(nn.AvgPool2d(stride), *convolution)
