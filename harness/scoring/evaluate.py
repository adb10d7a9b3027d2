"""``harness evaluate``: the same counts and tables as a score, from recorded shards instead of a live simulator.

Decisions:

* **A cell is what was recorded**: a scenario, under the weather and at the size that it was recorded with
  (:mod:`harness.scoring.recorded_cells`). The tables of a score are written as they are for a live one; the measures
  with intervals and the confusion matrix stand beside them (:mod:`harness.scoring.measure_tables`).
* **A damaged frame is never scored and never silent.** It makes its cell "failed" (``corrupt="raise"``), or it is
  left out and named, which makes the cell "partial" (``corrupt="skip"``). Either way the cell is not complete, and
  whoever asked is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from datasets.labels import LabelError, check_tags, lookup_table
from datasets.sample import Sample
from datasets.shard import ShardError, ShardReader
from harness.errors import DataError
from harness.run_dir import lock_output, write_manifest
from harness.scoring.bootstrap import Bootstrap
from harness.scoring.cells import CellResult
from harness.scoring.definition import define
from harness.scoring.description import FILE_NAME, describe_measures, save_description
from harness.scoring.frame_counts import FrameCounts
from harness.scoring.input_size import ResizingNet
from harness.scoring.live import Net, PassResult, PassScorer
from harness.scoring.measure_tables import save_measures
from harness.scoring.measures import Measures, measure
from harness.scoring.pipeline import overlap
from harness.scoring.plan import DEFAULT_REFERENCE, Cell, size_name
from harness.scoring.recorded_cells import RecordedCell, recorded_cells
from harness.scoring.summary import ScoreSummary, summarize
from harness.scoring.tables import TABLE_NAMES, ScoreTables
from harness.scoring.worst import KeptFrame
from sim_scenarios.camera import Size

ProgressCallback = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""

Corrupt = Literal["raise", "skip"]
"""What becomes of a damaged frame."""

_NAMED = 20
"""Damaged frames that a message names."""


def evaluate(
    segmenter: Net,
    recording: Path,
    *,
    split: str = "test",
    out: Path | None = None,
    worst_frames: int = 3,
    size: Size | None = None,
    bootstrap: Bootstrap | None = None,
    corrupt: Corrupt = "raise",
    progress: ProgressCallback | None = None,
) -> ScoreSummary:
    """Score a net on the recorded frames of a split.

    Args:
        segmenter: the net.
        recording: what ``harness record`` or ``harness import`` wrote.
        split: "train", "val", "test", or "all" of them.
        out: a prepared output folder for the tables, which ``harness report`` can read; None for none.
        worst_frames: frames of each scenario to keep as images, where there is an output folder.
        size: (width, height) [px] at which the net sees the pictures, however they were recorded; scores are at the
            recorded size all the same. None shows them as they are.
        bootstrap: how intervals are made; ``Bootstrap()`` when omitted.
        corrupt: "raise" makes the cell of a damaged frame "failed", "skip" leaves the frame out of a "partial" cell.
        progress: called with (what, frames done, frames in all).

    Returns:
        What was counted. A cell with a damaged frame is not "done" in it, and does not raise.

    Raises:
        DataError: the recording has no frame of the split.
        ShardError: ``recording`` is not a recording, or a shard of it cannot be opened at all.
        LabelError: labels that cannot be read as those of the net.
    """
    evaluation = _Evaluation(
        net=segmenter if size is None else ResizingNet(segmenter, size),
        recording=recording,
        split=split,
        cells=recorded_cells(recording, split),
        input_size=size,
        bootstrap=bootstrap or Bootstrap(),
    )
    for each in evaluation.cells:
        lookup_table(each.tag_table, segmenter.label_set)  # labels of another kind are an error at once
    counted = _count_all(
        evaluation, worst_frames=0 if out is None else worst_frames, corrupt=corrupt, progress=progress
    )
    if out is not None:
        return _write_tables(evaluation, counted, out)
    results = {cell: result for cell, result, _ in counted}
    return summarize(results, evaluation.class_names, measures=evaluation.measure(results))


_Counted = tuple[Cell, CellResult, tuple[KeptFrame, ...]]
"""A cell, its counts, and its frames that are kept as images."""


@dataclass(frozen=True, kw_only=True)
class _Evaluation:
    """What is evaluated, and how."""

    net: Net
    recording: Path
    split: str
    cells: tuple[RecordedCell, ...]
    input_size: Size | None
    bootstrap: Bootstrap

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.net.label_set.names

    @property
    def source(self) -> str:
        """The frames, in words."""
        return f"{self.recording.name} ({self.split})"

    def describe(self) -> dict[str, Any]:
        """The content of ``score.json``."""
        weathers = list(dict.fromkeys(each.cell.weather for each in self.cells))
        reference = DEFAULT_REFERENCE if DEFAULT_REFERENCE in weathers else weathers[0]
        content = describe_measures(self.net, suite=self.source, reference_weather=reference)
        resized = "" if self.input_size is None else f" resized to {size_name(self.input_size)}"
        definitions = {
            **content["definitions"],
            "size": f"width x height of the recorded image: the net sees it{resized} and is scored on it at that size",
        }
        del definitions["replay"]  # frames are scored as they were recorded
        return {**content, "definitions": definitions, "recording": str(self.recording), "split": self.split}

    def measure(self, results: Mapping[Cell, CellResult]) -> Measures | None:
        """Pool the frames of all cells that were counted."""
        scenario_of = {each.cell: each.scenario for each in self.cells}
        counts = {cell: result.counts for cell, result in results.items() if result.counts is not None}
        scenarios = [scenario_of[cell] for cell, frames in counts.items() for _ in range(len(frames))]
        planned = sum(each.num_frames for each in self.cells)
        num_scenarios = len(set(scenarios))
        share = f"{planned} frames" if len(scenarios) == planned else f"{len(scenarios)} of {planned} frames (partial)"
        definition = define(
            counted=f"{share}, {_number_of(num_scenarios, 'scenario')} of {self.source}",
            sizes=list(dict.fromkeys((cell.width, cell.height) for cell in counts)),
            input_size=self.input_size,
            bootstrap=self.bootstrap,
            num_units=num_scenarios if self.bootstrap.unit == "scenarios" else len(scenarios),
        )
        pooled = FrameCounts.joined(counts.values(), len(self.class_names))
        return measure(pooled, scenarios, self.class_names, bootstrap=self.bootstrap, definition=definition)


def _write_tables(evaluation: _Evaluation, counted: Iterable[_Counted], out: Path) -> ScoreSummary:
    """Count, and write the tables of a score after each cell, those of the measures at the end."""
    names = evaluation.class_names
    towns = {each.cell.scenario: each.town for each in evaluation.cells}
    tables = ScoreTables(out, [each.cell for each in evaluation.cells], towns=towns, class_names=names)
    paths = [out / name for name in (*TABLE_NAMES, FILE_NAME)]
    with lock_output(out):
        save_description(out, evaluation.describe())
        seeds, inputs = {"bootstrap": evaluation.bootstrap.seed}, {"recording": evaluation.recording}
        write_manifest(out / "manifest.json", seeds=seeds, inputs=inputs)
        tables.save()
        for cell, result, worst in counted:
            tables.put({cell: result}, tables.keep_frames(cell, worst))
            tables.save()
        measures = evaluation.measure(tables.results)
        if measures is not None:
            paths += save_measures(out, measures, tables.results, names, bootstrap=evaluation.bootstrap)
    return summarize(tables.results, names, paths=paths, measures=measures)


def _number_of(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _count_all(
    evaluation: _Evaluation, *, worst_frames: int, corrupt: Corrupt, progress: ProgressCallback | None
) -> Iterator[_Counted]:
    """Count cell after cell; one that cannot be read is a failed cell."""
    total = sum(each.num_frames for each in evaluation.cells)
    done = 0
    for each in evaluation.cells:

        def on_frame(frame: int, before: int = done) -> None:
            if progress is not None:
                progress("evaluate", before + frame, total)

        try:
            result = _count(evaluation.net, each, worst_frames=worst_frames, corrupt=corrupt, on_frame=on_frame)
        except (ShardError, LabelError, DataError) as error:
            yield each.cell, CellResult(status="failed", message=str(error)), ()
        else:
            yield each.cell, result.cells[each.size], result.worst
        done += each.num_frames
        on_frame(0, before=done)


def _count(
    net: Net, recorded: RecordedCell, *, worst_frames: int, corrupt: Corrupt, on_frame: Callable[[int], None]
) -> PassResult:
    """Predict and count every frame of a cell; frames are decoded while the net works on those before."""
    cameras = {recorded.scenario: recorded.size}
    scorer = PassScorer(net, recorded.tag_table, cameras, worst_frames=worst_frames, keep_counts=True)
    damaged: list[str] = []

    def samples() -> Iterator[Sample]:
        for number, sample in enumerate(_samples(recorded, corrupt, damaged), start=1):
            yield sample
            on_frame(number)

    overlap(samples(), lambda sample: scorer.add_pair(sample.frame, recorded.size, rgb=sample.rgb, tags=sample.tags))
    result = scorer.result(planned_frames=recorded.num_frames)
    if not damaged:
        return result
    message = _left_out(damaged, recorded.num_frames)
    return replace(result, cells={size: replace(cell, message=message) for size, cell in result.cells.items()})


def _samples(recorded: RecordedCell, corrupt: Corrupt, damaged: list[str]) -> Iterator[Sample]:
    """The frames of a cell, in order; with ``corrupt="skip"`` the names of those left out go into ``damaged``."""
    for path in recorded.shards:
        with ShardReader(path) as reader:
            for number, frame in enumerate(reader.frames.tolist()):
                try:
                    sample = reader[number]
                    check_tags(sample.tags, recorded.tag_table)
                except (ShardError, LabelError):
                    if corrupt == "raise":
                        raise
                    damaged.append(f"{path.stem}:{frame}")
                else:
                    yield sample


def _left_out(damaged: Sequence[str], planned_frames: int) -> str:
    more = f" and {len(damaged) - _NAMED} more" if len(damaged) > _NAMED else ""
    return (
        f"{len(damaged)} of {_number_of(planned_frames, 'frame')} damaged and left out: "
        f"{', '.join(damaged[:_NAMED])}{more}; `harness verify` says what is wrong with them"
    )
