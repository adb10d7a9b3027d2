"""Street lamps and lit windows as ``carla.LightManager`` knows them: each a light that clients can switch.

A light follows the sun until somebody switches it. While the day-night cycle is on, dusk and dawn give all lights back
to the sun, as CARLA's weather does (Carla/Weather/Weather.cpp, Carla/Lights/CarlaLightSubsystem.cpp); colours and
intensities stay as they were set.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.environment import STOREY_M, building_id, placement_id
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.snapshot import SwitchedLight, Vector, Weather

LAMP_HEIGHT_M = 7.4
"""Of a street lamp's head above its foot."""
DUSK_ALTITUDE_DEG = 4.5
"""Lights that follow the sun are on while it stands lower."""


class LightGroup(enum.IntEnum):
    """``carla.LightGroup``."""

    NONE = 0
    VEHICLE = 1
    STREET = 2
    BUILDING = 3
    OTHER = 4


DEFAULT_INTENSITY = {LightGroup.STREET: 1500.0, LightGroup.BUILDING: 800.0}
"""[lm] of a light as it is built."""
_DEFAULT_COLOR = {LightGroup.STREET: (255, 216, 165), LightGroup.BUILDING: (255, 214, 161)}
"""sRGB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Light:
    """One light as a client sees it, ``carla.rpc.LightState``."""

    id: int
    """Of the environment object that it is part of."""
    location: Vector
    """Where that object stands, world [m]."""
    intensity: float
    """[lm]."""
    group: LightGroup
    color: tuple[int, int, int]
    """sRGB, 0..255."""
    active: bool


class LightControl:
    """All lights of an episode."""

    def __init__(self, town: Town) -> None:
        self._built = {light.id: light for light in _lights_of(town)}
        self._changed: dict[int, Light] = {}
        self._fixed: set[int] = set()
        """Lights whose ``active`` was decided by a client and not by the sun."""
        self._has_cycle = True
        self._is_updated = False
        self._switched: tuple[SwitchedLight, ...] | None = None

    def lights(self, weather: Weather) -> list[Light]:
        """The state of every light, by id."""
        night = _is_night(weather)
        states = [self._changed.get(number, light) for number, light in self._built.items()]
        return [light if light.id in self._fixed else replace(light, active=night) for light in states]

    def take_update(self) -> bool:
        """Whether clients should ask again; asked once a tick, for the episode state."""
        updated, self._is_updated = self._is_updated, False
        return updated

    def update(self, lights: Iterable[Light], weather: Weather) -> None:
        """Takes over what a client sends: intensity, colour, group and whether it is on.

        Raises:
            WorldError: Some ids do not exist; the others are switched all the same.
        """
        unknown = []
        for light in lights:
            built = self._built.get(light.id)
            if built is None:
                unknown.append(light.id)
                continue
            if light.active != _is_night(weather):
                self._fixed.add(light.id)
            elif self._has_cycle:
                self._fixed.discard(light.id)
            self._changed[light.id] = replace(light, location=built.location)
        self._change()
        if unknown:
            raise WorldError(f"no lights {unknown[:10]}; this town has {len(self._built)} of them")

    def set_day_night_cycle(self, active: bool, weather: Weather) -> None:
        """On: all lights follow the sun again. Off: they stay as they are until a client switches them."""
        if not active:
            self._changed.update({light.id: light for light in self.lights(weather)})
        self._fixed = set() if active else set(self._built)
        self._has_cycle = active
        self._change()

    def follow_weather(self, before: Weather, after: Weather) -> None:
        """Dusk and dawn."""
        if self._has_cycle and _is_night(before) != _is_night(after):
            self._fixed.clear()
            self._change()

    def switched(self) -> tuple[SwitchedLight, ...]:
        """What differs from lights that nobody touched, by id; asked every tick, made when something changes."""
        if self._switched is None:
            self._switched = tuple(
                SwitchedLight(
                    object_id=number,
                    is_on=light.active if number in self._fixed else None,
                    color=light.color,
                    share=light.intensity / DEFAULT_INTENSITY[self._built[number].group],
                )
                for number, light in sorted(self._changed.items())
                if number in self._fixed or replace(light, active=False) != self._built[number]
            )
        return self._switched

    def _change(self) -> None:
        self._is_updated, self._switched = True, None


def _is_night(weather: Weather) -> bool:
    return weather.sun_altitude_angle < DUSK_ALTITUDE_DEG


def _lights_of(town: Town) -> Iterable[Light]:
    for index, lot in enumerate(town.lots):
        middle = 0.5 * STOREY_M * lot.storeys
        yield _built(building_id(index), _above(lot.center, middle), LightGroup.BUILDING)
    for index, placement in enumerate(town.placements):
        if placement.kind == "street_lamp":
            yield _built(placement_id(town, index), _above(placement.location, LAMP_HEIGHT_M), LightGroup.STREET)


def _above(foot: Vector, height_m: float) -> Vector:
    return Vector(foot.x, foot.y, foot.z + height_m)


def _built(number: int, location: Vector, group: LightGroup) -> Light:
    return Light(
        id=number, location=location, intensity=DEFAULT_INTENSITY[group], group=group, color=_DEFAULT_COLOR[group],
        active=False,
    )  # fmt: skip
