"""A few validation frames as the net sees them: input, truth and prediction side by side, with the classes' colours.

Decisions: the same frames in each epoch, spread over the split, so that pictures can be compared; one size and one
legend for a whole run; labels are enlarged without mixing colours; pixels without a label are striped, since black is a
class's colour in some label sets.
"""

from __future__ import annotations

import io
from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from datasets.labels import LabelSet
from harness.training.data import Batch

MAX_EXAMPLES = 4
TILE_PX = 256
"""Longest side of a picture."""

_COLUMNS = ("input", "truth", "prediction")
_GAP_PX = 6
_HEADING_PX = 26
_LEGEND_ROW_PX = 22
_LEGEND_COLUMN_PX = 190
_PAPER, _INK, _EDGE = (232, 232, 232), (25, 25, 25), (120, 120, 120)
_STRIPES = np.array([(245, 245, 245), (185, 185, 185)], np.uint8)
_STRIPE_PX = 5

Picture = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Example:
    """One frame and what the net made of it."""

    rgb: Picture
    """``(H, W, 3)`` uint8."""

    truth: Picture
    """``(H, W)`` uint8 class ids; those that no class has are not labelled."""

    prediction: Picture
    """``(H, W)`` uint8 class ids."""


def example_frames(order: Sequence[int]) -> tuple[int, ...]:
    """Return at most ``MAX_EXAMPLES`` of the frame numbers in ``order``, spread evenly."""
    count = min(MAX_EXAMPLES, len(order))
    return tuple(order[(2 * part + 1) * len(order) // (2 * count)] for part in range(count))


def examples_of(batch: Batch, predictions: Tensor, wanted: Container[int]) -> list[Example]:
    """Return those frames of ``batch`` whose numbers are ``wanted``; ``predictions (B, H, W)`` are uint8 class ids."""
    return [
        Example(
            rgb=batch.rgb[row].permute(1, 2, 0).cpu().numpy(),
            truth=batch.labels[row].cpu().numpy(),
            prediction=predictions[row].cpu().numpy(),
        )
        for row, number in enumerate(batch.indices)
        if number in wanted
    ]


def draw_panels(examples: Sequence[Example], labels: LabelSet) -> Picture:
    """Return ``(H, W, 3)`` uint8: a row for each of one or more examples of one size, and below the classes' names.

    The size depends on the number and size of the examples and on the classes, never on what was predicted.
    """
    width, height = _tile_size(*examples[0].truth.shape)
    legend = _legend(labels, 3 * (width + _GAP_PX) + _GAP_PX)
    legend_top = _HEADING_PX + len(examples) * (height + _GAP_PX)
    canvas = Image.new("RGB", (legend.width, legend_top + legend.height), _PAPER)
    pen = ImageDraw.Draw(canvas)
    for column, heading in enumerate(_COLUMNS):
        left = _GAP_PX + column * (width + _GAP_PX)
        pen.text((left, _HEADING_PX // 2), heading, fill=_INK, font=_font(14), anchor="lm")
    for row, example in enumerate(examples):
        for column, tile in enumerate(_tiles(example, labels, (width, height))):
            canvas.paste(tile, (_GAP_PX + column * (width + _GAP_PX), _HEADING_PX + row * (height + _GAP_PX)))
    canvas.paste(legend, (0, legend_top))
    return np.asarray(canvas)


def panels_png(picture: Picture) -> bytes:
    """Return ``(H, W, 3)`` uint8 as PNG, equal bytes for equal pictures."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, format="PNG")
    return content.getvalue()


def _tile_size(height: int, width: int) -> tuple[int, int]:
    scale = TILE_PX / max(height, width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _tiles(example: Example, labels: LabelSet, size: tuple[int, int]) -> list[Image.Image]:
    rgb = Image.fromarray(example.rgb).resize(size, Image.Resampling.BILINEAR)
    ids = [np.asarray(Image.fromarray(each).resize(size, Image.Resampling.NEAREST))
           for each in (example.truth, example.prediction)]  # fmt: skip
    return [rgb, *(Image.fromarray(_coloured(each, labels)) for each in ids)]


def _coloured(ids: Picture, labels: LabelSet) -> Picture:
    """Class ids ``(H, W)`` in their colours, unlabelled pixels striped."""
    rows, columns = np.indices(ids.shape)
    stripes = _STRIPES[(rows + columns) // _STRIPE_PX % 2]
    picture: Picture = np.where((ids < labels.num_classes)[..., None], labels.palette[ids], stripes)
    return picture


@cache
def _legend(labels: LabelSet, width: int) -> Image.Image:
    """Swatches with the names of all classes, in as many columns as there is room for."""
    per_row = max(1, (width - _GAP_PX) // _LEGEND_COLUMN_PX)
    column_px = (width - _GAP_PX) // per_row
    unlabelled = _coloured(np.full((16, 26), labels.ignore_id, np.uint8), labels)
    swatches = [(label.name, Image.new("RGB", (26, 16), label.color)) for label in labels.classes]
    swatches.append(("not labelled", Image.fromarray(unlabelled)))
    legend = Image.new("RGB", (width, -(-len(swatches) // per_row) * _LEGEND_ROW_PX + _GAP_PX), _PAPER)
    pen = ImageDraw.Draw(legend)
    for number, (name, swatch) in enumerate(swatches):
        left = _GAP_PX + number % per_row * column_px
        middle = number // per_row * _LEGEND_ROW_PX + _LEGEND_ROW_PX // 2
        legend.paste(swatch, (left, middle - 8))
        pen.rectangle((left, middle - 8, left + 25, middle + 7), outline=_EDGE)
        pen.text((left + 33, middle), _shortened(name, column_px - 40), fill=_INK, font=_font(13), anchor="lm")
    return legend


def _shortened(text: str, width_px: int) -> str:
    """The text, cut where it would be wider than that in the legend."""
    if _font(13).getlength(text) <= width_px:
        return text
    while text and _font(13).getlength(f"{text}…") > width_px:
        text = text[:-1]
    return f"{text}…"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib: the same on every machine, and it has letters of most scripts."""
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)
