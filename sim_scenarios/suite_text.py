"""A suite as the text of a suite file, which loads to an equal suite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from sim_scenarios.scenario import Ego, Scenario, Suite
from sim_scenarios.weather import Weather, nearest_preset, weather_name
from sim_scenarios.weather_timeline import WeatherKey, WeatherTimeline

MAX_NOTATION = 80
"""Characters: a weather whose notation is longer is written field by field."""


def suite_data(suite: Suite, *, with_defaults: bool = True) -> dict[str, Any]:
    """A suite as plain data: weathers in short where that is legible, and no key that another one makes meaningless.

    Args:
        suite: What to write.
        with_defaults: Also the values that a suite file need not give.
    """
    data = suite.model_dump(mode="json", exclude_defaults=not with_defaults)
    data["scenarios"] = [_scenario_data(scenario, with_defaults=with_defaults) for scenario in suite.scenarios]
    return data


def suite_yaml(suite: Suite, *, with_defaults: bool = True) -> str:
    """The same as YAML."""
    data = suite_data(suite, with_defaults=with_defaults)
    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110))


def _scenario_data(scenario: Scenario, *, with_defaults: bool) -> dict[str, Any]:
    data = scenario.model_dump(mode="json", exclude_defaults=not with_defaults)
    if "ego" in data:
        data["ego"] = _ego_data(scenario.ego, data["ego"])
    if "weather" in data:
        data["weather"] = _weather_data(scenario.weather)
    if scenario.weather_timeline:
        data["weather_timeline"] = _timeline_data(scenario.weather_timeline)
        data.pop("weather", None)
    else:
        data.pop("weather_timeline", None)
    return data


def _timeline_data(keys: Sequence[WeatherKey]) -> str | list[dict[str, Any]]:
    notation = WeatherTimeline(keys=tuple(keys)).name
    if len(notation) <= MAX_NOTATION:
        return notation
    times = [{} if key.at_s is None else {"at_s": key.at_s} for key in keys]
    return [time | {"weather": _weather_data(key.weather)} for time, key in zip(times, keys, strict=True)]


def _weather_data(weather: Weather) -> str | dict[str, Any]:
    notation = weather_name(weather)
    if len(notation) <= MAX_NOTATION:
        return notation
    preset = nearest_preset(weather)
    fields = [change.partition("=")[0] for change in notation.split(":")[1:]]
    return {"preset": preset, **{field: getattr(weather, field) for field in fields}}


def _ego_data(ego: Ego, data: dict[str, Any]) -> dict[str, Any]:
    """Without the drivers that it does not have, and without a spawn point that they overrule."""
    absent = {name for name in ("route", "drive_log", "path") if not getattr(ego, name)}
    if ego.drive_log is not None or ego.path:
        absent.add("spawn_point")
    return {key: value for key, value in data.items() if key not in absent}
