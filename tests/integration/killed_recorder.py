"""A recorder that kills itself with SIGKILL at a named point; run as a program by ``test_killed_recorder``.

Arguments: suite as JSON, output folder, weathers or "", the point. It records on an embedded simulator of its own.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datasets import shard_recovery
from datasets.recording_dir import RecordingDir
from harness.carla_client.endpoint import open_endpoint
from harness.recording.plan import RecordingOptions
from harness.recording.recorder import record
from harness.recording.stream_writer import StreamWriter
from sim_scenarios.scenario import Suite
from sim_scenarios.weather_grid import parse_weather_grid

OPTIONS = RecordingOptions(shard_frames=4, min_motion_m=0.05)


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def after(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, and then the end."""

    def run(*args: Any, **kwargs: Any) -> None:
        function(*args, **kwargs)
        die()

    return run


def main() -> None:
    suite, out, weathers, point = sys.argv[1:]

    def progress(what: str, done: int, total: int) -> None:
        if (point == "drive" and what.endswith("drive") and done == 3) or (point == "frame" and done == total // 2):
            die()

    if point == "closing":
        shard_recovery._check_copy = die  # type: ignore[assignment]
    if point == "unlisted":
        RecordingDir.add_shard = die  # type: ignore[assignment]
    if point == "between shards":
        StreamWriter._close = after(StreamWriter._close)  # type: ignore[method-assign]
    with open_endpoint(None, None, timeout_s=240.0) as endpoint:
        record(
            endpoint,
            Suite.model_validate_json(suite),
            Path(out),
            weathers=tuple(parse_weather_grid(weathers).timelines.values()) if weathers else (),
            options=OPTIONS,
            resume=True,
            progress=progress,
            on_row=die if point == "between weathers" else None,
        )


if __name__ == "__main__":
    main()
