"""How the camera moved and which frames are missing, from the index alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

STILL_M_PER_S = 0.1
"""Slower than this is standing still: physics lets a waiting car creep."""


@dataclass(frozen=True, kw_only=True)
class Motion:
    """The drive of one stream, as its camera saw it."""

    first_s: float
    """Simulated time of the first frame [s]."""
    last_s: float
    """Simulated time of the last frame [s]."""
    metres: float
    """Along the camera's path; the way round a hole in it is not known and counts as straight."""
    still_share: float | None
    """Share of the steps from frame to frame below `STILL_M_PER_S`; None where there is one frame."""
    largest_step_m: float
    """Largest distance between a frame and the next; 0 where there is one frame."""
    largest_step_s: float
    """Simulated time that it took [s]."""
    largest_step_frame: int
    """The frame that it leads to."""


@dataclass(frozen=True, kw_only=True)
class Holes:
    """Which frame numbers a stream should have between its first and its last, and does not."""

    every: int
    """Frame numbers are this far apart: every n-th tick is recorded. 1 where there is one frame."""
    missing: int
    """Frames that are not there."""
    longest: int
    """Of these, in the longest row."""
    longest_after: int
    """The frame before that row; the first frame where nothing is missing."""


def motion_of(index: npt.NDArray[np.void]) -> Motion:
    """The motion in ``index`` ((N,) of `datasets.frame_index.INDEX_DTYPE`, N >= 1)."""
    times = index["timestamp_s"]
    steps_m = np.linalg.norm(np.diff(index["camera_transform"][:, :3], axis=0), axis=1)
    first_s, last_s = float(times[0]), float(times[-1])
    if not steps_m.size:
        return Motion(
            first_s=first_s,
            last_s=last_s,
            metres=0.0,
            still_share=None,
            largest_step_m=0.0,
            largest_step_s=0.0,
            largest_step_frame=int(index["frame"][0]),
        )
    largest = int(np.argmax(steps_m))
    return Motion(
        first_s=first_s,
        last_s=last_s,
        metres=float(steps_m.sum()),
        still_share=float(np.mean(steps_m <= STILL_M_PER_S * np.diff(times))),
        largest_step_m=float(steps_m[largest]),
        largest_step_s=float(times[largest + 1] - times[largest]),
        largest_step_frame=int(index["frame"][largest + 1]),
    )


def holes_in(frames: npt.NDArray[np.uint64]) -> Holes:
    """The holes in rising frame numbers ((N,), N >= 1); how far apart they should be is read from themselves."""
    steps = np.diff(frames.astype(np.int64))
    if not steps.size:
        return Holes(every=1, missing=0, longest=0, longest_after=int(frames[0]))
    every = int(np.gcd.reduce(steps))
    missing = steps // every - 1
    longest = int(np.argmax(missing))
    return Holes(
        every=every,
        missing=int(missing.sum()),
        longest=int(missing[longest]),
        longest_after=int(frames[longest]),
    )
