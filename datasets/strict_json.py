"""JSON as our own files use it: no key twice, no NaN or Infinity, one canonical text for one content."""

from __future__ import annotations

import json
import math
from typing import Any


def loads(text: str) -> Any:
    """The content of `text`; ValueError when it is not JSON, repeats a key, or holds what `dumps` could not write.

    That is NaN, Infinity, a number beyond float64, and half of a UTF-16 pair.
    """
    try:
        content = json.loads(
            text, object_pairs_hook=_no_key_twice, parse_constant=_no_constant, parse_float=_finite_number
        )
        if "\\u" in text:
            dumps(content).encode()  # half of a pair is a character that no UTF-8 text can hold
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return content


def dumps(content: object, *, indent: int | None = None) -> str:
    """Text with sorted keys, without spaces unless indented; TypeError or ValueError when `content` is not JSON."""
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(
        content, sort_keys=True, separators=separators, ensure_ascii=False, allow_nan=False, indent=indent
    )


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError(f"a key is given twice among {[key for key, _ in pairs]}")
    return content


def _finite_number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:40]} is beyond the numbers of float64")
    return number


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")
