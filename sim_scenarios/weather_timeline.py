"""Weather that changes during a drive: weathers at points in time, and what lies between them.

All fourteen numbers change linearly between two keys, the sun's azimuth as a number, too: from 350 to 10 it goes the
long way round; write -10 to 10 for the short one. Before the first key and after the last one the weather stands still.

Notation: ``ClearNoon->DenseFog`` spreads its weathers evenly over the whole drive, whatever that lasts;
``ClearNoon@0->HardRainNoon@10->WetNoon@20`` gives each its time in seconds after the first recorded tick. A shell needs
quotes around it.
"""

from __future__ import annotations

import hashlib
import itertools
from bisect import bisect_right
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim_scenarios.errors import ScenarioError
from sim_scenarios.weather import WEATHER_FIELDS, Weather, nearest_preset, parse_weather, weather_name

ARROW, AT = "->", "@"
_MAX_SLUG = 60
_HASH_DIGITS = 8


class WeatherKey(BaseModel):
    """A weather and when it is reached."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    at_s: Annotated[float, Field(ge=0.0)] | None = None
    """[s] after the first recorded tick. None, for all keys of a timeline: they are spread evenly over the drive."""
    weather: Weather


class WeatherTimeline(BaseModel):
    """The weather at every instant of a drive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: Annotated[tuple[WeatherKey, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _keys_are_in_order(self) -> WeatherTimeline:
        check_keys(self.keys)
        return self

    @classmethod
    def constant(cls, weather: Weather) -> WeatherTimeline:
        """The same weather all the time."""
        return cls(keys=(WeatherKey(at_s=0.0, weather=weather),))

    @property
    def is_constant(self) -> bool:
        """Whether the weather never changes."""
        return all(key.weather == self.keys[0].weather for key in self.keys)

    @property
    def is_timed(self) -> bool:
        """Whether the keys have times; ``over`` gives them some."""
        return all(key.at_s is not None for key in self.keys)

    def over(self, duration_s: float) -> WeatherTimeline:
        """The same with times: keys without are spread evenly from 0 to ``duration_s`` [s]; others are left alone."""
        if self.is_timed:
            return self
        steps = max(1, len(self.keys) - 1)
        return WeatherTimeline(
            keys=tuple(WeatherKey(at_s=duration_s * i / steps, weather=key.weather) for i, key in enumerate(self.keys))
        )

    def at(self, t_s: float) -> Weather:
        """The weather ``t_s`` seconds after the first recorded tick: exactly a key's at its time, linear between two.

        Raises:
            ScenarioError: the keys have no times yet.
        """
        if len(self.keys) == 1:
            return self.keys[0].weather
        times = [key.at_s for key in self.keys if key.at_s is not None]
        if len(times) != len(self.keys):
            raise ScenarioError(f"weather timeline {self.name!r} has no times yet: give them, or call over(duration_s)")
        after = bisect_right(times, t_s)
        if after == 0:
            return self.keys[0].weather
        if after == len(times):
            return self.keys[-1].weather
        share = (t_s - times[after - 1]) / (times[after] - times[after - 1])
        return _between(self.keys[after - 1].weather, self.keys[after].weather, share)

    @property
    def name(self) -> str:
        """The notation: reads back to an equal timeline."""
        if len(self.keys) == 1:
            return weather_name(self.keys[0].weather)
        return ARROW.join(weather_name(key.weather) + _time_suffix(key) for key in self.keys)

    @property
    def slug(self) -> str:
        """For file names: ``ClearNoon``, ``ClearNoon-to-DenseFog``; a hash is added where presets do not say it all."""
        presets = [nearest_preset(key.weather) for key in self.keys]
        slug = "-to-".join(presets)
        if slug == self.name.replace(ARROW, "-to-") and len(slug) <= _MAX_SLUG:
            return slug
        ends = presets if len(slug) <= _MAX_SLUG else (presets[0], presets[-1])
        return f"{'-to-'.join(ends)}-{hashlib.sha256(self.name.encode()).hexdigest()[:_HASH_DIGITS]}"


def check_keys(keys: Sequence[WeatherKey]) -> None:
    """Check that the times of a timeline can be meant.

    Raises:
        ValueError: some keys have a time and some do not, or the times do not increase.
    """
    times = [key.at_s for key in keys if key.at_s is not None]
    if times and len(times) != len(keys):
        raise ValueError(f"{len(times)} of {len(keys)} weathers of a timeline have a time: give it for all or for none")
    for earlier, later in itertools.pairwise(times):
        if later <= earlier:
            raise ValueError(f"times of a weather timeline must increase, but {later:g} s follows {earlier:g} s")


def parse_weather_keys(text: str) -> tuple[WeatherKey, ...]:
    """Read ``ClearNoon->DenseFog`` or ``ClearNoon@0->HardRainNoon@10``, or a single weather.

    Raises:
        ScenarioError: as ``parse_weather``; or times that are no numbers, do not increase, or are not given for all.
    """
    parts = [part.strip() for part in text.split(ARROW)]
    if len(parts) == 1:
        return WeatherTimeline.constant(_one_weather(text.strip())).keys
    keys = tuple(_key(part, text) for part in parts)
    try:
        check_keys(keys)
    except ValueError as error:
        raise ScenarioError(f"weather {text!r}: {error}") from None
    return keys


def _between(before: Weather, after: Weather, share: float) -> Weather:
    values: dict[str, float] = {}
    for field in WEATHER_FIELDS:
        a, b = getattr(before, field), getattr(after, field)
        # Clamped: rounding may carry the sum beyond b, and b may be the largest value that there is.
        values[field] = min(max(a + (b - a) * share, min(a, b)), max(a, b))
    return Weather(**values)


def _time_suffix(key: WeatherKey) -> str:
    return "" if key.at_s is None else f"{AT}{repr(key.at_s).removesuffix('.0')}"


def _key(part: str, text: str) -> WeatherKey:
    name, at, time = (piece.strip() for piece in part.partition(AT))
    try:
        return WeatherKey(at_s=float(time) if at else None, weather=parse_weather(name))
    except ScenarioError:
        raise
    except (ValidationError, ValueError):
        raise ScenarioError(f"weather {text!r}: time {time!r} is not a number of seconds from 0 on") from None


def _one_weather(name: str) -> Weather:
    if AT in name:
        raise ScenarioError(f"weather {name!r}: a time needs another weather to go to, as in ClearNoon@0->DenseFog@10")
    if name.endswith("-"):
        raise ScenarioError(f"weather {name!r} ends with '-': put quotes around A->B, or the shell takes > for itself")
    return parse_weather(name)
