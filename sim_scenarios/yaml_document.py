"""A YAML file that people write: read safely, and complained about with the line and the nearest thing that is known.

Only plain YAML is read (``safe_load``: no tags that make objects). Nothing here knows what the file is about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sim_scenarios.errors import ScenarioError, closest, expectation

MAX_FILE_BYTES = 4 * 2**20

Loc = tuple[int | str, ...]
"""Where in the document: keys and list positions from the top, as pydantic reports them."""

KnownKeys = Mapping[str, Sequence[str]]
"""The keys of a mapping, by the key under which the mapping (or the list that it is in) stands; "" at the top."""


@dataclass(frozen=True, kw_only=True, slots=True)
class YamlDocument:
    """What a file holds, and where."""

    path: Path
    content: Any
    root: yaml.Node | None

    def find(self, loc: Loc) -> tuple[int | None, int]:
        """(line, from 1, of the deepest part of ``loc`` that exists; how many parts exist)."""
        node = self.root
        line, depth = None, 0
        for part in loc:
            if isinstance(node, yaml.MappingNode):
                found = next(((key, value) for key, value in node.value if key.value == part), None)
                if found is None:
                    break
                line, node = found[0].start_mark.line + 1, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
            else:
                break
            depth += 1
        return line, depth

    def line_of(self, loc: Loc) -> int | None:
        """Line, from 1, of the deepest node on the way to ``loc``."""
        return self.find(loc)[0]

    def place(self, line: int | None) -> str:
        """``file:line``, or the file alone."""
        return str(self.path) if line is None else f"{self.path}:{line}"


def read_document(path: Path) -> YamlDocument:
    """Read a file.

    Raises:
        ScenarioError: it cannot be read, is no YAML, is too large, or gives a key twice.
    """
    text = _read(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{_yaml_place(path, error)}: not valid YAML: {_yaml_problem(error)}") from None
    _refuse_repeated_keys(path, root)
    return YamlDocument(path=path, content=content, root=root)


def explain(
    document: YamlDocument, error: ValidationError, known_keys: KnownKeys, line_of: Callable[[Loc], int | None]
) -> str:
    """The first thing that is wrong, with its place; and how many more there are."""
    first, *others = complaints(document, error, known_keys, line_of)
    return f"{first} (and {len(others)} more)" if others else first


def complaints(
    document: YamlDocument, error: ValidationError, known_keys: KnownKeys, line_of: Callable[[Loc], int | None]
) -> list[str]:
    """Everything that is wrong, each with its place, misspelt keys first."""
    # A misspelt key is reported before the key that is missing because of it.
    errors = sorted(_without_echoes(error.errors()), key=lambda each: each["type"] != "extra_forbidden")
    once = {(line_of(each["loc"]), each["loc"][-1:], each["type"], repr(each["input"])): each for each in errors[::-1]}
    # What is written once, into a suite's defaults, is wrong in every scenario, but is one mistake.
    return [
        f"{document.place(line)}: {_complaint(each, known_keys)}" for (line, *_), each in reversed(list(once.items()))
    ]


def kind_of(value: object) -> str:
    """``a list``, ``a number``, ...: what somebody wrote who does not know Python."""
    names = {
        type(None): "nothing",
        list: "a list",
        str: "a text",
        int: "a number",
        float: "a number",
        dict: "a mapping",
    }
    return names.get(type(value), type(value).__name__)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ScenarioError(f"{path}: larger than {MAX_FILE_BYTES // 2**20} MiB, which no such file is")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: not a text file in UTF-8") from None


def _without_echoes(errors: list[Any]) -> list[Any]:
    """Without the ``too_short`` that pydantic adds for a tuple because one of its items is wrong."""
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(other is not error and other["loc"][: len(error["loc"])] == error["loc"] for other in errors)
    ]


def _complaint(error: Any, known_keys: KnownKeys) -> str:
    loc: Loc = error["loc"]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    if error["type"] == "extra_forbidden":
        return _unknown_key(loc, where, known_keys)
    if error["type"] == "missing":
        return f"{where} is missing"
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, ValueError):
        return f"{where}: {cause}" if where else str(cause)
    return f"{where} is {error['input']!r}, expected {expectation(error['msg'])}"


def _unknown_key(loc: Loc, where: str, known_keys: KnownKeys) -> str:
    key = str(loc[-1])
    owner = next((part for part in reversed(loc[:-1]) if isinstance(part, str)), "")
    known = known_keys[owner]
    guess = closest(key, known)
    hint = f"did you mean {guess}?" if guess is not None else f"known keys: {', '.join(known)}"
    return f"unknown key {key!r} ({where}): {hint}"


def _refuse_repeated_keys(path: Path, node: yaml.Node | None) -> None:
    """YAML's last-one-wins would silently drop the first of two equal keys."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise ScenarioError(f"{path}:{key.start_mark.line + 1}: key {key.value!r} is given twice")
                seen.add(key.value)
            _refuse_repeated_keys(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated_keys(path, item)


def _yaml_place(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{path}:{mark.line + 1}" if mark is not None else str(path)


def _yaml_problem(error: yaml.YAMLError) -> str:
    return getattr(error, "problem", None) or str(error)
