"""Recorders that meet faults, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PRIVATE_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")
"""Begins a command that may mount file systems which nobody else sees."""

Outcome = dict[str, Any]
RunFaulty = Callable[..., list[tuple[Path, Outcome]]]


@pytest.fixture
def run_faulty(tmp_path: Path) -> RunFaulty:
    """Run ``faulty_recorder`` with a fault; (folder, outcome) of each of its recorders."""

    def run(*fault: object, mounts: bool = False) -> list[tuple[Path, Outcome]]:
        command = [sys.executable, "-m", "tests.faults.faulty_recorder", tmp_path, *fault]
        done = subprocess.run(
            [*(PRIVATE_MOUNTS if mounts else ()), *map(str, command)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        outcomes = [json.loads(line) for line in done.stdout.splitlines()]
        return [(tmp_path / str(number), outcome) for number, outcome in enumerate(outcomes)]

    return run


@pytest.fixture(scope="session")
def may_mount() -> None:
    """Skips where a user may not mount file systems of their own."""
    probe = [*PRIVATE_MOUNTS, "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        done = subprocess.run(probe, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs the program unshare")
    if done.returncode:
        pytest.skip(f"needs user namespaces that may mount: {done.stderr.strip()}")


@pytest.fixture
def not_root() -> None:
    """Skips where permissions do not hold anybody back."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
