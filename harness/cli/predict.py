"""``harness predict``: masks, overlays, panels and videos for pictures, videos and shards."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import INPUT_DIRECTORY, OUTPUT, output_option, overwrite_option
from harness.cli.output import progress_bar, say


@click.command(short_help="Masks and overlays for pictures, videos and shards.")
@click.argument("run", type=INPUT_DIRECTORY)
@click.argument("sources", nargs=-1, required=True, type=OUTPUT)
@output_option
@overwrite_option
@click.option("--checkpoint", default="best", type=click.Choice(["best", "last"]), help="Weights to load.")
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@click.option(
    "--write",
    "kinds",
    metavar="KIND,...",
    help="Any of mask, overlay, panel, video. [default: mask,overlay; of what moves mask,video]",
)
@click.option("--size", metavar="WxH", help="Size at which the net sees the pictures. [default: their own]")
@click.option("--tile", metavar="WxH", help="Predict large pictures in overlapping tiles. [default: whole]")
@click.option("--tta", is_flag=True, help="Mean of six views: three scales, each mirrored, too. Six times the work.")
def predict(
    run: Path, sources: tuple[Path, ...], output: Path, overwrite: bool, checkpoint: str, device: str,
    kinds: str | None, size: str | None, tile: str | None, tta: bool,
) -> None:  # fmt: skip
    """Segment pictures with the net in RUN.

    SOURCES are PNG or JPEG files, videos, shards, recordings, or folders of pictures and videos. Writes an index mask
    (PNG with the palette of the label set) and an overlay for each picture, a mask for each frame and a side-by-side
    video of what moves, and predictions.csv. Shards know the truth: their panels and videos show it, too.
    """
    from harness.prediction.predict import parse_kinds
    from harness.prediction.predict import predict as predict_sources
    from harness.prediction.views import TTA_SCALES, MultiViewNet
    from harness.run_dir import prepare_output
    from harness.scoring.input_size import ResizingNet, size_note
    from harness.scoring.live import Net
    from harness.segmenter import Segmenter
    from sim_scenarios.camera import parse_size

    wanted = None if kinds is None else parse_kinds(kinds)
    tile_size, net_size = (None if text is None else parse_size(text) for text in (tile, size))
    segmenter = Segmenter.load(run, device=device, checkpoint=checkpoint)
    net: Net = segmenter
    if tta or tile_size is not None:
        net = MultiViewNet(segmenter, tile=tile_size, scales=TTA_SCALES if tta else (1.0,), is_mirrored=tta)
    if net_size is not None:
        net = ResizingNet(net, net_size)
    prepare_output(output, overwrite=overwrite, inputs=[run, *sources])
    with progress_bar() as progress:
        summary = predict_sources(net, sources, output, kinds=wanted, progress=progress)
    for video in summary.videos:
        say(f"video: {video}")
    frames = len(summary.rows)
    say(f"{frames} {'image' if frames == 1 else 'images'} segmented into {output}")
    if net_size is None and tile_size is None:
        for note in size_note(run, {(row.width, row.height) for row in summary.rows}):
            say(f"note: {note}")
