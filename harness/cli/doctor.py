"""``harness doctor``: what works on this machine, and what does not."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import NamedTuple

import click

from harness.cli.options import choose_endpoint, server_options
from harness.cli.output import print_table
from harness.errors import HarnessError

PACKAGES = ("carla", "torch", "numpy", "numba", "h5py", "hdf5plugin", "opencv-python-headless", "pandas")
PORTS = {2000: "CARLA RPC", 2001: "CARLA streams", 8000: "traffic manager"}
MIN_FREE_GIB = 5.0


class Check(NamedTuple):
    """One line of the table; ``verdict`` is ok, note or FAIL."""

    what: str
    verdict: str
    found: str


@click.command(short_help="What works on this machine, and what does not.")
@server_options
@click.pass_context
def doctor(ctx: click.Context, host: str | None, port: int | None, seed: int) -> None:
    """Check versions, processor, GPU, disk, ports, and shake hands with the server that would be used."""
    checks = [*_software(), *_hardware(), *_ports(), _server(host, port, seed)]
    print_table("harness doctor", Check._fields, checks)
    if any(check.verdict == "FAIL" for check in checks):
        ctx.exit(HarnessError.exit_code)


def _software() -> Iterator[Check]:
    supported = (3, 10) <= sys.version_info[:2] <= (3, 12)
    yield Check("Python", "ok" if supported else "FAIL", f"{platform.python_version()}; 3.10 to 3.12 work")
    for package in PACKAGES:
        try:
            yield Check(package, "ok", version(package))
        except ModuleNotFoundError:
            yield Check(package, "FAIL", "not installed: run `make venv`")


def _hardware() -> Iterator[Check]:
    import torch

    yield Check("processor", "ok", f"{os.cpu_count()} cores, {platform.machine()}")
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        yield Check("GPU", "ok", f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB")
    else:
        yield Check("GPU", "note", "none that torch can use: training and scoring run on the processor")
    free = shutil.disk_usage(".").free / 2**30
    yield Check("disk", "ok" if free >= MIN_FREE_GIB else "note", f"{free:.0f} GiB free here")


def _ports() -> Iterator[Check]:
    for port, use in PORTS.items():
        with socket.socket() as probe:
            taken = probe.connect_ex(("127.0.0.1", port)) == 0
        yield Check(f"port {port}", "note" if taken else "ok", f"{use}: {'in use' if taken else 'free'}")


def _server(host: str | None, port: int | None, seed: int) -> Check:
    started = time.perf_counter()
    try:
        with choose_endpoint(host, port, seed=seed) as endpoint:
            return Check("server", "ok", f"{endpoint.describe()}; answered after {time.perf_counter() - started:.1f} s")
    except HarnessError as error:
        return Check("server", "FAIL", str(error))
