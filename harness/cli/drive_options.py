"""Options of ``harness drive``, and what they mean: policies, weathers, sizes and the rules of an episode."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import SPLITS, Command, apply_options
from harness.cli.score_options import DEFAULT_WEATHER
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.closed_loop.plan import DrivePlan
    from harness.closed_loop.rules import RolloutRules
    from sim_scenarios.scenario import Suite

NO_NET = "none"
"""In place of the folder of a training run."""
MEASURED = "measured"
"""A latency: as long as deciding takes by the clock."""
_PLAN = (
    click.option(
        "--policy",
        "policies",
        default="mask",
        metavar="A,B,...",
        help="mask (the net), truth (the simulator's tags), autopilot, route (the map), straight, or path.py:Name.",
    ),
    click.option(
        "--weather",
        "weathers",
        metavar="A,B,...",
        help="As for score: presets, sweeps (fog_density=0..100..10), a YAML file. [default: the suite's, else "
        "ClearNoon; not the scenarios' own]",
    ),
    click.option("--size", "sizes", default="640x360", metavar="WxH,...", help="Image sizes; an episode for each."),
    click.option("--fov", "fovs", metavar="DEG,...", help="Horizontal fields of view. [default: of each scenario]"),
    click.option(
        "--repeat", "repeats", default=1, type=click.IntRange(1, 1000), help="Episodes of each, with other traffic."
    ),
    click.option(
        "--split",
        "splits",
        multiple=True,
        default=["test"],
        type=click.Choice(SPLITS),
        help="Scenarios to drive.",
    ),
    click.option(
        "--decide-every", default=1, type=click.IntRange(1, 100), help="The policy decides in every n-th tick."
    ),
    click.option(
        "--latency",
        default="0",
        metavar="TICKS|measured",
        help="Ticks until a decision is in force, or as many as it took by the clock.",
    ),
    click.option(
        "--time-limit",
        type=click.FloatRange(min=0, min_open=True, max=3600),
        help="Simulated time after which an episode ends [s]. [default: the scenario's duration_s]",
    ),
    click.option("--checkpoint", default="best", type=click.Choice(["best", "last"]), help="Weights to load."),
    click.option("--device", default="auto", help="auto, cpu or cuda."),
)


def plan_options(command: Command) -> Command:
    """What is driven, and how."""
    return apply_options(command, *_PLAN)


def read_run(run: str) -> Path | None:
    """Folder of the net; None for ``none``.

    Raises:
        UsageError: it is not there.
    """
    if run == NO_NET:
        return None
    if not Path(run).is_dir():
        raise UsageError(f"the run {run!r} is no folder: name one that `harness train` wrote, or {NO_NET!r}")
    return Path(run)


def read_rules(*, decide_every: int, latency: str, time_limit: float | None) -> RolloutRules:
    """The rules that the options mean.

    Raises:
        UsageError: a latency that is neither a number of ticks nor ``measured``.
    """
    from harness.closed_loop.rules import RolloutRules

    is_measured = latency == MEASURED
    if not is_measured and not latency.isdecimal():
        raise UsageError(f"--latency {latency!r} is neither a number of ticks nor {MEASURED!r}")
    return RolloutRules(
        decide_every=decide_every,
        latency_ticks=0 if is_measured else int(latency),
        measured_latency=is_measured,
        time_limit_s=time_limit,
    )


def read_plan(
    suite: Suite,
    *,
    policies: str,
    weathers: str | None,
    sizes: str,
    fovs: str | None,
    repeats: int,
    rules: RolloutRules,
) -> DrivePlan:
    """The plan that the options mean."""
    from harness.closed_loop.plan import make_drive_plan
    from sim_scenarios.camera import parse_sizes
    from sim_scenarios.rig import parse_fovs
    from sim_scenarios.weather_grid import parse_weather_grid

    return make_drive_plan(
        suite.scenarios,
        parse_weather_grid(weathers if weathers is not None else suite.weathers or DEFAULT_WEATHER),
        parse_sizes(sizes),
        fovs=() if fovs is None else parse_fovs(fovs),
        policies=[name.strip() for name in policies.split(",") if name.strip()],
        repeats=repeats,
        rules=rules,
    )
