"""U-Net: an encoder, a decoder, and skip connections between them.

Paper: O. Ronneberger, P. Fischer and T. Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation",
MICCAI 2015 (arXiv:1505.04597).

An encoder halves the image ``depth`` times and doubles the channels each time; a decoder goes the same way back, and
at each size a *skip connection* hands the encoder's map, which still knows where edges are, to the decoder's, which
knows what things are. Nothing else; that is why it is the first net to understand.

Legend: B batch, K classes, H x W padded image, C = ``base_channels``. Shapes with the paper's depth of 4::

    encoder  level 0   (B,   C, H,    W   )  two 3x3 convolutions                  ── skip ────────────┐
             level 1   (B,  2C, H/2,  W/2 )  max-pool 2, two 3x3 convolutions      ── skip ─────────┐  │
             level 2   (B,  4C, H/4,  W/4 )                                        ── skip ──────┐  │  │
             level 3   (B,  8C, H/8,  W/8 )                                        ── skip ───┐  │  │  │
    bottom   level 4   (B, 16C, H/16, W/16)                                                   │  │  │  │
    decoder  level 3   (B,  8C, H/8,  W/8 )  up 2, concatenate, two 3x3 convolutions  <───────┘  │  │  │
             level 2   (B,  4C, H/4,  W/4 )                                           <──────────┘  │  │
             level 1   (B,  2C, H/2,  W/2 )                                           <─────────────┘  │
             level 0   (B,   C, H,    W   )                                           <────────────────┘
    logits             (B,   K, H,    W   )  1x1 convolution

Cost, K = 29, depth 4: parameters and FLOPs at 480x640 (asserted in tests):

    ==========  ==================  ================  ================
    C           transposed          bilinear          no skips
    ==========  ==================  ================  ================
    64          31.04 M  453 G      28.95 M  438 G    27.91 M  362 G
    32          7.76 M   114 G      7.24 M   110 G    6.98 M   91 G
    16          1.94 M   29 G       1.81 M   28 G     1.75 M   23 G
    ==========  ==================  ================  ================

Departures from the paper, all of them usual today:

- 32 channels at full size instead of 64, for a quarter of the cost; ``base_channels=64`` is the paper's net;
- batch norm after each convolution (the paper predates it); the convolutions then need no bias;
- 'same' zero padding, so that logits have the size of the image (the paper loses 92 pixels at each side and crops
  the skips);
- any input size: the image is padded at its right and bottom edge to a multiple of ``2 ** depth`` by repeating the
  last row and column, and the logits are cropped back;
- ``upsampling="bilinear"`` replaces the 2x2 transposed convolution by a 1x1 convolution and bilinear interpolation
  (the convolution first: the two commute, and it is four times cheaper on the small map).

Left out: the dropout at the bottom, and the paper's pixel-wise weight map between touching cells, which is a matter
of the loss.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from nets.errors import NetError, check_widths
from nets.layers import conv_bn_relu, initialise_convolution, logits_at_image_size, pad_to_multiple

Upsampling = Literal["transposed", "bilinear"]


class UNet(nn.Module):
    """U-Net with the paper's layout and options for the four things people vary.

    Args:
        num_classes: number of output channels K, at least 2.
        base_channels: channels C of the full-size level; each level below has twice as many. Paper: 64, which costs
            four times as much.
        depth: how many times the image is halved, 1 to 6. Paper: 4.
        skip_connections: whether the decoder sees the encoder's maps. Off, the net is a plain hourglass; the decoder's
            first convolution at each level then has half the inputs.
        upsampling: ``"transposed"`` (paper) or ``"bilinear"``.

    Raises:
        NetError: an option is out of range.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        base_channels: int = 32,
        depth: int = 4,
        skip_connections: bool = True,
        upsampling: Upsampling = "transposed",
    ) -> None:
        super().__init__()
        check_widths(num_classes, base_channels, paper=64)
        _check_options(depth, upsampling)
        self.stride = 2**depth
        self.auxiliary_weights: tuple[float, ...] = ()
        widths = [base_channels * 2**level for level in range(depth + 1)]
        self.encoder = nn.ModuleList(
            _double_convolution(in_channels, out_channels)
            for in_channels, out_channels in zip([3, *widths[:-2]], widths[:-1], strict=True)
        )
        self.bottom = _double_convolution(widths[-2], widths[-1])
        self.decoder = nn.ModuleList(
            _UpBlock(widths[level + 1], widths[level], skip_connection=skip_connections, upsampling=upsampling)
            for level in reversed(range(depth))
        )
        self.head = nn.Conv2d(base_channels, num_classes, kernel_size=1)
        self.apply(initialise_convolution)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``(B, K, H, W)`` for ``images (B, 3, H, W)``, both of the same floating type."""
        x = pad_to_multiple(images, self.stride)
        skips: list[Tensor] = []
        for level in self.encoder:
            x = level(x)
            skips.append(x)
            x = functional.max_pool2d(x, 2)
        x = self.bottom(x)
        for block, skip in zip(self.decoder, reversed(skips), strict=True):
            x = block(x, skip)
        return logits_at_image_size(self.head(x), images, stride=1)


class _UpBlock(nn.Module):
    """One decoder level: ``(B, 2C, h, w)`` and the encoder's ``(B, C, 2h, 2w)`` to ``(B, C, 2h, 2w)``."""

    def __init__(self, in_channels: int, out_channels: int, *, skip_connection: bool, upsampling: Upsampling) -> None:
        super().__init__()
        self.skip_connection = skip_connection
        self.up: nn.Module
        if upsampling == "transposed":
            self.up = nn.ConvTranspose2d(in_channels, out_channels, kernel_size=2, stride=2)
        else:
            self.up = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, kernel_size=1),
                nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            )
        self.convolutions = _double_convolution(2 * out_channels if skip_connection else out_channels, out_channels)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = self.up(x)
        if self.skip_connection:
            x = torch.cat((skip, x), dim=1)
        out: Tensor = self.convolutions(x)
        return out


def _double_convolution(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return two times 3x3 convolution, batch norm, ReLU."""
    return nn.Sequential(*conv_bn_relu(in_channels, out_channels), *conv_bn_relu(out_channels, out_channels))


def _check_options(depth: int, upsampling: str) -> None:
    if not 1 <= depth <= 6:
        raise NetError(f"depth is {depth}; it must be 1 to 6 (the paper has 4).")
    if upsampling not in ("transposed", "bilinear"):
        raise NetError(f"upsampling is {upsampling!r}; it must be 'transposed' or 'bilinear'.")
