"""The one error of this folder, and how an unknown name is reported."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from pydantic import ValidationError

_PLAIN = (
    (r"^(tuple|list) should have at least (\d+) items? .*", r"a list of \2 or more"),
    (r"^a valid (tuple|list)$", "a list"),
    (r"^a valid dictionary( or instance of \w+)?$", "a mapping"),
    (r"^string should match pattern '\^\[A-Za-z0-9\].*", "letters, digits, '_', '.' and '-'"),
    (r"^keys should be strings$", "a key that is a text"),
)
"""What pydantic says to those who know Python, and what we say."""


class ScenarioError(ValueError):
    """A suite, scenario, weather or camera that does not exist or cannot be meant; the message says what can."""


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` was probably meant to be, or None; upper and lower case do not matter."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def unknown_name(kind: str, name: str, known: Iterable[str]) -> ScenarioError:
    """An error such as ``unknown weather 'ClearNon': did you mean ClearNoon? Known: ...``."""
    names = list(known)
    guess = closest(name, names)
    hint = f": did you mean {guess}?" if guess is not None else "."
    return ScenarioError(f"unknown {kind} {name!r}{hint} Known: {', '.join(names)}")


def first_problem(error: ValidationError) -> str:
    """Of everything that pydantic found, the first: ``ego.spawn_point is -1, expected ...``."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, ValueError):
        return f"{where}: {cause}" if where else str(cause)
    if first["type"] == "extra_forbidden":
        return f"unknown key {where}"
    return f"{where or 'it'} is {first['input']!r}, expected {expectation(first['msg'])}"


def expectation(message: str) -> str:
    """Pydantic's ``Input should be greater than 0`` as the end of our ``... is -1, expected ...``."""
    shortened = message.removeprefix("Input should be ").removeprefix("Value error, ")
    text = shortened[:1].lower() + shortened[1:]
    for pattern, plain in _PLAIN:
        text = re.sub(pattern, plain, text)
    return text
