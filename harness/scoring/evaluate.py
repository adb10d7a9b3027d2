"""``harness evaluate``: the same counts and tables as a score, from recorded shards instead of a live simulator.

Every shard of the split is one cell: its scenario, under the weather and at the size that it was recorded with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from datasets.labels import LabelError
from datasets.recording_dir import RecordingDir, ShardEntry
from datasets.sample import Sample
from datasets.shard import ShardError, ShardReader
from harness.errors import DataError
from harness.run_dir import lock_output, write_manifest
from harness.scoring.cells import CellResult
from harness.scoring.description import FILE_NAME, describe_measures, save_description
from harness.scoring.live import Net, PassResult, PassScorer
from harness.scoring.pipeline import overlap
from harness.scoring.plan import DEFAULT_REFERENCE, Cell
from harness.scoring.summary import ScoreSummary, summarize
from harness.scoring.tables import TABLE_NAMES, ScoreTables
from harness.scoring.worst import KeptFrame
from sim_scenarios.weather import WEATHER_FIELDS, Weather, weather_name

ProgressCallback = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""


def evaluate(
    segmenter: Net,
    recording: Path,
    *,
    split: str = "test",
    out: Path | None = None,
    worst_frames: int = 3,
    progress: ProgressCallback | None = None,
) -> ScoreSummary:
    """Score a net on the recorded frames of a split.

    Args:
        segmenter: the net.
        recording: what ``harness record`` wrote.
        split: "train", "val" or "test".
        out: a prepared output folder for the tables, which ``harness report`` can read; None for none.
        worst_frames: frames of each scenario to keep as images, where there is an output folder.
        progress: called with (what, frames done, frames in all).

    Returns:
        What was counted. A shard with a damaged frame is a "failed" cell in it, and does not raise.

    Raises:
        DataError: the recording has no shard of the split.
        ShardError: ``recording`` is not a recording, or a shard of it cannot be opened at all.
    """
    entries = RecordingDir.open(recording).shards(split)
    if not entries:
        raise DataError(f"{recording} has no shards of split {split!r}: record one, or choose another --split")
    cells, towns = _cells(entries)
    names = segmenter.label_set.names
    if out is None:
        counted = _count_all(segmenter, cells, worst_frames=0, progress=progress)
        return summarize({cell: result for cell, result, _ in counted}, names)
    tables = ScoreTables(out, cells.values(), towns=towns, class_names=names)
    with lock_output(out):
        save_description(out, _describe(segmenter, recording, split, cells.values()))
        write_manifest(out / "manifest.json", seeds={}, inputs={"recording": recording})
        tables.save()
        for cell, result, worst in _count_all(segmenter, cells, worst_frames=worst_frames, progress=progress):
            tables.put({cell: result}, tables.keep_frames(cell, worst))
            tables.save()
    return summarize(tables.results, names, paths=[out / name for name in (*TABLE_NAMES, FILE_NAME)])


def _describe(net: Net, recording: Path, split: str, cells: Iterable[Cell]) -> dict[str, Any]:
    weathers = list(dict.fromkeys(cell.weather for cell in cells))
    reference = DEFAULT_REFERENCE if DEFAULT_REFERENCE in weathers else weathers[0]
    measures = describe_measures(net, suite=f"{recording.name} ({split})", reference_weather=reference)
    return {**measures, "recording": str(recording), "split": split}


def _cells(entries: tuple[ShardEntry, ...]) -> tuple[dict[ShardEntry, Cell], dict[str, str]]:
    """The cell of every shard, and the town of every scenario."""
    cells: dict[ShardEntry, Cell] = {}
    towns: dict[str, str] = {}
    for entry in entries:
        with ShardReader(entry.path) as reader:
            towns[entry.scenario] = reader.header.town
            cells[entry] = Cell(
                scenario=entry.scenario,
                weather=_weather_name(reader),
                width=reader.width,
                height=reader.height,
            )
    return cells, towns


def _weather_name(reader: ShardReader) -> str:
    """The preset or notation that the shard's weather is; "unknown" where the shard does not give all of it."""
    fields = reader.header.weather
    if not set(WEATHER_FIELDS) <= set(fields):
        return "unknown"
    return weather_name(Weather.model_validate({field: fields[field] for field in WEATHER_FIELDS}))


def _count_all(
    net: Net, cells: Mapping[ShardEntry, Cell], *, worst_frames: int, progress: ProgressCallback | None
) -> Iterator[tuple[Cell, CellResult, tuple[KeptFrame, ...]]]:
    """Count shard after shard; one that cannot be read is a failed cell."""
    total = sum(entry.num_frames for entry in cells)
    done = 0
    for entry, cell in cells.items():

        def on_frame(frame: int, before: int = done) -> None:
            if progress is not None:
                progress("evaluate", before + frame, total)

        try:
            result = _count(net, entry, worst_frames=worst_frames, on_frame=on_frame)
        except (ShardError, LabelError, DataError) as error:
            yield cell, CellResult(status="failed", message=str(error)), ()
        else:
            yield cell, result.cells[cell.width, cell.height], result.worst
        done += entry.num_frames
        on_frame(0, before=done)


def _count(net: Net, entry: ShardEntry, *, worst_frames: int, on_frame: Callable[[int], None]) -> PassResult:
    """Predict and count every frame of a shard; frames are decoded while the net works on those before."""
    with ShardReader(entry.path) as reader:
        size = (reader.width, reader.height)
        scorer = PassScorer(net, reader.header.tag_table, {entry.scenario: size}, worst_frames=worst_frames)

        def samples() -> Iterator[tuple[int, Sample]]:
            for number in range(len(reader)):
                yield number, reader[number]
                on_frame(number + 1)

        def count(item: tuple[int, Sample]) -> None:
            number, sample = item
            scorer.add_pair(number, size, rgb=sample.rgb, tags=sample.tags)

        overlap(samples(), count)
        return scorer.result(planned_frames=entry.num_frames)
