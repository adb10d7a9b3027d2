"""``harness score``: a trained net live in the simulator, under many weathers and sizes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import INPUT_DIRECTORY, SPLITS, choose_endpoint, choose_suite, output_options, server_options
from harness.cli.output import print_table, progress_bar, say
from harness.errors import IncompleteError, ServerLostError

if TYPE_CHECKING:
    from harness.scoring.summary import ScoreSummary


@click.command(short_help="Score a net live under many weathers and sizes.")
@click.argument("run", type=INPUT_DIRECTORY)
@click.argument("suite")
@output_options
@click.option(
    "--weather", "weathers", default="ClearNoon", metavar="A,B,...", help="Presets, or ClearNoon:fog_density=60."
)
@click.option("--size", "sizes", default="640x360", metavar="WxH,...", help="Image sizes; all are cameras of one pass.")
@click.option(
    "--split",
    "splits",
    multiple=True,
    default=["test"],
    type=click.Choice(SPLITS),
    help="Scenarios to score. [default: test]",
)
@click.option("--drives", type=INPUT_DIRECTORY, help="Recording whose drives to replay. [default: drive anew]")
@click.option("--reference-weather", help="Compare with this one. [default: ClearNoon if scored, else the first]")
@click.option(
    "--warmup-frames", default=0, type=click.IntRange(0), help="Frames not counted after each weather change."
)
@click.option("--checkpoint", default="best", type=click.Choice(["best", "last"]), help="Weights to load.")
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@server_options
def score(
    run: Path, suite: str, output: Path, resume: bool, overwrite: bool, weathers: str, sizes: str,
    splits: tuple[str, ...], drives: Path | None, reference_weather: str | None, warmup_frames: int, checkpoint: str,
    device: str, host: str | None, port: int | None, seed: int,
) -> None:  # fmt: skip
    """Replay the drives of SUITE under every weather and size, run the net in RUN live, and count.

    Each scenario is driven once (or its drive log is taken from --drives) and then replayed kinematically, so that
    every weather and size sees the identical scene and identical labels. Writes counts.csv (tidy), scenarios.csv, the
    worst frames, and score.json into the output folder; `harness report` turns them into a page.
    """
    from datasets.labels import tag_table_for_server, translation
    from harness.carla_client.preflight import check_scenarios
    from harness.run_dir import check_output, prepare_output
    from harness.scoring.score import score as score_suite
    from harness.segmenter import Segmenter
    from sim_scenarios.camera import parse_sizes
    from sim_scenarios.weather import parse_weathers

    chosen = choose_suite(suite, seed=seed, splits=splits)
    chosen_weathers, chosen_sizes = parse_weathers(weathers), parse_sizes(sizes)
    segmenter = Segmenter.load(run, device=device, checkpoint=checkpoint)
    check_output(output, resume=resume, overwrite=overwrite)

    def say_what_is_finished() -> None:
        if (output / "scenarios.csv").exists():
            say(f"what was finished, and what was not run, stands in {output}/scenarios.csv")

    with (
        choose_endpoint(host, port, seed=seed, if_lost=say_what_is_finished) as endpoint,
        progress_bar() as progress,
    ):
        say(endpoint.describe())
        lossy = translation(tag_table_for_server(endpoint.version), segmenter.label_set).warning
        if lossy is not None:
            say(f"note: {lossy}")
        check_scenarios(endpoint, chosen.scenarios)
        prepare_output(output, resume=resume, overwrite=overwrite)
        try:
            summary = score_suite(
                endpoint, segmenter, chosen, weathers=chosen_weathers, sizes=chosen_sizes, out=output, drives=drives,
                reference_weather=reference_weather, warmup_frames=warmup_frames, resume=resume, progress=progress,
            )  # fmt: skip
        except ServerLostError:
            say_what_is_finished()
            raise
    print_ious(summary)
    tell_what_is_missing(summary, remedy="Run the same command with --resume to try them again.")
    say(f"tables: {output}/*.csv; next: harness report {output}")


def print_ious(summary: ScoreSummary) -> None:
    """Print the IoU of each class under each weather at each size."""
    print_table("IoU, counts pooled over scenarios", summary.columns, summary.rows)


def tell_what_is_missing(summary: ScoreSummary, *, remedy: str) -> None:
    """Print what a reader of the numbers must know.

    Args:
        summary: What was scored.
        remedy: What to do about cells that are not complete.

    Raises:
        IncompleteError: not every planned cell was scored.
    """
    for warning in summary.warnings:
        say(f"warning: {warning}")
    if summary.incomplete:
        listed = "\n".join(
            f"  {each.cell.scenario} under {each.cell.weather} at {each.cell.width}x{each.cell.height}: "
            f"{each.status}, {each.message}"
            for each in summary.incomplete
        )
        raise IncompleteError(
            f"{len(summary.incomplete)} of {len(summary.cells)} cells are not complete, so the numbers above are "
            f"partial:\n{listed}\n{remedy}"
        )
