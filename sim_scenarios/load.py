"""Suites from YAML: out of the catalogue by name, or from a file.

A suite file holds ``name``, ``description``, ``defaults`` and ``scenarios``. Each scenario starts from ``defaults``;
mappings (``ego``, ``traffic``) are merged key by key, everything else is replaced. A drive log is named relative to the
file. An error names the file, the line where it can be told, what was seen there and the nearest thing that would be
accepted.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from sim_scenarios.camera import CameraSpec
from sim_scenarios.errors import ScenarioError, unknown_name
from sim_scenarios.scenario import Ego, Location, PathPose, Scenario, Suite, Traffic
from sim_scenarios.staging import STAGED_KINDS
from sim_scenarios.weather import Weather
from sim_scenarios.weather_timeline import WeatherKey
from sim_scenarios.yaml_document import Loc, YamlDocument, complaints, kind_of, read_document

CATALOG = Path(__file__).parent / "catalog"

_KNOWN_KEYS = {
    "": (*Suite.model_fields, "defaults"),
    "scenarios": tuple(Scenario.model_fields),
    "ego": tuple(Ego.model_fields),
    "location": tuple(Location.model_fields),
    "path": tuple(PathPose.model_fields),
    "traffic": tuple(Traffic.model_fields),
    "staged": tuple(dict.fromkeys(name for kind in STAGED_KINDS for name in kind.model_fields)),
    **{str(get_args(kind.model_fields["kind"].annotation)[0]): tuple(kind.model_fields) for kind in STAGED_KINDS},
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
    suite, problems = _read_suite(name_or_path)
    if suite is None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ScenarioError(problems[0] + more)
    return suite


def find_problems(name_or_path: str | Path) -> list[str]:
    """Everything that is wrong with a suite, a sentence each; nothing: it can be loaded."""
    try:
        return _read_suite(name_or_path)[1]
    except ScenarioError as error:
        return [str(error)]


def _read_suite(name_or_path: str | Path) -> tuple[Suite | None, list[str]]:
    """The suite, or everything that is wrong with it, a sentence each.

    Raises:
        ScenarioError: no such suite or file, or no YAML.
    """
    document = read_document(_find(str(name_or_path)))
    content = document.content
    if not isinstance(content, dict):
        return None, [f"{document.path}: expected a mapping with the keys name and scenarios, found {kind_of(content)}"]
    try:
        suite = Suite.model_validate(_merge_defaults(document, content))
    except ValidationError as error:
        return None, complaints(document, error, _KNOWN_KEYS, lambda loc: _line_of(document, loc))
    problems = _missing_drive_logs(document, suite)
    return (None, problems) if problems else (_with_found_drive_logs(document.path, suite), [])


def _missing_drive_logs(document: YamlDocument, suite: Suite) -> list[str]:
    problems = []
    for index, scenario in enumerate(suite.scenarios):
        log = scenario.ego.drive_log
        if log is not None and not (document.path.parent / log).is_file():
            place = document.place(_line_of(document, ("scenarios", index, "ego", "drive_log")))
            problems.append(f"{place}: drive log {log!r} does not exist in {document.path.parent}")
    return problems


def _with_found_drive_logs(path: Path, suite: Suite) -> Suite:
    """With the names of drive logs as they are from here, not from the suite's folder."""
    return suite.model_copy(
        update={"scenarios": tuple(_with_found_drive_log(path, scenario) for scenario in suite.scenarios)}
    )


def _with_found_drive_log(path: Path, scenario: Scenario) -> Scenario:
    ego = scenario.ego
    if ego.drive_log is None:
        return scenario
    found = ego.model_copy(update={"drive_log": str(path.parent / ego.drive_log)})
    return scenario.model_copy(update={"ego": found})


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


def _merge_defaults(document: YamlDocument, content: dict[str, Any]) -> dict[str, Any]:
    content = dict(content)
    defaults = content.pop("defaults", None) or {}
    scenarios = content.get("scenarios")
    if not isinstance(defaults, dict):
        place = document.place(document.line_of(("defaults",)))
        raise ScenarioError(f"{place}: defaults must be a mapping, found {kind_of(defaults)}")
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
