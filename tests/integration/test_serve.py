"""``harness serve`` as a user runs it: a line, a client, a signal, and nothing left."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.carla_client.probe import ask_version
from harness.cli import harness
from tests.integration.running_command import PROGRAM, SIMULATOR, descendants, wait_for

pytestmark = pytest.mark.integration

LINE = re.compile(
    r"Town10HD ready at (\S+):(\d+), CARLA 0\.9\.16 protocol \(streams: (\d+)\); connect with "
    r"carla\.Client\('127\.0\.0\.1', \2\); Ctrl-C stops it\n"
)


class Serving:
    """The command, ready, and the process of its simulator."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-c", PROGRAM, "serve", "--port", "0", "--threads", "1", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert self.process.stdout is not None
        self.lines: list[str] = []
        while not (ready := LINE.fullmatch("".join(self.lines[-1:]))):
            self.lines.append(self.process.stdout.readline())
            assert self.lines[-1], self.lines
        self.address, self.port = ready[1], int(ready[2])
        assert int(ready[3]) == self.port + 1
        (self.simulator,) = (pid for pid, line in descendants(self.process.pid).items() if SIMULATOR in line)

    def rest(self) -> str:
        """What it prints to its end."""
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            return stdout.read()

    def is_gone(self) -> bool:
        """No simulator, and its ports can be had."""
        return not Path(f"/proc/{self.simulator}").exists() and all(map(is_free, (self.port, self.port + 1)))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.fixture
def serving(request: pytest.FixtureRequest) -> Iterator[Serving]:
    served = Serving(*getattr(request, "param", ()))
    yield served
    served.process.kill()
    served.process.wait()


def test_it_serves_until_ctrl_c_twice(serving: Serving, capfd: pytest.CaptureFixture[str]) -> None:
    assert len(serving.lines) == 1
    assert ask_version("127.0.0.1", serving.port, timeout_s=10.0) == "0.9.16"
    with pytest.raises(SystemExit) as ended:
        harness(["serve", "--port", str(serving.port)])
    assert ended.value.code == 3
    assert f"error: cannot listen at 127.0.0.1:{serving.port}" in capfd.readouterr().err
    for _ in range(2):
        serving.process.send_signal(signal.SIGINT)
    assert serving.process.wait(timeout=30) == 0
    assert serving.is_gone()
    assert serving.rest() == "stopped\n"


@pytest.mark.parametrize("serving", [("--bind", "0.0.0.0")], indirect=True)
def test_bound_to_more_than_this_machine_it_says_what_that_means(serving: Serving) -> None:
    assert serving.address == "0.0.0.0"
    assert [line for line in serving.lines if "no authentication" in line] == serving.lines[:-1]
    assert len(serving.lines) == 2
    for _ in range(2):
        serving.process.send_signal(signal.SIGTERM)
    assert serving.process.wait(timeout=30) == 0
    assert serving.is_gone()
    serving.rest()


def test_killed_it_leaves_no_process(serving: Serving) -> None:
    os.kill(serving.process.pid, signal.SIGKILL)
    serving.process.wait()
    wait_for(serving.is_gone, within_s=30)
    serving.rest()


def test_asked_to_stop_before_it_is_ready_it_leaves_nothing_either() -> None:
    command = [sys.executable, "-c", PROGRAM, "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for(lambda: any(SIMULATOR in line for line in descendants(process.pid).values()), within_s=60)
    simulators = descendants(process.pid)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 143
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in simulators), within_s=30)
    assert process.stdout is not None
    process.stdout.close()


def test_an_unknown_town(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        harness(["serve", "--port", "0", "--town", "Twon10HD"])
    assert ended.value.code == 6
    message = capfd.readouterr().err
    assert message.startswith("error: Map 'Twon10HD' not found; this server has ")
    assert message.count("\n") == 1


@pytest.mark.parametrize("options", [("--threads", "-1"), ("--threads", "two"), ("--port", "65535"), ("--seed", "-3")])
def test_options_that_cannot_be_meant(options: tuple[str, str], capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        harness(["serve", *options])
    assert ended.value.code == 2
    assert f"Invalid value for '{options[0]}'" in capfd.readouterr().err
