"""The library that reads OpenSCENARIO, which need not be installed, and what to say when it refuses something."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from sim_scenarios.errors import ScenarioError
from sim_scenarios.importers.foreign_xml import ForeignXml


def load_library() -> Any:
    """The module ``scenariogeneration.xosc``.

    Raises:
        ScenarioError: it is not installed.
    """
    try:
        from scenariogeneration import xosc
    except ImportError as error:
        raise ScenarioError(
            f"OpenSCENARIO needs the library scenariogeneration ({error}): "
            "install the extra with `pip install 'carla-loop-harness[openscenario]'`"
        ) from None
    return xosc


def parse_with(document: ForeignXml, kind: Any, element: Element) -> Any:
    """What the library's class ``kind`` makes of an element.

    Raises:
        ScenarioError: it refuses it.
    """
    try:
        return kind.parse(element)
    except Exception as error:  # the library promises no kind: KeyError, TypeError, IndexError and its own were seen
        problem = f"has no {error}" if isinstance(error, KeyError) else str(error)
        raise ScenarioError(f"{document.place(element)}: <{element.tag}> cannot be read: {problem}") from None
