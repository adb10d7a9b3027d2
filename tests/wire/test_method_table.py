"""The tables of what is served, accepted without effect and refused hold every method of the client, and no other."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.dispatch import IGNORED, REFUSED, ROUTES
from tests.contract.test_rpc_table import METHODS


def test_the_tables_are_the_clients() -> None:
    assert sorted([*ROUTES, *IGNORED, *REFUSED]) == sorted(METHODS)
