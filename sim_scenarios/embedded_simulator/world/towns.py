"""Which towns there are, by the names that clients use."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.environment import BuildingBox, plot_box
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.world import LAYERED, StaticTown


class TownLibrary:
    """Builds towns when they are first asked for and keeps them."""

    def __init__(
        self, names: Sequence[str], build: Callable[[str], Town], *, building_box: BuildingBox = plot_box
    ) -> None:
        self.names = tuple(name + suffix for name in names for suffix in ("", LAYERED))
        self._build = build
        self._building_box = building_box
        self._built: dict[str, StaticTown] = {}

    def find(self, requested: str) -> tuple[str, StaticTown]:
        """The short name that a client means, also by a path such as ``/Game/Carla/Maps/Town10HD``, and the town.

        Raises:
            WorldError: There is no such town; the message lists those there are.
        """
        name = requested.rsplit("/", 1)[-1]
        if name not in self.names:
            close = difflib.get_close_matches(name, self.names, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise WorldError(f"Map '{requested}' not found; this server has {', '.join(self.names)}{hint}")
        built = name.removesuffix(LAYERED)
        if built not in self._built:
            self._built[built] = StaticTown(self._build(built), building_box=self._building_box)
        return name, self._built[built]
