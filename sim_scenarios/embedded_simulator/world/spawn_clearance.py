"""Whether there is room for a new body: nothing is spawned where something stands.

Bodies are looked up by the square that they are in, so that ten thousand of them can be spawned one after the other.
The squares are made anew when something has moved.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics.footprints import Footprint, penetration
from sim_scenarios.embedded_simulator.physics.scenery_grid import Scenery
from sim_scenarios.embedded_simulator.world.actors import MovingActor, Walker
from sim_scenarios.embedded_simulator.world.contacts import footprint
from sim_scenarios.embedded_simulator.world.geometry import as_sent
from sim_scenarios.embedded_simulator.world.ground import Ground
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector

DEEPEST_M = 0.5
"""A body spawned this far in the ground comes up by itself: clients give heights of roads that are not quite ours."""
_SQUARE_M = 8.0


class SpawnClearance:
    """What stands where in one town."""

    def __init__(self, scenery: Scenery, ground: Ground) -> None:
        self._scenery, self._ground = scenery, ground
        self._squares: dict[tuple[int, int], list[tuple[MovingActor, Footprint]]] | None = None

    def forget(self) -> None:
        """To be called when a body has moved or is gone."""
        self._squares = None

    def stand_up(self, walker: Walker) -> None:
        """Lifts who stands with the feet in the ground to the top of it, as Unreal moves a body that is in its way.

        Programs spawn walkers at points of the navigation mesh, but their origin is the middle of the body.
        """
        (x, y, z), half = walker.pose.location, walker.box.extent.z
        if not math.isfinite(x + y + z):
            return
        ground = self._ground.height(x, y, z)
        if ground - DEEPEST_M <= z < ground + half:
            walker.pose = walker.last_pose = as_sent(Pose(Vector(x, y, ground + half), walker.pose.rotation))

    def is_blocked(
        self, actor: MovingActor, others: Iterable[MovingActor], hidden: NDArray[np.bool_], *, parent_id: int = 0
    ) -> bool:
        """Whether something stands where an actor is to be, or the ground does.

        Args:
            actor: Not yet among the others.
            others: All bodies that there are.
            hidden: (S,) boxes of the scenery that are not there.
            parent_id: What the actor is to be attached to, which is in nobody's way.
        """
        box = footprint(actor)
        if not (math.isfinite(box.x) and math.isfinite(box.y)):
            return True
        if self._ground.height(box.x, box.y, box.bottom) > box.bottom + DEEPEST_M:
            return True
        for other, there in self._near(box, others):
            if other.has_collisions and other.id != parent_id and penetration(box, there):
                return True
        return any(not hidden[index] for index, _ in self._scenery.overlaps(box))

    def add(self, actor: MovingActor) -> None:
        """Takes in a body that has just been spawned."""
        if self._squares is not None:
            self._put(self._squares, actor)

    def _near(self, box: Footprint, others: Iterable[MovingActor]) -> Iterator[tuple[MovingActor, Footprint]]:
        if self._squares is None:
            self._squares = {}
            for other in others:
                self._put(self._squares, other)
        for square in _squares_of(box):
            yield from self._squares.get(square, ())

    @staticmethod
    def _put(squares: dict[tuple[int, int], list[tuple[MovingActor, Footprint]]], actor: MovingActor) -> None:
        box = footprint(actor)
        for square in _squares_of(box):
            squares.setdefault(square, []).append((actor, box))


def _squares_of(box: Footprint) -> Iterator[tuple[int, int]]:
    """Those that the circle around a box may touch; none for a box that is nowhere."""
    if not (math.isfinite(box.x) and math.isfinite(box.y)):
        return
    i0, i1, j0, j1 = (
        math.floor((middle + side * box.radius) / _SQUARE_M) for middle in (box.x, box.y) for side in (-1.0, 1.0)
    )
    for i in range(i0, i1 + 1):
        for j in range(j0, j1 + 1):
            yield i, j
