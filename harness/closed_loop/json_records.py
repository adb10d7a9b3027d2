"""JSON values as the dataclasses that they are said to be: nothing in a file is believed before its type was seen.

Only what such files hold is known: text, numbers, literals, tuples, dataclasses of these, and objects whose content is
for others to look at. A whole number is taken for a float, and becomes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

Record = TypeVar("Record")


def record_of(kind: type[Record], plain: Any) -> Record:
    """A dataclass from a JSON object.

    Raises:
        TypeError: it is no object, has another field, or a value of another type.
        KeyError: it lacks a field.
    """
    content, hints = _object(kind.__name__, plain), hints_of(kind)
    strange = sorted(set(content) - set(hints))
    if strange:
        raise TypeError(f"{kind.__name__} has no field {', '.join(strange)}")
    return kind(**{name: checked(name, content[name], hint) for name, hint in hints.items()})


def checked(name: str, value: Any, hint: Any) -> Any:
    """A JSON value as the type that ``hint`` names.

    Args:
        name: of the value, for messages.
        value: as ``json.loads`` gives it.
        hint: a resolved annotation.

    Raises:
        TypeError, KeyError: as `record_of`.
    """
    origin, parts = get_origin(hint), get_args(hint)
    if origin is tuple:
        return _tuple(name, value, parts)
    if origin is list and isinstance(value, list):
        return [checked(name, each, parts[0]) for each in value]
    if origin in (dict, Mapping):
        return _object(name, value)
    if is_dataclass(hint) and isinstance(hint, type):
        return record_of(hint, value)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(OverflowError):  # a whole number of hundreds of digits
            return float(value)
    if (value in list(parts)) if origin is Literal else (type(value) is hint):
        return value
    wanted = f"one of {', '.join(map(str, parts))}" if origin is Literal else getattr(hint, "__name__", hint)
    raise TypeError(f"{name} is {value!r}, expected {wanted}")


def hints_of(kind: type) -> dict[str, Any]:
    """The resolved annotation of each field of a dataclass, in order."""
    found = _HINTS.get(kind)
    if found is None:
        hints = get_type_hints(kind)
        found = _HINTS[kind] = {each.name: hints[each.name] for each in fields(kind)}
    return found


_HINTS: dict[type, dict[str, Any]] = {}
"""Resolving them takes longer than reading a file."""


def _tuple(name: str, value: Any, parts: tuple[Any, ...]) -> tuple[Any, ...]:
    hints = [parts[0]] * len(value) if parts[-1] is Ellipsis and isinstance(value, list) else list(parts)
    if not isinstance(value, list) or len(value) != len(hints):
        raise TypeError(f"{name} is {value!r}, expected a list of {len(hints)}")
    return tuple(checked(name, each, hint) for each, hint in zip(value, hints, strict=True))


def _object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{name} is {value!r}, expected an object")
    return value
