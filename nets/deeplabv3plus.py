"""DeepLabV3+: atrous convolutions look far without shrinking the map, and a small decoder sharpens the edges.

Paper: L.-C. Chen, Y. Zhu, G. Papandreou, F. Schroff and H. Adam, "Encoder-Decoder with Atrous Separable Convolution
for Semantic Image Segmentation", ECCV 2018 (arXiv:1802.02611). The encoder is ResNet-50 (He et al., arXiv:1512.03385).

ResNet halves the image five times; here the last one or two halvings are left out, and the 3x3 convolutions after them
are *atrous*: they take their nine inputs ``rate`` pixels apart and so see what they would have seen. Atrous spatial
pyramid pooling (ASPP) looks at the result at four rates and as a whole, and the decoder adds the encoder's first map,
at a quarter of the image's size, to find the edges again.

Legend: B batch, K classes, H x W padded image, C = ``base_channels``, S = ``output_stride`` 16 (and 8 in brackets)::

    encoder  stem      (B,   C, H/4,  W/4 )  7x7 convolution of stride 2, max-pool 3x3 of stride 2
             stage 1   (B,  4C, H/4,  W/4 )  3 bottlenecks         ── low-level map ────────────────────┐
             stage 2   (B,  8C, H/8,  W/8 )  4 bottlenecks                                              │
             stage 3   (B, 16C, H/16, W/16)  6 bottlenecks (S = 8: H/8, W/8 and rate 2)                 │
             stage 4   (B, 32C, H/S,  W/S )  3 bottlenecks, rate 2 (S = 8: rate 4)                      │
    ASPP     5 views   (B,  4C, H/S,  W/S )  1x1; 3x3 separable at rates 6, 12, 18 (S = 8: twice that); │
                                             the map's mean, 1x1, spread over the map                   │
             projected (B,  4C, H/S,  W/S )  concatenate, 1x1 convolution                               │
    decoder  enlarged  (B,  4C, H/4,  W/4 )  bilinear                                                   │
             low-level (B,3C/4, H/4,  W/4 )  1x1 convolution to 48 channels  <──────────────────────────┘
             refined   (B,  4C, H/4,  W/4 )  concatenate, two 3x3 separable convolutions
    logits             (B,   K, H/4,  W/4 )  1x1 convolution; bilinear to (B, K, H, W)

Cost, K = 29 (asserted in tests):

    ==========  ==========  ======================  =====================
    C           parameters  FLOPs at 480x640, S 16  FLOPs at 480x640, S 8
    ==========  ==========  ======================  =====================
    64          26.68 M     88 G                    264 G
    32          6.70 M      23 G                    67 G
    16          1.69 M      6 G                     17 G
    ==========  ==========  ======================  =====================

Departures from the paper:

- ResNet-50 instead of ResNet-101 or the modified Xception, with stride 2 at a bottleneck's 3x3 convolution, as is usual
  today (the paper's code has it at the end of a stage);
- no batch norm between the two convolutions of a separable one;
- enlarging with ``align_corners=False``, so that any input size will do: the image is padded to a multiple of S by
  repeating its edge, and the logits are cropped back.

Left out: ImageNet weights (training is from scratch), multi-grid rates, and the dropout after ASPP that
implementations have. Training needs at least two images at a time: the batch norm of image pooling sees one value of
each.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from nets.errors import NetError, check_widths
from nets.layers import (
    conv_bn,
    conv_bn_relu,
    enlarge,
    initialise_convolution,
    logits_at_image_size,
    pad_to_multiple,
)

BLOCKS = (3, 4, 6, 3)
"""Bottlenecks in each stage of ResNet-50."""

LOW_LEVEL_STRIDE = 4
"""Of the encoder's first stage, whose map the decoder reads."""


class DeepLabV3Plus(nn.Module):
    """DeepLabV3+ on ResNet-50.

    Args:
        num_classes: number of output channels K, at least 2.
        base_channels: channels C of the stem, a multiple of 4; the encoder ends with 32 C. Paper: 64.
        output_stride: by how much the encoder shrinks the image, 16 or 8. 8 is finer and costs three times as much.

    Raises:
        NetError: an option is out of range.
    """

    def __init__(self, num_classes: int, *, base_channels: int = 64, output_stride: int = 16) -> None:
        super().__init__()
        check_widths(num_classes, base_channels, paper=64, multiple=4)
        if output_stride not in (8, 16):
            raise NetError(f"output_stride is {output_stride}; it must be 8 or 16.")
        self.stride = output_stride
        self.auxiliary_weights: tuple[float, ...] = ()
        self.encoder = _ResNet50(base_channels, output_stride)
        width = 4 * base_channels
        rates = tuple(rate * 16 // output_stride for rate in (6, 12, 18))
        self.aspp = _AtrousSpatialPyramidPooling(32 * base_channels, width, rates)
        low_level_width = base_channels * 3 // 4
        self.low_level = conv_bn_relu(4 * base_channels, low_level_width, kernel_size=1)
        self.refine = nn.Sequential(
            _separable_conv_bn_relu(width + low_level_width, width), _separable_conv_bn_relu(width, width)
        )
        self.head = nn.Conv2d(width, num_classes, kernel_size=1)
        self.apply(initialise_convolution)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``(B, K, H, W)`` for ``images (B, 3, H, W)``, both of the same floating type."""
        low_level, x = self.encoder(pad_to_multiple(images, self.stride))
        x = enlarge(self.aspp(x), low_level.shape[-2:])
        x = self.refine(torch.cat((x, self.low_level(low_level)), dim=1))
        return logits_at_image_size(self.head(x), images, stride=LOW_LEVEL_STRIDE)


class _ResNet50(nn.Module):
    """``(B, 3, H, W)`` to the first stage's ``(B, 4C, H/4, W/4)`` and the last one's ``(B, 32C, H/S, W/S)``."""

    def __init__(self, base_channels: int, output_stride: int) -> None:
        super().__init__()
        self.stem = conv_bn_relu(3, base_channels, kernel_size=7, stride=2)
        self.stages = nn.ModuleList()
        in_channels, shrunk_by, rate = base_channels, LOW_LEVEL_STRIDE, 1
        for stage, blocks in enumerate(BLOCKS):
            width = base_channels * 2**stage
            stride = 1 if stage == 0 else 2
            if shrunk_by * stride > output_stride:
                rate, stride = rate * stride, 1
            shrunk_by *= stride
            self.stages.append(_bottlenecks(in_channels, width, blocks, stride=stride, rate=rate))
            in_channels = 4 * width

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        x = functional.max_pool2d(self.stem(images), kernel_size=3, stride=2, padding=1)
        low_level = x = self.stages[0](x)
        for stage in self.stages[1:]:
            x = stage(x)
        return low_level, x


class _Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions around which the input passes: ``in_channels`` to four times ``width``."""

    def __init__(self, in_channels: int, width: int, *, stride: int, rate: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            conv_bn_relu(in_channels, width, kernel_size=1),
            conv_bn_relu(width, width, stride=stride, dilation=rate),
            conv_bn(width, 4 * width, kernel_size=1),
        )
        self.shortcut: nn.Module = nn.Identity()
        if in_channels != 4 * width or stride != 1:
            self.shortcut = conv_bn(in_channels, 4 * width, kernel_size=1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.convolutions(x) + self.shortcut(x), inplace=True)


class _AtrousSpatialPyramidPooling(nn.Module):
    """Five views of one map, concatenated and projected: ``in_channels`` to ``out_channels`` at the same size."""

    def __init__(self, in_channels: int, out_channels: int, rates: tuple[int, ...]) -> None:
        super().__init__()
        self.local = conv_bn_relu(in_channels, out_channels, kernel_size=1)
        self.atrous = nn.ModuleList(_separable_conv_bn_relu(in_channels, out_channels, rate=rate) for rate in rates)
        self.image = conv_bn_relu(in_channels, out_channels, kernel_size=1)
        self.project = conv_bn_relu((2 + len(rates)) * out_channels, out_channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        image = self.image(x.mean(dim=(2, 3), keepdim=True)).expand(-1, -1, height, width)
        views = [self.local(x), *(branch(x) for branch in self.atrous), image]
        projected: Tensor = self.project(torch.cat(views, dim=1))
        return projected


def _bottlenecks(in_channels: int, width: int, blocks: int, *, stride: int, rate: int) -> nn.Sequential:
    """Return one stage; its first block changes size and width."""
    first = _Bottleneck(in_channels, width, stride=stride, rate=rate)
    return nn.Sequential(first, *(_Bottleneck(4 * width, width, stride=1, rate=rate) for _ in range(blocks - 1)))


def _separable_conv_bn_relu(in_channels: int, out_channels: int, *, rate: int = 1) -> nn.Sequential:
    """Return a 3x3 convolution of each channel for itself, a 1x1 convolution across channels, batch norm, ReLU."""
    depthwise = nn.Conv2d(
        in_channels, in_channels, kernel_size=3, padding=rate, dilation=rate, groups=in_channels, bias=False
    )
    return nn.Sequential(depthwise, *conv_bn_relu(in_channels, out_channels, kernel_size=1))
