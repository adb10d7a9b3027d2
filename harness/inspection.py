"""What a recording holds: frames by scenario, class shares by split, and a contact sheet to look at.

Shards are read through the verifying reader alone: a damaged frame is an error here as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from datasets.class_statistics import class_histogram
from datasets.labels import LabelSet
from datasets.recording_dir import RecordingDir, ShardEntry
from datasets.shard import ShardReader
from harness.errors import DataError
from harness.run_dir import write_bytes

Image = npt.NDArray[np.uint8]

FRAMES_PER_SCENARIO = 3
"""On the contact sheet, spread evenly over the drive."""
TILE_WIDTH_PX = 240
CAPTION_HEIGHT_PX = 20
SHEET_NAME = "contact_sheet.png"


@dataclass(frozen=True, kw_only=True)
class ScenarioRow:
    """What one shard holds."""

    scenario: str
    split: str
    town: str
    weather: str
    size: str
    frames: int
    seconds: float
    """Simulated time from the first frame to the last [s]."""
    megabytes: float
    ratio: float
    """Bytes of the decoded pixels over bytes of the file."""


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a recording holds."""

    scenarios: tuple[ScenarioRow, ...]
    splits: tuple[str, ...]
    class_shares: tuple[tuple[str, tuple[float, ...]], ...]
    """(class name, its share of the labelled pixels in each of ``splits``), classes that occur, most frequent first."""
    contact_sheet: Path


def inspect_recording(root: Path, *, progress: Callable[[str, int, int], None] | None = None) -> Inspection:
    """Look through every shard of the recording in ``root`` and write the contact sheet into it.

    Raises:
        ShardError: no recording there, or a shard of it is damaged.
        DataError: the recording is empty.
    """
    entries = RecordingDir.open(root).shards()
    if not entries:
        raise DataError(f"{root} is a recording without a finished scenario: record with --resume to fill it")
    report = progress or (lambda what, done, total: None)
    rows, strips = [], []
    for number, entry in enumerate(entries):
        with ShardReader(entry.path) as reader:
            rows.append(_row(entry, reader))
            strips.append(_strip(entry, reader))
            labels = reader.header.tag_table
        report("reading shards", number + 1, len(entries))
    splits = tuple(dict.fromkeys(entry.split for entry in entries))
    return Inspection(
        scenarios=tuple(rows),
        splits=splits,
        class_shares=_class_shares(entries, splits, labels),
        contact_sheet=_write_sheet(root / SHEET_NAME, strips),
    )


def _row(entry: ShardEntry, reader: ShardReader) -> ScenarioRow:
    header, timestamps = reader.header, reader.index["timestamp_s"]
    stored = entry.path.stat().st_size
    return ScenarioRow(
        scenario=entry.scenario,
        split=entry.split,
        town=header.town,
        weather=str(header.weather["name"]),
        size=f"{reader.width}x{reader.height}",
        frames=len(reader),
        seconds=float(timestamps[-1] - timestamps[0]),
        megabytes=stored / 1e6,
        ratio=len(reader) * reader.width * reader.height * 4 / stored,
    )


def _class_shares(
    entries: tuple[ShardEntry, ...], splits: tuple[str, ...], labels: LabelSet
) -> tuple[tuple[str, tuple[float, ...]], ...]:
    histograms = np.stack(
        [class_histogram([entry.path for entry in entries if entry.split == split], labels) for split in splits]
    )  # (splits, K)
    shares = histograms / histograms.sum(axis=1, keepdims=True)
    order = np.argsort(-shares.sum(axis=0), kind="stable")
    return tuple(
        (labels.names[index], tuple(float(share) for share in shares[:, index]))
        for index in order
        if shares[:, index].any()
    )


def _strip(entry: ShardEntry, reader: ShardReader) -> Image:
    """One row of the sheet: a caption, then RGB and coloured tags of a few frames side by side, BGR."""
    picks = np.unique(np.linspace(0, len(reader) - 1, FRAMES_PER_SCENARIO).round().astype(int))
    tiles: list[Image] = []
    for pick in picks:
        sample = reader[int(pick)]
        tiles += [
            _tile(sample.rgb, cv2.INTER_AREA),
            _tile(reader.header.tag_table.palette[sample.tags], cv2.INTER_NEAREST),
        ]
    tiles += [np.zeros_like(tiles[0])] * (2 * FRAMES_PER_SCENARIO - len(tiles))
    row = np.concatenate(tiles, axis=1)
    caption = np.zeros((CAPTION_HEIGHT_PX, row.shape[1], 3), np.uint8)
    text = f"{entry.scenario} ({entry.split}), {reader.header.town}, {len(reader)} frames"
    cv2.putText(
        caption, text, (4, CAPTION_HEIGHT_PX - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA
    )
    return np.concatenate([caption, row], axis=0)


def _tile(rgb: Image, interpolation: int) -> Image:
    height = round(TILE_WIDTH_PX * rgb.shape[0] / rgb.shape[1])
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    return np.asarray(cv2.resize(bgr, (TILE_WIDTH_PX, height), interpolation=interpolation), np.uint8)


def _write_sheet(path: Path, strips: list[Image]) -> Path:
    encoded, content = cv2.imencode(".png", np.concatenate(strips, axis=0))
    assert encoded, "a contact sheet is always a valid image"
    write_bytes(path, content.tobytes())
    return path
