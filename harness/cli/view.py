"""``harness view``: a recording in rerun's viewer."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from harness.cli.options import INPUT_DIRECTORY, OUTPUT
from harness.cli.output import progress_bar, say


@click.command(short_help="Scrub through a recording in the rerun viewer.")
@click.argument("recording", type=INPUT_DIRECTORY)
@click.option("--scenario", "scenarios", multiple=True, help="Only this; may be given more than once. [default: all]")
@click.option("--weather", "weathers", multiple=True, help="Only this; may be given more than once. [default: all]")
@click.option("--camera", "cameras", multiple=True, help="Only this; may be given more than once. [default: all]")
@click.option("--every", type=click.IntRange(min=1), default=1, help="Every n-th frame.")
@click.option("--lossless", is_flag=True, help="Pictures as they are; otherwise JPEG. Tags and depth are exact always.")
@click.option("--save", "saved", type=OUTPUT, help="Write this .rrd file and open no window.")
def view(
    recording: Path,
    scenarios: tuple[str, ...],
    weathers: tuple[str, ...],
    cameras: tuple[str, ...],
    every: int,
    lossless: bool,
    saved: Path | None,
) -> None:
    """Show RECORDING in the rerun viewer: pictures, coloured tags, depth and the camera's path along a time line.

    Where there is no screen it writes a .rrd file into the current folder instead, to be opened on a machine that has
    one. Needs the extra "view": pip install 'carla-loop-harness[view]'.
    """
    from harness.viewing.view_file import Choice, ViewFile, has_screen, open_viewer, write_view

    choice = Choice(scenarios=scenarios, weathers=weathers, cameras=cameras, every=every)

    def write(path: Path) -> ViewFile:
        with progress_bar() as progress:
            return write_view(recording, path, choice=choice, lossless=lossless, progress=progress)

    if saved is None and has_screen():
        with tempfile.TemporaryDirectory(prefix="harness-view-") as folder:
            open_viewer(write(Path(folder) / f"{recording.resolve().name}.rrd").path)
        return
    if saved is None:
        saved = Path(f"{recording.resolve().name}.rrd")
        say("no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set)")
    written = write(saved)
    megabytes = written.path.stat().st_size / 1e6
    say(f"{written.frames} frames of {written.streams} streams, {megabytes:.1f} MB: {written.path}")
    say(f"open it with: rerun {written.path}   (pip install rerun-sdk; its viewer is also at https://rerun.io/viewer)")
