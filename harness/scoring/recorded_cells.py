"""The cells of a recording: which shards are scored together, and as what.

Decisions:

* A cell is what one camera saw of one scenario in one weather at one size and field of view, over all the shards that
  hold it. Where a recording does not say its field of view, it is 0.
* Where a scenario was recorded by several cameras, its cells are told apart as ``<scenario>@<camera>``; no scenario
  has an ``@`` in its name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from datasets.labels import LabelSet
from datasets.recording_dir import RecordingDir, ShardEntry
from datasets.shard import ShardHeader, ShardReader
from harness.errors import DataError
from harness.scoring.cells import Cell
from sim_scenarios.camera import Size
from sim_scenarios.weather import WEATHER_FIELDS, Weather, weather_name

ALL_SPLITS = "all"

_Shard = tuple[ShardHeader, ShardEntry]


@dataclass(frozen=True, kw_only=True)
class RecordedCell:
    """One cell and where its frames are."""

    cell: Cell
    scenario: str
    """Name of the scenario as it was recorded."""
    town: str
    tag_table: LabelSet
    """Meaning of the raw tags."""
    shards: tuple[Path, ...]
    """In the order of their frames."""
    num_frames: int

    @property
    def size(self) -> Size:
        """(width, height) [px]."""
        return self.cell.width, self.cell.height


def recorded_cells(recording: Path, split: str, *, model: str) -> tuple[RecordedCell, ...]:
    """The cells of a split, in the order of recording.

    Args:
        recording: what ``harness record`` or ``harness import`` wrote.
        split: "train", "val", "test", or "all" of them.
        model: name of the net that is going to be scored on them.

    Raises:
        DataError: the recording has no frame of the split.
        ShardError: ``recording`` is not a recording, or a shard of it cannot be opened at all.
    """
    listed = RecordingDir.open(recording).shards()
    entries = [entry for entry in listed if split in (ALL_SPLITS, entry.split)]
    if not entries:
        there = ", ".join(sorted({entry.split for entry in listed})) or "none"
        raise DataError(
            f"{recording} has no frames of split {split!r} (it has: {there}): record or import some, or choose "
            "another --split"
        )
    streams: dict[tuple[str, str, str, Size, float], list[_Shard]] = {}
    for entry in entries:
        with ShardReader(entry.path) as reader:
            header, size = reader.header, (reader.width, reader.height)
        key = (header.scenario, _weather_name(header), header.camera_name, size, _fov(header))
        streams.setdefault(key, []).append((header, entry))
    cameras = {(scenario, camera) for scenario, _, camera, _, _ in streams}
    several = {scenario for scenario, count in Counter(scenario for scenario, _ in cameras).items() if count > 1}
    return tuple(
        _recorded_cell(
            Cell(
                scenario=f"{scenario}@{camera}" if scenario in several else scenario,
                weather=weather,
                width=size[0],
                height=size[1],
                fov=fov,
                model=model,
            ),
            shards,
        )
        for (scenario, weather, camera, size, fov), shards in streams.items()
    )


def _recorded_cell(cell: Cell, shards: list[_Shard]) -> RecordedCell:
    shards = sorted(shards, key=lambda shard: shard[0].sequence)
    header = shards[0][0]
    return RecordedCell(
        cell=cell,
        scenario=header.scenario,
        town=header.town,
        tag_table=header.tag_table,
        shards=tuple(entry.path for _, entry in shards),
        num_frames=sum(entry.num_frames for _, entry in shards),
    )


def _fov(header: ShardHeader) -> float:
    """Horizontal field of view [deg]; 0 where it is not recorded as a number."""
    fov = header.camera.get("fov", 0.0)
    return 0.0 if isinstance(fov, str) else float(fov)


def _weather_name(header: ShardHeader) -> str:
    """The preset or notation that the weather is; where it changes or is not all there, its name, or "unknown"."""
    fields = header.weather
    if header.weather_timeline or not set(WEATHER_FIELDS) <= set(fields):
        return header.weather_name or "unknown"
    return weather_name(Weather.model_validate({field: fields[field] for field in WEATHER_FIELDS}))
