"""How long a score will take, before anything is started.

From the journal of the output folder where there is one: what a pass there took. Else from the nets' time for a grey
picture of each size, measured here and now, and a stated cost of the simulator. Both are added up: the simulator
renders a frame while the nets work on the one before, but on a CPU they share the cores, and on a GPU the nets take
little time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.scoring.live import Net
from harness.scoring.plan import Pass, ScorePlan
from harness.workers.journal import Journal
from sim_scenarios.camera import Size

TICK_S = 0.005
"""One replayed tick of the embedded simulator with the traffic of the suite ``weather``, on two cores (2026-11-20)."""
CAMERA_S = 0.010
"""What each camera adds to a frame there, and ..."""
MEGAPIXEL_S = 0.135
"""... what a million pixels of RGB, tags and depth add, from 160x90 to 1280x720, clear noon and hard rain alike."""
_GREY = 128
_CALLS = 3


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What is left to be done of a plan, and how long that may take."""

    passes: int
    frames: int
    """Frames of each camera, over all passes."""
    seconds: float
    """On all servers together, without their start."""
    basis: str
    """Where the figure is from, in words."""


def estimate(plan: ScorePlan, out: Path, nets: Mapping[str, Net] | None, *, num_servers: int, resume: bool) -> Estimate:
    """What ``plan`` comes to.

    Args:
        plan: what is to be scored.
        out: the output folder, which need not exist.
        nets: the nets by name; None where the journal is enough.
        num_servers: how many passes run at a time.
        resume: leave out what the journal of ``out`` lists as finished.

    Raises:
        DataError: the journal cannot be read.
    """
    journal = Journal(out, Pass)
    finished = journal.finished() if resume else {}
    left = [each for each in plan.passes() if each not in finished]
    frames = sum(plan.scenario(each.scenario).num_frames for each in left)
    frame_s = _journal_frame_s(plan, journal)
    basis = f"what finished passes in {out} took for a frame"
    if frame_s is None:
        assert nets is not None, "without a journal the nets have to be measured"
        frame_s = _nets_s(plan, nets) + _simulator_s(plan)
        basis = (
            "the nets' time for a grey picture, measured now, and the embedded simulator's on two cores "
            f"({TICK_S * 1000:g} ms a tick, {CAMERA_S * 1000:g} ms a camera, {MEGAPIXEL_S * 1000:g} ms a megapixel)"
        )
    seconds = frames * frame_s / min(num_servers, max(1, len(left)))
    return Estimate(passes=len(left), frames=frames, seconds=seconds, basis=basis)


def needs_nets(plan: ScorePlan, out: Path) -> bool:
    """Whether the journal of ``out`` has no pass of a planned scenario to go by."""
    return _journal_frame_s(plan, Journal(out, Pass)) is None


def _journal_frame_s(plan: ScorePlan, journal: Journal[Pass]) -> float | None:
    """Median time of a frame over the passes of planned scenarios that were timed; None: there is none."""
    num_frames = {scenario.name: scenario.num_frames for scenario in plan.scenarios}
    times = [
        entry.seconds / num_frames[each.scenario]
        for each, entry in journal.entries().items()
        if entry.seconds and each.scenario in num_frames
    ]
    return statistics.median(times) if times else None


def _nets_s(plan: ScorePlan, nets: Mapping[str, Net]) -> float:
    """Time that all nets take for the pictures of one frame [s]."""
    fovs = max(1, len(plan.fovs))
    return fovs * sum(predict_s(net, size) for net in nets.values() for size in plan.sizes)


def predict_s(net: Net, size: Size) -> float:
    """Time that a net takes for one grey picture of a size [s]."""
    picture = np.full((size[1], size[0], 3), _GREY, dtype=np.uint8)
    net.predict(picture)  # the first call prepares
    times = []
    for _ in range(_CALLS):
        started = time.perf_counter()
        net.predict(picture)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _simulator_s(plan: ScorePlan) -> float:
    fovs = max(1, len(plan.fovs))
    pixels = fovs * sum(width * height for width, height in plan.sizes)
    ticks = statistics.mean(scenario.num_ticks / scenario.num_frames for scenario in plan.scenarios)
    return ticks * TICK_S + fovs * len(plan.sizes) * CAMERA_S + pixels / 1e6 * MEGAPIXEL_S
