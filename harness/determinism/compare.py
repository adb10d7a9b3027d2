"""Where two runs of one scenario first differ, and by how much: poses of actors, and planes of pictures.

Pure functions of arrays; they know neither a server nor where a run comes from. Everything is held to be equal to the
last bit: how large a difference matters is for the reader to say, so the largest one is told, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.carla_client.drive_log import Floats, LoggedActor

COUNTABLE_PLANES = ("rgb", "depth")
"""Planes whose values are amounts. Tags and instances are names: only the share that differs tells."""


@dataclass(frozen=True, kw_only=True)
class PoseDifference:
    """Two runs that had their actors in different places."""

    tick: int
    """The first such tick, counted from 0 after the warm-up."""
    actor: int
    """Column of the drive log; at that tick the one that is farthest away."""
    blueprint: str
    distance_m: float
    """Between its two positions at that tick [m]; NaN where only one run has it."""
    angle_deg: float
    """Largest of its pitch, yaw and roll differences at that tick [deg]; NaN where only one run has it."""
    num_ticks: int
    """That differ, of all."""
    max_distance_m: float
    """Of any actor at any tick that both have [m]."""
    max_angle_deg: float


@dataclass(frozen=True, kw_only=True)
class PictureDifference:
    """Two runs whose pictures differ."""

    tick: int
    """The first such frame, counted in ticks from 0 after the warm-up."""
    camera: str
    plane: str
    """``rgb``, ``tags``, ``depth``, ``instance``; ``missing`` where only one run has a pair of this camera."""
    share: float
    """Of the pixels of that picture that differ, 0 to 1."""
    largest: int | None
    """Difference of one value at that picture: levels of 255 (rgb) or of CARLA's depth code; None for names."""
    num_pictures: int
    """Planes of frames that differ in all."""
    max_share: float
    """In any of them."""


def cast_difference(one: Sequence[LoggedActor], other: Sequence[LoggedActor]) -> str | None:
    """What differs in who takes part; None: nothing."""
    for i, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return f"actor {i} is {_described(a)} and then {_described(b)}"
    if len(one) != len(other):
        return f"{len(one)} actors and then {len(other)}"
    return None


def pose_difference(
    one: Floats, other: Floats, *, actors: Sequence[LoggedActor], first_tick: int
) -> PoseDifference | None:
    """Hold the poses of two runs against each other.

    Args:
        one: (T, A, 6) x, y, z [m], pitch, yaw, roll [deg]; NaN where an actor was not there.
        other: (T', A, 6); ticks that only one run has are not compared.
        actors: A, what they are.
        first_tick: Of the first row.

    Returns:
        None if all are equal to the last bit, NaN being equal to NaN.
    """
    ticks = min(len(one), len(other))
    one, other = one[:ticks], other[:ticks]
    differs = ~((one == other) | (np.isnan(one) & np.isnan(other))).all(axis=2)
    if not differs.any():
        return None
    apart_m = np.linalg.norm(one[..., :3].astype(np.float64) - other[..., :3], axis=2)
    turned_deg = np.abs((one[..., 3:].astype(np.float64) - other[..., 3:] + 180.0) % 360.0 - 180.0).max(axis=2)
    row = int(differs.any(axis=1).argmax())
    gone = np.isnan(apart_m[row])
    # Whoever is there in one run only comes first, then who is farthest away, then who is turned most.
    actor = int(np.lexsort((turned_deg[row], np.where(gone, np.inf, apart_m[row]), differs[row]))[-1])
    return PoseDifference(
        tick=first_tick + row,
        actor=actor,
        blueprint=actors[actor].blueprint,
        distance_m=float(apart_m[row, actor]),
        angle_deg=float(turned_deg[row, actor]),
        num_ticks=int(differs.any(axis=1).sum()),
        max_distance_m=float(np.nanmax(apart_m, initial=0.0)),
        max_angle_deg=float(np.nanmax(turned_deg, initial=0.0)),
    )


class PictureComparison:
    """Holds pictures of two runs against each other as they come; keeps none of them."""

    def __init__(self) -> None:
        self.num_compared = 0
        """Planes of frames so far."""
        self._first: dict[str, Any] = {}
        self._num_different = 0
        self._max_share = 0.0

    def add(
        self, *, tick: int, camera: str, plane: str, one: npt.NDArray[Any] | None, other: npt.NDArray[Any] | None
    ) -> None:
        """Compare one plane of one frame, (H, W) or (H, W, C); None where a run lacks it."""
        self.num_compared += 1
        if one is None or other is None:
            if one is not other:
                self._note(tick=tick, camera=camera, plane="missing", share=1.0, largest=None)
            return
        different = one != other
        if different.any():
            pixels = different if different.ndim == 2 else different.any(axis=2)
            largest = int(np.abs(one.astype(np.int64) - other).max()) if plane in COUNTABLE_PLANES else None
            self._note(tick=tick, camera=camera, plane=plane, share=float(pixels.mean()), largest=largest)

    @property
    def difference(self) -> PictureDifference | None:
        """Of all that was compared so far; None: there was none."""
        if not self._first:
            return None
        return PictureDifference(**self._first, num_pictures=self._num_different, max_share=self._max_share)

    def _note(self, **seen: Any) -> None:
        self._num_different += 1
        self._max_share = max(self._max_share, seen["share"])
        self._first = self._first or seen


def _described(actor: LoggedActor) -> str:
    return " ".join((actor.blueprint, *(f"{name}={value}" for name, value in sorted(actor.attributes.items()))))
