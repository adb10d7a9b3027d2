"""Not a test: a program that opens files made to harm, with little memory, and says what became of each.

``python -m tests.faults.hostile_reader HONEST ... -- HOSTILE ...`` prints one JSON object a line: ``error`` (its
classes, empty when every frame was handed out), ``text``, ``frames`` (handed out before the error), ``seconds``,
``grown_mb`` (by how much the peak of its memory rose).
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from datasets.shard import ShardReader

SPARE_BYTES = 256 << 20
"""Address space beyond what the libraries take: enough for any honest shard of tiny frames."""


def opened(path: Path) -> dict[str, Any]:
    """Read all of the shard, unfinished shard or recording at `path`."""
    before, started, frames = _peak_mb(), time.perf_counter(), 0
    error: BaseException | None = None
    try:
        with ShardReader(path, allow_part=True) as reader:
            for _ in reader:
                frames += 1
    except Exception as caught:
        error = caught
    return {
        "error": [kind.__name__ for kind in type(error).__mro__] if error else [],
        "text": str(error or "")[:1000],
        "frames": frames,
        "seconds": time.perf_counter() - started,
        "grown_mb": _peak_mb() - before,
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(*arguments: str) -> None:
    """Read honest shards first, so that kernels are compiled and buffers exist; then the others with a limit."""
    honest, hostile = arguments[: arguments.index("--")], arguments[arguments.index("--") + 1 :]
    for path in honest:
        print(json.dumps(opened(Path(path))), flush=True)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + SPARE_BYTES, resource.RLIM_INFINITY))
    for path in hostile:
        print(json.dumps(opened(Path(path))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
