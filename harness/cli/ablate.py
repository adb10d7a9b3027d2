"""``harness ablate``: what does each setting of training do? Many runs, one table, one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import INPUT_DIRECTORY, SPLITS, output_options
from harness.cli.output import print_table, progress_bar, say
from harness.cli.train_options import train_config, training_options
from harness.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from harness.ablation.plan import Cell, Factor
    from harness.ablation.run import AblationSummary, Finished


@click.command(short_help="What each setting of training does.")
@click.argument("recording", type=INPUT_DIRECTORY)
@output_options
@click.option(
    "--vary",
    "varied",
    multiple=True,
    metavar="NAME=V1,V2",
    help="A setting of training, an option of the net, or net=NET1,NET2, and values to compare with the baseline's. "
    "[default: skip connections, class weights, loss, size, width and augmentation]",
)
@click.option("--seeds", default="0,1,2", metavar="N,...", help="Every run is made once with each.")
@click.option("--full-grid", is_flag=True, help="All combinations, instead of one change at a time.")
@click.option("--split", default="test", type=click.Choice(SPLITS), help="Frames to score on.")
@click.option("--dry-run", is_flag=True, help="List the runs and stop.")
@training_options
def ablate(
    recording: Path, output: Path, resume: bool, overwrite: bool, varied: tuple[str, ...], seeds: str,
    full_grid: bool, split: str, dry_run: bool, **training: Any,
) -> None:  # fmt: skip
    """Train on the shards in RECORDING again and again, one setting changed at a time, and say what it does.

    The options of `harness train` give the baseline. Writes ablation.csv (a row a run), ablation.html (figures, and
    answers in words made from the numbers) and the training runs. --resume goes on with the runs that are missing.
    """
    from harness.ablation.plan import default_factors, parse_factor, plan_cells
    from harness.ablation.run import ablate as run_ablation
    from harness.ablation.run import at_recorded_size
    from harness.label_sets import label_warnings

    baseline = at_recorded_size(train_config(training, seed=0), recording)
    factors = tuple(parse_factor(text, baseline) for text in varied) or default_factors(baseline)
    cells = plan_cells(baseline, factors, seeds=_seeds(seeds), full_grid=full_grid)
    _print_plan(cells, factors, listed=dry_run)
    if dry_run:
        return
    for warning in label_warnings(recording, baseline.label_set, ("train", "val", split)):
        say(f"note: {warning}")
    with progress_bar() as progress:
        summary = run_ablation(
            cells, factors, recording, output, split=split, resume=resume, overwrite=overwrite, progress=progress,
            on_run=_print_run, on_note=lambda sentence: say(f"note: {sentence}"),
        )  # fmt: skip
    _print_answers(summary)


def _seeds(text: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")]
    except ValueError as error:
        raise UsageError(f"--seeds is {text!r}; it must be whole numbers such as 0,1,2.") from error


def _print_plan(cells: tuple[Cell, ...], factors: tuple[Factor, ...], *, listed: bool) -> None:
    if listed:
        print_table("runs", ("changed", "value", "seed"), [(c.factor, c.value, c.config.seed) for c in cells])
    baseline = ", ".join(f"{factor.name} {factor.values[0]}" for factor in factors)
    epochs = cells[0].config.epochs
    say(f"{len(cells)} runs of {epochs} {'epoch' if epochs == 1 else 'epochs'}; baseline: {baseline}")


def _print_run(finished: Finished) -> None:
    run, result = finished.run, finished.run.result
    outcome = f"failed: {result.message}"
    if result.measures is not None:
        outcome = (
            f"mIoU {result.measures.miou:.3f}  boundary IoU {result.measures.boundary_iou:.3f}  "
            f"{result.train_seconds:.0f} s of training"
        )
    left = f"  about {_duration(finished.seconds_left)} left" if finished.seconds_left else ""
    say(f"[{finished.number}/{finished.total}] {run.cell.name}  {outcome}{left}")


def _duration(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min" if minutes else f"{seconds:.0f} s"


def _print_answers(summary: AblationSummary) -> None:
    for answer in summary.answers:
        say(f"\n{answer.question.title}")
        for sentence in answer.sentences:
            say(f"  {sentence}")
    say("")
    for path in summary.paths:
        say(str(path))
    if summary.failed:
        listed = "\n".join(f"  {run.cell.name}: {run.result.message}" for run in summary.failed)
        raise IncompleteError(
            f"{len(summary.failed)} of {len(summary.runs)} runs have no result:\n{listed}\n"
            "Run the same command with --resume to try them again."
        )
