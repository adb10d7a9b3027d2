"""Words, numbers and tables as Markdown shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of these rows."""
    lines = [columns, ["-"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(text(cell) for cell in line) + " |" for line in lines)


def text(value: object) -> str:
    """Text that does not break a table."""
    return " ".join(str(value).replace("|", "\\|").split()) or "–"


def listed(values: Iterable[str]) -> str:
    """The values that are there, each once, in their order."""
    return ", ".join(value for value in dict.fromkeys(values) if value)


def shortened(values: Sequence[int], most: int = 12) -> str:
    """The first few of many."""
    shown = ", ".join(map(str, values[:most]))
    return shown if len(values) <= most else f"{shown}, … ({len(values)} in all)"


def count(number: int, noun: str) -> str:
    """As in "1 frame" and "1,000 frames"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def number(value: object) -> str:
    """A dash for what is no number."""
    return f"{value:g}" if isinstance(value, (int, float)) else "–"


def share(value: float) -> str:
    """Three figures that matter, and a dash for nothing at all."""
    if value == 0.0:
        return "–"
    return f"{value:.1%}" if value >= 0.1 else f"{value:.2%}" if value >= 0.0001 else "<0.01%"
