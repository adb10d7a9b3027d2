"""Options of ``harness score``, and what they mean: weathers, sizes, nets and servers."""

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
        help="Scenarios to score. [default: test]",
    ),
    click.option("--drives", type=INPUT_DIRECTORY, help="Recording whose drives to replay. [default: drive anew]"),
    click.option("--reference-weather", help="Compare with this one. [default: ClearNoon if scored, else the first]"),
    click.option(
        "--warmup-frames", default=0, type=click.IntRange(0), help="First frames of each replay that are not counted."
    ),
    click.option("--checkpoint", default="best", type=click.Choice(["best", "last"]), help="Weights to load."),
    click.option("--device", default="auto", help="auto, cpu or cuda."),
)
_SEVERAL_SERVERS = (
    click.option(
        "--server", "named", multiple=True, metavar="HOST:PORT", help="Server to use; several share the work."
    ),
    click.option(
        "--servers", "num_servers", default=1, type=click.IntRange(1, 64), help="Embedded simulators to share the work."
    ),
    click.option("--retries", default=3, type=click.IntRange(0), help="Of a pass whose server or process was lost."),
    click.option("--tick-timeout", default=60.0, type=click.FloatRange(0.5), help="For one tick of a server [s]."),
    click.option("--hang-timeout", default=180.0, type=click.FloatRange(1), help="Without a sign of a process [s]."),
    click.option(
        "--reconnect", default=30.0, type=click.FloatRange(0), help="To wait for a named server's return [s]."
    ),
)


def plan_options(command: Command) -> Command:
    """What is scored."""
    return apply_options(command, *_PLAN)


def several_servers_options(command: Command) -> Command:
    """Where, besides ``--host`` and ``--port``, and with how much patience."""
    return apply_options(command, *_SEVERAL_SERVERS)


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


def read_servers(
    host: str | None, port: int | None, named: tuple[str, ...], num_servers: int
) -> tuple[tuple[str, int], ...]:
    """Host and port of each server that is named; none: embedded simulators.

    Raises:
        UsageError: a server that is no HOST:PORT or given twice, or servers of both kinds.
    """
    from harness.carla_client.endpoint import DEFAULT_HOST, DEFAULT_PORT

    addresses = [_address(text) for text in named]
    if addresses and (host is not None or port is not None):
        raise UsageError("--server stands for --host and --port: use one or the other")
    if host is not None or port is not None:
        addresses = [(host or DEFAULT_HOST, port or DEFAULT_PORT)]
    if addresses and num_servers > 1:
        raise UsageError("--servers is the number of embedded simulators: repeat --server to use several servers")
    if len(set(addresses)) != len(addresses):
        raise UsageError("a server is named twice: one server can do one thing at a time")
    return tuple(addresses)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (host and port.isdecimal() and 0 < int(port) < 65536):
        raise UsageError(f"--server {text!r} is not HOST:PORT, as in localhost:2000")
    return host, int(port)
