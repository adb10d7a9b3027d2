"""XML that somebody else wrote: read with the line of every element, and with an account of what was understood.

Decisions:

- A document type is refused, and with it every entity and external file that XML could bring along: no format that is
  imported here has one, and they are how an XML file reads other files or fills the memory.
- What nobody has taken notice of is reported by name (``not_understood``), so that nothing is dropped silently.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat

from sim_scenarios.errors import ScenarioError

MAX_FILE_BYTES = 32 * 2**20
MAX_DEPTH = 100
_NAMING = ("name", "id", "type", "entityRef")
"""Attributes that tell one element from another; in this order."""


class ForeignXml:
    """An XML file, and what of it has been understood."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[Element, int] = {}
        self._understood: dict[Element, set[str]] = {}
        self.root = self._parse(_read(path))
        """A namespace's prefix stays in the name, as it was written."""

    def take(self, element: Element, *attributes: str) -> Element:
        """Note that an element and these of its attributes, where it has them, are understood."""
        self._understood.setdefault(element, set()).update(attributes)
        return element

    def take_whole(self, element: Element) -> Element:
        """Note that an element is understood with all its attributes and all below it."""
        for each in element.iter():
            self.take(each, *each.attrib)
        return element

    def place(self, element: Element) -> str:
        """``file:line`` of an element."""
        return f"{self.path}:{self._lines[element]}"

    def text(self, element: Element, attribute: str) -> str:
        """An attribute that must be there; it is understood.

        Raises:
            ScenarioError: it is absent or empty.
        """
        value = self.take(element, attribute).get(attribute, "").strip()
        if not value:
            raise ScenarioError(f"{self.place(element)}: <{element.tag}> has no {attribute}")
        return value

    def number(self, element: Element, attribute: str) -> float:
        """The same as a finite number."""
        text = self.text(element, attribute)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ScenarioError(
                f"{self.place(element)}: {attribute} of <{element.tag}> is {text[:40]!r}, expected a finite number"
            )
        return value

    def not_understood(self) -> tuple[str, ...]:
        """Every element and attribute that nobody took, by its name and first line; equal ones together."""
        found: dict[str, list[int]] = {}
        for what, line in self._untaken(self.root, self.root.tag):
            found.setdefault(what, []).append(line)
        return tuple(
            f"{what} (line {lines[0]}{f' and {len(lines) - 1} more' if len(lines) > 1 else ''})"
            for what, lines in found.items()
        )

    def _untaken(self, element: Element, path: str) -> Iterator[tuple[str, int]]:
        if element not in self._understood:
            yield path + _description(element), self._lines[element]
            return
        attributes = sorted(set(element.attrib) - self._understood[element])
        if attributes:
            yield f"{path}: {', '.join(attributes)}", self._lines[element]
        for child in element:
            yield from self._untaken(child, f"{path}/{child.tag}")

    def _parse(self, content: bytes) -> Element:
        builder = ElementTree.TreeBuilder()
        parser = expat.ParserCreate()
        depth = 0

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > MAX_DEPTH:
                raise ScenarioError(f"{self.path}:{parser.CurrentLineNumber}: nested deeper than {MAX_DEPTH} elements")
            self._lines[builder.start(tag, attributes)] = parser.CurrentLineNumber

        def end(tag: str) -> None:
            nonlocal depth
            depth -= 1
            builder.end(tag)

        def refuse(*_: object) -> None:
            raise ScenarioError(
                f"{self.path}:{parser.CurrentLineNumber}: has a document type (<!DOCTYPE ...>), which may name other "
                "files and is refused: remove it"
            )

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.StartDoctypeDeclHandler = refuse
        try:
            parser.Parse(content, True)
        except expat.ExpatError as error:
            raise ScenarioError(f"{self.path}:{error.lineno}: not valid XML: {expat.ErrorString(error.code)}") from None
        except (LookupError, ValueError) as error:  # of the codec that the first line of the file names
            raise ScenarioError(f"{self.path}: cannot be decoded ({error}): save it as UTF-8") from None
        return builder.close()


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ScenarioError(f"{path}: larger than {MAX_FILE_BYTES // 2**20} MiB, which no such file is")
        return path.read_bytes()
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None


def _description(element: Element) -> str:
    """What tells an element from others: its name, or what it consists of as long as that is one thing."""
    named = next((element.get(name) for name in _NAMING if element.get(name)), None)
    if named:
        return f" {named!r}"
    return f"/{element[0].tag}{_description(element[0])}" if len(element) == 1 else ""
