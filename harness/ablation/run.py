"""``harness ablate``: train and score every cell of a plan, and make of it one table and one page.

::

    ablation.json     what was planned, and the answers
    ablation.csv      a row for each planned run
    ablation.html     figures, answers, the table
    manifest.json     where it came from
    measures/         one file for each finished run: a run is finished when it is there
    runs/             the training runs; each is an ordinary run folder, and may be deleted when it is finished

Decisions: an error that a user can understand costs its run, not the others (a run out of memory is a result, too); a
bug ends everything. The time that is left is estimated from the operations that are left, since a run of twice the
resolution is not as long as the one before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from datasets.errors import LabelError, ShardError
from datasets.recording_dir import RecordingDir
from datasets.shard import ShardReader
from datasets.statistics import recording_statistics
from harness.ablation.answers import Answer, answers
from harness.ablation.page import write_page
from harness.ablation.plan import Cell, Factor
from harness.ablation.results import Run, RunResult, load_result, save_result
from harness.ablation.table import write_table
from harness.errors import DataError, HarnessError, UsageError
from harness.net_cost import MeasuredNet, build_on_meta, flop_per_image, num_parameters
from harness.net_speed import Workload, device_name, speed_of
from harness.run_dir import RunDir, check_output, lock_output, prepare_output, write_json, write_manifest
from harness.scoring.evaluate import evaluate
from harness.segmenter import Segmenter
from harness.training.config import TrainConfig
from harness.training.device import choose_device
from harness.training.epoch_metrics import read_metrics
from harness.training.loop import train
from harness.training.setting import FREE_TO_CHANGE

SCHEMA = 1

Progress = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A run that was just finished, and how the whole stands."""

    run: Run
    """With its result."""

    number: int
    """1 is the first of the plan."""

    total: int
    """Runs in the plan."""

    seconds_left: float
    """Estimate for the rest."""


@dataclass(frozen=True, kw_only=True)
class AblationSummary:
    """What an ablation came to."""

    runs: tuple[Run, ...]
    """Every planned run."""

    answers: tuple[Answer, ...]
    """One for each factor."""

    paths: tuple[Path, ...]
    """The table and the page."""

    @property
    def failed(self) -> tuple[Run, ...]:
        """Runs without measures."""
        return tuple(run for run in self.runs if run.result.status != "done")


def at_recorded_size(baseline: TrainConfig, recording: Path) -> TrainConfig:
    """Return the baseline with every default spelt out, its ``size`` being that of the frames unless it has one.

    Raises:
        ShardError: no recording there.
        DataError: no frames to learn from.
        UsageError: frames of several sizes.
    """
    if baseline.size is not None:
        return baseline.resolved()
    sizes = set()
    for entry in RecordingDir.open(recording).shards("train"):
        with ShardReader(entry.path) as reader:
            sizes.add((reader.width, reader.height))
    if not sizes:
        raise DataError(f"{recording} has no frames in split 'train'. Record some, or choose another recording.")
    if len(sizes) > 1:
        listed = ", ".join(f"{width}x{height}" for width, height in sorted(sizes))
        raise UsageError(f"{recording} has frames of several sizes ({listed}): give one with --size WxH.")
    return replace(baseline, size=sizes.pop()).resolved()


def ablate(
    cells: Sequence[Cell],
    factors: Sequence[Factor],
    recording: Path,
    out: Path,
    *,
    split: str = "test",
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = lambda what, done, total: None,
    on_run: Callable[[Finished], None] = lambda finished: None,
    on_note: Callable[[str], None] = lambda sentence: None,
) -> AblationSummary:
    """Run every cell that is not finished yet, and write table and page.

    Args:
        cells: the plan; all have the same label set.
        factors: what is varied in it.
        recording: with the splits train, ``split`` and, for choosing the best epoch, val.
        out: folder of the ablation, new or empty unless ``resume`` or ``overwrite``.
        split: what the nets are scored on.
        resume: keep what is finished in ``out``; more factors, values or seeds may be added.
        overwrite: empty ``out`` first.
        progress: told (what, done, total) within a run.
        on_run: told of each finished run.
        on_note: told in a sentence what is done in another way than was asked for.

    Returns:
        What came of it. A run that failed is in it, and does not raise.

    Raises:
        OutputInUseError: ``out`` is used, or another process writes to it.
        UsageError: a finished run in ``out`` had other settings, or was scored on other frames.
        DataError: the recording has no frames of ``split``, or a file in ``out`` is damaged.
    """
    check_output(out, resume=resume, overwrite=overwrite, inputs=[recording])
    if not RecordingDir.open(recording).shards(split):
        raise DataError(f"{recording} has no frames in split {split!r}: choose another --split, or record some.")
    prepare_output(out, resume=resume, overwrite=overwrite)
    with lock_output(out):
        for folder in ("runs", "measures"):
            (out / folder).mkdir(exist_ok=True)
        context = _Context(recording=recording, out=out, split=split, progress=progress, note=on_note)
        runs = [Run(cell=cell, result=_earlier(cell, context)) for cell in cells]
        seeds = {f"seed {seed}": seed for seed in sorted({cell.config.seed for cell in cells})}
        write_manifest(out / "manifest.json", seeds=seeds, inputs={"recording": recording})
        names = cells[0].config.label_set.names
        for number in _unfinished(runs, on_run):
            runs[number] = Run(cell=cells[number], result=_run(cells[number], context))
            write_table(out, runs, factors, names)
        return _concluded(runs, factors, context)


@dataclass(frozen=True, kw_only=True)
class _Context:
    """What is the same for all runs."""

    recording: Path
    out: Path
    split: str
    progress: Progress
    note: Callable[[str], None]

    @property
    def scored(self) -> str:
        """The frames that are scored, in words."""
        return f"{self.recording.name} ({self.split})"


def _earlier(cell: Cell, context: _Context) -> RunResult:
    """The result that is there already, or none."""
    found = load_result(context.out / "measures" / f"{cell.name}.json")
    if found is None:
        return RunResult(status="not run")
    config, result = found
    changed = [line for line in config.differences(cell.config) if line.split(":")[0] not in FREE_TO_CHANGE]
    if result.scored and result.scored != context.scored:
        changed.append(f"scored on: {result.scored} -> {context.scored}")
    if changed:
        raise UsageError(
            f"The run {cell.name} in {context.out} was made with other settings ({'; '.join(changed)}). "
            "Give the same ones to resume, or another output folder."
        )
    return result


def _unfinished(runs: Sequence[Run], on_run: Callable[[Finished], None]) -> Iterator[int]:
    """Numbers of the runs to make; tells of each when the next one is asked for."""
    work = {number: _operations(run.cell) for number, run in enumerate(runs) if run.result.status != "done"}
    started, done = time.perf_counter(), 0.0
    for number in list(work):
        yield number
        done += work.pop(number)
        rate = (time.perf_counter() - started) / done
        on_run(Finished(run=runs[number], number=number + 1, total=len(runs), seconds_left=rate * sum(work.values())))


def _operations(cell: Cell) -> float:
    """What the training of a cell takes, up to a factor that all have in common."""
    width, height = cell.config.crop or cell.config.size or (1, 1)
    return cell.config.epochs * flop_per_image(_net(cell.config), width=width, height=height, task="training")


def _net(config: TrainConfig) -> MeasuredNet:
    return MeasuredNet(
        title=config.net, name=config.net, options=config.net_options, num_classes=config.label_set.num_classes
    )


def _run(cell: Cell, context: _Context) -> RunResult:
    """Train, score and measure one cell; an error of a known kind is its result."""
    folder = context.out / "runs" / cell.name
    config = cell.config
    try:
        trained = train(
            config,
            context.recording,
            folder,
            resume=True,
            progress=context.progress,
            on_note=context.note,
            on_status=lambda status: context.progress("training", status.step, status.total_steps),
        )
        segmenter = Segmenter.load(folder, device=config.device, precision=config.precision)
        scored = evaluate(
            segmenter, context.recording, split=context.split, size=config.size, corrupt=config.corrupt,
            progress=context.progress,
        )  # fmt: skip
    except (HarnessError, ShardError, LabelError) as error:
        return RunResult(status="failed", message=str(error))
    accepted = ("done", "partial") if config.corrupt == "skip" else ("done",)
    lacking = [f"{each.cell.scenario}: {each.message}" for each in scored.cells if each.status not in accepted]
    if lacking or scored.measures is None:
        return RunResult(status="failed", message=f"not all frames were scored: {'; '.join(lacking)}")
    epochs = read_metrics(RunDir(folder).metrics, last_epoch=trained.epochs)
    result = RunResult(
        status="done",
        **_costs(config, segmenter),
        train_seconds=sum(epoch.seconds for epoch in epochs),
        best_epoch=trained.best_epoch,
        train_shares=_train_shares(context.recording, config),
        scored=context.scored,
        measures=scored.measures,
    )
    save_result(context.out / "measures" / f"{cell.name}.json", config, result)
    return result


def _costs(config: TrainConfig, segmenter: Segmenter) -> dict[str, Any]:
    """Parameters, operations and latency of one image at the size of the run."""
    assert config.size is not None
    width, height = config.size
    net = _net(config)
    workload = Workload(task="inference", width=width, height=height, batch_size=1, calls=20, seconds=2.0)
    speed = speed_of(
        net.build(), workload, num_classes=net.num_classes, device=segmenter.device, precision=segmenter.precision
    )
    return {
        "parameters": num_parameters(build_on_meta(net.name, net.num_classes, net.options)),
        "gflop": flop_per_image(net, width=width, height=height, task="inference") / 1e9,
        "latency_ms": speed.latency_ms,
    }


def _train_shares(recording: Path, config: TrainConfig) -> tuple[float, ...]:
    histogram = recording_statistics(RecordingDir.open(recording), "train").class_histogram(config.label_set)
    return tuple((histogram / max(1, histogram.sum())).tolist())


def _concluded(runs: Sequence[Run], factors: Sequence[Factor], context: _Context) -> AblationSummary:
    """Write table, page and description of what is there."""
    found = answers(runs, factors)
    config = runs[0].cell.config
    names = config.label_set.names
    table = write_table(context.out, runs, factors, names)
    page = write_page(
        context.out,
        runs,
        factors,
        found,
        class_names=names,
        recording=context.scored,
        environment={
            "recording": str(context.recording),
            "device": device_name(choose_device(config.device)),
            **{name: str(value) for name, value in config.to_json().items() if name != "seed"},
        },
    )
    description = {
        "schema": SCHEMA,
        "recording": str(context.recording),
        "split": context.split,
        "baseline": config.to_json(),
        "factors": {factor.name: list(factor.values) for factor in factors},
        "seeds": sorted({run.cell.config.seed for run in runs}),
        "runs": {run.cell.name: run.result.status for run in runs},
        "answers": {answer.question.title: list(answer.sentences) for answer in found},
    }
    write_json(context.out / "ablation.json", description)
    return AblationSummary(runs=tuple(runs), answers=found, paths=(table, page))
