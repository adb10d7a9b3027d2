"""The one error of this folder, and how an unknown name is reported."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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


def expectation(message: str) -> str:
    """Pydantic's ``Input should be greater than 0`` as the end of our ``... is -1, expected ...``."""
    shortened = message.removeprefix("Input should be ").removeprefix("Value error, ")
    return shortened[:1].lower() + shortened[1:]
