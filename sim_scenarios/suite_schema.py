"""The JSON Schema of suite files, by which an editor completes and checks them while they are written.

It is made from the definitions and is kept in ``suite.schema.json`` beside them, where the catalogue's files name it.
What ``load_suite`` accepts, it accepts, too (texts in place of numbers aside); the reverse cannot be: which keys a
scenario still needs depends on ``defaults``, and a notation such as ``ClearNoon->DenseFog`` is a text to the schema.
``harness scenarios validate`` checks all of it.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from sim_scenarios.scenario import Suite
from sim_scenarios.weather import PRESETS

SCHEMA_PATH = Path(__file__).parent / "suite.schema.json"


def suite_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) as plain data."""
    schema = Suite.model_json_schema()
    definitions = schema["$defs"]
    _drop_titles(schema)
    definitions["Weather"] = _weather(definitions["Weather"])
    definitions["Location"].pop("required")  # mappings are merged, so that defaults may hold a part
    scenario = definitions["Scenario"]
    timeline = scenario["properties"]["weather_timeline"]
    timeline["anyOf"] = [{"type": "array", "items": timeline.pop("items")}, {"type": "string"}]
    del timeline["type"]
    defaults = copy.deepcopy(scenario)
    for definition in (scenario, defaults):
        definition.pop("required")
    scenario["required"] = ["name"]
    defaults["description"] = "What every scenario starts from; mappings are merged key by key."
    definitions["Defaults"] = {"anyOf": [defaults, {"type": "null"}]}
    schema["properties"]["defaults"] = {"$ref": "#/$defs/Defaults"}
    schema["properties"]["weathers"]["items"] = _notation()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Suite of driving scenarios"} | schema


def schema_text() -> str:
    """The schema as the file has it."""
    return json.dumps(suite_schema(), indent=2, ensure_ascii=False) + "\n"


def _weather(fields: dict[str, Any]) -> dict[str, Any]:
    """A notation, or the fourteen fields, perhaps with the preset that they change."""
    preset = {"enum": list(PRESETS), "description": "What the other fields change."}
    return {"anyOf": [_notation(), fields | {"properties": {"preset": preset} | fields["properties"]}]}


def _notation() -> dict[str, Any]:
    """Any text; the enumeration is for an editor to offer."""
    return {"anyOf": [{"enum": list(PRESETS)}, {"type": "string"}]}


def _drop_titles(schema: Any) -> None:
    """Without the titles that pydantic makes of names: they say nothing more."""
    if isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        for value in schema.values():
            _drop_titles(value)
    elif isinstance(schema, list):
        for value in schema:
            _drop_titles(value)
