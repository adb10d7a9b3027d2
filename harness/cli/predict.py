"""``harness predict``: masks and overlays for pictures."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import INPUT_DIRECTORY, OUTPUT, output_option, overwrite_option
from harness.cli.output import progress_bar, say


@click.command(short_help="Masks and overlays for pictures.")
@click.argument("run", type=INPUT_DIRECTORY)
@click.argument("sources", nargs=-1, required=True, type=OUTPUT)
@output_option
@overwrite_option
@click.option("--checkpoint", default="best", type=click.Choice(["best", "last"]), help="Weights to load.")
@click.option("--device", default="auto", help="auto, cpu or cuda.")
def predict(run: Path, sources: tuple[Path, ...], output: Path, overwrite: bool, checkpoint: str, device: str) -> None:
    """Segment images: SOURCES are PNG or JPEG files, or folders of them.

    Writes an index mask (PNG with the palette of the label set) and an overlay for each.
    """
    from harness.run_dir import prepare_output
    from harness.scoring.predict import predict as predict_images
    from harness.segmenter import Segmenter

    segmenter = Segmenter.load(run, device=device, checkpoint=checkpoint)
    prepare_output(output, overwrite=overwrite)
    with progress_bar() as progress:
        summary = predict_images(segmenter, sources, output, progress=progress)
    say(f"{len(summary.rows)} images segmented into {output}")
