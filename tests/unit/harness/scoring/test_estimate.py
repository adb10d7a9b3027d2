from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.scoring.estimate import CAMERA_S, TICK_S, estimate, needs_nets
from harness.scoring.plan import Pass, ScorePlan
from harness.workers.journal import Journal, JournalEntry

NUM_FRAMES = 6


def journal(plan: ScorePlan, folder: Path, seconds: list[float]) -> None:
    """Passes that were done in these times."""
    (folder / "pass.npz").write_bytes(b"counts")
    for of, each in zip(plan.passes(), seconds, strict=False):
        sha256 = hashlib.sha256(b"counts").hexdigest()
        Journal(folder, Pass).append(JournalEntry(of=of, status="done", seconds=each, file="pass.npz", sha256=sha256))


def test_the_journal_tells_the_time_of_a_frame(plan: ScorePlan, tmp_path: Path) -> None:
    assert needs_nets(plan, tmp_path)
    journal(plan, tmp_path, [3.0, 6.0, 60.0])
    assert not needs_nets(plan, tmp_path)
    anew = estimate(plan, tmp_path, None, num_servers=2, resume=False)
    assert (anew.passes, anew.frames) == (4, 4 * NUM_FRAMES)
    assert anew.seconds == pytest.approx(4 * 6.0 / 2), "the median of a frame, on two servers"
    assert "finished passes" in anew.basis
    left = estimate(plan, tmp_path, None, num_servers=2, resume=True)
    assert (left.passes, left.seconds) == (1, pytest.approx(6.0))


def test_passes_of_other_scenarios_tell_nothing(plan: ScorePlan, tmp_path: Path) -> None:
    journal(plan, tmp_path, [3.0, 6.0])
    beta = replace(plan, scenarios=plan.scenarios[1:])
    assert needs_nets(beta, tmp_path)


def test_without_one_the_nets_are_measured_on_every_size(plan: ScorePlan, net: Any, tmp_path: Path) -> None:
    seen = []

    class SlowNet(type(net)):  # type: ignore[misc]
        def predict(self, rgb: Any) -> Any:
            seen.append(rgb.shape[:2])
            time.sleep(0.02)
            return super().predict(rgb)

    guess = estimate(plan, tmp_path, {"net": SlowNet()}, num_servers=1, resume=False)
    assert set(seen) == {(24, 32), (48, 64)}
    assert 4 * NUM_FRAMES * 0.04 <= guess.seconds < 4 * NUM_FRAMES * 0.4
    assert "grey picture" in guess.basis


def test_a_fast_net_leaves_the_time_of_the_simulator(plan: ScorePlan, net: Any, tmp_path: Path) -> None:
    guess = estimate(plan, tmp_path, {"net": net}, num_servers=1, resume=False)
    assert guess.seconds >= 4 * NUM_FRAMES * (TICK_S + 2 * CAMERA_S)
