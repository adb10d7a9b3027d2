"""The models of a scene: which meshes each has, from which distance on, and how large it is.

What stands in a town is there from the start. What moves through it is made when it is first posed, because a town
that shows a dozen of the 189 kinds of actors must not wait for all of them. A later model has higher numbers and
nothing else: no picture depends on the order in which models were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.library import MeshLibrary
from sim_scenarios.embedded_simulator.render.mesh import Model
from sim_scenarios.embedded_simulator.render.rows import GrowingRows


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ModelEntry:
    """A model in the library."""

    first_level: int
    num_levels: int
    box_min: NDArray[np.float32]
    """(3,) of the finest level, model frame [m]."""
    box_max: NDArray[np.float32]
    reach: NDArray[np.float32]
    """(3,) half extents of the box about the same middle that holds all levels."""
    cabin: tuple[float, ...]
    """See ``Model.cabin``."""


class ModelTable:
    """The levels of detail of all models, one model after another."""

    def __init__(self) -> None:
        self.library = MeshLibrary()
        self._level_distances = GrowingRows(np.zeros(0, np.float32))
        self._level_meshes = GrowingRows(np.zeros(0, np.int64))

    @property
    def level_distances(self) -> NDArray[np.float32]:
        """(L,) up to where each level of detail is used [m]."""
        return self._level_distances.rows

    @property
    def level_meshes(self) -> NDArray[np.int64]:
        """(L,) mesh of each level."""
        return self._level_meshes.rows

    def add(self, models: Sequence[Model]) -> None:
        """Take models in; the first one's first level gets the number ``len(level_meshes)``."""
        levels = [level for model in models for level in model.levels]
        self._level_distances.add(np.array([distance for distance, _ in levels], np.float32))
        self._level_meshes.add(len(self.library) + np.arange(len(levels)))
        self.library.add([mesh for _, mesh in levels])


def model_entry(model: Model, *, first_level: int) -> ModelEntry:
    """What is known of a model whose levels have the numbers from ``first_level`` on."""
    box_min, box_max = model.levels[0][1].positions.min(axis=0), model.levels[0][1].positions.max(axis=0)
    middle = (box_min + box_max) / 2.0
    reach = np.max([np.abs(mesh.positions - middle).max(axis=0) for _, mesh in model.levels], axis=0)
    return ModelEntry(
        first_level=first_level, num_levels=len(model.levels), box_min=box_min, box_max=box_max, reach=reach,
        cabin=model.cabin,
    )  # fmt: skip
