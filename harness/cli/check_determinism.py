"""``harness check-determinism``: whether the server repeats itself, and if not, from when on and by how much."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from harness.cli.options import SPLITS, choose_endpoint, choose_suite, server_options
from harness.cli.output import print_table, progress_bar, say
from harness.errors import DeterminismError, UsageError

if TYPE_CHECKING:
    from harness.determinism.check import Answer
    from harness.determinism.compare import PictureDifference, PoseDifference
    from sim_scenarios.scenario import Scenario, Suite

SCHEMA_VERSION = 1


@click.command("check-determinism", short_help="Drive and replay twice, and tell what differs.")
@click.argument("suite")
@click.option("--scenario", "names", multiple=True, metavar="NAME", help="Only this one; may be given again.")
@click.option("--split", "splits", multiple=True, type=click.Choice(SPLITS), help="Only these scenarios.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="Of what is printed.")
@server_options
def check_determinism(
    suite: str, names: tuple[str, ...], splits: tuple[str, ...], form: str, host: str | None, port: int | None,
    seed: int,
) -> None:  # fmt: skip
    """Drive each scenario of SUITE twice and replay it twice, and hold the runs against each other.

    The poses of all actors at all ticks and the pictures of all cameras are compared to the last bit. For what differs
    it tells the first tick and actor, how far apart it was, the first picture, and the share of its pixels: a score
    cannot be trusted below this noise. The exit code is 0 when all is identical, and 13 otherwise.
    """
    from harness.carla_client.preflight import check_scenarios
    from harness.determinism.check import check_scenario

    scenarios = choose_scenarios(choose_suite(suite, seed=seed, splits=splits), names)
    with choose_endpoint(host, port, seed=seed) as endpoint, progress_bar() as progress:
        if form == "table":
            say(endpoint.describe())
        check_scenarios(endpoint, scenarios)
        answers = [answer for scenario in scenarios for answer in check_scenario(endpoint, scenario, progress=progress)]
        server = endpoint.describe()
    if form == "json":
        click.echo(json.dumps(to_json(answers, server=server), indent=1))
    else:
        _print(answers)
    differing = [answer for answer in answers if not answer.is_identical]
    if differing:
        listed = "\n".join(f"  {line}" for answer in differing for line in _lines(answer))
        raise DeterminismError(
            f"{len(differing)} of {len(answers)} comparisons found a difference:\n{listed}\n"
            "Scores on this server vary by as much: repeat them (harness score --repeat) and compare with intervals."
        )


def choose_scenarios(suite: Suite, names: Sequence[str]) -> tuple[Scenario, ...]:
    """Those of these names; all if there are none.

    Raises:
        UsageError: the suite has no scenario of that name.
    """
    from sim_scenarios.errors import unknown_name

    known = [scenario.name for scenario in suite.scenarios]
    for name in names:
        if name not in known:
            raise UsageError(str(unknown_name("scenario", name, known)))
    return tuple(scenario for scenario in suite.scenarios if not names or scenario.name in names)


def to_json(answers: Sequence[Answer], *, server: str) -> dict[str, object]:
    """Everything as plain data; NaN as null."""
    rows = [asdict(answer) | {"identical": answer.is_identical} for answer in answers]
    for row in rows:
        if row["poses"] is not None:
            row["poses"] = {key: None if value != value else value for key, value in row["poses"].items()}
    return {
        "schema_version": SCHEMA_VERSION,
        "server": server,
        "identical": all(answer.is_identical for answer in answers),
        "comparisons": rows,
    }


def _print(answers: Sequence[Answer]) -> None:
    print_table(
        "to the last bit",
        ("scenario", "compared", "ticks", "pictures", "poses", "images"),
        [
            (
                answer.scenario,
                answer.question,
                answer.num_ticks,
                answer.num_pictures,
                "identical" if answer.cast is None and answer.poses is None else "different",
                "identical" if answer.pictures is None else "different",
            )
            for answer in answers
        ],
    )


def _lines(answer: Answer) -> Iterator[str]:
    """What differs, in words."""
    where = f"{answer.scenario}, {answer.question}"
    if answer.cast is not None:
        yield f"{where}: the cast: {answer.cast}"
    if answer.poses is not None:
        yield f"{where}: {_pose_line(answer.poses, answer.num_ticks)}"
    if answer.pictures is not None:
        yield f"{where}: {_picture_line(answer.pictures, answer.num_pictures)}"


def _pose_line(seen: PoseDifference, num_ticks: int) -> str:
    if seen.distance_m != seen.distance_m:
        first = "is there in one run only"
    else:
        first = f"is {seen.distance_m:.3g} m and {seen.angle_deg:.3g} deg apart"
    return (
        f"from tick {seen.tick} on: actor {seen.actor} ({seen.blueprint}) {first}; {seen.num_ticks} of {num_ticks} "
        f"ticks differ, by up to {seen.max_distance_m:.3g} m and {seen.max_angle_deg:.3g} deg"
    )


def _picture_line(seen: PictureDifference, num_pictures: int) -> str:
    by = "" if seen.largest is None else f" by up to {seen.largest}"
    first = "a picture that only one run has" if seen.plane == "missing" else f"{seen.share:.2%} of its pixels{by}"
    return (
        f"from tick {seen.tick} on: camera {seen.camera}, {seen.plane}: {first}; {seen.num_pictures} of "
        f"{num_pictures} pictures differ, in up to {seen.max_share:.2%} of their pixels"
    )
