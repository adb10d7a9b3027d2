"""What can be predicted: pictures, videos, the shards of a recording, and folders of them, each frame by frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.errors import LabelError, ShardError
from datasets.labels import LabelSet, check_tags, lookup_table
from datasets.recording_dir import RecordingDir
from datasets.shard import ShardReader
from harness.errors import DataError
from harness.prediction.video import VIDEO_SUFFIXES, read_video, video_facts

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
SHARD_SUFFIX = ".h5"

Image = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """One picture to predict."""

    number: int
    """Of the frame in its source: its position in a video, the tick of the drive in a shard, 0 for a picture."""
    rgb: Image
    """``(H, W, 3)`` uint8 sRGB."""
    truth: Image | None = None
    """``(H, W)`` uint8 class ids of the net's label set, 255 where there is none; shards have it."""


class Source(Protocol):
    """A file with frames."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def target(self) -> Path:
        """Where its outputs go, below the output folder and without suffix."""

    @property
    def fps(self) -> float | None:
        """Frames a second of something that moves; None for a picture."""

    @property
    def num_frames(self) -> int:
        """As far as known before reading."""

    def frames(self, labels: LabelSet) -> Iterator[Frame]:
        """Give the frames, with the truth in the ids of ``labels`` where there is one; DataError if one is damaged."""


@dataclass(frozen=True, kw_only=True)
class PictureSource:
    """One PNG or JPEG file."""

    path: Path
    target: Path
    fps: None = None
    num_frames: int = 1

    def frames(self, labels: LabelSet) -> Iterator[Frame]:
        """Give the one frame."""
        yield Frame(number=0, rgb=read_image(self.path))


@dataclass(frozen=True, kw_only=True)
class VideoSource:
    """One video file."""

    path: Path
    target: Path
    fps: float
    num_frames: int

    def frames(self, labels: LabelSet) -> Iterator[Frame]:
        """Give its frames in order."""
        for number, rgb in enumerate(read_video(self.path)):
            yield Frame(number=number, rgb=rgb)


@dataclass(frozen=True, kw_only=True)
class ShardSource:
    """One shard of a recording: its frames come with their truth."""

    path: Path
    target: Path
    fps: float
    num_frames: int

    def frames(self, labels: LabelSet) -> Iterator[Frame]:
        """Give its frames in order, each verified."""
        try:
            with ShardReader(self.path) as reader:
                class_of_tag = lookup_table(reader.header.tag_table, labels)
                for position in range(len(reader)):
                    sample = reader[position]
                    check_tags(sample.tags, reader.header.tag_table)
                    yield Frame(number=sample.frame, rgb=sample.rgb, truth=class_of_tag[sample.tags])
        except (ShardError, LabelError) as error:
            raise DataError(str(error)) from error


def find_sources(given: Sequence[Path]) -> tuple[list[Source], list[str]]:
    """Return everything that the given files and folders hold, and what is wrong with what cannot be opened.

    A recording (a folder with a manifest) stands for its shards; any other folder for the pictures and videos below it.

    Raises:
        DataError: a folder holds nothing that can be predicted, or a recording's manifest is damaged.
    """
    sources: list[Source] = []
    unreadable: list[str] = []
    for path, relative in (found for each in given for found in _found(each)):
        try:
            sources.append(_source(path, relative))
        except DataError as error:
            unreadable.append(str(error))
    return sources, unreadable


def read_image(path: Path) -> Image:
    """Read an image as ``(H, W, 3)`` uint8 sRGB; grey ones get three equal channels, transparency is dropped.

    Raises:
        DataError: the file is missing or is not an image that can be read.
    """
    try:
        content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    if image is None:
        raise DataError(f"{path} is not an image that can be read: expected a whole PNG or JPEG file")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _found(path: Path) -> list[tuple[Path, Path]]:
    """The files that a path stands for, each with its path below the output folder."""
    if not path.is_dir():
        return [(path, Path(path.name))]
    if (path / "manifest.json").is_file() and (path / "shards").is_dir():
        return [(shard, Path(shard.name)) for shard in _shards(path)]
    suffixes = IMAGE_SUFFIXES + VIDEO_SUFFIXES
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in suffixes and file.is_file())
    if not found:
        raise DataError(f"{path} holds no image: expected a recording, or files that end in {', '.join(suffixes)}")
    return [(file, file.relative_to(path)) for file in found]


def _shards(recording: Path) -> list[Path]:
    try:
        entries = RecordingDir.open(recording).shards()
    except ShardError as error:
        raise DataError(str(error)) from error
    if not entries:
        raise DataError(f"{recording} holds no shard: record some drives first")
    return [entry.path for entry in entries]


def _source(path: Path, relative: Path) -> Source:
    target = relative.with_suffix("")
    suffix = path.suffix.lower()
    if suffix == SHARD_SUFFIX:
        return _shard(path, target)
    if suffix in VIDEO_SUFFIXES:
        num_frames, fps = video_facts(path)
        return VideoSource(path=path, target=target, fps=fps, num_frames=num_frames)
    return PictureSource(path=path, target=target)


def _shard(path: Path, target: Path) -> ShardSource:
    try:
        with ShardReader(path) as reader:
            num_frames, fps = len(reader), _frames_per_second(reader)
    except ShardError as error:
        raise DataError(str(error)) from error
    return ShardSource(path=path, target=target, fps=fps, num_frames=num_frames)


def _frames_per_second(reader: ShardReader) -> float:
    """From the time between the first and the last frame; gaps in between make it lower."""
    if len(reader) < 2:
        return 1.0
    seconds = float(reader.index["timestamp_s"][-1] - reader.index["timestamp_s"][0])
    return (len(reader) - 1) / seconds if seconds > 0 else 1.0
