"""The weathers that drives are shown in: presets, changed presets, timelines, sweeps and files of these, in one list.

One item of the list is one of

- ``HardRainNight``, or ``ClearNoon:fog_density=60:wetness=20``, or ``fog_density=60`` for ``ClearNoon:fog_density=60``;
- ``ClearNoon->DenseFog`` or ``ClearNoon@0->DenseFog@10``: a timeline (``weather_timeline``);
- ``ClearNoon:fog_density=0..100..10``: a sweep from 0 to 100 in steps of 10, both ends included, up or down;
- ``weathers.yaml``: a list of such items, or a mapping of names to weathers.

Steps are counted in decimals, so that ``0..1..0.1`` means 0.3 and not 0.30000000000000004.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim_scenarios.errors import ScenarioError, first_problem, unknown_name
from sim_scenarios.weather import PRESETS, WEATHER_FIELDS, Weather, parse_weather
from sim_scenarios.weather_timeline import ARROW, WeatherKey, WeatherTimeline, parse_weather_keys
from sim_scenarios.yaml_document import YamlDocument, kind_of, read_document

BASE = "ClearNoon"
"""What a field without a preset changes."""
RANGE = ".."
MAX_SWEEP_WEATHERS = 200

_NUMBER = re.compile(r"[-+]?\d{1,9}(\.\d{1,9})?", re.ASCII)
"""As long as any that makes sense, and short enough for exact arithmetic in 28 digits."""
_OWN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


@dataclass(frozen=True, kw_only=True)
class WeatherSweep:
    """One field of a weather that takes one value after another, the rest fixed."""

    name: str
    """``ClearNoon:fog_density``"""
    field: str
    """Of ``WEATHER_FIELDS``."""
    base: Weather
    """What is fixed; and the field as it is without a sweep."""
    values: tuple[float, ...]
    """In the order given."""
    weathers: tuple[str, ...]
    """The name of the weather with each of the values: ``ClearNoon:fog_density=10``."""


@dataclass(frozen=True, kw_only=True)
class WeatherGrid:
    """Weathers by name, and which of them make a sweep."""

    timelines: dict[str, WeatherTimeline]
    """In the order given. A weather that does not change is a constant timeline; names are as they were written."""
    sweeps: tuple[WeatherSweep, ...]


def parse_weather_grid(items: str | Sequence[str]) -> WeatherGrid:
    """Read a list of weathers: comma-separated, or a sequence, or both.

    Raises:
        ScenarioError: a notation, name, field or value that is not known, with the nearest that is; a file that cannot
            be read; an empty list; a weather that is named twice (being part of a sweep does not count).
    """
    text = items if isinstance(items, str) else ",".join(items)
    parts = _split(text)
    if not parts:
        raise ScenarioError(f"no weather in {text!r}: expected names such as ClearNoon,HardRainNight")
    grid = _Grid()
    for part in parts:
        if is_weather_file(part):
            _add_file(grid, Path(part))
        else:
            _add_item(grid, part)
    return WeatherGrid(timelines=grid.timelines, sweeps=tuple(grid.sweeps))


def is_weather_file(item: str) -> bool:
    """Whether an item of the list is the name of a file."""
    return item.strip().lower().endswith((".yaml", ".yml"))


class _Grid:
    """A grid that is being read."""

    def __init__(self) -> None:
        self.timelines: dict[str, WeatherTimeline] = {}
        self.sweeps: list[WeatherSweep] = []
        self._named: set[str] = set()

    def add(self, name: str, timeline: WeatherTimeline) -> None:
        self._note(name)
        self.timelines.setdefault(name, timeline)

    def add_sweep(self, sweep: WeatherSweep, weathers: Iterable[Weather]) -> None:
        self._note(sweep.name)
        self.sweeps.append(sweep)
        for name, weather in zip(sweep.weathers, weathers, strict=True):
            self.timelines.setdefault(name, WeatherTimeline.constant(weather))

    def _note(self, name: str) -> None:
        if name in self._named:
            raise ScenarioError(f"weather {name!r} is listed twice: name each once")
        self._named.add(name)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _add_item(grid: _Grid, text: str) -> None:
    item = _with_base(text)
    if ARROW not in item and RANGE in item:
        sweep = _read_sweep(item)
        grid.add_sweep(sweep, [parse_weather(name) for name in sweep.weathers])
    else:
        grid.add(item, WeatherTimeline(keys=parse_weather_keys(item)))


def _with_base(item: str) -> str:
    """``fog_density=60`` as ``ClearNoon:fog_density=60``; a misspelt field is reported as a field, not as a preset."""
    first = item.partition(":")[0]
    return f"{BASE}:{item}" if "=" in first and ARROW not in item else item


def _read_sweep(item: str) -> WeatherSweep:
    base, *changes = (part.strip() for part in item.split(":"))
    swept = [change for change in changes if RANGE in change]
    if len(swept) != 1 or RANGE in base:
        raise ScenarioError(f"weather {item!r}: expected one field with a range, as in {BASE}:fog_density=0..100..10")
    field, equals, limits = (part.strip() for part in swept[0].partition("="))
    fixed = ":".join([base, *(change for change in changes if change is not swept[0])])
    weather = parse_weather(fixed)
    if not equals or field not in WEATHER_FIELDS:
        raise unknown_name("weather field", field, WEATHER_FIELDS)
    values = _read_range(item, limits)
    name = f"{fixed}:{field}"
    return WeatherSweep(
        name=name,
        field=field,
        base=weather,
        values=tuple(float(value) for value in values),
        weathers=tuple(f"{name}={_shortest(value)}" for value in values),
    )


def _read_range(item: str, text: str) -> list[Decimal]:
    """The values of ``0..100..10``, both ends included, from the first to the second."""
    parts = [part.strip() for part in text.split(RANGE)]
    if len(parts) != 3 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise ScenarioError(
            f"weather {item!r}: range {text!r} is not START..END..STEP in plain numbers, as in 0..100..10"
        )
    start, end, step = (Decimal(part) for part in parts)
    if step == 0 or start == end:
        raise ScenarioError(f"weather {item!r}: range {text!r} goes nowhere: expected two ends and a step above 0")
    steps, rest = divmod(abs(end - start), abs(step))
    if rest:
        raise ScenarioError(f"weather {item!r}: steps of {abs(step)} from {start} do not meet {end}: choose others")
    if steps >= MAX_SWEEP_WEATHERS:
        raise ScenarioError(
            f"weather {item!r} makes {int(steps) + 1} weathers, expected {MAX_SWEEP_WEATHERS} at most: step further"
        )
    towards = abs(step) if end > start else -abs(step)
    return [start + index * towards for index in range(int(steps) + 1)]


def _shortest(value: Decimal) -> str:
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _add_file(grid: _Grid, path: Path) -> None:
    document = read_document(path)
    for loc, name, value in _entries(document):
        try:
            if name is None:
                _add_item(grid, _item_of_list(value))
            else:
                grid.add(_own_name(name), _own_weather(value))
        except ScenarioError as error:
            raise ScenarioError(f"{path}:{document.line_of((loc,))}: {error}") from None


def _entries(document: YamlDocument) -> Iterator[tuple[int | str, str | None, Any]]:
    """(place in the document, name or None, what stands there)."""
    content = document.content
    if isinstance(content, list) and content:
        yield from ((index, None, value) for index, value in enumerate(content))
    elif isinstance(content, dict) and content:
        yield from ((name, str(name), value) for name, value in content.items())
    else:
        raise ScenarioError(
            f"{document.path}: expected a list of weathers or a mapping of names to weathers, found {kind_of(content)}"
        )


def _item_of_list(value: Any) -> str:
    if not isinstance(value, str) or is_weather_file(value):
        what = f"the file {value}" if isinstance(value, str) else kind_of(value)
        raise ScenarioError(f"expected a weather such as {BASE}:fog_density=60, found {what}")
    return value.strip()


def _own_name(name: str) -> str:
    if not _OWN_NAME.fullmatch(name):
        raise ScenarioError(f"weather name {name!r} has other characters than letters, digits, '_', '.' and '-'")
    if name in PRESETS:
        raise ScenarioError(f"weather name {name!r} is that of a preset: choose another one")
    return name


def _own_weather(value: Any) -> WeatherTimeline:
    """The weather that a mapping's value means: a notation, fields, or a list of keys."""
    if isinstance(value, str):
        item = _with_base(value.strip())
        if RANGE in item and ARROW not in item:
            raise ScenarioError(f"{value!r} is a sweep, whose weathers have names of their own: write it into a list")
        return WeatherTimeline(keys=parse_weather_keys(item))
    try:
        if isinstance(value, list):
            return WeatherTimeline(keys=tuple(WeatherKey.model_validate(key) for key in value))
        if isinstance(value, dict):
            return WeatherTimeline.constant(Weather.model_validate(value))
    except ValidationError as error:
        raise _explained(error) from None
    raise ScenarioError(f"expected a weather such as {BASE}:fog_density=60, found {kind_of(value)}")


def _explained(error: ValidationError) -> ScenarioError:
    first = error.errors()[0]
    if first["type"] == "extra_forbidden":
        return unknown_name("weather field", str(first["loc"][-1]), WEATHER_FIELDS)
    return ScenarioError(first_problem(error))
