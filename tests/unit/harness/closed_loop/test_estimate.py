"""How long a drive will take: from what there is, else from stated costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.labels import CARLA_29
from harness.closed_loop.estimate import estimate, needs_net
from harness.closed_loop.rules import RolloutRules
from harness.scoring.estimate import TICK_S
from tests.unit.harness.closed_loop.drive_folder import DriveFolder, make_plan

TICKS = 100
"""Of one episode, up to its time limit."""


class CountedNet:
    label_set = CARLA_29

    def __init__(self) -> None:
        self.origin: dict[str, Any] = {}
        self.calls = 0

    def predict(self, rgb: Any) -> Any:
        self.calls += 1
        return np.zeros(rgb.shape[:2], np.uint8)


def test_without_a_journal_the_stated_costs_count_for_every_tick(tmp_path: Path) -> None:
    first = estimate(make_plan(), tmp_path, None, num_servers=1, resume=False)
    assert (first.episodes, first.ticks) == (4, 4 * TICKS)
    assert "ms a megapixel" in first.basis
    pair = estimate(make_plan(), tmp_path, None, num_servers=2, resume=False)
    assert pair.seconds == pytest.approx(first.seconds / 2)
    rare = estimate(make_plan(rules=RolloutRules(decide_every=4)), tmp_path, None, num_servers=1, resume=False)
    assert rare.seconds < first.seconds
    short = estimate(make_plan(rules=RolloutRules(time_limit_s=2.5)), tmp_path, None, num_servers=1, resume=False)
    assert short.ticks == first.ticks / 2


def test_who_does_not_look_costs_no_pictures(tmp_path: Path) -> None:
    blind = estimate(make_plan(policies=["straight"]), tmp_path, None, num_servers=1, resume=False)
    assert blind.seconds == pytest.approx(2 * TICKS * TICK_S)
    assert estimate(make_plan(policies=["truth"]), tmp_path, None, num_servers=1, resume=False).seconds > blind.seconds


def test_the_net_is_measured_for_who_drives_by_it(tmp_path: Path) -> None:
    net: Any = CountedNet()
    assert needs_net(make_plan(policies=["mask", "route"]), tmp_path)
    assert not needs_net(make_plan(), tmp_path)
    seen = estimate(make_plan(policies=["mask", "route"]), tmp_path, net, num_servers=1, resume=False)
    assert net.calls > 0
    assert "measured now" in seen.basis


def test_the_journal_knows_better(tmp_path: Path) -> None:
    folder = DriveFolder(tmp_path)
    first, second, *_ = folder.jobs
    folder.finish(first, seconds=2.0)
    folder.finish(second, seconds=4.0)
    left = estimate(folder.plan, tmp_path, None, num_servers=1, resume=True)
    assert (left.episodes, left.ticks) == (2, 2 * TICKS)
    assert left.seconds == pytest.approx(2 * 3.0)
    assert "finished episodes" in left.basis
    assert estimate(folder.plan, tmp_path, None, num_servers=1, resume=False).episodes == 4
    mask = DriveFolder(tmp_path, make_plan(policies=["mask"]))
    assert needs_net(mask.plan, tmp_path), "others tell nothing of it"
