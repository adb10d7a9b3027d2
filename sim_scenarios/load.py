"""Suites from YAML: out of the catalogue by name, or from a file.

A suite file holds ``name``, ``description``, ``defaults`` and ``scenarios``. Each scenario starts from ``defaults``;
mappings (``ego``, ``traffic``) are merged key by key, everything else is replaced. An error names the file, the line
where it can be told, what was seen there and the nearest thing that would be accepted.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim_scenarios.camera import CameraSpec
from sim_scenarios.errors import ScenarioError, unknown_name
from sim_scenarios.scenario import Ego, Scenario, Suite, Traffic
from sim_scenarios.weather import Weather
from sim_scenarios.weather_timeline import WeatherKey
from sim_scenarios.yaml_document import Loc, YamlDocument, explain, kind_of, read_document

CATALOG = Path(__file__).parent / "catalog"

_KNOWN_KEYS = {
    "": (*Suite.model_fields, "defaults"),
    "scenarios": tuple(Scenario.model_fields),
    "ego": tuple(Ego.model_fields),
    "traffic": tuple(Traffic.model_fields),
    "cameras": tuple(CameraSpec.model_fields),
    "weather": ("preset", *Weather.model_fields),
    "weather_timeline": tuple(WeatherKey.model_fields),
}


def catalog_names() -> tuple[str, ...]:
    """Names of the suites that come with the program."""
    return tuple(sorted(path.stem for path in CATALOG.glob("*.yaml")))


def load_suite(name_or_path: str | Path) -> Suite:
    """Load a suite by its name in the catalogue or from a YAML file.

    Raises:
        ScenarioError: no such suite or file, not YAML, an unknown key or a value that is not accepted.
    """
    document = read_document(_find(str(name_or_path)))
    path, content = document.path, document.content
    if not isinstance(content, dict):
        raise ScenarioError(f"{path}: expected a mapping with the keys name and scenarios, found {kind_of(content)}")
    try:
        return Suite.model_validate(_merge_defaults(path, content))
    except ValidationError as error:
        raise ScenarioError(explain(document, error, _KNOWN_KEYS, lambda loc: _line_of(document, loc))) from None


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


def _merge_defaults(path: Path, content: dict[str, Any]) -> dict[str, Any]:
    content = dict(content)
    defaults = content.pop("defaults", None) or {}
    scenarios = content.get("scenarios")
    if not isinstance(defaults, dict):
        raise ScenarioError(f"{path}: defaults must be a mapping, found {kind_of(defaults)}")
    if isinstance(scenarios, list):
        content["scenarios"] = [_merged(defaults, each) if isinstance(each, dict) else each for each in scenarios]
    return content


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(base)
    for key, value in change.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _line_of(document: YamlDocument, loc: Loc) -> int | None:
    """Where ``loc`` of the merged document was written: a scenario's key may come from ``defaults``."""
    line, depth = document.find(loc)
    if len(loc) > 2 and loc[0] == "scenarios":
        default_line, default_depth = document.find(("defaults", *loc[2:]))
        if default_depth > max(depth - 1, 1):  # ("defaults",) stands for ("scenarios", i): one step fewer
            return default_line
    return line
