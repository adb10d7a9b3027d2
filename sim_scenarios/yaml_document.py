"""A YAML file that people write: read safely, and complained about with the line and the nearest thing that is known.

Only plain YAML is read: no tags that make objects, and no aliases that multiply or contain themselves. Nothing here
knows what the file is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sim_scenarios.errors import ScenarioError, closest, expectation

MAX_FILE_BYTES = 4 * 2**20
MAX_DEPTH = 50
MAX_NODES = 1_000_000
"""With everything that an alias stands for: ten lines of aliases of aliases can mean billions."""
_MAX_SHOWN = 200
"""Characters of a wrong value that a message repeats."""

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
                found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
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
        ScenarioError: it cannot be read, is no YAML, is too large or too deep, or gives a key twice.
    """
    text = _read(path)
    try:
        root = yaml.compose(text, Loader=_Loader)
        _refuse_repeated_keys(path, root)
        content = yaml.load(text, Loader=_Loader)  # a SafeLoader
    except yaml.YAMLError as error:
        raise ScenarioError(f"{_yaml_place(path, error)}: not valid YAML: {_yaml_problem(error)}") from None
    except RecursionError:
        raise _too_much(path, f"is nested deeper than {MAX_DEPTH} levels") from None
    return YamlDocument(path=path, content=content, root=root)


class _Loader(yaml.SafeLoader):
    """Says where a value stands that looks like a number or a date and is none, such as 2026-13-45."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (yaml.YAMLError, RecursionError):
            raise
        except Exception as error:  # of int(), datetime() and others that the library hands the text to
            raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from None


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
    return f"{where or 'the file'} is {_shown(error['input'])}, expected {expectation(error['msg'])}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def _unknown_key(loc: Loc, where: str, known_keys: KnownKeys) -> str:
    key = str(loc[-1])
    owner = next((part for part in reversed(loc[:-1]) if isinstance(part, str)), "")
    known = known_keys[owner]
    guess = closest(key, known)
    hint = f"did you mean {guess}?" if guess is not None else f"known keys: {', '.join(known)}"
    return f"unknown key {key!r} ({where}): {hint}"


def _refuse_repeated_keys(path: Path, root: yaml.Node | None) -> None:
    """YAML's last-one-wins would silently drop the first of two equal keys."""
    for node in _all_nodes(path, root):
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                    if key.value in seen:
                        raise ScenarioError(f"{path}:{key.start_mark.line + 1}: key {key.value!r} is given twice")
                    seen.add(key.value)


def _all_nodes(path: Path, root: yaml.Node | None) -> Iterator[yaml.Node]:
    """Every node with its values, in the order of the file; what an alias stands for once more for each alias."""
    waiting = [] if root is None else [(root, 1)]
    count = 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH:
            raise _too_much(path, f"is nested deeper than {MAX_DEPTH} levels")
        if count > MAX_NODES:
            raise _too_much(path, f"has more than {MAX_NODES:,} values")
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [(value, depth + 1) for _, value in reversed(node.value)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(item, depth + 1) for item in reversed(node.value)]


def _too_much(path: Path, what: str) -> ScenarioError:
    return ScenarioError(f"{path} {what}, which no such file does: is an alias (*name) part of what it stands for?")


def _yaml_place(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{path}:{mark.line + 1}" if mark is not None else str(path)


def _yaml_problem(error: yaml.YAMLError) -> str:
    return getattr(error, "problem", None) or str(error)
