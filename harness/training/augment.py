"""Random changes of a training batch, for images and labels together, where the batch already is.

Decisions:

* **One transform for the whole batch, on the device, from one generator.** No per-image Python, no worker processes,
  no synchronisation with the host: all random numbers are drawn on the device and only used there.
* **Geometry is a pair of index rows.** Crop, mirror and zoom are separable, so for each image they are a list of
  source rows and a list of source columns. Labels, and images without zoom, are gathered with the very same integer
  indices: a pixel can never part from its label. With zoom, images are sampled bilinearly at the same positions.
* **Outside the frame there is no label.** Zooming out shows the edge pixel again, with the ignore id.
* **Colours change after geometry, on float RGB, and labels are never handed to that code.** Brightness, contrast,
  saturation and hue are one 3x3 matrix and one offset an image, so the pixels are read and written once for all four.
* **Random numbers are drawn for the whole batch**, also by a process that has only some of its frames: a frame's
  changes do not depend on how many processes share the batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from harness.training.config import TrainConfig
from harness.training.pixels import center, to_net_input

RGB_TO_YIQ = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))
"""Luma and two axes of colour, of the NTSC standard: to turn the two turns the hue, and the luma stays."""

LARGEST_HUE_TURN = math.radians(36)
"""Turn of the hue at strength 1."""


@dataclass(frozen=True)
class Geometry:
    """Where each output pixel of a batch comes from, in source pixels; the centre of pixel i is i.

    Positions outside the frame are allowed.
    """

    rows: Tensor
    """``(B, h)`` float32 source row of each output row."""

    columns: Tensor
    """``(B, w)`` float32 source column of each output column."""


class BatchTransform:
    """Turns a stored batch into a net's input and its labels: crop, mirror, zoom, colours, scaling.

    Args:
        crop: output (width, height) [px]; None keeps the size of the frames.
        flip: mirror each image with probability one half.
        scale_jitter: zoom by a random factor in ``1 / (1 + s) .. 1 + s``; 0 is off. 1 is the usual multi-scale crop:
            half of the images are enlarged, up to twice, and half are made smaller, down to half their size. What a
            crop shows of a smaller image is more of it; where that is not enough, it lies in a frame of ignored pixels.
        color_jitter: strength of random changes of colour, see ``jitter_colors``; 0 is off.
        is_random: False takes the crop at the centre and changes nothing else.
        ignore_id: label of pixels outside the frame.
    """

    def __init__(
        self,
        *,
        crop: tuple[int, int] | None,
        flip: bool,
        scale_jitter: float,
        color_jitter: float,
        is_random: bool,
        ignore_id: int,
    ) -> None:
        self.crop = crop
        self.flip = flip and is_random
        self.scale_jitter = scale_jitter if is_random else 0.0
        self.color_jitter = color_jitter if is_random else 0.0
        self.is_random = is_random
        self.ignore_id = ignore_id

    @classmethod
    def from_config(cls, config: TrainConfig, *, ignore_id: int) -> BatchTransform:
        """Return the transform that a run's settings ask for."""
        return cls(
            crop=config.crop,
            flip=config.flip,
            scale_jitter=config.scale_jitter,
            color_jitter=config.color_jitter,
            is_random=config.augment,
            ignore_id=ignore_id,
        )

    def __call__(
        self,
        rgb: Tensor,
        labels: Tensor,
        generator: torch.Generator,
        *,
        part: slice | None = None,
        batch_size: int | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return ``(B, 3, h, w)`` float32 net input, channels last, and ``(B, h, w)`` uint8 labels.

        Args:
            rgb: ``(B, 3, H, W)`` uint8.
            labels: ``(B, H, W)`` uint8 class ids.
            generator: source of all randomness, on the same device.
            part: which frames of a larger batch these are; None if they are the batch.
            batch_size: frames of that batch; needed with ``part``.
        """
        batch_size, rows = batch_size or len(rgb), part or slice(None)
        geometry = self._geometry(rgb, _uniform(batch_size, generator)[:, rows] if self.is_random else None)
        if self.scale_jitter > 0:
            cropped, labels = sample_bilinear(rgb, geometry), sample_labels(labels, geometry, ignore_id=self.ignore_id)
            unit = cropped.div_(255.0)
        else:
            cropped, labels = gather(rgb, labels, geometry)
            if self.color_jitter == 0:
                return to_net_input(cropped), labels
            unit = cropped.to(dtype=torch.float32, memory_format=torch.channels_last).div_(255.0)
        if self.color_jitter > 0:
            unit = jitter_colors(unit, self.color_jitter, _uniform(batch_size, generator)[:, rows])
        return center(unit).contiguous(memory_format=torch.channels_last), labels

    def _geometry(self, rgb: Tensor, uniform: Tensor | None) -> Geometry:
        """Return the geometry of ``rgb (B, 3, H, W)`` for ``uniform (5, B)`` numbers of 0..1; None is the middle."""
        batch, _, height, width = rgb.shape
        if uniform is None:
            uniform = torch.full((5, batch), 0.5, device=rgb.device)
        crop_width, crop_height = self.crop or (width, height)
        # Two uniform numbers make the zoom's sign and size, so that zooming in and out are equally likely.
        factor = 1.0 + self.scale_jitter * uniform[0]
        zoom = torch.where(uniform[1] < 0.5, factor, 1.0 / factor)
        mirrored = (uniform[2] < 0.5) & self.flip
        is_exact = self.scale_jitter == 0
        rows = _source_positions(crop_height, height, zoom, uniform[3], is_exact=is_exact)
        columns = _source_positions(crop_width, width, zoom, uniform[4], is_exact=is_exact)
        return Geometry(rows, torch.where(mirrored[:, None], columns.flip(1), columns))


def gather(rgb: Tensor, labels: Tensor, geometry: Geometry) -> tuple[Tensor, Tensor]:
    """Return image and label pixels at positions that are whole numbers inside the frame."""
    rows, columns = geometry.rows.long()[:, :, None], geometry.columns.long()[:, None, :]
    image = torch.arange(rgb.shape[0], device=rgb.device)[:, None, None]
    # Indexing channels-last data gives (B, h, w, 3) rows of whole pixels; the permutation is a view.
    cropped = rgb.permute(0, 2, 3, 1)[image, rows, columns].permute(0, 3, 1, 2)
    return cropped, labels[image, rows, columns]


def sample_bilinear(rgb: Tensor, geometry: Geometry) -> Tensor:
    """Return ``(B, 3, h, w)`` float32 pixels 0..255 at any positions; outside the frame the edge is repeated."""
    height, width = rgb.shape[-2:]
    # grid_sample's -1..1 runs, with align_corners, from the centre of the first pixel to that of the last.
    y = geometry.rows * (2.0 / max(height - 1, 1)) - 1.0
    x = geometry.columns * (2.0 / max(width - 1, 1)) - 1.0
    grid = torch.stack((x[:, None, :].expand(-1, y.shape[1], -1), y[:, :, None].expand(-1, -1, x.shape[1])), dim=-1)
    return torch.nn.functional.grid_sample(
        rgb.float(), grid, mode="bilinear", padding_mode="border", align_corners=True
    )


def sample_labels(labels: Tensor, geometry: Geometry, *, ignore_id: int) -> Tensor:
    """Return ``(B, h, w)`` uint8 labels nearest to any positions; outside the frame the ignore id."""
    height, width = labels.shape[-2:]
    rows, columns = geometry.rows.round().long(), geometry.columns.round().long()
    is_inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    image = torch.arange(labels.shape[0], device=labels.device)[:, None, None]
    found = labels[image, rows.clamp(0, height - 1)[:, :, None], columns.clamp(0, width - 1)[:, None, :]]
    return found.masked_fill(~is_inside, ignore_id)


def jitter_colors(unit_rgb: Tensor, strength: float, uniform: Tensor) -> Tensor:
    """Change brightness, contrast, saturation, hue and gamma of each image.

    Brightness, contrast and saturation are multiplied by factors in ``1 - s .. 1 + s``, the hue is turned by up to
    ``s * LARGEST_HUE_TURN`` either way, and the result is raised to a power in ``1 / (1 + s) .. 1 + s``.

    Args:
        unit_rgb: ``(B, 3, H, W)`` float32, 0..1.
        strength: s, 0 to 1.
        uniform: ``(5, B)`` numbers of 0..1, one for each change in the order above; 0.5 is no change.

    Returns:
        The same shape, clipped to 0..1.
    """
    signed = 2.0 * uniform - 1.0
    brightness, contrast, saturation = (1.0 + strength * signed[:3]).unbind(0)
    turn, gamma = strength * LARGEST_HUE_TURN * signed[3], (1.0 + strength) ** signed[4]
    gain, (to_grey, to_chroma, to_turned) = brightness * contrast, _color_bases(unit_rgb.device)
    chroma = gain * saturation
    matrix = _outer(gain, to_grey) + _outer(chroma * turn.cos(), to_chroma) + _outer(chroma * turn.sin(), to_turned)
    # Contrast keeps the mean grey of the brightened image, which saturation and hue do not change.
    offset = (brightness - gain)[:, None] * (unit_rgb.mean(dim=(2, 3)) @ to_grey.T)
    pixels = unit_rgb.permute(0, 2, 3, 1)
    changed = torch.baddbmm(offset[:, None], pixels.flatten(1, 2), matrix.transpose(1, 2)).clamp_(0.0, 1.0)
    return changed.pow_(gamma[:, None, None]).view(pixels.shape).permute(0, 3, 1, 2)


@cache
def _color_bases(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return three ``(3, 3)`` maps of RGB: to its grey, to what is left, and to that with its hue a quarter turned.

    Made once for each device, since a copy from the host at each step would make it wait.
    """
    to_yiq = torch.tensor(RGB_TO_YIQ, dtype=torch.float64)
    in_yiq = torch.zeros(3, 3, 3, dtype=torch.float64)
    in_yiq[0, 0, 0] = in_yiq[1, 1, 1] = in_yiq[1, 2, 2] = in_yiq[2, 2, 1] = 1.0
    in_yiq[2, 1, 2] = -1.0
    grey, chroma, turned = (to_yiq.inverse() @ in_yiq @ to_yiq).to(device, torch.float32)
    return grey, chroma, turned


def _uniform(batch_size: int, generator: torch.Generator) -> Tensor:
    """Return five random numbers of 0..1 for each frame of a batch, ``(5, B)``."""
    return torch.rand((5, batch_size), generator=generator, device=generator.device)


def _outer(factors: Tensor, matrix: Tensor) -> Tensor:
    """Return ``(B, 3, 3)``: ``matrix`` times each of ``factors (B,)``."""
    return factors[:, None, None] * matrix


def _source_positions(length: int, source: int, zoom: Tensor, uniform: Tensor, *, is_exact: bool) -> Tensor:
    """Return ``(B, length)`` positions of a window of ``length / zoom`` pixels placed at random in ``source``.

    Args:
        length: output pixels.
        source: source pixels.
        zoom: ``(B,)`` output pixels for each source pixel.
        uniform: ``(B,)`` in 0..1, where the window lies: 0 at the start, 1 at the end.
        is_exact: zoom is 1 and positions must be whole numbers.
    """
    steps = torch.arange(length, device=zoom.device, dtype=torch.float32)
    if is_exact:
        free = source - length
        # floor over free + 1 equal bins; the minimum guards against uniform * (free + 1) rounding up to free + 1.
        start = (uniform * (free + 1)).floor().clamp(max=free)
        return start[:, None] + steps
    window = length / zoom
    start = (source - window) * uniform
    return start[:, None] + (steps + 0.5) / zoom[:, None] - 0.5
