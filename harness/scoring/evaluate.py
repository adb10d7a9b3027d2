"""``harness evaluate``: the same counts and tables as a score, from recorded shards instead of a live simulator.

Decisions:

* **A cell is what was recorded**: a scenario, under the weather and at the size that it was recorded with
  (:mod:`harness.scoring.recorded_cells`). It is counted by the scorer of a live pass, so that the same frames give the
  same numbers, and the tables of a score are written as they are for a live one; the measures with intervals and the
  pooled confusion matrix stand beside them (:mod:`harness.scoring.measure_tables`).
* **A damaged frame is never scored and never silent.** It makes its cell "failed" (``corrupt="raise"``), or it is
  left out and named, which makes the cell "partial" (``corrupt="skip"``). Either way the cell is not complete, and
  whoever asked is told.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from datasets.labels import LabelError, check_tags, lookup_table
from datasets.sample import Sample
from datasets.shard import ShardError, ShardReader
from harness.carla_client.observation import CameraPair
from harness.errors import DataError
from harness.run_dir import lock_output, write_manifest
from harness.scoring.cells import Cell, CellResult
from harness.scoring.definition import define
from harness.scoring.description import FILE_NAME, describe_measures, save_description
from harness.scoring.input_size import ResizingNet
from harness.scoring.live import Net, PassScorer
from harness.scoring.measure_tables import save_measures
from harness.scoring.measures import Measures, measure
from harness.scoring.pipeline import overlap
from harness.scoring.plan import DEFAULT_REFERENCE, size_name
from harness.scoring.recorded_cells import RecordedCell, recorded_cells
from harness.scoring.statistics.bootstrap import Bootstrap
from harness.scoring.summary import ScoreSummary, summarize
from harness.scoring.tables import write_tables
from harness.scoring.views import View
from harness.scoring.worst import KeptFrame, WorstFrame, save_frames
from sim_scenarios.camera import CameraSpec, Size

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
    model: str = "model",
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
        model: name of the net in the tables.
        out: a prepared output folder for the tables, which ``harness report`` can read; None for none.
        worst_frames: frames of lowest mean IoU of each cell to keep as images, where there is an output folder; with
            any, the worst frame of each scenario and class is kept, too.
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
        model=model,
        recording=recording,
        split=split,
        cells=recorded_cells(recording, split, model=model),
        input_size=size,
        bootstrap=bootstrap or Bootstrap(),
    )
    for each in evaluation.cells:
        lookup_table(each.tag_table, segmenter.label_set)  # labels of another kind are an error at once
    count = _Counting(evaluation, out=out, worst_frames=worst_frames, corrupt=corrupt, progress=progress)
    if out is not None:
        return _write_tables(evaluation, count, out)
    results = count.every_cell()
    return summarize(results, evaluation.class_names, measures=evaluation.measure(results))


@dataclass(frozen=True, kw_only=True)
class _Evaluation:
    """What is evaluated, and how."""

    net: Net
    model: str
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

    @property
    def label_sizes(self) -> dict[tuple[int, int, float], Size]:
        """Every picture is scored at its own size."""
        return {(*each.size, each.cell.fov): each.size for each in self.cells}

    def describe(self) -> dict[str, Any]:
        """The content of ``score.json``."""
        weathers = list(dict.fromkeys(each.cell.weather for each in self.cells))
        content = describe_measures(
            self.net.label_set,
            models={self.model: dict(self.net.origin)},
            suite=self.source,
            reference_weather=DEFAULT_REFERENCE if DEFAULT_REFERENCE in weathers else weathers[0],
            label_sizes=self.label_sizes,
        )
        resized = "" if self.input_size is None else f" resized to {size_name(self.input_size)}"
        definitions = {
            **content["definitions"],
            "size": f"width x height of the recorded image: the net sees it{resized} and is scored on it at that size",
        }
        del definitions["replay"]  # frames are scored as they were recorded
        return {
            **content,
            "definitions": definitions,
            "scenarios": list(dict.fromkeys(each.cell.scenario for each in self.cells)),
            "seeds": {"bootstrap": self.bootstrap.seed},
            "weathers": dict.fromkeys(weathers),
            "sweeps": [],
            "sizes": [list(size) for size in dict.fromkeys(each.size for each in self.cells)],
            "fovs": list(dict.fromkeys(each.cell.fov for each in self.cells)),
            "repeats": 1,
            "server": None,
            "drives": None,
            "recording": str(self.recording),
            "split": self.split,
        }

    def measure(self, results: Mapping[Cell, CellResult]) -> Measures | None:
        """Pool the frames of all cells that were counted."""
        scenario_of = {each.cell: each.scenario for each in self.cells}
        counted = {cell: result.counts for cell, result in results.items() if result.counts is not None}
        planned, frames = sum(each.num_frames for each in self.cells), sum(map(len, counted.values()))
        num_scenarios = len({scenario_of[cell] for cell in counted})
        share = f"{planned} frames" if frames == planned else f"{frames} of {planned} frames (partial)"
        definition = define(
            counted=f"{share}, {_number_of(num_scenarios, 'scenario')} of {self.source}",
            sizes=list(dict.fromkeys((cell.width, cell.height) for cell in counted)),
            input_size=self.input_size,
            bootstrap=self.bootstrap,
            num_units=num_scenarios if self.bootstrap.unit == "scenarios" else frames,
        )
        units = [(scenario_of[cell], counts) for cell, counts in counted.items()]
        return measure(units, self.class_names, bootstrap=self.bootstrap, definition=definition)


def _write_tables(evaluation: _Evaluation, count: _Counting, out: Path) -> ScoreSummary:
    """Count, and write all tables."""
    names = evaluation.class_names
    with lock_output(out):
        save_description(out, evaluation.describe())
        seeds, inputs = {"bootstrap": evaluation.bootstrap.seed}, {"recording": evaluation.recording}
        write_manifest(out / "manifest.json", seeds=seeds, inputs=inputs)
        results = count.every_cell()
        paths = write_tables(
            out,
            results,
            count.kept,
            towns={each.cell.scenario: each.town for each in evaluation.cells},
            class_names=names,
            label_sizes=evaluation.label_sizes,
        )
        measures = evaluation.measure(results)
        if measures is not None:
            matrices = [result.counts.confusion for result in results.values() if result.counts is not None]
            paths += save_measures(out, measures, np.sum(matrices, axis=0), bootstrap=evaluation.bootstrap)
    return summarize(results, names, paths=(*paths, out / FILE_NAME), measures=measures)


def _number_of(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


class _Counting:
    """Counts the cells of an evaluation, and keeps their worst frames."""

    def __init__(
        self,
        evaluation: _Evaluation,
        *,
        out: Path | None,
        worst_frames: int,
        corrupt: Corrupt,
        progress: ProgressCallback | None,
    ) -> None:
        self._evaluation = evaluation
        self._out = out
        self._worst_frames = 0 if out is None else worst_frames
        self._corrupt = corrupt
        self._progress = progress
        self._done = 0
        self.kept: list[WorstFrame] = []
        """Frames whose images were written."""

    def every_cell(self) -> dict[Cell, CellResult]:
        """Count cell after cell; one that cannot be read is a failed cell."""
        results = {}
        for each in self._evaluation.cells:
            before = self._done
            try:
                result = self._count(each)
            except (ShardError, LabelError, DataError) as error:
                result = CellResult(status="failed", message=str(error), planned_frames=each.num_frames)
            results[each.cell] = result
            self._report(before + each.num_frames)
        return results

    def _count(self, recorded: RecordedCell) -> CellResult:
        """Predict and count every frame of a cell; frames are decoded while the net works on those before."""
        # A recording may have pictures of sizes and fields of view that no camera of ours has.
        camera = CameraSpec.model_construct(name=recorded.scenario, width=recorded.size[0], height=recorded.size[1])
        view = View(camera=camera, label_camera=camera.name)
        scorer = PassScorer(
            {self._evaluation.model: self._evaluation.net},
            recorded.tag_table,
            [view],
            keep_worst=self._worst_frames,
            known_worst=self._known_worst(recorded.cell),
        )
        damaged: list[str] = []
        before = self._done

        def samples() -> Iterator[Sample]:
            for number, sample in enumerate(_samples(recorded, self._corrupt, damaged), start=1):
                yield sample
                self._report(before + number)

        overlap(samples(), lambda sample: scorer.add_pairs(sample.frame, {camera.name: _pair(sample)}))
        result = scorer.result(planned_frames=recorded.num_frames)
        self._keep(recorded.cell, result.worst)
        counted = result.cells[camera.name, self._evaluation.model]
        return replace(counted, message=_left_out(damaged, recorded.num_frames)) if damaged else counted

    def _known_worst(self, cell: Cell) -> dict[tuple[str, str], float]:
        """The lowest IoU of each class among the kept frames of a cell's scenario, by net and class."""
        known: dict[tuple[str, str], float] = {}
        for frame in self.kept:
            if frame.cell.scenario == cell.scenario:
                key = (frame.cell.model, frame.label)
                known[key] = min(frame.iou, known.get(key, math.inf))
        return known

    def _keep(self, cell: Cell, worst: Sequence[KeptFrame]) -> None:
        if self._out is not None:
            self.kept += save_frames(self._out, [(cell, frame) for frame in worst])

    def _report(self, done: int) -> None:
        self._done = done
        if self._progress is not None:
            self._progress("evaluate", done, sum(each.num_frames for each in self._evaluation.cells))


def _pair(sample: Sample) -> CameraPair:
    return CameraPair(rgb=sample.rgb, tags=sample.tags, transform=sample.camera_transform, depth=sample.depth)


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
