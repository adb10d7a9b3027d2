"""Files made to harm are refused with a reason: before a pixel is handed out, at once, and with little memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from datasets.errors import ShardError
from datasets.shard import ShardReader
from tests.faults.conftest import ROOT
from tests.faults.frames import write_part, write_shard
from tests.faults.hostile_logs import LOGS
from tests.faults.hostile_shards import HEADERS, STRUCTURES, chunk_forgeries

MAX_SECONDS = 5.0
"""Generous: the slowest honest one takes a hundredth of it."""
MAX_GROWN_MB = 64.0

CASES = {
    **{name: ("residual", build) for name, build in (STRUCTURES | HEADERS).items()},
    **{
        name: (compression, build)
        for compression in ("residual", "gzip", "jpeg")
        for name, build in chunk_forgeries(compression).items()
    },
}
WHOLE_UNTIL_READ = {name for compression in ("residual", "gzip", "jpeg") for name in chunk_forgeries(compression)}
"""Their tables are in order: the frame before the forged one may be read."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What became of each file, read one after the other by one process with little memory."""
    folder = tmp_path_factory.mktemp("hostile")
    honest = {name: write_shard(folder / f"{name}.h5", compression=name) for name in ("residual", "gzip", "jpeg")}
    part = write_part(folder / "part.h5")
    paths = {}
    for number, (name, (compression, build)) in enumerate(CASES.items()):
        paths[name] = Path(shutil.copy(honest[compression], folder / f"hostile{number}.h5"))
        build(paths[name])
    for number, (name, build_log) in enumerate(LOGS.items()):
        paths[name] = Path(shutil.copy(part, folder / f"hostile{number}.h5.part"))
        build_log(paths[name])
    command = [sys.executable, "-m", "tests.faults.hostile_reader", *map(str, (*honest.values(), part)), "--"]
    done = subprocess.run(
        [*command, *map(str, paths.values())], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    read = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["frames"] for each in read[: len(honest) + 1]] == [3, 3, 3, 3], "the honest ones"
    return dict(zip(paths, read[len(honest) + 1 :], strict=True))


@pytest.mark.parametrize("name", [*CASES, *LOGS])
def test_refused(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    outcome = outcomes[name]
    assert "ShardError" in outcome["error"], outcome
    assert outcome["frames"] == (1 if name in WHOLE_UNTIL_READ else 0), outcome
    assert outcome["seconds"] < MAX_SECONDS, outcome
    assert outcome["grown_mb"] < MAX_GROWN_MB, outcome
    assert "hostile" in outcome["text"], "the file is named"
    assert len(outcome["text"]) < 1000


def test_what_is_no_file(tmp_path: Path) -> None:
    """A pipe would be waited for until someone writes to it."""
    os.mkfifo(tmp_path / "pipe.h5")
    (tmp_path / "device.h5").symlink_to("/dev/zero")
    (tmp_path / "folder.h5").mkdir()
    (tmp_path / "loop.h5").symlink_to(tmp_path / "loop.h5")
    for name in ("pipe", "device", "folder", "loop"):
        with pytest.raises(ShardError, match="is not a file"):
            ShardReader(tmp_path / f"{name}.h5")
