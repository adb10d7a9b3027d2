"""JSON as our own files use it: no key twice, no NaN or Infinity, one canonical text for one content."""

from __future__ import annotations

import json
from typing import Any


def loads(text: str) -> Any:
    """The content of `text`; ValueError when it is not JSON, repeats a key or holds a number unknown to JSON."""
    try:
        return json.loads(text, object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


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


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")
