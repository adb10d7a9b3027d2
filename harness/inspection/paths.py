"""Where the drives went, for a plan: one path a scenario, from the camera poses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.streams import Stream

MAX_POINTS = 400
"""Of a path; a plan cannot show more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DrivenPath:
    """The camera's way through a scenario; all weathers of a scenario have the same."""

    number: int
    """Of the scenario in the recording, from 1."""
    scenario: str
    split: str
    town: str
    places: npt.NDArray[np.float64]
    """(N, 2) x and y [m] in world coordinates, CARLA's left-handed axes; N >= 1."""


def driven_paths(streams: Sequence[Stream]) -> tuple[DrivenPath, ...]:
    """The path of each scenario; none where every pose is zero, as in pictures from elsewhere."""
    firsts: dict[str, Stream] = {}
    for stream in streams:
        firsts.setdefault(stream.scenario, stream)
    return tuple(
        DrivenPath(
            number=number, scenario=stream.scenario, split=stream.split, town=stream.header.town, places=_places(stream)
        )
        for number, stream in enumerate(firsts.values(), start=1)
        if stream.index["camera_transform"].any()
    )


def _places(stream: Stream) -> npt.NDArray[np.float64]:
    picks = np.unique(np.linspace(0, len(stream) - 1, MAX_POINTS).round().astype(np.int64))
    places: npt.NDArray[np.float64] = stream.index["camera_transform"][picks, :2]
    return places
