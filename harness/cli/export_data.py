"""``harness export-data``: recorded shards in the formats that other programs read."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import INPUT_DIRECTORY, OUTPUT, SPLITS
from harness.cli.output import print_table, progress_bar, say
from harness.errors import OutputInUseError, UsageError

FORMATS = ("cityscapes", "coco", "webdataset", "parquet")


@click.command("export-data", short_help="Write shards as Cityscapes tree, COCO, WebDataset or parquet.")
@click.argument("recording", type=INPUT_DIRECTORY)
@click.option("--to", "to", type=click.Choice(FORMATS), required=True, help="Format to write.")
@click.option("-o", "--output", type=OUTPUT, required=True, help="New folder to write to.")
@click.option("--split", "splits", type=click.Choice(SPLITS), multiple=True, help="May be repeated. [default: all]")
@click.option(
    "--label-set",
    metavar="NAME|YAML",
    help="Labels to write, such as cityscapes19, or a file that groups classes. "
    "[default: cityscapes19 for cityscapes, else tags as recorded]",
)
@click.option("--every", default=1, type=click.IntRange(1), help="Take only every n-th frame of a drive.")
def export_data(
    recording: Path, to: str, output: Path, splits: tuple[str, ...], label_set: str | None, every: int
) -> None:
    """Export the shards in RECORDING to a new folder.

    Every frame is verified as it is read. The folder has its name only when the export is complete.
    """
    from datasets.exporters.export import export_recording
    from harness.label_sets import choose_label_set

    labels = choose_label_set(label_set) if label_set else None
    try:
        with progress_bar() as progress:
            summary = export_recording(
                recording, output, to=to, splits=splits or SPLITS, label_set=labels, every=every, progress=progress
            )
    except FileExistsError as error:
        raise OutputInUseError(str(error)) from error
    except ImportError as error:
        raise UsageError(
            f"--to {to} needs a package that is not installed ({error.name}): pip install 'carla-loop-harness[export]'"
        ) from error
    for warning in summary.warnings:
        say(f"note: {warning}")
    print_table(f"{output}: {to}, labels {summary.labels.name}", ("split", "frames"), list(summary.num_frames.items()))
