"""``harness evaluate``: a trained net on recorded shards, without a simulator."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import INPUT_DIRECTORY, OUTPUT, SPLITS, overwrite_option
from harness.cli.output import progress_bar, say
from harness.cli.score import print_summary


@click.command(short_help="Score a net on recorded shards.")
@click.argument("run", type=INPUT_DIRECTORY)
@click.argument("recording", type=INPUT_DIRECTORY)
@click.option("--split", default="test", type=click.Choice(SPLITS), help="Scenarios to evaluate on.")
@click.option("--checkpoint", default="best", type=click.Choice(["best", "last"]), help="Weights to load.")
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@click.option("-o", "--output", type=OUTPUT, help="Folder for the tables. [default: print only]")
@overwrite_option
def evaluate(
    run: Path, recording: Path, split: str, checkpoint: str, device: str, output: Path | None, overwrite: bool
) -> None:
    """Score the net in RUN on the shards in RECORDING: per-class IoU, mIoU and pixel accuracy."""
    from harness.label_sets import label_warnings
    from harness.run_dir import prepare_output
    from harness.scoring.evaluate import evaluate as evaluate_net
    from harness.segmenter import Segmenter

    segmenter = Segmenter.load(run, device=device, checkpoint=checkpoint)
    if output is not None:
        prepare_output(output, overwrite=overwrite)
    for warning in label_warnings(recording, segmenter.label_set, (split,)):
        say(f"note: {warning}")
    with progress_bar() as progress:
        summary = evaluate_net(segmenter, recording, split=split, out=output, progress=progress)
    print_summary(summary, remedy="Record those scenarios again, then evaluate again.")
