"""An output folder that has its name only when everything in it is there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from datasets.durable_file import fsync_path
from datasets.errors import storage_error


@contextmanager
def finished_folder(out: Path) -> Iterator[Path]:
    """Give a temporary folder beside `out`; when the block ends well, it becomes `out`, else it is removed.

    A process that is killed leaves ``<out>.unfinished-<its id>``.

    Raises:
        FileExistsError: `out` holds something already.
        DiskError: the disk is full or fails.
    """
    out = out.resolve()
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise FileExistsError(f"{out} already exists; choose another folder, or move it away")
    temporary = out.with_name(f"{out.name}.unfinished-{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)  # of a process that is gone and had our id
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        yield temporary
        os.sync()  # thousands of files: one flush of all is quicker than one for each
        temporary.replace(out)  # an empty folder gives way
        fsync_path(out.parent)
    except OSError as error:
        raise storage_error(f"the export to {out} cannot be written", error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
