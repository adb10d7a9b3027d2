"""Attributes of XML elements as CARLA's parser takes them: what is missing or no number counts as nothing."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as Xml

from sim_scenarios.embedded_simulator.road.curves import RoadError

_LEADING_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def number(element: Xml.Element, name: str, default: float = 0.0) -> float:
    """A finite number; ``default`` where there is none to be read.

    Raises:
        RoadError: It is infinite or no number at all in the sense of arithmetic.
    """
    text = element.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        found = _LEADING_NUMBER.match(text)
        return float(found.group()) if found else default
    if not math.isfinite(value):
        raise RoadError(f"<{element.tag}> has {name}={text!r}, expected a finite number")
    return value


def integer(element: Xml.Element, name: str, default: int = 0) -> int:
    """A whole number; fractions are cut off."""
    return int(number(element, name, float(default)))


def word(element: Xml.Element, name: str, default: str = "") -> str:
    """A text in lower case without space around it."""
    return element.get(name, default).strip().lower()


def cubic(element: Xml.Element, axis: str = "") -> tuple[float, float, float, float]:
    """The four coefficients of a cubic; those of a ``paramPoly3`` carry the letter of their axis."""
    a, b, c, d = (number(element, name + axis) for name in "abcd")
    return a, b, c, d


def mirrored(coefficients: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """The cubic on the other side of its axis: from OpenDRIVE's left to our right."""
    a, b, c, d = coefficients
    return -a, -b, -c, -d
