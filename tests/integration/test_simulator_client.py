"""The embedded simulator as a process, driven by the unmodified carla client over TCP.

What the client does is in ``simulator_client_checks.py``; each check runs in a process of its own against one server.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
CHECKS_FILE = Path(__file__).with_name("simulator_client_checks.py")
SERVER = [sys.executable, "-m", "sim_scenarios.embedded_simulator"]


def check_names() -> list[str]:
    spec = importlib.util.spec_from_file_location("simulator_client_checks", CHECKS_FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # The one that kills itself has a test of its own.
    return [name for name in module.CHECKS if name != "vanish_while_streaming"]


@contextlib.contextmanager
def server_process(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A server and its ready line; it ends with its stdin, whatever happens here."""
    process = subprocess.Popen(
        [*SERVER, "--exit-with-stdin", *options], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        code = process.wait(timeout=20)
        process.stdout.close()
    assert code == 0


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with server_process("--port", "0") as (_, ready):
        yield ready["port"]


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the client keeps the navigation mesh; its default is in the user's home."""
    return tmp_path_factory.mktemp("carla_cache")


def run_check(name: str, port: int, cache_dir: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CARLA_CACHE_DIR": str(cache_dir)}
    command = [sys.executable, "-X", "faulthandler", str(CHECKS_FILE), str(port), name]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("name", check_names())
def test_client(name: str, port: int, cache_dir: Path) -> None:
    result = run_check(name, port, cache_dir)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_client_that_vanishes_harms_nobody(port: int, cache_dir: Path) -> None:
    assert run_check("vanish_while_streaming", port, cache_dir).returncode == -signal.SIGKILL
    result = run_check("first_image_after_listen", port, cache_dir)
    assert result.returncode == 0, result.stdout + result.stderr


# --- the process ----------------------------------------------------------------------------------------------------


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    with server_process("--port", "0") as (process, ready):
        assert ready == {
            "event": "ready", "host": "127.0.0.1", "port": ready["port"], "version": "0.9.16", "town": "Town10HD",
        }  # fmt: skip
        process.send_signal(number)
        assert process.wait(timeout=10) == 0
        assert process.stdout
        assert process.stdout.read() == ""  # one line of JSON and nothing else
        assert is_free(ready["port"])
        assert is_free(ready["port"] + 1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a stopped process with its parent")
def test_one_that_is_stopped_ends_with_its_parent() -> None:
    parent = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=-1, stdout=-1, start_new_session=True)\n"
        "child.stdout.readline()\nprint(child.pid, flush=True)\ntime.sleep(600)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", parent, *SERVER, "--port", "0", "--exit-with-stdin"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    child = int(process.stdout.readline())
    os.kill(child, signal.SIGSTOP)
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 20
    while is_running(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Whether there is such a process that has not ended; who adopts an orphan may be slow to bury it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--town", "Town99", "--port", "0"], 6, "Map 'Town99' not found; this server has Town01"),
        (["--port", "many"], 2, "invalid int value: 'many'"),
        (["--seed", "-1"], 2, "--seed: is '-1', expected a whole number of 0 or more"),
        (["--threads", "-3"], 2, "--threads: is '-3', expected a whole number of 0 or more"),
    ],
)
def test_wrong_options(options: list[str], code: int, message: str) -> None:
    result = subprocess.run([*SERVER, *options], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout) == (code, "")
    assert message in result.stderr


def test_a_port_in_use(port: int) -> None:
    result = subprocess.run(
        [*SERVER, "--port", str(port)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in result.stderr
