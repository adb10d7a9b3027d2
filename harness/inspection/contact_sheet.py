"""A contact sheet: what each scenario looks like, with its tags, on one picture.

Decisions: a block a scenario, a line a camera. The weathers of a drive stand side by side at the same frame, followed
by their tags: once when they are the same, as they should be. Long lines wrap. With very many scenarios a part of them
is shown, spread evenly, and the sheet says so.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from datasets.labels import LabelSet
from datasets.sample import Sample, depth_metres
from harness.inspection.sampling import evenly
from harness.streams import Stream

COLUMNS = 6
TILE_WIDTH_PX = 320
MAX_TILE_HEIGHT_PX = 240
MOMENTS = 3
"""Frames of a stream at most, where there is room in a line."""
MAX_SCENARIOS = 24
FAR_M = 100.0
"""Depth is coloured from 0 to here [m] by its logarithm."""

_GAP_PX = 4
_CAPTION_PX = 17
_TITLE_PX = 28
_WIDTH_PX = COLUMNS * (TILE_WIDTH_PX + _GAP_PX) + _GAP_PX
_PAPER, _INK, _FAINT, _BAR = (250, 250, 250), (25, 25, 25), (95, 95, 95), (222, 226, 232)

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tile:
    """One picture and what it shows."""

    pixels: Pixels
    caption: str


@dataclass
class _Seen:
    """What the sheet came across, for its legend and its account."""

    ids: dict[str, set[int]] = field(default_factory=dict)
    """Class ids that occur, by the digest of their table."""
    tables: dict[str, LabelSet] = field(default_factory=dict)
    frames: int = 0

    def note(self, labels: LabelSet, sample: Sample) -> None:
        self.tables[labels.digest] = labels
        self.ids.setdefault(labels.digest, set()).update(np.unique(sample.tags).tolist())
        self.frames += 1


def contact_sheet(
    streams: Sequence[Stream], *, progress: Callable[[str, int, int], None] | None = None
) -> tuple[bytes, int]:
    """Draw the sheet of these streams.

    Returns:
        A PNG, equal for equal data, and the number of frames that were decoded for it.
    """
    scenarios = list(dict.fromkeys(stream.scenario for stream in streams))
    shown = [scenarios[i] for i in evenly(len(scenarios), MAX_SCENARIOS)]
    seen, blocks = _Seen(), []
    for number, scenario in enumerate(shown, start=1):
        blocks += _block([stream for stream in streams if stream.scenario == scenario], seen)
        if progress is not None:
            progress("contact sheet", number, len(shown))
    if len(shown) < len(scenarios):
        blocks.insert(0, _line(f"{len(shown)} of {len(scenarios)} scenarios, evenly spread", _PAPER))
    blocks += [_legend(table, seen.ids[digest]) for digest, table in seen.tables.items()]
    return _png(np.concatenate(blocks)), seen.frames


def _block(streams: Sequence[Stream], seen: _Seen) -> list[Pixels]:
    """The heading of a scenario and the lines of its cameras."""
    first = streams[0]
    frames = sum(map(len, streams))
    facts = [first.scenario, first.split, first.header.town, f"{frames} frame{'s' if frames != 1 else ''}"]
    lines = [_line("  ·  ".join(filter(None, facts)), _BAR, bold=True)]
    for camera in dict.fromkeys(stream.camera for stream in streams):
        own = [stream for stream in streams if stream.camera == camera]
        if len({stream.camera for stream in streams}) > 1 or len({stream.size for stream in streams}) > 1:
            lines.append(_line(f"{camera}, {own[0].size}", _PAPER))
        lines.append(_wrapped(list(_tiles(own, seen))))
    return lines


def _tiles(weathers: Sequence[Stream], seen: _Seen) -> Iterable[_Tile]:
    """The tiles of one camera: for some moments, each weather's picture, then what they have in common."""
    shared = weathers[0].index["frame"]
    for stream in weathers[1:]:
        shared = np.intersect1d(shared, stream.index["frame"], assume_unique=True)
    if not shared.size:  # recorded by themselves, or broken off early: nothing to compare
        for stream in weathers:
            yield from _tiles([stream], seen)
        return
    others = sum(plane in weathers[0].planes for plane in ("depth", "instance"))
    moments = min(MOMENTS, max(1, COLUMNS // (len(weathers) + 1 + others)))
    chosen = shared[evenly(len(shared), moments)]
    rows = [np.searchsorted(stream.index["frame"], chosen).tolist() for stream in weathers]
    read = [list(stream.read(numbers)) for stream, numbers in zip(weathers, rows, strict=True)]
    for samples in zip(*read, strict=True):
        yield from _moment(weathers, samples, seen)


def _moment(weathers: Sequence[Stream], samples: Sequence[Sample], seen: _Seen) -> Iterable[_Tile]:
    """Tiles of one frame number in every weather."""
    for stream, sample in zip(weathers, samples, strict=True):
        seen.note(stream.labels, sample)
        when = f"{sample.timestamp_s:.1f} s"
        caption = f"{stream.weather}, {when}" if stream.weather else when
        yield _Tile(pixels=_fitted(sample.rgb, cv2.INTER_AREA), caption=caption)
    is_paired = all(np.array_equal(sample.tags, samples[0].tags) for sample in samples[1:])
    for stream, sample in zip(weathers[:1] if is_paired else weathers, samples, strict=False):
        name = "tags" if is_paired else f"tags, {stream.weather}"
        yield _Tile(pixels=_fitted(stream.labels.palette[sample.tags], cv2.INTER_NEAREST), caption=name)
    sample = samples[0]
    if sample.depth is not None:
        yield _Tile(
            pixels=_fitted(_coloured_depth(sample.depth), cv2.INTER_NEAREST), caption=f"depth, 0–{FAR_M:.0f} m, log"
        )
    if sample.instance is not None:
        yield _Tile(pixels=_fitted(_coloured_ids(sample.instance), cv2.INTER_NEAREST), caption="instances")


def _coloured_depth(codes: npt.NDArray[np.uint32]) -> Pixels:
    """(H, W, 3) uint8: near is light, far is dark."""
    near = 1.0 - np.log1p(np.minimum(depth_metres(codes), FAR_M)) / np.log1p(FAR_M)
    colours = (matplotlib.colormaps["cividis"](np.linspace(0, 1, 256))[:, :3] * 255).round().astype(np.uint8)
    picture: Pixels = colours[(near * 255).round().astype(np.uint8)]
    return picture


def _coloured_ids(ids: npt.NDArray[np.uint16]) -> Pixels:
    """(H, W, 3) uint8: a colour for each object, 0 (no object) black; neighbouring ids get far-off hues."""
    hues = (ids.astype(np.uint32) * 111 % 180).astype(np.uint8)
    lightness = np.where(ids % 2, 235, 175).astype(np.uint8)
    hsv = np.stack([hues, np.full_like(hues, 190), np.where(ids == 0, 0, lightness).astype(np.uint8)], axis=-1)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def _fitted(rgb: Pixels, interpolation: int) -> Pixels:
    """The picture as large as a tile allows."""
    height, width = rgb.shape[:2]
    scale = min(TILE_WIDTH_PX / width, MAX_TILE_HEIGHT_PX / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=interpolation), np.uint8)


def _wrapped(tiles: Sequence[_Tile]) -> Pixels:
    """Tiles with their captions below, in as many rows as it takes."""
    rows = []
    for start in range(0, len(tiles), COLUMNS):
        row = tiles[start : start + COLUMNS]
        height = max(tile.pixels.shape[0] for tile in row)
        canvas = Image.new("RGB", (_WIDTH_PX, _GAP_PX + height + _CAPTION_PX), _PAPER)
        pen = ImageDraw.Draw(canvas)
        for column, tile in enumerate(row):
            left = _GAP_PX + column * (TILE_WIDTH_PX + _GAP_PX)
            canvas.paste(Image.fromarray(tile.pixels), (left, _GAP_PX))
            text = _shortened(tile.caption, TILE_WIDTH_PX, _font(12))
            pen.text((left, _GAP_PX + height + 1), text, fill=_FAINT, font=_font(12))
        rows.append(np.asarray(canvas))
    return np.concatenate(rows)


def _line(text: str, background: tuple[int, int, int], *, bold: bool = False) -> Pixels:
    """A line of text across the sheet."""
    font = _font(14, bold=bold)
    canvas = Image.new("RGB", (_WIDTH_PX, _TITLE_PX if bold else _TITLE_PX - 6), background)
    text = _shortened(text, _WIDTH_PX - 2 * _GAP_PX, font)
    ImageDraw.Draw(canvas).text((_GAP_PX + 2, canvas.height // 2), text, fill=_INK, font=font, anchor="lm")
    return np.asarray(canvas)


def _legend(table: LabelSet, ids: Iterable[int]) -> Pixels:
    """Swatches with the names of the classes that are on the sheet."""
    per_row, height = 6, 24
    classes = [table.classes[number] for number in sorted(ids)]
    rows = -(-len(classes) // per_row)
    canvas = Image.new("RGB", (_WIDTH_PX, _TITLE_PX + rows * height + _GAP_PX), _PAPER)
    canvas.paste(Image.fromarray(_line(f"classes, {table.name}", _BAR, bold=True)), (0, 0))
    pen = ImageDraw.Draw(canvas)
    for number, label in enumerate(classes):
        left = _GAP_PX + number % per_row * (TILE_WIDTH_PX + _GAP_PX)
        middle = _TITLE_PX + number // per_row * height + height // 2 + 2
        pen.rectangle((left + 2, middle - 8, left + 26, middle + 8), fill=label.color, outline=_FAINT)
        name = _shortened(label.name, TILE_WIDTH_PX - 40, _font(13))
        pen.text((left + 33, middle), name, fill=_INK, font=_font(13), anchor="lm")
    return np.asarray(canvas)


def _shortened(text: str, width_px: int, font: ImageFont.FreeTypeFont) -> str:
    """The text, cut where it would be wider than that."""
    if font.getlength(text) <= width_px:
        return text
    while text and font.getlength(f"{text}…") > width_px:
        text = text[:-1]
    return f"{text}…"


@cache
def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib: the same on every machine, and it has letters of most scripts."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)


def _png(pixels: Pixels) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="PNG", optimize=False)
    return content.getvalue()
