"""The layers that more than one net is built from, and how a net takes images of any size.

Every net pads its images to a multiple of its stride with ``pad_to_multiple``, works at sizes that halve without a
rest, and brings its logits back with ``logits_at_image_size``. Padding is at the right and bottom only, so that the
pixel at (0, 0) is where it was, and repeats the edge: zeros would be a grey frame that no camera has seen.

Enlarging is bilinear with ``align_corners=False``: a net then treats a larger picture as more of the same, while
``align_corners=True`` would stretch by a factor that depends on the picture's size.

A net's own blocks are in the net's own file.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


def pad_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column of ``(B, C, H, W)`` until H and W are multiples of ``multiple``."""
    height, width = images.shape[-2:]
    bottom, right = -height % multiple, -width % multiple
    if bottom == 0 and right == 0:
        return images
    return functional.pad(images, (0, right, 0, bottom), mode="replicate")


def enlarge(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """Return ``x (B, C, h, w)`` at ``size`` (H, W), which may be a ``torch.Size``, by bilinear interpolation."""
    return functional.interpolate(x, size=size, mode="bilinear", align_corners=False)


def logits_at_image_size(logits: Tensor, images: Tensor, *, stride: int) -> Tensor:
    """Return logits that one cell has per ``stride`` pixels of the padded image as one per pixel of ``images``.

    Args:
        logits: ``(B, K, h, w)`` of the padded image, whose size is ``stride * h`` by ``stride * w``.
        images: ``(B, 3, H, W)`` before padding; only the size is used.
        stride: by how much to enlarge.

    Returns:
        ``(B, K, H, W)``.
    """
    height, width = images.shape[-2:]
    if stride > 1:
        logits = enlarge(logits, (logits.shape[-2] * stride, logits.shape[-1] * stride))
    return logits[..., :height, :width]


def conv_bn(
    in_channels: int, out_channels: int, kernel_size: int = 3, *, stride: int = 1, dilation: int = 1, groups: int = 1
) -> nn.Sequential:
    """Return a 'same' convolution (odd ``kernel_size``, no bias: the next layer has one) and batch norm."""
    convolution = nn.Conv2d(
        in_channels,
        out_channels,
        kernel_size,
        stride=stride,
        padding=dilation * (kernel_size // 2),
        dilation=dilation,
        groups=groups,
        bias=False,
    )
    return nn.Sequential(convolution, nn.BatchNorm2d(out_channels))


def conv_bn_relu(
    in_channels: int, out_channels: int, kernel_size: int = 3, *, stride: int = 1, dilation: int = 1, groups: int = 1
) -> nn.Sequential:
    """Return ``conv_bn`` with a ReLU after it."""
    layers = conv_bn(in_channels, out_channels, kernel_size, stride=stride, dilation=dilation, groups=groups)
    return layers.append(nn.ReLU(inplace=True))


def initialise_convolution(module: nn.Module) -> None:
    """Draw a convolution's weights as He et al. (arXiv:1502.01852) for ReLU; for ``nn.Module.apply``.

    Gaussian with standard deviation sqrt(2 / N), N incoming nodes of a neuron; biases are zero. Other modules are left
    as PyTorch made them.
    """
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
