"""The report as one HTML file that opens from disk: pictures, style and script are inside, nothing is fetched.

This file turns tables into what the template prints: texts, cells and shades. Everything that comes from a table is put
in by a template with autoescape on. The template lies beside this as ``page.html``; what it shares with other pages
is ``frame.html``, ``tables.html``, ``page.css`` and ``page.js``.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Headline:
    """One large number at the top."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure, or a panel of a frame."""

    source: str
    """A ``data:`` address."""
    text: str
    """What is to be seen: caption, and text for those who cannot see it."""
    is_wide: bool = False
    """Takes a whole row, and scrolls where the screen is narrow."""


@dataclass(frozen=True, kw_only=True)
class GalleryFrame:
    """One frame of the gallery."""

    panels: tuple[Picture, ...]
    """Input, truth, prediction and error; their texts are the titles."""
    text: str
    """Which frame it is, and how bad."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """Heading of a column."""

    name: str
    is_number: bool = False


@dataclass(frozen=True, kw_only=True)
class TableCell:
    """One cell as it is shown and as it is sorted."""

    text: str
    sort_value: str
    """The number at full precision, or the text; empty sorts last."""
    style: str = ""
    """Class in the style sheet: number, share, drop, bad, long, total or nothing."""
    shade: str | None = None
    """How much colour, ``"0"`` to ``"1"``."""
    color: str = ""
    """``#rrggbb`` of the chip before the text, if any."""


@dataclass(frozen=True, kw_only=True)
class TablePart:
    """One table, with a title of its own where a section has several."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[TableCell, ...], ...]


@dataclass(frozen=True, kw_only=True)
class TableSection:
    """A section of the page with one or more tables."""

    anchor: str
    title: str
    text: str
    parts: tuple[TablePart, ...]
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
    headline: tuple[Headline, ...]
    figures: tuple[Picture, ...]
    tables: tuple[TableSection, ...]
    gallery_text: str
    gallery: tuple[GalleryFrame, ...]
    legend: tuple[LegendEntry, ...]
    definitions: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...]

    @property
    def contents(self) -> tuple[tuple[str, str], ...]:
        """Anchor and name of each section."""
        return (
            ("figures", "At a glance"),
            *((table.anchor, table.title) for table in self.tables),
            ("gallery", "Worst frames"),
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


def text_cell(text: object, *, style: str = "", color: str = "") -> TableCell:
    """A cell of words; NaN, as pandas reads an empty one, is empty."""
    words = "" if isinstance(text, float) and math.isnan(text) else str(text)
    return TableCell(text=words, sort_value=words, style=style, color=color)


def number_cell(value: float, *, digits: int = 3, style: str = "number", shade: float | None = None) -> TableCell:
    """A cell with a number; absent, and last in any order, where it is NaN."""
    if math.isnan(value):
        return TableCell(text="–", sort_value="", style="number")
    return TableCell(
        text=f"{value:.{digits}f}",
        sort_value=repr(float(value)),
        style=style,
        shade=None if shade is None else f"{min(1.0, max(0.0, shade)):.3f}",
    )


def share_cell(value: float) -> TableCell:
    """A share such as an IoU: the larger, the more colour."""
    return number_cell(value, style="share", shade=value)


def drop_cell(points: float) -> TableCell:
    """A loss in percentage points: the larger, the more colour; 60 points and more have all of it."""
    return number_cell(points, digits=1, style="drop", shade=points / 60)


def hex_color(color: Sequence[int]) -> str:
    """``#rrggbb`` of an sRGB colour."""
    red, green, blue = color
    return f"#{red:02x}{green:02x}{blue:02x}"
