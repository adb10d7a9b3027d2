"""``harness scenarios``: which suites there are, what is in them, whether a file is one; and importing them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import SPLITS
from harness.cli.output import print_table, say
from harness.errors import OutputInUseError, ScenarioFileError, UsageError

if TYPE_CHECKING:
    from sim_scenarios.importers.imported import Imported
    from sim_scenarios.scenario import Suite

MAX_SCENARIO_S = 3600.0
"""As in `sim_scenarios.scenario`, whose import would make ``--help`` slow."""


@click.group(short_help="List, show, check and import suites of scenarios.")
def scenarios() -> None:
    """Suites of scenarios: those that come with this program, and files of your own.

    A suite is a YAML file. Begin one with `harness scenarios show smoke`, and let an editor complete it by the schema
    that `harness scenarios schema` prints.
    """


@scenarios.command("list", short_help="The suites that come with this program.")
def list_suites() -> None:
    """List the suites that come with this program, by the names that record, score and check-determinism take."""
    from sim_scenarios.load import catalog_names, load_suite

    suites = [load_suite(name) for name in catalog_names()]
    print_table(
        "suites",
        ("name", "scenarios", "minutes", "weathers", "towns"),
        [
            (
                suite.name,
                len(suite.scenarios),
                f"{sum(each.duration_s for each in suite.scenarios) / 60:.1f}",
                _num_weathers(suite),
                ", ".join(sorted({each.town for each in suite.scenarios})),
            )
            for suite in suites
        ],
    )
    say("minutes: of all drives, simulated. weathers: that score replays them in, or else that they are driven in.")
    for suite in suites:
        say("")
        say(click.wrap_text(f"{suite.name}: {suite.description}", width=110, subsequent_indent="    "))


def _num_weathers(suite: Suite) -> int:
    from sim_scenarios.weather_grid import parse_weather_grid

    if suite.weathers:
        return len(parse_weather_grid(suite.weathers).timelines)
    return len({scenario.timeline.name for scenario in suite.scenarios})


@scenarios.command(short_help="A suite with all its defaults applied.")
@click.argument("suite")
@click.option("--format", "output_format", type=click.Choice(("yaml", "json")), default="yaml", help="How to print it.")
def show(suite: str, output_format: str) -> None:
    """Print SUITE, a name or a YAML file, with every value that it has in the end: a suite file that means the same."""
    from sim_scenarios.load import load_suite
    from sim_scenarios.suite_text import suite_data, suite_yaml

    loaded = load_suite(suite)
    if output_format == "json":
        click.echo(json.dumps(suite_data(loaded), indent=2, ensure_ascii=False))
    else:
        click.echo(suite_yaml(loaded), nl=False)


@scenarios.command(short_help="Say everything that is wrong with suite files.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def validate(files: tuple[str, ...]) -> None:
    """Check suite files: keys, types, ranges, names, weathers, and whether the drive logs that they name are there.

    Every problem is printed with its line. What only a server knows (towns, blueprints, spawn points) is checked by the
    command that uses the suite. The exit code is 0 when there is no problem, and 6 otherwise.
    """
    from sim_scenarios.load import find_problems

    total = 0
    for file in files:
        problems = find_problems(file)
        total += len(problems)
        for line in problems or [f"{file}: good"]:
            say(line)
    if total:
        raise ScenarioFileError(f"{total} problem{'s' if total > 1 else ''} in {len(files)} file(s); see above")


@scenarios.command(short_help="The JSON Schema of suite files, for editors.")
def schema() -> None:
    """Print the JSON Schema of suite files. An editor that knows YAML completes and checks them by it.

    For the YAML language server, put this line at the top of a suite file:
    `# yaml-language-server: $schema=suite.schema.json`
    """
    from sim_scenarios.suite_schema import schema_text

    click.echo(schema_text(), nl=False)


@scenarios.command("import", short_help="A suite from CARLA leaderboard routes or OpenSCENARIO.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Suite file. [default: print it]")
@click.option("--overwrite", is_flag=True, help="Replace the suite file if it exists.")
@click.option("--name", help="Of the suite. [default: that of FILE]")
@click.option("--split", type=click.Choice(SPLITS), default="test", help="That the scenarios belong to.")
@click.option(
    "--duration",
    "duration_s",
    metavar="SECONDS",
    type=click.FloatRange(0.0, MAX_SCENARIO_S, min_open=True),
    help="Of every drive. [default: as FILE says, or by the length of its route]",
)
def import_suite(
    file: Path, output: Path | None, overwrite: bool, name: str | None, split: Any, duration_s: float | None
) -> None:
    """Make a suite of FILE: routes of the CARLA leaderboard (1.0 and 2.x, XML), or a scenario in OpenSCENARIO 1.x.

    From routes: town, places, weather and its change along the route. From OpenSCENARIO (needs the extra
    `openscenario`): map, where the ego begins and its route or trajectory, how many vehicles and pedestrians there are,
    weather, time of day, and when it ends. Whatever else FILE has is named, here and in comments of the suite.
    """
    from sim_scenarios.importers.foreign_file import import_file
    from sim_scenarios.importers.imported import ImportOptions

    if output is not None and output.exists() and not overwrite:
        raise OutputInUseError(f"{output} exists: choose another name, or replace it with --overwrite")
    imported = import_file(file, ImportOptions(suite_name=name, split=split, duration_s=duration_s))
    if output is None:
        click.echo(imported.text(), nl=False)
    else:
        _write(output, imported)
    for omission in imported.omissions:
        click.echo(f"not supported: {omission}", err=True)


def _write(output: Path, imported: Imported) -> None:
    from harness.run_dir import write_bytes

    if not output.parent.is_dir():
        raise UsageError(f"folder {output.parent} does not exist: make it first, or choose another one")
    try:
        write_bytes(output, imported.text().encode())
    except OSError as error:
        raise OutputInUseError(f"cannot write {output}: {error.strerror}. Choose another file with -o.") from error
    num_scenarios = len(imported.suite.scenarios)
    say(f"{num_scenarios} scenario{'s' if num_scenarios > 1 else ''} of {imported.source} in {output}")
