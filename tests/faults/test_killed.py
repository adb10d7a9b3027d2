"""SIGKILL at any moment: nothing that was acknowledged is lost, nothing is invented, nothing is recorded twice."""

from __future__ import annotations

import pytest

from tests.faults.conftest import RunFaulty
from tests.faults.drive import check_survival
from tests.faults.frames import NUM_FRAMES


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_before_each_disk_call(run_faulty: RunFaulty, every: int) -> None:
    """Of the whole recording: opening, appending, closing, naming, listing."""
    outcomes = run_faulty("calls", every)
    assert len(outcomes) > 100 // every
    assert outcomes[-1][1]["ended"] == ["done"]
    for number, (root, outcome) in enumerate(outcomes):
        check_survival(root, outcome["events"], recover_first=number % 2 == 0)


@pytest.mark.parametrize("count", [12, pytest.param(200, marks=pytest.mark.slow)])
def test_at_random_moments(run_faulty: RunFaulty, count: int) -> None:
    """Also while HDF5 writes by itself."""
    outcomes = run_faulty("moments", count, 3)
    assert len(outcomes) == count
    reached = {len(outcome["events"]) for _, outcome in outcomes}
    assert len(reached) > min(count, NUM_FRAMES) // 3, "the moments are not spread over the recording"
    for number, (root, outcome) in enumerate(outcomes):
        check_survival(root, outcome["events"], recover_first=number % 2 == 0)
