"""What can be wrong with bytes from the other side."""

from __future__ import annotations

import reprlib
from typing import Any


class WireError(ValueError):
    """Bytes or fields that are not what the protocol says; names what was expected."""


class _Short(reprlib.Repr):
    def repr_bytes(self, value: bytes, level: int) -> str:
        return repr(value[: self.maxstring]) + ("..." if len(value) > self.maxstring else "")

    def repr_ExtType(self, value: Any, level: int) -> str:  # reprlib looks for the type's name
        return f"ExtType(code={value.code}, {len(value.data)} bytes)"


_SHORT = _Short()
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxtuple, _SHORT.maxdict = 3, 4, 4, 4


def shown(value: Any) -> str:
    """What was got, for a message: short however large it is and however deeply nested."""
    return _SHORT.repr(value)[:200]
