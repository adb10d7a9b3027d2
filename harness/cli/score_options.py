"""Options of ``harness score``, and what they mean: weathers, sizes and nets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import INPUT_DIRECTORY, SPLITS, Command, apply_options
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.scoring.plan import ScorePlan
    from sim_scenarios.scenario import Suite


DEFAULT_WEATHER = "ClearNoon"
_PLAN = (
    click.option(
        "--weather",
        "weathers",
        metavar="A,B,...",
        help="Presets, ClearNoon:fog_density=60, sweeps (fog_density=0..100..10), 'ClearNoon->DenseFog', a YAML file. "
        "[default: the suite's, else ClearNoon]",
    ),
    click.option("--size", "sizes", default="640x360", metavar="WxH,...", help="Image sizes; cameras of one pass."),
    click.option("--fov", "fovs", metavar="DEG,...", help="Horizontal fields of view. [default: of each scenario]"),
    click.option("--repeat", "repeats", default=1, type=click.IntRange(1, 100), help="Replays of each weather."),
    click.option(
        "--model", "models", multiple=True, metavar="NAME=RUN", help="Another net, scored on the same frames."
    ),
    click.option("--reference-model", metavar="NAME", help="The net that CD and rCD are relative to."),
    click.option(
        "--split",
        "splits",
        multiple=True,
        default=["test"],
        type=click.Choice(SPLITS),
        help="Scenarios to score.",
    ),
    click.option("--drives", type=INPUT_DIRECTORY, help="Recording whose drives to replay. [default: drive anew]"),
    click.option("--reference-weather", help="Compare with this one. [default: ClearNoon if scored, else the first]"),
    click.option(
        "--warmup-frames", default=0, type=click.IntRange(0), help="First frames of each replay that are not counted."
    ),
    click.option("--checkpoint", default="best", type=click.Choice(["best", "last"]), help="Weights to load."),
    click.option("--device", default="auto", help="auto, cpu or cuda."),
)


def plan_options(command: Command) -> Command:
    """What is scored."""
    return apply_options(command, *_PLAN)


def read_plan(
    suite: Suite,
    *,
    weathers: str | None,
    sizes: str,
    fovs: str | None,
    models: tuple[str, ...],
    repeats: int,
    reference_weather: str | None,
    warmup_frames: int,
) -> ScorePlan:
    """The plan that the options mean; ``models`` are the names of the nets."""
    from harness.scoring.plan import make_plan
    from sim_scenarios.camera import parse_sizes
    from sim_scenarios.rig import parse_fovs
    from sim_scenarios.weather_grid import parse_weather_grid

    return make_plan(
        suite.scenarios,
        parse_weather_grid(weathers if weathers is not None else suite.weathers or DEFAULT_WEATHER),
        parse_sizes(sizes),
        fovs=() if fovs is None else parse_fovs(fovs),
        models=models,
        repeats=repeats,
        reference_weather=reference_weather,
        warmup_frames=warmup_frames,
    )


def read_models(run: Path, models: tuple[str, ...]) -> dict[str, Path]:
    """The folder of each net by its name; the first is named like its folder.

    Raises:
        UsageError: another notation than NAME=RUN, or a name that is given twice.
    """
    runs = {run.resolve().name: run}
    for text in models:
        name, equals, folder = text.partition("=")
        if not (name.strip() and equals and folder):
            raise UsageError(f"--model {text!r} is not NAME=RUN, as in wide=runs/unet_wide")
        if name in runs:
            raise UsageError(f"--model {text!r}: another net is named {name!r}, choose another name")
        runs[name] = Path(folder)
    return runs
