"""The way across a junction, found on the ground that the masks have shown: straight on, an arc, straight on.

A junction has no lane markings, and the navigator says no more than "right" and where the junction begins. So ways of
one family are tried, each given by where its arc begins, its radius and its angle, and the one is taken that fits the
evidence best: all of it on road, and at its end in a lane with a border on each side where a border is seen. Straight
on is a turn, too: a line that is only drawn to borders would follow the kerb round the corner.

Decisions:

- The family starts where the lane enters the junction, and once the car is in it, at the car itself with what is left
  of the turn, so that every way that is tried can be driven.
- A right turn keeps to the kerb, whose edge is its border. A left turn has none until it reaches its lane, so its end
  decides, and so it is straight on.
- Beyond the right border there is no road behind a right turn, or it ends in a lane too far left. Beyond the left
  border of the lane that a left turn or the way straight on ends in, there is the road of those who come towards it.
- Unseen ground counts nearly as road: what lies behind a corner is often the very lane.
- A way that leads where the last decision's led has a small advantage, so that the choice does not flicker.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from harness.carla_client.route_plan import Command
from harness.closed_loop.mask_driver.evidence import EvidenceMap
from harness.closed_loop.mask_driver.lane_boundaries import find_boundaries, road_shares
from harness.closed_loop.mask_driver.path import STEP_M, Floats

_STRAIGHTS_M = tuple(np.arange(0.0, 8.1, 1.0))
_BEYOND_M = 2.9


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """The turns of one command."""

    radii_m: tuple[float, ...]
    angle_deg: float
    """The usual one, right positive."""
    spread_deg: tuple[float, ...]
    """Added to the usual one."""
    usual_radius_m: float
    exit_m: float
    """Of the way behind the arc."""
    borders_from_m: float
    """Behind the arc: before, there are corners and no borders."""
    beyond_m: float
    """To the right of the way: a place beyond the border of its lane."""
    beyond_gain: float
    """What it is worth that there is road at that place."""


_KINDS = {
    Command.RIGHT: _Kind(
        radii_m=tuple(np.arange(5.0, 14.1, 1.0)),
        angle_deg=90.0,
        spread_deg=(0.0, -15.0, 15.0),
        usual_radius_m=8.0,
        exit_m=10.0,
        borders_from_m=0.0,
        beyond_m=_BEYOND_M,
        beyond_gain=-0.6,
    ),
    Command.LEFT: _Kind(
        radii_m=tuple(np.arange(7.0, 22.1, 1.5)),
        angle_deg=-90.0,
        spread_deg=(0.0, -15.0, 15.0),
        usual_radius_m=13.0,
        exit_m=10.0,
        borders_from_m=0.0,
        beyond_m=-_BEYOND_M,
        beyond_gain=0.4,
    ),
    Command.STRAIGHT: _Kind(
        radii_m=(40.0,),
        angle_deg=0.0,
        spread_deg=(0.0, 3.0, -3.0, 6.0, -6.0, 10.0, -10.0, 15.0, -15.0),
        usual_radius_m=40.0,
        exit_m=34.0,
        borders_from_m=16.0,
        beyond_m=-_BEYOND_M,
        beyond_gain=0.4,
    ),
}
_ASIDE_M = 1.0
"""To both sides of the way, where there should be road, too."""
_UNSEEN = 0.8
"""Share of road that ground has which nobody has seen: the near lane behind a corner is often such."""
_BORDER_GAIN = 1.2
"""What a border on each side is worth, of what being on road all the way is."""
_PREFERENCE = 0.03
"""For the turn of the last decision, and against odd radii and angles."""
_EVERY = 2
"""Only each second point of a way is asked whether it lies on road."""
_ANGLE_STEP_DEG = 5.0
_FINALISTS = 16
"""Those that are most on road are also held against the borders."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One way of the family."""

    straight_m: float
    """From the entrance to where the arc begins."""
    radius_m: float
    angle_deg: float
    """Right positive."""

    exit_m: float
    """Of the way behind the arc."""

    @property
    def arc_m(self) -> float:
        """Length of the arc."""
        return self.radius_m * math.radians(abs(self.angle_deg))

    @property
    def length_m(self) -> float:
        """From the entrance to the end of the arc."""
        return self.straight_m + self.arc_m

    def points(self, entrance: Floats, heading: float) -> Floats:
        """(N, 2) of it, every ``STEP_M`` from the ``entrance (2,)``, which is not among them [m]; heading in rad."""
        along = np.arange(STEP_M, self.length_m + self.exit_m, STEP_M)
        return _placed(self._shape(along)[0], entrance, heading)

    def swath(self) -> Floats:
        """(N, 2) places on it and on both sides of it that should be road, from an entrance at the origin, along x."""
        points, right = self._shape(np.arange(STEP_M, self.length_m + self.exit_m, _EVERY * STEP_M))
        return np.concatenate([points - _ASIDE_M * right, points, points + _ASIDE_M * right])

    def beyond(self, kind: _Kind) -> Floats:
        """(N, 2) places beyond the border of its lane, likewise: all along the arc where it is the kerb's side."""
        first = self.straight_m if kind.beyond_m > 0.0 else self.length_m + kind.borders_from_m
        points, right = self._shape(np.arange(first + STEP_M, self.length_m + self.exit_m, _EVERY * STEP_M))
        return points + kind.beyond_m * right

    def _shape(self, along: Floats) -> tuple[Floats, Floats]:
        """Points and unit vectors to the right (N, 2) at ways ``along`` from an entrance at the origin, along x."""
        turned = np.clip((along - self.straight_m) / self.radius_m, 0.0, math.radians(abs(self.angle_deg)))
        sign = math.copysign(1.0, self.angle_deg)
        beyond = np.maximum(along - self.length_m, 0.0)
        ahead = np.minimum(along, self.straight_m) + self.radius_m * np.sin(turned) + beyond * np.cos(turned)
        aside = self.radius_m * (1.0 - np.cos(turned)) + beyond * np.sin(turned)
        right = np.stack([-sign * np.sin(turned), np.cos(turned)], axis=1)
        return np.stack([ahead, sign * aside], axis=1), right


@dataclass(frozen=True, kw_only=True, eq=False)
class _Family:
    """All turns that are tried for one command."""

    turns: tuple[Turn, ...]
    ends: Floats
    """(C, 2) of each."""
    swaths: Floats
    """(S, 2) of all turns, one after the other."""
    begins: npt.NDArray[np.int64]
    """(C,) where the swath of each turn begins."""
    beyonds: Floats
    """(B, 2) places beyond the borders of all turns, and where those of each begin."""
    beyond_begins: npt.NDArray[np.int64]
    """(C,)"""
    oddness: Floats
    """(C,) how unusual each turn is."""


def usual_angle_deg(command: Command) -> float:
    """By which LEFT, RIGHT or STRAIGHT usually turns; right positive."""
    return _KINDS[command].angle_deg


@cache
def _family(command: Command, angle_deg: float) -> _Family:
    kind, turns = _KINDS[command], family(command, angle_deg)
    swaths = [turn.swath() for turn in turns]
    beyonds = [turn.beyond(kind) for turn in turns]
    return _Family(
        turns=turns,
        ends=np.array([turn.points(np.zeros(2), 0.0)[-1] for turn in turns]),
        swaths=np.concatenate(swaths),
        begins=np.cumsum([0, *(len(swath) for swath in swaths[:-1])]),
        beyonds=np.concatenate(beyonds),
        beyond_begins=np.cumsum([0, *(len(beyond) for beyond in beyonds[:-1])]),
        oddness=np.array(
            [
                abs(math.log(turn.radius_m / kind.usual_radius_m))
                + abs(turn.angle_deg - angle_deg) / 45.0
                + turn.straight_m / 8.0
                for turn in turns
            ]
        ),
    )


def choose_turn(
    evidence: EvidenceMap,
    start: Floats,
    heading: float,
    command: Command,
    *,
    angle_deg: float,
    lane_width_m: float,
    before: Floats,
) -> Turn:
    """The turn that fits the ground best.

    Args:
        evidence: What is known of it.
        start: (2,) where the lane enters the junction, or the car that is in it, ego frame [m].
        heading: Of the lane or the car there [rad].
        command: LEFT, RIGHT or STRAIGHT.
        angle_deg: By which it is still to turn, more or less; right positive.
        lane_width_m: Of the lane that it ends in.
        before: (N, 2) the line of the last decision.
    """
    tried, kind = _family(command, _ANGLE_STEP_DEG * round(angle_deg / _ANGLE_STEP_DEG)), _KINDS[command]
    on_road = _road_means(evidence, _placed(tried.swaths, start, heading), tried.begins, unseen=_UNSEEN)
    beyond = _road_means(evidence, _placed(tried.beyonds, start, heading), tried.beyond_begins, unseen=0.5)
    scores = on_road + kind.beyond_gain * beyond
    scores -= _PREFERENCE * (0.5 * tried.oddness + _changes(_placed(tried.ends, start, heading), before))
    finalists = np.argsort(-scores, kind="stable")[:_FINALISTS]
    gains = [
        _in_lane(evidence, tried.turns[i], tried.turns[i].points(start, heading), command, lane_width_m=lane_width_m)
        for i in finalists
    ]
    return tried.turns[int(finalists[int(np.argmax(scores[finalists] + _BORDER_GAIN * np.array(gains)))])]


def family(command: Command, angle_deg: float) -> tuple[Turn, ...]:
    """All turns by about ``angle_deg`` that are tried for LEFT, RIGHT or STRAIGHT."""
    kind = _KINDS[command]
    return tuple(
        Turn(straight_m=float(straight), radius_m=float(radius), angle_deg=angle_deg + more, exit_m=kind.exit_m)
        for straight, radius, more in itertools.product(_STRAIGHTS_M, kind.radii_m, kind.spread_deg)
    )


def _placed(points: Floats, entrance: Floats, heading: float) -> Floats:
    """Points (N, 2) of a turn at the origin, moved to its entrance."""
    c, s = math.cos(heading), math.sin(heading)
    placed: Floats = entrance + points @ np.array([[c, s], [-s, c]])
    return placed


def _road_means(evidence: EvidenceMap, places: Floats, begins: npt.NDArray[np.int64], *, unseen: float) -> Floats:
    """The mean share of road of each stretch of ``places`` that begins at one of ``begins``."""
    shares = road_shares(evidence, places)
    sums: Floats = np.add.reduceat(np.where(np.isnan(shares), unseen, shares), begins)
    return sums / np.diff(np.append(begins, len(places)))


def _in_lane(evidence: EvidenceMap, turn: Turn, way: Floats, command: Command, *, lane_width_m: float) -> float:
    """How well the borders fit at the end, and along the kerb in a right turn: -1..1."""
    fits = find_boundaries(evidence, way, width_m=lane_width_m).fits
    beyond = np.arange(1, len(way) + 1) * STEP_M > turn.length_m + _KINDS[command].borders_from_m
    along_kerb = np.ones(len(way), bool) if command is Command.RIGHT else beyond
    return float(0.5 * (fits[beyond, 0].mean() + fits[along_kerb, 1].mean()))


def _changes(ends: Floats, before: Floats) -> Floats:
    """(C,) how far the ends of ways (C, 2) lie from a line (N, 2), in units of two metres, at most two."""
    distances = np.linalg.norm(ends[:, None] - before, axis=2).min(axis=1)
    return np.minimum(0.5 * distances, 2.0)
