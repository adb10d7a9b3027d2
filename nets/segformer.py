"""SegFormer-B0: a transformer that works at four sizes, and a decoder of nothing but linear layers.

Paper: E. Xie, W. Wang, Z. Yu, A. Anandkumar, J. M. Alvarez and P. Luo, "SegFormer: Simple and Efficient Design for
Semantic Segmentation with Transformers", NeurIPS 2021 (arXiv:2105.15203). What the text leaves open is from the
authors' code (github.com/NVlabs/SegFormer).

Every pixel of a map may look at every other (*attention*), from the first stage on, so that the decoder needs no
context module. Two things make that affordable and of any size: keys and values are taken from a map that is 8, 4, 2
times smaller (*efficient self-attention*), and a 3x3 depthwise convolution between the two linear layers of each block
(*Mix-FFN*) tells a pixel where it is, through the zeros at the border, in place of a table of positions.

Legend: B batch, K classes, H x W padded image, C = ``base_channels``; a stage is a strided convolution whose windows
overlap (*patch embedding*) and two blocks of attention and Mix-FFN::

              map                         embedding       heads   keys and values are   Mix-FFN
    stage 1   (B,  C, H/4,  W/4 )         7x7, stride 4   1       8 x 8 times fewer     4C   ───────────┐
    stage 2   (B, 2C, H/8,  W/8 )         3x3, stride 2   2       4 x 4                 8C   ────────┐  │
    stage 3   (B, 5C, H/16, W/16)         3x3, stride 2   5       2 x 2                 20C  ─────┐  │  │
    stage 4   (B, 8C, H/32, W/32)         3x3, stride 2   8       all                   32C  ──┐  │  │  │
    decoder   (B, 8C, H/4,  W/4 )         linear layer for each, enlarged to H/4, fused by  <──┴──┴──┴──┘
                                          one linear layer, batch norm, ReLU
    logits    (B,  K, H/4,  W/4 )         1x1 convolution; enlarged to H x W

Parameters and FLOPs at 480x640, asserted in tests:

    ==========  ==========  ==========  =================
    C           K = 19      K = 29      FLOPs, K = 29
    ==========  ==========  ==========  =================
    32          3.719 M     3.722 M     12.2 G
    16          0.947 M     0.948 M     3.91 G
    ==========  ==========  ==========  =================

Departures from the paper:

- no ImageNet weights, on which the paper's figures rest;
- the decoder's maps are fused before they are enlarged and added, instead of enlarged, concatenated and fused: the
  same function (enlarging and a linear layer commute, and a linear layer of a concatenation is a sum) for two thirds
  of the whole net's FLOPs and without its widest map;
- layer norm has PyTorch's epsilon everywhere (1e-5; the authors have 1e-6 in the blocks).

Left out: the stochastic depth (0.1) and the decoder's dropout (0.1) of the authors' code, so that the net draws no
random numbers in training. Weights are initialised as in the authors' code.
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional

from nets.errors import check_widths
from nets.layers import enlarge, logits_at_image_size, pad_to_multiple

BLOCKS = 2
"""Blocks of each stage of B0; only B0 and B1 have the same number everywhere."""

EXPANSION = 4
"""Width of a Mix-FFN's inner map over its outer one."""


class SegFormer(nn.Module):
    """SegFormer with the layout of B0.

    Args:
        num_classes: number of output channels K, at least 2.
        base_channels: channels C of the first stage and of each attention head; all other widths are in proportion.
            Paper: 32 (64 gives the encoder of B1).

    Raises:
        NetError: an option is out of range.
    """

    def __init__(self, num_classes: int, *, base_channels: int = 32) -> None:
        super().__init__()
        check_widths(num_classes, base_channels, paper=32)
        self.stride = 32
        self.auxiliary_weights: tuple[float, ...] = ()
        c = base_channels
        self.stages = nn.ModuleList(
            [
                _Stage(3, c, heads=1, kernel_size=7, stride=4, reduction=8),
                _Stage(c, 2 * c, heads=2, kernel_size=3, stride=2, reduction=4),
                _Stage(2 * c, 5 * c, heads=5, kernel_size=3, stride=2, reduction=2),
                _Stage(5 * c, 8 * c, heads=8, kernel_size=3, stride=2, reduction=1),
            ]
        )
        self.stages.apply(_initialise)
        self.decoder = _Decoder((c, 2 * c, 5 * c, 8 * c), 8 * c)
        self.head = nn.Conv2d(8 * c, num_classes, kernel_size=1)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``(B, K, H, W)`` for ``images (B, 3, H, W)``, both of the same floating type."""
        x = pad_to_multiple(images, self.stride)
        maps: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return logits_at_image_size(self.head(self.decoder(maps)), images, stride=4)


class _Stage(nn.Module):
    """Patch embedding and blocks: ``(B, in, h, w)`` to ``(B, out, h / stride, w / stride)``.

    Within a stage, maps are ``(B, h, w, C)``: linear layers and layer norm work along the last axis.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, heads: int, kernel_size: int, stride: int, reduction: int
    ) -> None:
        super().__init__()
        self.embed = nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=kernel_size // 2)
        self.embed_norm = nn.LayerNorm(out_channels)
        self.blocks = nn.Sequential(*(_Block(out_channels, heads=heads, reduction=reduction) for _ in range(BLOCKS)))
        self.norm = nn.LayerNorm(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed_norm(self.embed(x).permute(0, 2, 3, 1))
        x = self.norm(self.blocks(x))
        return x.permute(0, 3, 1, 2)


class _Block(nn.Module):
    """Attention, then Mix-FFN, each added to its input: ``(B, h, w, C)`` to the same."""

    def __init__(self, channels: int, *, heads: int, reduction: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(channels)
        self.attention = _EfficientAttention(channels, heads=heads, reduction=reduction)
        self.mix_norm = nn.LayerNorm(channels)
        self.mix = _MixFFN(channels, EXPANSION * channels)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x))
        out: Tensor = x + self.mix(self.mix_norm(x))
        return out


class _EfficientAttention(nn.Module):
    """Self-attention of ``(B, h, w, C)`` whose keys and values are of a map ``reduction`` times smaller each way."""

    def __init__(self, channels: int, *, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.project = nn.Linear(channels, channels)
        self.reduce = _Reduction(channels, reduction) if reduction > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        context = self.reduce(x)
        attended = functional.scaled_dot_product_attention(
            self._by_head(self.query(x)), self._by_head(self.key(context)), self._by_head(self.value(context))
        )
        out: Tensor = self.project(attended.transpose(1, 2).reshape(x.shape))
        return out

    def _by_head(self, x: Tensor) -> Tensor:
        """Return ``(B, h, w, C)`` as ``(B, heads, h * w, C / heads)``."""
        batch, height, width, channels = x.shape
        return x.reshape(batch, height * width, self.heads, channels // self.heads).transpose(1, 2)


class _Reduction(nn.Module):
    """``(B, h, w, C)`` to ``(B, h / factor, w / factor, C)``."""

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, kernel_size=factor, stride=factor)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.norm(_channels_last(self.convolution, x))
        return out


class _MixFFN(nn.Module):
    """Linear layer, 3x3 depthwise convolution, GELU, linear layer: ``(B, h, w, C)`` to the same."""

    def __init__(self, channels: int, inner_channels: int) -> None:
        super().__init__()
        self.widen = nn.Linear(channels, inner_channels)
        self.mix = nn.Conv2d(inner_channels, inner_channels, kernel_size=3, padding=1, groups=inner_channels)
        self.narrow = nn.Linear(inner_channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.narrow(functional.gelu(_channels_last(self.mix, self.widen(x))))
        return out


class _Decoder(nn.Module):
    """The maps of all stages to ``(B, width, H/4, W/4)``."""

    def __init__(self, in_channels: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.project = nn.ModuleList(nn.Conv2d(channels, width, kernel_size=1) for channels in in_channels)
        self.fuse = nn.ModuleList(_fusing_layer(width) for _ in in_channels)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, maps: list[Tensor]) -> Tensor:
        fused = [fuse(project(x)) for fuse, project, x in zip(self.fuse, self.project, maps, strict=True)]
        total = fused[0]
        for x in fused[1:]:
            total = total + enlarge(x, total.shape[-2:])
        return functional.relu(self.norm(total))


def _fusing_layer(width: int) -> nn.Conv2d:
    layer = nn.Conv2d(width, width, kernel_size=1, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return layer


def _channels_last(convolution: nn.Module, x: Tensor) -> Tensor:
    """Apply a convolution to ``x (B, h, w, C)``; the result has its channels last, too."""
    out: Tensor = convolution(x.permute(0, 3, 1, 2))
    return out.permute(0, 2, 3, 1)


def _initialise(module: nn.Module) -> None:
    """Initialise the encoder's layers as the authors' code does."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Conv2d):
        fan_out = math.prod(module.kernel_size) * module.out_channels // module.groups
        nn.init.normal_(module.weight, std=math.sqrt(2 / fan_out))
        if module.bias is not None:
            nn.init.zeros_(module.bias)
