from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sim_scenarios.load import CATALOG, load_suite
from sim_scenarios.suite_schema import SCHEMA_PATH, schema_text, suite_schema
from sim_scenarios.suite_text import suite_data

VALIDATOR = jsonschema.Draft202012Validator(suite_schema())

RICH = """\
name: rich
description: every notation
weathers: [ClearNoon, "fog_density=0..100..50", ClearNoon->DenseFog]
defaults:
  split: test
  duration_s: 3
  weather: {preset: WetNoon, wetness: 3}
  ego: {spawn_point: {x: 1, y: 2}}
  cameras: [{name: front, width: 64, height: 36, planes: [depth]}]
scenarios:
  - {name: one, weather: {fog_density: 7}, ego: {spawn_point: {z: 3}}}
  - {name: two, weather: "ClearNoon:fog_density=60", ego: {spawn_point: 2, route: [1, {x: 3, y: 4}]}}
  - name: three
    weather: ClearNoon
    weather_timeline: ClearNoon->DenseFog
    traffic: {vehicles: 1, parked_vehicles: 2, walkers: 3, crossing_factor: 0.5}
  - name: four
    weather: ClearNoon
    weather_timeline: [{at_s: 0, weather: ClearNoon}, {at_s: 1, weather: {preset: DenseFog, wetness: 1}}]
"""


def complaints(content: Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(content)]


def test_the_file_is_what_the_definitions_say() -> None:
    """`harness scenarios schema > sim_scenarios/suite.schema.json` makes it anew."""
    assert SCHEMA_PATH.read_text(encoding="utf-8") == schema_text()


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(suite_schema())


@pytest.mark.parametrize("path", sorted(CATALOG.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_catalogue_fits_and_names_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    first = text.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("=")[2]).resolve() == SCHEMA_PATH.resolve()
    assert complaints(yaml.safe_load(text)) == []
    assert complaints(suite_data(load_suite(path))) == []


def test_it_accepts_every_notation_that_a_suite_accepts(tmp_path: Path) -> None:
    path = tmp_path / "rich.yaml"
    path.write_text(RICH, encoding="utf-8")
    load_suite(path)
    assert complaints(yaml.safe_load(RICH)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: rich", "title: rich"),
        ("scenarios:", "scenario:"),
        ("duration_s: 3", "duration_s: 0"),
        ("duration_s: 3", "duration: 3"),
        ("split: test", "split: dev"),
        ("vehicles: 1", "vehicles: -1"),
        ("crossing_factor: 0.5", "crossing_factor: 2"),
        ("route: [1,", "route: [-1,"),
        ("wetness: 3", "wettness: 3"),
        ("preset: WetNoon", "preset: WetNoo"),
        ("weather_timeline: ClearNoon->DenseFog", "weather_timeline: 3"),
        ("at_s: 0", "at: 0"),
        ("[depth]", "[dept]"),
        ("{name: one,", "{"),
    ],
)
def test_an_editor_sees_mistakes(old: str, new: str) -> None:
    assert old in RICH
    assert complaints(yaml.safe_load(RICH.replace(old, new, 1)))


def test_an_editor_has_something_to_show() -> None:
    definitions = suite_schema()["$defs"]
    assert "[m]" in definitions["Location"]["description"]
    undescribed = [name for name, field in definitions["Traffic"]["properties"].items() if "description" not in field]
    assert undescribed == []
