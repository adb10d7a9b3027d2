"""Where the files of an episode lie in the folder of a drive, and its timings, which have no other home.

==============================  =======================================================================================
``logs/NAME.npz``               the episode log: everything that metrics are made from
``drives/NAME.npz``             the drive log, from which ``harness replay`` renders the episode again
``timing/NAME.npz``             wall-clock time of each decision and tick [s]
``clips/NAME.webp``             the end of the episode as a film; only where the policy has pictures to show
==============================  =======================================================================================
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.carla_client.drive_log import DRIVES_FOLDER
from harness.closed_loop.episode_log import EpisodeKey
from harness.closed_loop.episode_names import episode_name
from harness.errors import DataError
from harness.run_dir import write_bytes

Floats = npt.NDArray[np.float64]

TIMINGS = ("act_s", "tick_s")
"""Arrays of a timing file: of each decision, of each tick."""


def log_file(key: EpisodeKey) -> str:
    """The episode log, relative to the folder of the drive."""
    return f"logs/{episode_name(key)}.npz"


def drive_log_file(key: EpisodeKey) -> str:
    """The drive log, relative to the folder of the drive."""
    return f"{DRIVES_FOLDER}/{episode_name(key)}.npz"


def timing_file(key: EpisodeKey) -> str:
    """The timings, relative to the folder of the drive."""
    return f"timing/{episode_name(key)}.npz"


def clip_file(key: EpisodeKey) -> str:
    """The clip, relative to the folder of the drive."""
    return f"clips/{episode_name(key)}.webp"


def save_timing(path: Path, timing: Mapping[str, npt.ArrayLike]) -> None:
    """Write the arrays of ``TIMINGS``; the file appears under its name only when it is complete."""
    content = io.BytesIO()
    arrays: dict[str, Any] = {name: np.asarray(timing[name], np.float64) for name in TIMINGS}
    np.savez_compressed(content, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content.getvalue())


def load_timing(path: Path) -> dict[str, Floats]:
    """Read what ``save_timing`` wrote.

    Raises:
        DataError: it is missing or damaged.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            return {name: stored[name].astype(np.float64).reshape(-1) for name in TIMINGS}
    except Exception as error:  # a damaged zip file raises whatever its reader stumbles over
        raise DataError(f"{path} is damaged: delete it, after which timing.csv lacks this episode alone") from error
