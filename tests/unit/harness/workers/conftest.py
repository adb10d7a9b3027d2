"""Two short scenarios, and a net that needs no weights."""

from __future__ import annotations

import pytest

from sim_scenarios.scenario import Scenario
from tests.unit.harness.scoring.conftest import RedChannelNet


@pytest.fixture
def net() -> RedChannelNet:
    return RedChannelNet()


@pytest.fixture
def scenarios() -> tuple[Scenario, ...]:
    return tuple(
        Scenario(name=name, split="test", seed=seed, duration_s=0.3, fixed_delta_seconds=0.05)
        for seed, name in enumerate(("alpha", "beta"))
    )
