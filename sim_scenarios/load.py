"""Suites from YAML: out of the catalogue by name, or from a file.

A suite file holds ``name``, ``description``, ``defaults`` and ``scenarios``. Each scenario starts from ``defaults``;
mappings (``ego``, ``traffic``) are merged key by key, everything else is replaced. Only plain YAML is read
(``safe_load``: no tags that make objects). An error names the file, the line where it can be told, what was seen there
and the nearest thing that would be accepted.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from sim_scenarios.camera import CameraSpec
from sim_scenarios.errors import ScenarioError, closest, expectation, unknown_name
from sim_scenarios.scenario import Ego, Scenario, Suite, Traffic
from sim_scenarios.weather import Weather

CATALOG = Path(__file__).parent / "catalog"
MAX_FILE_BYTES = 4 * 2**20

_MODELS: dict[str, type[BaseModel]] = {
    "": Suite,
    "scenarios": Scenario,
    "ego": Ego,
    "traffic": Traffic,
    "cameras": CameraSpec,
    "weather": Weather,
}
"""Which model a mapping under this key is, for the list of keys that are known there."""

Loc = tuple[int | str, ...]
"""Where in the document: keys and list positions from the top, as pydantic reports them."""


def catalog_names() -> tuple[str, ...]:
    """Names of the suites that come with the program."""
    return tuple(sorted(path.stem for path in CATALOG.glob("*.yaml")))


def load_suite(name_or_path: str | Path) -> Suite:
    """Load a suite by its name in the catalogue or from a YAML file.

    Raises:
        ScenarioError: no such suite or file, not YAML, an unknown key or a value that is not accepted.
    """
    path = _find(str(name_or_path))
    text = _read(path)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{_yaml_place(path, error)}: not valid YAML: {_yaml_problem(error)}") from None
    _refuse_repeated_keys(path, root)
    if not isinstance(document, dict):
        raise ScenarioError(f"{path}: expected a mapping with the keys name and scenarios, found {_kind(document)}")
    try:
        return Suite.model_validate(_merge_defaults(path, document))
    except ValidationError as error:
        raise ScenarioError(_explain(path, root, error)) from None


def _find(name: str) -> Path:
    if name in catalog_names():
        return CATALOG / f"{name}.yaml"
    path = Path(name)
    if path.is_file():
        return path
    if path.suffix or len(path.parts) > 1:
        what = "is a folder" if path.is_dir() else "does not exist"
        raise ScenarioError(f"suite file {name!r} {what}; suites of the catalogue: {', '.join(catalog_names())}")
    raise unknown_name("suite", name, catalog_names())


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ScenarioError(f"{path}: larger than {MAX_FILE_BYTES // 2**20} MiB, which no suite is")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: not a text file in UTF-8") from None


def _merge_defaults(path: Path, document: dict[str, Any]) -> dict[str, Any]:
    document = dict(document)
    defaults = document.pop("defaults", None) or {}
    scenarios = document.get("scenarios")
    if not isinstance(defaults, dict):
        raise ScenarioError(f"{path}: defaults must be a mapping, found {_kind(defaults)}")
    if isinstance(scenarios, list):
        document["scenarios"] = [_merged(defaults, each) if isinstance(each, dict) else each for each in scenarios]
    return document


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(base)
    for key, value in change.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _explain(path: Path, root: yaml.Node | None, error: ValidationError) -> str:
    """The first thing that is wrong, with its place; and how many more there are."""
    # A misspelt key is reported before the key that is missing because of it.
    errors = sorted(_without_echoes(error.errors()), key=lambda each: each["type"] != "extra_forbidden")
    first = errors[0]
    loc: Loc = first["loc"]
    line = _line_of(root, loc)
    place = f"{path}:{line}" if line is not None else str(path)
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{place}: {_complaint(loc, first)}{more}"


def _without_echoes(errors: list[Any]) -> list[Any]:
    """Without the ``too_short`` that pydantic adds for a tuple because one of its items is wrong."""
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(other is not error and other["loc"][: len(error["loc"])] == error["loc"] for other in errors)
    ]


def _complaint(loc: Loc, error: Any) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    if error["type"] == "extra_forbidden":
        return _unknown_key(loc, where)
    if error["type"] == "missing":
        return f"{where} is missing"
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, ValueError):
        return f"{where}: {cause}" if where else str(cause)
    return f"{where} is {error['input']!r}, expected {expectation(error['msg'])}"


def _unknown_key(loc: Loc, where: str) -> str:
    key = str(loc[-1])
    owner = next((part for part in reversed(loc[:-1]) if isinstance(part, str)), "")
    known = list(_MODELS[owner].model_fields)
    if owner == "":
        known.append("defaults")
    guess = closest(key, known)
    hint = f"did you mean {guess}?" if guess is not None else f"known keys: {', '.join(known)}"
    return f"unknown key {key!r} ({where}): {hint}"


def _line_of(root: yaml.Node | None, loc: Loc) -> int | None:
    """Line, from 1, of the deepest node on the way to ``loc``; a scenario's key may come from ``defaults``."""
    line, depth = _descend(root, loc)
    if len(loc) > 2 and loc[0] == "scenarios":
        default_line, default_depth = _descend(root, ("defaults", *loc[2:]))
        if default_depth > max(depth - 1, 1):  # ("defaults",) stands for ("scenarios", i): one step fewer
            return default_line
    return line


def _descend(node: yaml.Node | None, loc: Loc) -> tuple[int | None, int]:
    """(line of the deepest part of ``loc`` that exists, how many parts exist)."""
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


def _kind(value: object) -> str:
    names = {
        type(None): "nothing",
        list: "a list",
        str: "a text",
        int: "a number",
        float: "a number",
        dict: "a mapping",
    }
    return names.get(type(value), type(value).__name__)
