"""Frames that a recording holds more than once, found by the pixel hashes in its index: nothing is decoded.

Decisions:

* A picture is repeated when its RGB is that of another frame. A car that waits, a simulator that hangs and a file that
  was copied all look so; where the two frames lie tells them apart.
* Equal tags are no repetition: the same drive under another weather has equal tags on purpose. Across splits they are
  a leak all the same, and so is equal RGB: what is tested on has then been trained on. Frames that are one class
  throughout, such as unlabelled ones, have equal tags and are no leak.
* JPEG shards hash the compressed bytes, so a picture is found again among shards of one compression only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.checksums import xxh64
from harness.streams import Stream

MAX_EXAMPLES = 8
"""Groups of equal pictures that are named."""

Groups = npt.NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Place:
    """One frame of a stream."""

    scenario: str
    weather: str
    camera: str
    split: str
    frame: int

    @property
    def stream(self) -> tuple[str, str, str]:
        """Scenario, weather and camera."""
        return self.scenario, self.weather, self.camera

    def __str__(self) -> str:
        return f"{self.scenario} ({self.split}), {self.weather}, {self.camera}, frame {self.frame}"


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """How often pictures occur again; every number counts frames beyond the first of their kind."""

    rgb: int
    """Frames whose RGB an earlier frame has."""
    rgb_and_tags: int
    """Frames whose RGB and tags an earlier frame has, both."""
    within_streams: int
    """Of ``rgb``: the earlier frame lies in the same stream, as when the car waits."""
    across_streams: int
    """Of ``rgb``: it lies in other streams only."""
    leaked_rgb: int
    """Frames of all splits whose RGB occurs in more than one split."""
    leaked_tags: int
    """Frames of all splits whose tags occur in more than one split."""
    examples: tuple[tuple[Place, Place], ...]
    """Two frames of equal RGB: leaks first, then those of different streams, then of the largest groups."""
    tags_examples: tuple[tuple[Place, Place], ...]
    """Two frames of equal tags in different splits, of the largest groups."""

    @property
    def is_leaking(self) -> bool:
        """Whether something of one split is in another."""
        return self.leaked_rgb + self.leaked_tags > 0


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """Whether the weathers of a drive show the same scene."""

    scenario: str
    camera: str
    weathers: tuple[str, ...]
    frames: int
    """Frame numbers that all weathers have."""
    equal_tags: int
    """Of these, the tags are identical in all weathers."""


def find_duplicates(streams: Sequence[Stream]) -> Duplicates:
    """Compare every frame with every other."""
    rgb = np.concatenate([stream.index["rgb_xxh64"] for stream in streams])
    tags = np.concatenate([stream.index["tags_xxh64"] for stream in streams])
    owners = np.repeat(np.arange(len(streams)), [len(stream) for stream in streams])
    names = sorted({stream.split for stream in streams})
    splits = np.array([names.index(stream.split) for stream in streams])[owners]
    by_rgb, by_tags = _groups(rgb), _groups(tags)
    rgb_leaks, tags_leak = _spans(by_rgb, splits), _spans(by_tags, splits)
    tags_leak[by_tags[np.isin(tags, _uniform_tags(streams))]] = False
    again, within = _surplus(by_rgb), _surplus(_groups(rgb, owners))
    return Duplicates(
        rgb=again,
        rgb_and_tags=_surplus(_groups(rgb, tags)),
        within_streams=within,
        across_streams=again - within,
        leaked_rgb=int(rgb_leaks[by_rgb].sum()),
        leaked_tags=int(tags_leak[by_tags].sum()),
        examples=_examples(streams, owners, by_rgb, (rgb_leaks, _spans(by_rgb, owners))),
        tags_examples=_examples(streams, owners, by_tags, (tags_leak,), only=tags_leak),
    )


def find_pairings(streams: Sequence[Stream]) -> tuple[Pairing, ...]:
    """Compare the tags of each scenario's weathers, camera by camera, frame by frame."""
    found: dict[tuple[str, str], list[Stream]] = {}
    for stream in streams:
        found.setdefault((stream.scenario, stream.camera), []).append(stream)
    return tuple(_pairing(weathers) for weathers in found.values() if len(weathers) > 1)


def _pairing(weathers: Sequence[Stream]) -> Pairing:
    shared = weathers[0].index["frame"]
    for stream in weathers[1:]:
        shared = np.intersect1d(shared, stream.index["frame"], assume_unique=True)
    rows = [stream.index[np.searchsorted(stream.index["frame"], shared)]["tags_xxh64"] for stream in weathers]
    return Pairing(
        scenario=weathers[0].scenario,
        camera=weathers[0].camera,
        weathers=tuple(stream.weather for stream in weathers),
        frames=len(shared),
        equal_tags=int(np.all([row == rows[0] for row in rows], axis=0).sum()),
    )


def _uniform_tags(streams: Sequence[Stream]) -> list[int]:
    """Hashes of pictures of the streams' sizes that are one class throughout."""
    kinds = {(shard.height, shard.width, stream.labels.num_classes) for stream in streams for shard in stream.shards}
    return [xxh64(np.full((height, width), tag, np.uint8)) for height, width, num in kinds for tag in range(num)]


def _groups(*keys: npt.NDArray[Any]) -> Groups:
    """(N,) group of each frame, numbered from 0: the same where all keys ((N,) integers each) are the same."""
    groups = np.zeros(len(keys[0]), np.intp)
    for key in keys:
        distinct, numbers = np.unique(key, return_inverse=True)
        groups = np.unique(groups * len(distinct) + numbers, return_inverse=True)[1]
    return groups


def _surplus(groups: Groups) -> int:
    """Frames beyond the first of their group."""
    return len(groups) - (int(groups.max()) + 1)


def _spans(groups: Groups, kinds: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """For each group: whether it has frames of more than one kind ((N,) kind of each frame)."""
    count = int(groups.max()) + 1
    least, most = np.full(count, np.iinfo(np.int64).max), np.full(count, -1)
    np.minimum.at(least, groups, kinds)
    np.maximum.at(most, groups, kinds)
    spans: npt.NDArray[np.bool_] = least != most
    return spans


def _examples(
    streams: Sequence[Stream],
    owners: npt.NDArray[np.intp],
    groups: Groups,
    urgency: Sequence[npt.NDArray[np.bool_]],
    *,
    only: npt.NDArray[np.bool_] | None = None,
) -> tuple[tuple[Place, Place], ...]:
    """Two frames from each of the worst groups: by what is true of a group in ``urgency``, then by its size."""
    sizes = np.bincount(groups)
    repeated = np.flatnonzero(sizes > 1 if only is None else only)
    keys = (repeated, -sizes[repeated], *(~flags[repeated] for flags in reversed(urgency)))
    pairs = []
    for group in repeated[np.lexsort(keys)][:MAX_EXAMPLES]:
        members = np.flatnonzero(groups == group)
        firsts = members[np.unique(owners[members], return_index=True)[1]]
        first, second, *others = (_place(streams, int(number)) for number in (members[0], members[1], *firsts))
        # The one that is farthest off says most: in another split, or at least in another stream.
        other = max((second, *others), key=lambda place: (place.split != first.split, place.stream != first.stream))
        pairs.append((first, other))
    return tuple(pairs)


def _place(streams: Sequence[Stream], number: int) -> Place:
    for stream in streams:
        if number < len(stream):
            return Place(
                scenario=stream.scenario,
                weather=stream.weather,
                camera=stream.camera,
                split=stream.split,
                frame=int(stream.index["frame"][number]),
            )
        number -= len(stream)
    raise AssertionError("a frame number beyond the last stream")
