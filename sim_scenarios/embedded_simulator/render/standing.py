"""The standing part of the scene as a snapshot has it: what is hidden, switched or painted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import Records
from sim_scenarios.embedded_simulator.render.lamps import lamp_grid
from sim_scenarios.embedded_simulator.render.library import linear_from_srgb
from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.scene import Scene
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot, SwitchedLight

LAMP_COLOR = (1.0, 0.72, 0.42)
"""Linear, of a street lamp that nobody touched."""
LAMP_POWER = 46.0
"""Of a lamp at night."""
LEAST_DUSK_POWER = 0.05
"""Lamps that follow the sun and are weaker light nothing."""
_GLASS_GLOW = 5.0
_BRIGHTEST_SHARE = 20.0
_DARK_WINDOW = -1.0


class StandingObjects:
    """Writes into the static rows of an object table, and only when something changed."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._state: tuple[object, ...] = (frozenset(), (), ())
        self._lamps_for: tuple[object, float] | None = None
        self._lamps = np.zeros((0, 6), np.float32)
        self._grid = lamp_grid(self._lamps[:, :3])

    def apply(self, objects: Records, snapshot: Snapshot) -> None:
        """What is hidden gets no level of detail; switched lamps glow by themselves, dark windows not at all."""
        state = (snapshot.hidden_objects, snapshot.switched_lights, snapshot.painted_objects)
        if state == self._state:
            return
        self._state = state
        rows, built = objects[: len(self._scene.objects)], self._scene.objects
        rows["num_levels"], rows["glow"], rows["tint"] = built["num_levels"], built["glow"], built["tint"]
        for light in snapshot.switched_lights:
            row = self._scene.object_rows[light.object_id - 1]
            if light.is_on:
                rows["glow"][row, Part.STREET_LAMP] = _GLASS_GLOW * _share(light)
                rows["tint"][row, Part.STREET_LAMP] = _linear(light)
            elif light.is_on is not None:
                rows["glow"][row, Part.STREET_LAMP], rows["glow"][row, Part.WINDOW] = 0.0, _DARK_WINDOW
        for object_id, color in snapshot.painted_objects:
            rows["tint"][self._scene.object_rows[object_id - 1]] *= np.array(color, np.float32)
        gone = self._scene.object_rows[np.array(sorted(snapshot.hidden_objects), np.int64) - 1]
        rows["num_levels"][gone[gone >= 0]] = 0

    def lamps(
        self, objects: Records, snapshot: Snapshot, dusk_power: float
    ) -> tuple[Records, NDArray[np.int32], NDArray[np.float32]]:
        """The grid's record and cells (see ``lamp_grid``), and (N, 6) place [m] and linear power of shining lamps.

        ``dusk_power`` is that of lamps that follow the sun.
        """
        key = (self._state, dusk_power)
        if key != self._lamps_for:
            self._lamps_for = key
            self._lamps = self._shining(objects, snapshot, dusk_power)
            self._grid = lamp_grid(self._lamps[:, :3])
        return *self._grid, self._lamps

    def _shining(self, objects: Records, snapshot: Snapshot, dusk_power: float) -> NDArray[np.float32]:
        follows = dusk_power if dusk_power > LEAST_DUSK_POWER else 0.0
        power = np.full((len(self._scene.lamps), 3), follows) * LAMP_COLOR
        lamp_of_row = {int(row): lamp for lamp, row in enumerate(self._scene.lamp_rows)}
        for light in snapshot.switched_lights:
            lamp = lamp_of_row.get(int(self._scene.object_rows[light.object_id - 1]))
            if lamp is not None:
                own = follows if light.is_on is None else LAMP_POWER if light.is_on else 0.0
                power[lamp] = own * _share(light) * _linear(light)
        shines = (objects["num_levels"][self._scene.lamp_rows] > 0) & power.any(axis=1)
        return np.concatenate([self._scene.lamps[shines], power[shines]], axis=1).astype(np.float32)


def _share(light: SwitchedLight) -> float:
    return min(light.share, _BRIGHTEST_SHARE)


def _linear(light: SwitchedLight) -> NDArray[np.float32]:
    return linear_from_srgb(np.array(light.color, np.float32) / np.float32(255.0))
