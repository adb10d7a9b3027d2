"""How long a drive will take, before anything is started.

From the journal of the output folder where there is one: what an episode there took for a tick of its time limit. Else
from the net's time for a grey picture of each size, measured here and now, and the stated cost of the simulator. Both
are upper limits: an episode that reaches its goal ends before its time limit.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.closed_loop.episode_log import EpisodeKey
from harness.closed_loop.plan import DrivePlan, may_need_net
from harness.scoring.estimate import CAMERA_S, MEGAPIXEL_S, TICK_S, predict_s
from harness.scoring.live import Net
from harness.workers.journal import Journal

_BLIND = ("autopilot", "route", "straight")
"""Policies that no picture is rendered for."""


@dataclass(frozen=True, kw_only=True)
class DriveEstimate:
    """What is left to be done of a plan, and how long that may take."""

    episodes: int
    ticks: int
    """Of all episodes, if each goes on to its time limit."""
    seconds: float
    """On all servers together, without their start."""
    basis: str
    """Where the figure is from, in words."""


def estimate(plan: DrivePlan, out: Path, net: Net | None, *, num_servers: int, resume: bool) -> DriveEstimate:
    """What ``plan`` comes to.

    Args:
        plan: what is to be driven.
        out: the output folder, which need not exist.
        net: what the policies drive by; None where none does, or where the journal is enough.
        num_servers: how many episodes run at a time.
        resume: leave out what the journal of ``out`` lists as finished.

    Raises:
        DataError: the journal cannot be read.
    """
    journal = Journal(out, EpisodeKey)
    finished = journal.finished() if resume else {}
    left = [key for key in plan.episodes() if key not in finished]
    ticks = sum(plan.max_ticks(key) for key in left)
    tick_s = _journal_tick_s(plan, journal)
    if tick_s is None:
        seconds = _stated_s(plan, left, net)
        measured = "the net's time for a grey picture, measured now, and " if net is not None else ""
        basis = (
            f"{measured}the embedded simulator's on two cores ({TICK_S * 1000:g} ms a tick, {CAMERA_S * 1000:g} ms a "
            f"camera, {MEGAPIXEL_S * 1000:g} ms a megapixel)"
        )
    else:
        seconds = ticks * tick_s
        basis = f"what finished episodes in {out} took"
    return DriveEstimate(
        episodes=len(left), ticks=ticks, seconds=seconds / min(num_servers, max(1, len(left))), basis=basis
    )


def needs_net(plan: DrivePlan, out: Path) -> bool:
    """Whether the net has to be measured: the journal of ``out`` has no planned episode to go by."""
    return plan.may_need_net and _journal_tick_s(plan, Journal(out, EpisodeKey)) is None


def _journal_tick_s(plan: DrivePlan, journal: Journal[EpisodeKey]) -> float | None:
    """Median time of a tick of the time limit over the planned episodes that were timed; None: there is none."""
    planned = set(plan.episodes())
    times = [
        entry.seconds / plan.max_ticks(key)
        for key, entry in journal.entries().items()
        if entry.seconds and key in planned
    ]
    return statistics.median(times) if times else None


def _stated_s(plan: DrivePlan, left: Iterable[EpisodeKey], net: Net | None) -> float:
    predict = {} if net is None else {size: predict_s(net, size) for size in plan.sizes}
    total = 0.0
    for key in left:
        if plan.policies[key.policy] in _BLIND:
            total += plan.max_ticks(key) * TICK_S
            continue
        every = plan.rules.decide_every
        look_s = CAMERA_S + key.width * key.height / 1e6 * MEGAPIXEL_S
        if may_need_net(plan.policies[key.policy]):
            look_s += predict.get((key.width, key.height), 0.0)
        total += plan.max_ticks(key) * (TICK_S + look_s / every)
    return total
