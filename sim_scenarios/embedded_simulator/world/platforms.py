"""What bears things above the ground: roofs, containers, vehicles, props. The tops of their boxes are level surfaces.

Something stands on the highest box that its middle is over and that it did not come from below. Who is on the ground
costs a comparison in a tick; only who is above it is looked after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics.footprints import Footprint
from sim_scenarios.embedded_simulator.physics.scenery_grid import Scenery
from sim_scenarios.embedded_simulator.world.actors import MovingActor, Walker
from sim_scenarios.embedded_simulator.world.contacts import footprint

SUNK_M = 0.02
"""Who is this much below a top stands on it: poses are in single precision."""
SUNK_ON_SPRINGS_M = 0.3
"""The same of a vehicle, whose springs give way as it lands."""
_FARTHEST_M = 12.0
"""Half of the longest vehicle, and more."""


class Platforms:
    """The boxes of one town and of who moves in it."""

    def __init__(self, scenery: Scenery) -> None:
        self._scenery = scenery
        self._movers: Sequence[MovingActor] = ()
        self._hidden: NDArray[np.bool_] = np.zeros(len(scenery), np.bool_)

    def begin_tick(self, movers: Sequence[MovingActor], hidden: NDArray[np.bool_]) -> None:
        """Takes note of who is there; ``hidden`` (S,) boxes of scenery are not."""
        self._movers, self._hidden = movers, hidden

    def raised(
        self,
        heights: NDArray[np.float64],
        points: NDArray[np.float64],
        actors: Sequence[MovingActor],
        sunk_m: float = SUNK_M,
    ) -> NDArray[np.float64]:
        """(N,) [m] what actors are over: ``heights`` (N,) of the ground, or the top of a box.

        ``points`` (N, 3) are the middles of their undersides [m]; ``sunk_m`` [m] below a top they still stand on it.
        """
        above = np.flatnonzero(points[:, 2] - heights > sunk_m)
        if not len(above):
            return heights
        found: NDArray[np.float64] = heights.copy()
        bearers = [mover for mover in self._movers if mover.has_collisions and not isinstance(mover, Walker)]
        for i in above.tolist():
            x, y, z = points[i].tolist()
            tops = [box.top for box in self._boxes_at(x, y, actors[i], bearers) if box.top <= z + sunk_m]
            found[i] = max([float(heights[i]), *tops])
        return found

    def _boxes_at(self, x: float, y: float, actor: MovingActor, bearers: Sequence[MovingActor]) -> Iterator[Footprint]:
        for bearer in bearers:
            there = bearer.pose.location
            if abs(there.x - x) > _FARTHEST_M or abs(there.y - y) > _FARTHEST_M or bearer.id == actor.id:
                continue
            if bearer.parent_id == actor.id or actor.parent_id == bearer.id:
                continue
            box = footprint(bearer)
            if box.contains(x, y):
                yield box
        for index in self._scenery.containing(x, y):
            if not self._hidden[index]:
                yield self._scenery.box(index)
