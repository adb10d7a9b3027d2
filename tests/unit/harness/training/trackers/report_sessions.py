"""Reports sessions of a run to both trackers, in a process whose attempts to leave the machine are noted.

Usage: ``report_sessions.py FOLDER``; prints what was seen as JSON. A process of its own, because trackers read the
environment when they are imported and know when they are being tested.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

outside: list[str] = []
"""Names and addresses beyond this machine that were asked for."""


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo" and arguments[0] not in (None, "localhost", "127.0.0.1", "::1"):
        outside.append(f"{event} {arguments[0]}")
    if event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
        if not host.startswith("127.") and host not in ("::1", "localhost"):
            outside.append(f"{event} {host}")


sys.addaudithook(watch)
proxy = socket.create_server(("127.0.0.1", 0))
"""Wandb's second process is not Python; like every program it would go through the proxy that it is told of."""
proxy.setblocking(False)
os.environ["HTTPS_PROXY"] = os.environ["HTTP_PROXY"] = f"http://127.0.0.1:{proxy.getsockname()[1]}"
os.environ["NO_PROXY"] = "127.0.0.1"

from harness.errors import UsageError  # noqa: E402  (after the watch)
from harness.run_dir import RunDir  # noqa: E402
from harness.training.config import TrainConfig  # noqa: E402
from harness.training.trackers import open_trackers  # noqa: E402
from tests.unit.harness.training.run_figures import epoch_metrics  # noqa: E402

CONFIG = TrainConfig(net_options={"base_channels": 8}, seed=3)
ONE_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c6360000000020001"
    "48afa4710000000049454e44ae426082"
)


def report(run: RunDir, epochs: range, trackers: tuple[str, ...], notes: list[str], error: type | None = None) -> None:
    """Make a session of these epochs, which ends with an error if there is one."""
    try:
        with open_trackers(trackers, run, CONFIG, notes.append) as opened:
            for epoch in epochs:
                opened.log(epoch_metrics(epoch))
            run.curves.write_bytes(ONE_PIXEL)
            if error is not None:
                raise error
    except (RuntimeError, KeyboardInterrupt):
        assert error is not None


def mlflow_status(run: RunDir) -> str:
    (text,) = [path.read_text() for path in run.path.glob("mlflow/*/*/meta.yaml")]
    return next(line for line in text.splitlines() if line.startswith("status:"))


def unreachable(run: RunDir, notes: list[str]) -> str:
    """What is said of a server that does not answer."""
    os.environ["MLFLOW_TRACKING_URI"] = "http://me:secret@127.0.0.1:1"
    try:
        report(run, range(0), ("mlflow",), notes)
    except UsageError as error:
        return str(error)
    finally:
        del os.environ["MLFLOW_TRACKING_URI"]
    return "it was reached"


def vanishing(run: RunDir, notes: list[str]) -> None:
    """Make a session whose store is gone in the middle."""
    with open_trackers(("mlflow",), run, CONFIG, notes.append) as opened:
        shutil.rmtree(run.path / "mlflow")
        opened.log(epoch_metrics(1))


def torn_down(run: RunDir, notes: list[str]) -> None:
    """Make a session in whose middle wandb's second process ends."""
    import wandb

    with open_trackers(("wandb",), run, CONFIG, notes.append) as opened:
        wandb.teardown()
        opened.log(epoch_metrics(1))


def through_proxy() -> list[str]:
    """The first thing that was asked of the proxy, if anything was."""
    try:
        connection, _ = proxy.accept()
    except BlockingIOError:
        return []
    with connection:
        return [repr(connection.recv(200))]


def modes() -> list[str | None]:
    """How wandb would be started without and with an account."""
    from harness.training.trackers.wandb_tracker import _mode

    without = _mode()
    os.environ["WANDB_API_KEY"] = "0123456789" * 4
    return [without, _mode()]


def main(folder: Path) -> None:
    run, notes = RunDir.create(folder / "my run"), []
    states = []
    for first, error in ((1, RuntimeError), (3, KeyboardInterrupt), (5, None)):
        report(run, range(first, first + 2), ("wandb", "mlflow", "wandb"), notes, error)
        states.append(mlflow_status(run))
    seen: dict[str, Any] = {"notes": notes, "states": states}
    seen["unreachable"] = unreachable(RunDir.create(folder / "unreachable"), [])
    later: list[str] = []
    vanishing(RunDir.create(folder / "vanishing"), later)
    torn: list[str] = []
    torn_down(RunDir.create(folder / "torn down"), torn)
    seen["vanishing"] = {"mlflow": later, "wandb": torn}
    seen["outside"] = [*outside, *through_proxy()]
    from wandb.env import error_reporting_enabled

    # Asked for by itself, since wandb's second process sends its reports some seconds after the last session.
    seen["wandb reports"] = error_reporting_enabled()
    seen["mode"] = modes()
    print(json.dumps(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
