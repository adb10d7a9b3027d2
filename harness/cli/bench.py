"""``harness bench``: what nets cost, in parameters, operations, time and memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import OUTPUT, check_output_file
from harness.cli.output import print_table, progress_bar, say
from harness.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from harness.net_cost import Row


@click.command(short_help="Parameters, FLOPs, latency and memory of nets.")
@click.argument("nets", nargs=-1, required=True, metavar="NET...")
@click.option("--size", "sizes", default="640x480", metavar="WxH,...", help="Sizes of the image.")
@click.option("--batch", "batches", default="1", metavar="N,...", help="Images a call.")
@click.option("--train", "with_training", is_flag=True, help="Measure training steps as well.")
@click.option("--num-classes", default=29, type=click.IntRange(2), help="Of nets that are not from a run.")
@click.option("--device", default="auto", help="auto, cpu or cuda.")
@click.option(
    "--precision",
    default="auto",
    type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
    help="Of convolutions.",
)
@click.option("--compile/--no-compile", "compiled", default=False, help="Put the net through torch.compile.")
@click.option("--calls", default=50, type=click.IntRange(5), help="Timed calls of each workload, at the most.")
@click.option(
    "--seconds", default=10.0, type=click.FloatRange(0.0), help="Time no further call after this, once there are five."
)
@click.option("-o", "--output", type=OUTPUT, metavar="FILE.csv", help="Write the table there. [default: print only]")
@click.option("--overwrite", is_flag=True, help="Replace that file.")
def bench(
    nets: tuple[str, ...], sizes: str, batches: str, with_training: bool, num_classes: int, device: str,
    precision: str, compiled: bool, calls: int, seconds: float, output: Path | None, overwrite: bool,
) -> None:  # fmt: skip
    """Count parameters and FLOPs of each NET, and measure its latency, images a second and peak memory.

    A NET is a name with options, such as `unet:base_channels=16` or `deeplabv3plus`, or the folder of a training run.
    FLOPs are of one image, a multiply-add being 2. Run it on a machine that does nothing else.
    """
    from harness.net_cost import COLUMNS, cost_rows, named_net
    from harness.net_speed import Workload
    from harness.run_dir import write_csv
    from sim_scenarios.camera import parse_sizes

    check_output_file(output, overwrite=overwrite)
    workloads = [
        Workload(
            task=task, width=width, height=height, batch_size=batch_size, device=device, precision=precision,
            compile=compiled, calls=calls, seconds=seconds,
        )
        for task in (("inference", "training") if with_training else ("inference",))
        for width, height in parse_sizes(sizes)
        for batch_size in _batch_sizes(batches, smallest=2 if with_training else 1)
    ]  # fmt: skip
    chosen = [named_net(text, num_classes=num_classes) for text in nets]
    with progress_bar() as progress:
        rows = list(cost_rows(chosen, workloads, progress=progress))
    _print_rows(rows)
    if output is not None:
        write_csv(output, rows, columns=COLUMNS)
        say(f"table: {output}")
    failed = [row for row in rows if row["message"]]
    if failed:
        listed = "\n".join(f"  {row['net']}, batch of {row['batch_size']}: {row['message']}" for row in failed)
        raise IncompleteError(f"{len(failed)} of {len(rows)} workloads could not be measured:\n{listed}")


def _batch_sizes(text: str, *, smallest: int) -> list[int]:
    try:
        sizes = [int(word) for word in text.split(",")]
    except ValueError:
        sizes = []
    if not sizes or min(sizes) < smallest:
        reason = ", since batch norm over one image cannot be trained" if smallest > 1 else ""
        raise UsageError(f"--batch is {text!r}; it must be numbers of at least {smallest}, such as 2,8{reason}.")
    return sizes


def _print_rows(rows: list[Row]) -> None:
    measured = next((row for row in rows if not row["message"]), None)
    where = "not measured" if measured is None else f"{measured['device_name']}, {measured['threads']} threads"
    print_table(
        f"{where}, torch {rows[0]['torch_version']}",
        (
            "net",
            "task",
            "size",
            "batch",
            "precision",
            "Mparams",
            "GFLOP/image",
            "median ms",
            "p95 ms",
            "images/s",
            "MiB",
        ),
        [
            (
                row["net"],
                row["task"],
                f"{row['width_px']}x{row['height_px']}",
                row["batch_size"],
                row["precision"],
                f"{float(row['parameters']) / 1e6:.2f}",
                f"{float(row['gflop_per_image']):.2f}",
                *(_shown(row[name]) for name in ("latency_median_ms", "latency_p95_ms", "images_per_s")),
                _shown(row["peak_memory_mib"], digits=0),
            )
            for row in rows
        ],
    )


def _shown(value: str | int | float, *, digits: int = 1) -> str:
    return f"{value:.{digits}f}" if isinstance(value, float) else "–"
