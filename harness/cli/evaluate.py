"""``harness evaluate``: a trained net on recorded shards, without a simulator."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from harness.cli.options import INPUT_DIRECTORY, OUTPUT, SPLITS, overwrite_option
from harness.cli.output import OutputTable, notes_to, print_formatted, print_json, progress_bar, say
from harness.cli.report_options import bootstrap_options, format_option
from harness.cli.score import print_ious, tell_what_is_missing

if TYPE_CHECKING:
    from harness.scoring.measures import Measures
    from harness.scoring.statistics.bootstrap import Bootstrap

LINE_WIDTH = 100
"""Characters in a line of the definition."""


@click.command(short_help="Score a net on recorded shards.")
@click.argument("run", type=INPUT_DIRECTORY)
@click.argument("recording", type=INPUT_DIRECTORY)
@click.option("--split", default="test", type=click.Choice([*SPLITS, "all"]), help="Scenarios to evaluate on.")
@click.option("--checkpoint", default="best", type=click.Choice(["best", "last"]), help="Weights to load.")
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@click.option("--size", metavar="WxH", help="Resize pictures for the net to this. [default: as recorded]")
@bootstrap_options
@click.option(
    "--corrupt",
    default="raise",
    type=click.Choice(["raise", "skip"]),
    help="Damaged frames: fail their scenario, or leave them out and name them.",
)
@click.option("-o", "--output", type=OUTPUT, help="Folder for the tables. [default: print only]")
@overwrite_option
@format_option
def evaluate(
    run: Path, recording: Path, split: str, checkpoint: str, device: str, size: str | None, resamples: int,
    resample: Literal["frames", "scenarios"], level: float, seed: int, corrupt: Literal["raise", "skip"],
    output: Path | None, overwrite: bool, output_format: str,
) -> None:  # fmt: skip
    """Score the net in RUN on the shards in RECORDING.

    Prints IoU, precision, recall, F1 and boundary IoU of each class, their means, pixel accuracy, intervals by
    bootstrap, and the definition of all these. Scores are at the size of the labels, whatever --size is. Exits with 10
    where frames are damaged, also with --corrupt skip: the numbers are then of fewer frames.
    """
    from harness.label_sets import label_warnings
    from harness.run_dir import prepare_output
    from harness.scoring.evaluate import evaluate as evaluate_net
    from harness.scoring.input_size import size_note
    from harness.scoring.recorded_cells import recorded_cells
    from harness.scoring.statistics.bootstrap import Bootstrap
    from harness.segmenter import Segmenter
    from sim_scenarios.camera import parse_size

    bootstrap = Bootstrap(resamples=resamples, seed=seed, level=level, unit=resample)
    input_size = parse_size(size) if size else None
    model = run.resolve().name
    segmenter = Segmenter.load(run, device=device, checkpoint=checkpoint)
    sizes = {each.size for each in recorded_cells(recording, split, model=model)}
    notes = label_warnings(recording, segmenter.label_set, None if split == "all" else (split,))
    notes += size_note(run, sizes) if input_size is None else []
    if output is not None:
        prepare_output(output, overwrite=overwrite, inputs=[run, recording])
    note = notes_to(output_format)
    for each in notes:
        note(f"note: {each}")
    with progress_bar() as progress:
        summary = evaluate_net(
            segmenter, recording, split=split, model=model, out=output, size=input_size, bootstrap=bootstrap,
            corrupt=corrupt, progress=progress,
        )  # fmt: skip
    if summary.measures is not None:
        print_measures(summary.measures, bootstrap, output_format)
    if len(summary.columns) > 2 and output_format == "table":
        print_ious(summary)
    if output is not None:
        note(f"tables: {output}/*.csv; next: harness report {output}")
    skip = " --corrupt skip scores a scenario without its damaged frames." if corrupt == "raise" else ""
    tell_what_is_missing(summary, remedy=f"Record those scenarios again, then evaluate again.{skip}", note=note)


def print_measures(measures: Measures, bootstrap: Bootstrap, output_format: str) -> None:
    """Print every measure with its interval, and what they mean. In tables, classes that are nowhere are left out.

    JSON is the content of ``measures.json``, CSV that of ``class_measures.csv``.
    """
    from harness.scoring.measure_tables import class_rows, measures_content

    if output_format == "json":
        print_json(measures_content(measures, bootstrap))
    elif output_format == "csv":
        rows = class_rows(measures)
        table = OutputTable(
            name="classes", title="Classes", columns=tuple(rows[0]), rows=tuple(tuple(row.values()) for row in rows)
        )
        print_formatted([table], output_format)
    else:
        print_formatted(_tables(measures, level=bootstrap.level), output_format)
        for sentence in measures.definition.splitlines():
            say(textwrap.fill(sentence, LINE_WIDTH, subsequent_indent="  "))


def _tables(measures: Measures, *, level: float) -> list[OutputTable]:
    interval = f"{level * 100:g}\N{NO-BREAK SPACE}% interval"  # a heading is broken at its first plain space
    labelled = sum(each.pixels for each in measures.classes)
    return [
        OutputTable(
            name="classes",
            title=f"Classes in {measures.frames} frames",
            columns=("class", "share", "IoU", interval, "precision", "recall", "F1", "boundary", interval),
            rows=tuple(
                (
                    each.name, each.pixels / labelled, each.iou, each.iou_interval, each.precision, each.recall,
                    each.f1, each.boundary_iou, each.boundary_iou_interval,
                )
                for each in measures.classes
                if not math.isnan(each.iou)
            ),
        ),
        OutputTable(
            name="means",
            title="All classes",
            columns=("measure", "value", interval),
            rows=(
                ("mIoU", measures.miou, measures.miou_interval),
                ("mean boundary IoU", measures.boundary_iou, measures.boundary_iou_interval),
                (
                    "frequency-weighted IoU", measures.frequency_weighted_iou,
                    measures.frequency_weighted_iou_interval,
                ),
                ("pixel accuracy", measures.pixel_accuracy, measures.pixel_accuracy_interval),
            ),
        ),
    ]  # fmt: skip
