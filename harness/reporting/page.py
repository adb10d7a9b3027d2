"""The report as one HTML file that opens from disk: pictures, style and script are inside, nothing is fetched.

This file holds what a page is made of and puts it into templates with autoescape on; what is said stands in
``contents.py``. The template lies beside this as ``page.html``; what it shares with other pages is ``frame.html``,
``tables.html``, ``chart.html``, ``page.css`` and ``page.js``. A page says everything without its script, which only
sorts and filters.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.reporting.charts import Chart

_TEMPLATES = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Headline:
    """One large number at the top."""

    label: str
    value: str
    note: str
    definition: str
    """What the number is, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class HeadlineGroup:
    """The large numbers of one model."""

    title: str
    """Nothing where there is one model only."""
    cards: tuple[Headline, ...]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure, or a panel of a frame."""

    source: str
    """A ``data:`` address."""
    text: str
    """What is to be seen: caption, and text for those who cannot see it."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A place on this page."""

    text: str
    anchor: str
    """Empty where there is no such place."""


@dataclass(frozen=True, kw_only=True)
class GalleryFrame:
    """One frame of the gallery."""

    anchor: str
    text: str
    """Which frame it is."""
    findings: tuple[Link, ...]
    """What it is the worst frame for and how bad, leading back to the row of a table."""
    panels: tuple[Picture, ...]
    """Input, truth, prediction and error; their texts are the titles."""


@dataclass(frozen=True, kw_only=True)
class GalleryGroup:
    """The frames of one scenario."""

    anchor: str
    title: str
    row: str
    """Anchor of the scenario's row."""
    frames: tuple[GalleryFrame, ...]


@dataclass(frozen=True, kw_only=True)
class Column:
    """Heading of a column."""

    name: str
    is_number: bool = False
    has_choice: bool = False
    """Offer a list of its values to choose from; for columns with few different ones."""
    ends: tuple[str, str] | None = None
    """What is at the left and at the right of a column of dots and whiskers."""


@dataclass(frozen=True, kw_only=True)
class Whisker:
    """An estimate with its interval, drawn into a table's cell; places in percent of the column's width, 0..100."""

    low: float
    middle: float
    high: float
    zero: float
    """Where nothing would be lost or gained."""
    is_significant: bool


@dataclass(frozen=True, kw_only=True)
class TableCell:
    """One cell as it is shown and as it is sorted."""

    text: str
    sort_value: str
    """The number at full precision, or the text; empty sorts last."""
    style: str = ""
    """Classes in the style sheet: number, share, drop, gain, weak, partial, bad, long, total, forest or none."""
    shade: str | None = None
    """How much colour, ``"0"`` to ``"1"``."""
    color: str = ""
    """``#rrggbb`` of the chip before the text, if any."""
    hint: str = ""
    """Shown by a mouse that rests on the cell; nothing that is not said elsewhere, too."""
    anchor: str = ""
    """Name by which this cell can be linked to."""
    link: str = ""
    """Anchor on this page that the text leads to."""
    whisker: Whisker | None = None


@dataclass(frozen=True, kw_only=True)
class TablePart:
    """One table, with a title of its own where a section has several."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    is_heat_map: bool = False
    """Many narrow columns of numbers, whose headings stand upright."""
    is_filtered: bool = False
    """Has a box to search in, and lists to choose from."""
    is_collapsed: bool = False
    """Shows its title only, until it is opened."""


@dataclass(frozen=True, kw_only=True)
class TableSection:
    """A section of the page with figures and tables."""

    anchor: str
    title: str
    text: str
    parts: tuple[TablePart, ...]
    charts: tuple[Chart, ...] = ()
    """Figures, before the tables."""
    when_empty: str = ""
    """What is said where there is no table."""


@dataclass(frozen=True, kw_only=True)
class LegendEntry:
    """Name and colour of a class."""

    name: str
    color: str
    """``#rrggbb``"""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Everything on the page, in its order."""

    title: str
    lead: str
    notices: tuple[str, ...]
    """What a reader must know before believing a number; printed in a box."""
    headline: tuple[HeadlineGroup, ...]
    tables: tuple[TableSection, ...]
    """Results, before the gallery."""
    gallery_text: str
    gallery: tuple[GalleryGroup, ...]
    legend: tuple[LegendEntry, ...]
    details: tuple[TableSection, ...]
    """What follows the gallery."""
    definitions: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]

    @property
    def contents(self) -> tuple[tuple[str, str], ...]:
        """Anchor and name of each section."""
        return (
            *((table.anchor, table.title) for table in self.tables),
            ("gallery", "Worst frames"),
            *((table.anchor, table.title) for table in self.details),
            ("definitions", "Definitions"),
            ("environment", "Environment"),
        )


def render(page: Page) -> str:
    """The page as HTML."""
    return fill(_TEMPLATES / "page.html", page)


def fill(template: Path, page: object) -> str:
    """A template with ``page`` put in; it may build on those beside this file: frame, tables, style, script."""
    environment = Environment(
        loader=FileSystemLoader([template.parent, _TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(page=page)


def inline(content: bytes, *, kind: str) -> str:
    """A ``data:`` address that holds an image; ``kind`` is ``"png"`` or ``"jpeg"``."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"


def text_cell(text: object, *, style: str = "", color: str = "", anchor: str = "", link: str = "") -> TableCell:
    """A cell of words; NaN, as pandas reads an empty one, is empty."""
    words = "" if isinstance(text, float) and math.isnan(text) else str(text)
    return TableCell(text=words, sort_value=words, style=style, color=color, anchor=anchor, link=link)


def number_cell(
    value: float, *, digits: int = 3, style: str = "number", shade: float | None = None, hint: str = ""
) -> TableCell:
    """A cell with a number; absent, and last in any order, where it is NaN."""
    if math.isnan(value):
        return TableCell(text="–", sort_value="", style="number")
    return TableCell(
        text=signed(f"{value:.{digits}f}"),
        sort_value=repr(float(value)),
        style=style,
        shade=None if shade is None else f"{min(1.0, max(0.0, shade)):.2f}",
        hint=hint,
    )


def share_cell(value: float, *, hint: str = "") -> TableCell:
    """A share such as an IoU: the larger, the more colour."""
    return number_cell(value, style="share", shade=value, hint=hint)


def drop_cell(points: float, *, is_significant: bool = True, hint: str = "") -> TableCell:
    """A loss in percentage points: the larger, the more colour; 60 points and more have all of it.

    A gain is shaded in the other colour, and what is not significant not at all: it is grey and in italics.
    """
    return _points_cell(points, "drop" if points >= 0 else "gain", is_significant=is_significant, hint=hint)


def gain_cell(points: float, *, is_significant: bool = True, hint: str = "") -> TableCell:
    """As a loss, but the positive numbers are the good ones."""
    return _points_cell(points, "gain" if points >= 0 else "drop", is_significant=is_significant, hint=hint)


def _points_cell(points: float, style: str, *, is_significant: bool, hint: str) -> TableCell:
    if not is_significant:
        return number_cell(points, digits=1, style="number weak", hint=hint)
    return number_cell(points, digits=1, style=style, shade=abs(points) / 60, hint=hint)


def signed(text: str) -> str:
    """A formatted number with a true minus sign, and no minus before a zero."""
    return text.removeprefix("-") if not text.strip("-0.") else text.replace("-", "−")


def hex_color(color: Sequence[int]) -> str:
    """``#rrggbb`` of an sRGB colour."""
    red, green, blue = color
    return f"#{red:02x}{green:02x}{blue:02x}"
