"""``harness preview``: what a suite looks like, on one picture."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import (
    OUTPUT,
    SPLITS,
    check_output_file,
    choose_endpoint,
    choose_suite,
    overwrite_option,
    server_options,
)
from harness.cli.output import progress_bar, say
from harness.cli.record_options import adapt_suite, camera_options, planes_option, read_weathers
from harness.errors import IncompleteError


@click.command(short_help="Draw the scenarios of a suite in many weathers on one picture, before recording.")
@click.argument("suite")
@click.option("-o", "--output", type=OUTPUT, required=True, help="The picture, a PNG file.")
@overwrite_option
@click.option(
    "--split", "splits", multiple=True, type=click.Choice(SPLITS), help="Only these; may be given more than once."
)
@click.option(
    "--weather",
    metavar="A,B,'C->D'",
    help="Draw each scenario in each of these; fog_density=0..100..20 are six. [default: the suite's own list]",
)
@camera_options
@planes_option
@click.option(
    "--seconds",
    type=click.FloatRange(0.05, 60.0),
    default=3.0,
    show_default=True,
    help="Drive each scenario for so long, after its warm-up.",
)
@server_options
def preview(
    suite: str,
    output: Path,
    overwrite: bool,
    splits: tuple[str, ...],
    weather: str | None,
    cameras: str | None,
    rig: Path | None,
    size: str | None,
    fov: str | None,
    planes: str | None,
    seconds: float,
    host: str | None,
    port: int | None,
    seed: int,
) -> None:
    """Show what the scenarios of SUITE look like: a line for each, with a picture in each weather, and its tags.

    Each scenario is driven for some seconds and replayed in each weather; nothing else is kept. What the picture shows
    is what `harness record` would write from the same seed.
    """
    from harness.carla_client.preflight import check_scenarios
    from harness.recording.preview import preview as preview_suite
    from harness.recording.recorder import check_names
    from harness.run_dir import write_bytes

    check_output_file(output, overwrite=overwrite, kind="PNG")
    chosen = choose_suite(suite, seed=seed, splits=splits)
    chosen = adapt_suite(chosen, cameras=cameras, rig=rig, size=size, fov=fov, planes=planes, every=None)
    weathers = read_weathers(weather if weather is not None else ",".join(chosen.weathers) or None)
    check_names(chosen.scenarios, weathers)
    with choose_endpoint(host, port, seed=seed) as endpoint, progress_bar() as progress:
        say(endpoint.describe())
        check_scenarios(endpoint, chosen.scenarios)
        summary, sheet = preview_suite(endpoint, chosen, weathers=weathers, seconds=seconds, progress=progress)
    if sheet is not None:
        write_bytes(output, sheet)
        say(f"scenarios: {len(chosen.scenarios)}, weathers of each: {max(1, len(weathers))}, picture: {output}")
    if summary.ended_by is not None:
        raise summary.ended_by
    failed = [f"{row.scenario} in {row.weather}: {row.note}" for row in summary.rows if row.status != "done"]
    if failed:
        raise IncompleteError(f"{len(failed)} of {len(summary.rows)} could not be drawn:\n" + "\n".join(failed))
