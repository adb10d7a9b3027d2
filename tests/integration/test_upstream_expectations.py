"""What programs written for CARLA rely on; the checks are in ``upstream_expectations.py``."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.carla_client.endpoint import Endpoint
from tests.traffic_awake import traffic_awake

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
CHECKS_FILE = Path(__file__).with_name("upstream_expectations.py")
NAMES = [
    node.name.removeprefix("check_")
    for node in ast.parse(CHECKS_FILE.read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("check_")
]


@pytest.mark.parametrize("name", NAMES)
def test_expectation(name: str, simulator: Endpoint, tmp_path: Path) -> None:
    with traffic_awake(simulator.port + 40):
        result = subprocess.run(
            [sys.executable, "-X", "faulthandler", str(CHECKS_FILE), str(simulator.port), name],
            env={**os.environ, "CARLA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert result.returncode == 0, result.stdout + result.stderr
