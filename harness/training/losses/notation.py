"""The notation of losses: ``cross-entropy``, or a sum such as ``cross-entropy+0.5*dice``."""

from __future__ import annotations

import difflib
import math

from harness.errors import UsageError
from harness.training.losses.catalog import LOSSES


def parse_loss(text: str) -> tuple[tuple[float, str], ...]:
    """Return the factor and the name of each term, in the order of ``text``; a name alone has the factor 1.

    Raises:
        UsageError: an unknown name, a factor that is not a number above 0, or a loss that is named twice.
    """
    terms = tuple(_parse_term(text, term.strip()) for term in text.split("+"))
    names = [name for _, name in terms]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"Loss {text!r} names {name} more than once. Give it one factor, such as 2*{name}.")
    return terms


def _parse_term(text: str, term: str) -> tuple[float, str]:
    factor, separator, name = term.rpartition("*")
    name = name.strip()
    if name not in LOSSES:
        close = difflib.get_close_matches(name, LOSSES, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        raise UsageError(
            f"Loss {text!r} has the term {name!r}, which is not known{hint} There are: {', '.join(LOSSES)}, "
            "and sums of them, such as cross-entropy+0.5*dice."
        )
    return (_parse_factor(text, factor.strip()) if separator else 1.0), name


def _parse_factor(text: str, factor: str) -> float:
    try:
        value = float(factor)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(f"Loss {text!r} has the factor {factor!r}; expected a number above 0, as in 0.5*dice.")
    return value
