"""What happens to the ego: collisions and crossed lane markings, by the tick in which they happened.

Decisions:

- Each message is put under the frame that the server wrote into it; when it arrives does not matter. Collisions come on
  a connection of their own, and nothing says that there was none: ``SETTLE_TICKS`` ticks later all have come.
- Lane markings are the client's own sensor (LaneInvasionSensor.cpp): it looks at each snapshot, before those that
  registered for snapshots later, so that a tick is settled as soon as our own callback has seen it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import carla

from harness.carla_client.actors import ActorScope
from harness.carla_client.drive_log import LoggedActor
from harness.carla_client.session import Session

SETTLE_TICKS = 2
"""So many ticks later a collision is known for certain."""
_SNAPSHOT_TIMEOUT_S = 10.0
NOT_OURS = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Collision:
    """The ego touched something."""

    tick: int
    other: str
    """Type id."""
    other_column: int
    """Of the cast; ``NOT_OURS`` for scenery and strangers."""
    impulse: float
    """[N s], the largest that was told of this other in this tick."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneInvasion:
    """The ego crossed lane markings."""

    tick: int
    markings: tuple[str, ...]
    """``carla.LaneMarkingType`` names, in the order of the ego's corners."""


class EgoEvents:
    """The sensors on one ego; made between two ticks."""

    def __init__(
        self, session: Session, scope: ActorScope, ego: carla.Actor, columns: Mapping[int, int], *, first_tick: int
    ) -> None:
        """Spawn the sensors and listen.

        Args:
            session: Where the ego is.
            scope: Destroys the sensors.
            ego: Who carries them.
            columns: Of the cast, by actor id.
            first_tick: The number of the next tick.
        """
        self._columns = dict(columns)
        self._next_tick = first_tick
        self._first_frame: int | None = None
        self._collisions: defaultdict[int, list[tuple[str, int, float]]] = defaultdict(list)
        self._markings: dict[int, tuple[str, ...]] = {}
        self._seen = threading.Condition()
        self._seen_frame = -1
        self._sensors = [_attached(scope, f"sensor.other.{kind}", ego) for kind in ("collision", "lane_invasion")]
        collision, lane_invasion = self._sensors
        scope.before_destroying(self._stop)
        collision.listen(self._on_collision)
        lane_invasion.listen(self._on_lane_invasion)
        self._world: carla.World = session.world
        self._callback: int = self._world.on_tick(self._on_snapshot)

    def after_tick(self, frame: int) -> None:
        """The session has ticked to ``frame``; waits until the client's own sensor has looked at it."""
        if self._first_frame is None:
            self._first_frame = frame
        with self._seen:
            if not self._seen.wait_for(lambda: self._seen_frame >= frame, timeout=_SNAPSHOT_TIMEOUT_S):
                raise RuntimeError(f"time-out: the client did not hand on frame {frame} in {_SNAPSHOT_TIMEOUT_S:g} s")

    def collisions(self) -> list[Collision]:
        """All so far, by tick and other; others may still come for the last ``SETTLE_TICKS`` ticks."""
        found = []
        for frame in sorted(self._collisions):
            strongest: dict[tuple[int, str], float] = {}
            for other, column, impulse in tuple(self._collisions[frame]):
                strongest[column, other] = max(impulse, strongest.get((column, other), 0.0))
            found += [
                Collision(tick=self._tick(frame), other=other, other_column=column, impulse=impulse)
                for (column, other), impulse in sorted(strongest.items())
            ]
        return found

    def lane_invasions(self) -> list[LaneInvasion]:
        """All so far, by tick."""
        return [
            LaneInvasion(tick=self._tick(frame), markings=markings)
            for frame, markings in sorted(self._markings.items())
        ]

    def has_collisions(self) -> bool:
        """Whether there were any."""
        return bool(self._collisions)

    def _tick(self, frame: int) -> int:
        assert self._first_frame is not None, "an event before the first tick"
        return frame - self._first_frame + self._next_tick

    def _on_collision(self, event: carla.CollisionEvent) -> None:
        other = event.other_actor
        kind, column = (
            ("static.unknown", NOT_OURS)
            if other is None
            else (str(other.type_id), self._columns.get(int(other.id), NOT_OURS))
        )
        self._collisions[int(event.frame)].append((kind, column, float(event.normal_impulse.length())))

    def _on_lane_invasion(self, event: carla.LaneInvasionEvent) -> None:
        self._markings[int(event.frame)] = tuple(str(each.type) for each in event.crossed_lane_markings)

    def _on_snapshot(self, snapshot: carla.WorldSnapshot) -> None:
        with self._seen:
            self._seen_frame = max(self._seen_frame, int(snapshot.frame))
            self._seen.notify_all()

    def _stop(self) -> None:
        self._world.remove_on_tick(self._callback)
        for sensor in self._sensors:
            sensor.stop()


def _attached(scope: ActorScope, kind: str, ego: carla.Actor) -> carla.Actor:
    sensor = scope.spawn(LoggedActor(blueprint=kind, attributes={}), carla.Transform(), attach_to=ego)
    if sensor is None:
        raise RuntimeError(f"the server did not spawn {kind}")
    return sensor
