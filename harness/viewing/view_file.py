"""A recording as a rerun file: pictures, coloured tags, depth and the camera's path, to scrub through.

Decisions:

* One file, one root entity a scenario: ``scenario/weather/camera/{rgb,tags,depth,instance}``. Time is simulated seconds
  or the frame number, so that the weathers of one drive stand side by side at the same moment.
* Pictures are JPEG unless told otherwise, which makes the file several times smaller. Tags, depth and instance ids are
  exact always. The file is to look at; the shards are the data.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.recording_dir import RecordingDir
from harness.errors import DataError, UsageError
from harness.run_dir import replacing
from harness.streams import Stream, read_streams
from harness.viewing.layout import layout
from harness.viewing.stream_writer import StreamWriter


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What of a recording to look at; an empty list means all."""

    scenarios: tuple[str, ...] = ()
    weathers: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    every: int = 1
    """Every n-th frame."""


@dataclass(frozen=True, kw_only=True)
class ViewFile:
    """What was written."""

    path: Path
    frames: int
    streams: int


def write_view(
    root: Path,
    path: Path,
    *,
    choice: Choice,
    lossless: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> ViewFile:
    """Write the chosen part of the recording in ``root`` to the rerun file ``path``, frame by frame.

    Args:
        root: A recording folder.
        path: The ``.rrd`` file; appears when it is whole.
        choice: What to write.
        lossless: Write pictures as they are, not as JPEG.
        progress: Called with the stream's name, its frames so far and in all.

    Raises:
        UsageError: rerun is not installed, nothing fits ``choice``, or ``path`` cannot be written.
        DataError: the recording holds no finished shard.
        ShardError: no recording there, or a shard of it is damaged.
    """
    rerun = import_rerun()
    streams = chosen_streams(read_streams(RecordingDir.open(root)), choice, root=root)
    frames = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            file = _open_file(rerun, temporary, name=root.resolve().name, streams=streams)
            try:
                for stream in streams:
                    frames += StreamWriter(rerun, file, stream, lossless=lossless).write(choice.every, progress)
            finally:
                file.disconnect()
            _check_whole(temporary, path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}. Choose another place with --save") from error
    return ViewFile(path=path, frames=frames, streams=len(streams))


def chosen_streams(streams: Sequence[Stream], choice: Choice, *, root: Path) -> tuple[Stream, ...]:
    """The streams that fit ``choice``; UsageError that lists what there is for a name that does not occur."""
    if not streams:
        raise DataError(f"{root} is a recording without a finished shard: record with --resume to fill it")
    chosen = tuple(streams)
    for option, wanted in (("scenario", choice.scenarios), ("weather", choice.weathers), ("camera", choice.cameras)):
        present = dict.fromkeys(getattr(stream, option) for stream in chosen)
        unknown = [name for name in wanted if name not in present]
        if unknown:
            raise UsageError(f"the chosen part of {root} has no {option} {unknown[0]!r}; it has {', '.join(present)}")
        chosen = tuple(stream for stream in chosen if not wanted or getattr(stream, option) in wanted)
    return chosen


def open_viewer(path: Path) -> int:
    """Show the file in rerun's viewer and wait until it is closed; its exit status."""
    return subprocess.run([sys.executable, "-m", "rerun", str(path)], check=False).returncode


def has_screen(platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a window can be opened here: on Linux somebody must have named a display."""
    return platform in ("darwin", "win32") or any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def import_rerun() -> Any:
    """The rerun package; UsageError that says how to get it."""
    try:
        return importlib.import_module("rerun")
    except ImportError as error:
        raise UsageError(
            "harness view needs the rerun viewer, which is not installed: pip install 'carla-loop-harness[view]'"
        ) from error


def _open_file(rerun: Any, path: Path, *, name: str, streams: Sequence[Stream]) -> Any:
    """An open rerun file with the layout of its windows; without wall clock times."""
    # The viewer takes files of one id for parts of one recording.
    digests = "".join(shard.header_digest for stream in streams for shard in stream.shards)
    identity = hashlib.sha256(digests.encode()).hexdigest()[:16]
    file = rerun.RecordingStream("carla-loop-harness", recording_id=f"{name}-{identity}", send_properties=False)
    rerun.set_log_time_enabled(False, recording=file)
    rerun.set_log_tick_enabled(False, recording=file)
    file.save(path, default_blueprint=layout(rerun, streams))
    file.send_recording_name(name)
    return file


def _check_whole(written: Path, path: Path) -> None:
    """DataError when the end of the file is missing: rerun writes in another thread and only logs what goes wrong."""
    reader = importlib.import_module("rerun.chunk").RrdReader
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader(written).store()
    except (RuntimeError, OSError, ValueError) as error:
        raise DataError(f"{path} could not be written to its end (is the disk full?): {error}") from error
