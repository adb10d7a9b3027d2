"""``harness recover``: finish what a recorder that died has left."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.output import say
from harness.errors import DataError

if TYPE_CHECKING:
    from datasets.shard_recovery import Recovered


@click.command(short_help="Bring an unfinished shard back to its last acknowledged frame.")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
def recover(path: Path) -> None:
    """Finish the unfinished shards (.part) of the recording PATH, or the one that PATH names.

    Each keeps every frame up to the last acknowledged one and is listed in the manifest; `harness record --resume` goes
    on after it. What cannot be recovered stays as it is and is named.
    """
    from datasets.recording_recovery import recording_of, recover_recording
    from datasets.shard_layout import PART_SUFFIX
    from datasets.shard_recovery import recover as recover_shard

    if path.is_file() and path.suffix != PART_SUFFIX:
        raise DataError(
            f"{path} is no unfinished shard ({PART_SUFFIX}): there is nothing to recover. Look it through "
            f"with `harness verify {path}`"
        )
    root = path if path.is_dir() else recording_of(path)
    if root is None:
        _print_shards([recover_shard(path)])
        return
    found = recover_recording(root)
    _print_shards(found.shards)
    for listed in found.listed:
        say(f"{listed}: was finished, is now listed")
    for removed in found.removed:
        say(f"{removed}: removed, it held no frame")
    for kept, reason in found.problems:
        say(f"{kept}: cannot be recovered: {reason}")
    if found.problems:
        files = "1 file" if len(found.problems) == 1 else f"{len(found.problems)} files"
        raise DataError(f"{files} of {root} could not be recovered: kept as they are, see above")
    if not (found.shards or found.listed or found.removed):
        say(f"{root}: nothing to recover, every shard is finished and listed")


def _print_shards(shards: Iterable[Recovered]) -> None:
    for shard in shards:
        frames = "1 frame" if shard.num_frames == 1 else f"{shard.num_frames:,} frames"
        say(f"{shard.path}: {frames} recovered, {shard.dropped_bytes:,} bytes dropped")
        if shard.damaged_frames:
            damaged = ", ".join(map(str, shard.damaged_frames))
            say(f"{shard.path}: left out, because their images are damaged: frames {damaged}")
