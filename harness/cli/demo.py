"""``harness demo``: the whole story on the embedded simulator, as the commands a user would type."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

import click

from harness.cli.options import OUTPUT, overwrite_option
from harness.cli.output import say

WEATHERS = "ClearNoon,WetSunset,DenseFog,HardRainNight"
SIZES = "320x180,160x90"


def story(output: Path, *, seed: int) -> list[list[str]]:
    """The arguments of each ``harness`` command of the demo, in order."""
    data, run, scores, drive = (str(output / name) for name in ("data", "run", "scores", "drive"))
    return [
        ["record", "demo", "-o", data, "--seed", str(seed)],
        ["inspect", data],
        [
            "train", data, "-o", run, "--base-channels", "16", "--depth", "4", "--epochs", "8", "--batch-size", "4",
            "--crop", "256x160", "--learning-rate", "0.005", "--upsampling", "bilinear", "--seed", str(seed),
        ],
        ["evaluate", run, data, "--split", "test"],
        [
            "score", run, "demo", "--drives", data, "--weather", WEATHERS, "--size", SIZES, "-o", scores,
            "--seed", str(seed),
        ],
        [
            "drive", run, "driving_demo", "--policy", "mask,truth", "--size", "320x180", "--decide-every", "2",
            "-o", drive, "--seed", str(seed),
        ],
    ]  # fmt: skip


@click.command(short_help="The whole story on the embedded simulator, in minutes.")
@click.option("-o", "--output", type=OUTPUT, default=Path("out/demo"), help="Folder to write to.")
@overwrite_option
@click.option("--seed", default=0, help="Of scenarios, weights, order and augmentation.")
@click.pass_context
def demo(ctx: click.Context, output: Path, overwrite: bool, seed: int) -> None:
    """Record, train, score, drive and report on the embedded simulator, in a few minutes on two cores.

    Needs no CARLA, no GPU and no network. Every step is printed as the command that does it.
    """
    from harness.run_dir import prepare_output

    prepare_output(output, overwrite=overwrite)
    program = ctx.find_root().command
    started = time.perf_counter()
    for arguments in story(output, seed=seed):
        say(f"\n$ harness {shlex.join(arguments)}")
        step = time.perf_counter()
        code = program.main(arguments, prog_name="harness", standalone_mode=False)
        if code:  # of a step that was interrupted; one that failed raises
            ctx.exit(code)
        say(f"({time.perf_counter() - step:.0f} s)")
    scores, drive = output / "scores", output / "drive"
    say(f"\nThe demo took {time.perf_counter() - started:.0f} s. Tables: {scores}/*.csv and {drive}/*.csv")
    say(f"Open {scores / 'report.html'} and {drive / 'report.html'} in a browser.")
