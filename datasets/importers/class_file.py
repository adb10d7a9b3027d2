"""Text files that list classes and colours: ``class_dict.csv``, ``label_colors.txt``, ``dataset_classes.txt``.

They differ in separators and order, so a line is read as words and numbers. What is left unclear is refused: a wrong
guess would give every pixel a wrong class.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from datasets.importers.source import SourceError

_MAX_BYTES = 1 << 20
_NUMBER = re.compile(r"(?<![\w.#])[0-9]+(?![\w.])")
_HEX = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})\b")
_PUNCTUATION = " \t,;:=|()[]{}<>\"'-"


@dataclass(frozen=True, kw_only=True)
class ListedClass:
    """One class of such a file."""

    name: str
    class_id: int | None
    """As written; None where the file has no ids: the order counts."""
    color: tuple[int, int, int] | None
    """sRGB; None where the file has no colours."""


def read_classes(path: Path) -> tuple[ListedClass, ...]:
    """The classes that the file at `path` lists, in its order.

    A line holds a name and, in any common notation: red, green, blue; an id and a name; or an id and red, green, blue,
    with the id first or last. Empty lines, ``#`` comments and one heading are passed over.

    Raises:
        SourceError: a line is of another form, or the lines differ in form, or repeat a name, an id or a colour.
    """
    lines = _lines(path)
    rows = [(number, text, *_parts(text)) for number, text in lines]
    if rows and not rows[0][3]:
        rows = rows[1:]  # a heading: words without any number
    if not rows:
        raise SourceError(f"{path} lists no class; expected a name and numbers a line")
    expected = len(rows[0][3])
    for number, text, name, numbers in rows:
        if not name or len(numbers) not in (1, 3, 4) or len(numbers) != expected:
            raise SourceError(
                f"{path}:{number}: {text[:100]!r} has the name {name!r} and the numbers {numbers}; expected a name "
                "with red, green, blue, or an id, or both, in the same form on every line"
            )
    classes = _classes(path, [(name, numbers) for _, _, name, numbers in rows])
    for what in ("name", "class_id", "color"):
        values = [value for each in classes if (value := getattr(each, what)) is not None]
        repeated = next((value for value in values if values.count(value) > 1), None)
        if repeated is not None:
            raise SourceError(f"{path} lists {what.replace('_', ' ')} {repeated} twice; expected each once")
    return classes


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SourceError(f"{path} is larger than {_MAX_BYTES >> 20} MiB, which no list of classes is")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    stripped = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    return [(number, line) for number, line in stripped if line and not re.match(r"#(?![0-9a-fA-F]{6}\b)", line)]


def _parts(text: str) -> tuple[str, list[int]]:
    """The name in a line, and its numbers in order."""
    text = _HEX.sub(lambda match: " ".join(str(int(level, 16)) for level in match.groups()), text)
    numbers = [int(number) for number in _NUMBER.findall(text)]
    words = (word.strip(_PUNCTUATION) for word in _NUMBER.sub("\0", text).split("\0"))
    return " ".join(word for word in words if word), numbers


def _classes(path: Path, rows: list[tuple[str, list[int]]]) -> tuple[ListedClass, ...]:
    count = len(rows[0][1])
    ids: list[int | None] = [None] * len(rows)
    colors: list[list[int] | None] = [None] * len(rows)
    if count == 1:
        ids = [numbers[0] for _, numbers in rows]
    elif count == 3:
        colors = [numbers for _, numbers in rows]
    else:
        place = _id_column(path, [numbers for _, numbers in rows])
        ids = [numbers[place] for _, numbers in rows]
        colors = [numbers[1:] if place == 0 else numbers[:-1] for _, numbers in rows]
    levels = [level for color in colors if color for level in color] + [class_id for class_id in ids if class_id]
    if max(levels, default=0) > 255:
        raise SourceError(f"{path} holds the number {max(levels)}; expected ids and colours from 0 to 255")
    return tuple(
        ListedClass(name=name, class_id=class_id, color=(color[0], color[1], color[2]) if color else None)
        for (name, _), class_id, color in zip(rows, ids, colors, strict=True)
    )


def _id_column(path: Path, numbers: list[list[int]]) -> int:
    """0 or -1: the column that counts up by one; SourceError when both do, or none."""
    counting = [
        place for place in (0, -1) if all(after[place] == before[place] + 1 for before, after in pairwise(numbers))
    ]
    if len(counting) != 1:
        raise SourceError(
            f"{path} has four numbers a line, and it is unclear which is the id; expected the first or the last to "
            "count up by one. Put the id first, in the order of ids"
        )
    return counting[0]
