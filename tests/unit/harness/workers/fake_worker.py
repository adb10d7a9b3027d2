"""A worker without a server: does every job in no time, or crashes, hangs or fails in it as it is told.

``python fake_worker.py FOLDER``: FOLDER holds ``script.json``, which maps what is done (``start``, or a job as text) to
the list of what happens at each try; a try that is not listed goes well. It notes its process id in ``FOLDER/pids``,
and each try in ``FOLDER/tries``. The messages are written out here, so that the protocol is spoken by two programs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1])
Order = dict[str, Any]


def tell(kind: str, **values: Any) -> None:
    print(json.dumps({"kind": kind, **values}), flush=True)


def fate(what: str) -> str:
    """What is to happen at this try."""
    with (FOLDER / "tries").open("a") as file:
        file.write(what + "\n")
    number = (FOLDER / "tries").read_text().splitlines().count(what)
    script = json.loads((FOLDER / "script.json").read_text())
    fates: list[str] = script.get(what, [])
    return fates[number - 1] if number <= len(fates) else "well"


def suffer(kind: str) -> None:
    if kind == "crash":
        print("something broke", file=sys.stderr)
        os._exit(1)
    if kind in ("slow", "hang"):
        time.sleep(1 if kind == "slow" else 60)
    if kind in ("lost", "hung"):
        tell("lost", message="the server is gone", hung=kind == "hung")
        os._exit(5)
    if kind.startswith("refuse"):
        tell("refused", message="no such thing", exit_code=int(kind.removeprefix("refuse")))
        os._exit(0)


def start(setup: Order) -> None:
    nothing = subprocess.DEVNULL
    simulator = subprocess.Popen(["sleep", "60"], stdin=nothing, stdout=nothing, start_new_session=True)
    with (FOLDER / "pids").open("a") as file:
        file.write(f"{os.getpid()}\n{simulator.pid}\n")
    tell("started", pid=simulator.pid)
    kind = fate("start" if setup["port"] is None else f"start {setup['port']}")
    suffer(kind)
    if kind.startswith("actors") and kind != f"actors {setup['actors']}":
        tell("refused", message=f"not {kind}: {setup['actors']}", exit_code=1)
    models = {name: {"run": run} for name, run in setup["models"].items()}
    tell("ready", server={"embedded": True}, description="a fake", labels={}, models=models, actors=[4, 5], notes=[])
    if kind == "mortal":
        os._exit(1)


def do(job: Order) -> None:
    scenario = job["scenario"]["name"]
    if job["kind"] == "episode":
        what = f"{scenario} by {job['key']['policy']}"
    else:
        what = f"the drive of {scenario}" if job["kind"] == "drive" else f"{scenario} under {job['weather']}"
    kind = fate(what)
    tell("frame", done=1)
    suffer(kind)
    if kind == "fail":
        tell("failed", message="the net has no hands")
    elif job["kind"] == "drive":
        tell("drive done")
    elif job["kind"] == "episode":
        status, message = ("failed", "it stares into space") if kind == "stare" else ("done", "")
        tell("episode done", status=status, message=message, seconds=0.5, sha256="0" * 64, ends_worker=kind == "stare")
        if kind == "stare":
            os._exit(0)
    else:
        status, message = ("partial", "a frame was lost") if kind == "partial" else ("done", "")
        tell("pass done", status=status, message=message, seconds=0.5, sha256="0" * 64, labels={"view": kind})


for line in sys.stdin:
    order = json.loads(line)
    if order["kind"] == "setup":
        start(order)
    else:
        do(order)
