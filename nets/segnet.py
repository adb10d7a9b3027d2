"""SegNet: an encoder that remembers where its maxima were, and a decoder that puts them back there.

Paper: V. Badrinarayanan, A. Kendall and R. Cipolla, "SegNet: A Deep Convolutional Encoder-Decoder Architecture for
Image Segmentation", TPAMI 2017 (arXiv:1511.00561, 2015).

The encoder is the 13 convolutions of VGG16; each max-pooling also returns the *index* of the pixel that won in each
2x2 window. The decoder is the encoder's mirror image and enlarges without learning to: unpooling puts each value back
at its index and zeros around it, and the convolutions that follow make a dense map again; what crosses from encoder to
decoder is where edges were, not what they looked like.

Legend: B batch, K classes, H x W padded image, C = ``base_channels``; "n x" counts 3x3 convolutions, each followed by
batch norm and ReLU::

    encoder  stage 1   (B,  C, H,    W   )  2 x, max-pool 2   ── indices ────────────┐
             stage 2   (B, 2C, H/2,  W/2 )  2 x, max-pool 2   ── indices ─────────┐  │
             stage 3   (B, 4C, H/4,  W/4 )  3 x, max-pool 2   ── indices ──────┐  │  │
             stage 4   (B, 8C, H/8,  W/8 )  3 x, max-pool 2   ── indices ───┐  │  │  │
             stage 5   (B, 8C, H/16, W/16)  3 x, max-pool 2   ── indices ┐  │  │  │  │
    bottom             (B, 8C, H/32, W/32)                               │  │  │  │  │
    decoder  stage 5   (B, 8C, H/16, W/16)  unpool 2, 3 x     <──────────┘  │  │  │  │
             stage 4   (B, 4C, H/8,  W/8 )  unpool 2, 3 x     <─────────────┘  │  │  │
             stage 3   (B, 2C, H/4,  W/4 )  unpool 2, 3 x     <────────────────┘  │  │
             stage 2   (B,  C, H/2,  W/2 )  unpool 2, 2 x     <───────────────────┘  │
             stage 1   (B,  C, H,    W   )  unpool 2, 1 x     <──────────────────────┘
    logits             (B,  K, H,    W   )  3x3 convolution, the mirror image of the net's first

Cost, K = 29 (asserted in tests):

    ==========  ==========  =================
    C           parameters  FLOPs at 480x640
    ==========  ==========  =================
    64          29.45 M     385 G
    32          7.37 M      99 G
    16          1.85 M      26 G
    ==========  ==========  =================

Departures from the paper:

- convolutions have no bias, because the batch norm after each has one;
- any input size: the image is padded to a multiple of 32 by repeating its edge, and the logits are cropped back.

Left out: VGG16's ImageNet weights (training is from scratch), local contrast normalisation of the input, SegNet-Basic
with 4 + 4 layers, and the dropout of Bayesian SegNet. Median frequency balancing is a matter of the loss.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn import functional

from nets.errors import check_widths
from nets.layers import conv_bn_relu, initialise_convolution, logits_at_image_size, pad_to_multiple

ENCODER_STAGES = ((1, 1), (2, 2), (4, 4, 4), (8, 8, 8), (8, 8, 8))
"""Output widths of VGG16's convolutions, stage by stage, in multiples of ``base_channels``."""

DECODER_STAGES = ((8, 8, 8), (8, 8, 4), (4, 4, 2), (2, 1), (1,))
"""The mirror image: each stage ends with the width that its next one's encoder ends with; the last lacks the head."""


class SegNet(nn.Module):
    """SegNet with the layout of VGG16.

    Args:
        num_classes: number of output channels K, at least 2.
        base_channels: channels C of the first stage; the deepest have 8 C. Paper: 64.

    Raises:
        NetError: an option is out of range.
    """

    def __init__(self, num_classes: int, *, base_channels: int = 64) -> None:
        super().__init__()
        check_widths(num_classes, base_channels, paper=64)
        self.stride = 2 ** len(ENCODER_STAGES)
        self.auxiliary_weights: tuple[float, ...] = ()
        self.encoder = nn.ModuleList(_stages(3, ENCODER_STAGES, base_channels))
        self.decoder = nn.ModuleList(_stages(8 * base_channels, DECODER_STAGES, base_channels))
        self.head = nn.Conv2d(base_channels, num_classes, kernel_size=3, padding=1)
        self.apply(initialise_convolution)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``(B, K, H, W)`` for ``images (B, 3, H, W)``, both of the same floating type."""
        x = pad_to_multiple(images, self.stride)
        recalled: list[Tensor] = []
        for stage in self.encoder:
            # Windows do not overlap, so that no two values are put back at one place: the result is deterministic.
            x, indices = functional.max_pool2d(stage(x), 2, return_indices=True)
            recalled.append(indices)
        for stage, indices in zip(self.decoder, reversed(recalled), strict=True):
            x = stage(functional.max_unpool2d(x, indices, (2, 2)))
        return logits_at_image_size(self.head(x), images, stride=1)


def _stages(in_channels: int, stages: tuple[tuple[int, ...], ...], base_channels: int) -> Iterator[nn.Sequential]:
    """Yield each stage: a 3x3 convolution with batch norm and ReLU for each of its widths."""
    for multiples in stages:
        widths = [multiple * base_channels for multiple in multiples]
        inputs = [in_channels, *widths[:-1]]
        yield nn.Sequential(*(conv_bn_relu(i, o) for i, o in zip(inputs, widths, strict=True)))
        in_channels = widths[-1]
