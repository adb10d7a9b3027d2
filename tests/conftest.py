"""Fixtures and options of all tests: the one embedded simulator that integration tests share, or a named server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from harness.carla_client.endpoint import Endpoint

# The first example of a test may compile a numba kernel; a deadline would make that a failure. The examples are the
# same in every run, so that a change is judged by what it does; `--hypothesis-profile default` looks for new ones.
hypothesis.settings.register_profile("harness", deadline=None, derandomize=True)
hypothesis.settings.load_profile("harness")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--carla-host", default=None, help="a CARLA 0.9.16 server for the tests marked real_carla")
    parser.addoption("--carla-port", default=2000, type=int, help="its RPC port")
    parser.addoption("--full-benchmarks", action="store_true", help="measure as long as the documented figures were")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--carla-host") is None:
        skip = pytest.mark.skip(reason="needs --carla-host")
        for item in items:
            if item.get_closest_marker("real_carla"):
                item.add_marker(skip)


@pytest.fixture(scope="session")
def simulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """The embedded simulator as a child process, one for the whole run."""
    from harness.carla_client.endpoint import open_endpoint

    # Generous: the first run on a machine compiles every kernel.
    with open_endpoint(None, None, timeout_s=240.0, log_dir=tmp_path_factory.mktemp("simulator")) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def simulator(simulator_process: Endpoint) -> Endpoint:
    """The same with an empty Town10HD in asynchronous mode, whatever the tests of another file have left in it."""
    from harness.carla_client.session import connect

    connect(simulator_process, timeout_s=60.0).load_world("Town10HD")
    return simulator_process


@pytest.fixture(scope="session")
def carla_server(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    """The server of --carla-host; for tests marked real_carla."""
    from harness.carla_client.endpoint import open_endpoint

    host, port = request.config.getoption("--carla-host"), request.config.getoption("--carla-port")
    with open_endpoint(host, port) as endpoint:
        yield endpoint
