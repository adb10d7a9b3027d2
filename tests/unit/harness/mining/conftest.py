"""Drive logs of a car that goes straight on."""

from tests.unit.harness.replaying.conftest import make_log

__all__ = ["make_log"]
