"""What is demanded of a score: ``--fail-under [CLASS=]IOU`` and ``--max-drop [CLASS=]POINTS``.

This file reads and checks demands only, and starts fast, so that a misspelt one is refused before anything runs.
:mod:`harness.gates.verdict` holds them against numbers.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.errors import UsageError
from harness.scoring.statistics.metrics import MEAN

Kind = Literal["fail-under", "max-drop"]

_LARGEST = {"fail-under": 1.0, "max-drop": 100.0}
_UNITS = {"fail-under": "an IoU of 0 to 1, as 0.6 is", "max-drop": "percentage points of 0 to 100, as 5 is"}


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One demand, made of every row of a table."""

    kind: Kind
    """fail-under: the IoU may not be lower. max-drop: not more points may be lost against the reference."""
    label: str
    """Name of a class, or `MEAN`."""
    bound: float
    """0..1 for fail-under, 0..100 percentage points for max-drop."""

    @property
    def text(self) -> str:
        """The demand in words, such as "IoU of car >= 0.6"."""
        if self.kind == "fail-under":
            return f"{'mIoU' if self.label == MEAN else f'IoU of {self.label}'} >= {self.bound:g}"
        return f"points of {'mIoU' if self.label == MEAN else self.label} lost <= {self.bound:g}"


def parse_gates(
    fail_under: Sequence[str], max_drop: Sequence[str] = (), *, class_names: Sequence[str] | None = None
) -> tuple[Gate, ...]:
    """Read the demands of a command line.

    Args:
        fail_under: ``"0.6"`` (mIoU) or ``"car=0.6"`` each.
        max_drop: ``"5"`` or ``"car=5"`` each, in percentage points.
        class_names: known ones; classes are checked later (`check_classes`) where omitted.

    Raises:
        UsageError: a number that cannot be meant, or an unknown class.
    """
    gates = (*(_parse("fail-under", text) for text in fail_under), *(_parse("max-drop", text) for text in max_drop))
    if class_names is not None:
        check_classes(gates, class_names)
    return gates


def check_classes(gates: Sequence[Gate], class_names: Sequence[str]) -> None:
    """Refuse a demand on a class that there is not.

    Raises:
        UsageError: with the nearest name.
    """
    for gate in gates:
        if gate.label != MEAN and gate.label not in class_names:
            near = difflib.get_close_matches(gate.label.lower(), [name.lower() for name in class_names], 1)
            names = [name for name in class_names if near and name.lower() == near[0]]
            hint = f"did you mean {names[0]!r}?" if names else f"there are: {', '.join(class_names)}"
            raise UsageError(f"--{gate.kind}: the label set has no class {gate.label!r}; {hint}")


def _parse(kind: Kind, text: str) -> Gate:
    label, equals, number = text.rpartition("=")  # a class may have a "=" in its name
    if equals and not label:
        raise UsageError(f"--{kind} {text!r} has no class before the '='; expected [CLASS=]NUMBER")
    try:
        bound = float(number)
    except ValueError:
        bound = math.nan
    if not 0 <= bound <= _LARGEST[kind]:
        raise UsageError(f"--{kind} {text!r}: {number!r} is not {_UNITS[kind]}; expected [CLASS=]NUMBER")
    return Gate(kind=kind, label=label if label and label.lower() != "miou" else MEAN, bound=bound)
