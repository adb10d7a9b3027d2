"""The learning rate's shape."""

from __future__ import annotations

import pytest

from harness.training.schedule import learning_rate_at


def rates(total_steps: int, warmup_fraction: float, schedule: str = "cosine") -> list[float]:
    return [
        learning_rate_at(step, total_steps=total_steps, peak=2.0, warmup_fraction=warmup_fraction, schedule=schedule)
        for step in range(total_steps)
    ]


def test_it_climbs_in_a_line_and_falls_in_half_a_cosine() -> None:
    found = rates(100, 0.2)
    assert found[:20] == pytest.approx([2.0 * (step + 1) / 20 for step in range(20)])
    assert found[20] == 2.0
    assert found[60] == pytest.approx(1.0)
    assert found[-1] == pytest.approx(0.0, abs=2e-3)
    assert found[20:] == sorted(found[20:], reverse=True)


def test_or_as_a_power_of_what_is_left() -> None:
    found = rates(100, 0.2, "poly")
    assert found[:20] == rates(100, 0.2)[:20]
    assert found[20] == 2.0
    assert found[60] == pytest.approx(2.0 * 0.5**0.9)
    assert found[-1] == pytest.approx(2.0 * (1 / 80) ** 0.9)
    assert found[20:] == sorted(found[20:], reverse=True)


@pytest.mark.parametrize("schedule", ["cosine", "poly"])
def test_it_never_stands_still(schedule: str) -> None:
    for total_steps in (1, 2, 3, 10):
        for warmup_fraction in (0.0, 0.1, 0.5):
            assert all(0 < rate <= 2.0 for rate in rates(total_steps, warmup_fraction, schedule))


def test_without_warm_up_it_starts_at_the_peak() -> None:
    assert rates(10, 0.0)[0] == 2.0
