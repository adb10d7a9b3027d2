"""Which towns there are, by the names that clients use."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from sim_scenarios.embedded_simulator.road.curves import RoadError
from sim_scenarios.embedded_simulator.road.opendrive_town import GenerationParameters, town_from_opendrive
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.environment import BuildingBox, plot_box
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.roads import require_readable
from sim_scenarios.embedded_simulator.world.world import LAYERED, StaticTown

OPENDRIVE_MAP = "OpenDriveMap"
"""CARLA's name for a world that a client sent as text."""


class TownLibrary:
    """Builds towns when they are first asked for and keeps them."""

    def __init__(
        self, names: Sequence[str], build: Callable[[str], Town], *, building_box: BuildingBox = plot_box
    ) -> None:
        self.names = tuple(name + suffix for name in names for suffix in ("", LAYERED))
        self._build = build
        self._building_box = building_box
        self._built: dict[str, StaticTown] = {}
        self._generated: StaticTown | None = None

    def find(self, requested: str) -> tuple[str, StaticTown]:
        """The short name that a client means, also by a path such as ``/Game/Carla/Maps/Town10HD``, and the town.

        Raises:
            WorldError: There is no such town; the message lists those there are.
        """
        name = requested.rsplit("/", 1)[-1]
        if name == OPENDRIVE_MAP:
            if self._generated is None:
                raise WorldError(f"Map '{requested}' not found: no client has sent an OpenDRIVE text yet")
            return name, self._generated
        if name not in self.names:
            close = difflib.get_close_matches(name, self.names, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise WorldError(f"Map '{requested}' not found; this server has {', '.join(self.names)}{hint}")
        built = name.removesuffix(LAYERED)
        if built not in self._built:
            self._built[built] = StaticTown(self._build(built), building_box=self._building_box)
        return name, self._built[built]

    def generate(self, opendrive: str, generation: GenerationParameters) -> None:
        """Builds the town of an OpenDRIVE text and keeps it, in the place of the last one, as ``OpenDriveMap``.

        Raises:
            WorldError: Nothing can be built from the text; the last one stays.
        """
        try:
            town = town_from_opendrive(opendrive, name=OPENDRIVE_MAP, generation=generation)
        except RoadError as error:
            raise WorldError(str(error)) from error
        require_readable(opendrive)
        self._generated = StaticTown(town, building_box=self._building_box)
