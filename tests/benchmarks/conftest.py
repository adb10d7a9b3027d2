"""How long benchmarks measure: briefly by default, when every ratio is computed and printed; on demand, in full."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def is_full(request: pytest.FixtureRequest) -> bool:
    """Whether to measure with as many frames and rounds as the documented figures were measured with."""
    return bool(request.config.getoption("--full-benchmarks"))
