"""``score`` as a user runs it, as far as no server is needed: what it plans, and what it refuses beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import harness
from harness.cli.demo import story
from harness.cli.score import tell_what_is_missing
from harness.cli.score_options import read_models
from harness.cli.several_servers import read_servers
from harness.errors import IncompleteError, UsageError
from harness.run_dir import prepare_output
from harness.scoring.cells import CellResult
from harness.scoring.summary import summarize
from tests.unit.harness.scoring.made_cells import make_cell, make_counts
from tests.unit.harness.workers.test_loaded_nets import save_run

REPAIR = "Run it again."


@pytest.fixture
def run(tmp_path: Path) -> str:
    return save_run(tmp_path / "run")


def score(run: str, out: Path, *options: str) -> Result:
    return CliRunner().invoke(harness, ["score", run, "smoke", "-o", str(out), *options])


def test_a_dry_run_lists_the_cells_and_touches_nothing(run: str, tmp_path: Path) -> None:
    done = score(run, tmp_path / "out", "--dry-run", "--weather", "WetNoon,DenseFog", "--size", "64x36,32x18")
    assert done.exit_code == 0, done.output
    assert "WetNoon" in done.output
    assert "cells: 4, in passes: 2 (scenarios: 1, weathers: 2, sizes and fields of view: 2, models: 1" in done.output
    assert "measured now" in done.output
    assert not (tmp_path / "out").exists()


def test_a_large_plan_is_counted_and_not_listed(run: str, tmp_path: Path) -> None:
    options = ("--weather", "fog_density=0..100..1", "--repeat", "2", "--size", "32x18", "--model", f"b={run}")
    done = score(run, tmp_path / "out", "--dry-run", *options)
    assert done.exit_code == 0, done.output
    assert "cells: 404, in passes: 202" in done.output
    assert "fog_density=50" not in done.output


@pytest.mark.parametrize(
    ("options", "code", "hint"),
    [
        (["--weather", "ClearNon"], 6, "ClearNoon"),
        (["--size", "640"], 6, "640"),
        (["--fov", "200"], 6, "200"),
        (["--model", "b"], 2, "NAME=RUN"),
        (["--server", "localhost"], 2, "HOST:PORT"),
        (["--server", "a:1", "--port", "2000"], 2, "--server stands for"),
        (["--server", "a:1", "--servers", "2"], 2, "repeat --server"),
        (["--reference-weather", "DenseFog"], 2, "not among the scored"),
        (["--reference-model", "b"], 2, "--model NAME=RUN"),
        (["--no-report", "--fail-under", "0.5"], 2, "--no-report"),
        (["--fail-under", "much"], 2, "much"),
        (["--drives", "."], 7, "drives"),
        (["--resume"], 2, "--resume"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_refused_before_anything_is_deleted(
    run: str, tmp_path: Path, options: list[str], code: int, hint: str
) -> None:
    out = prepare_output(tmp_path / "out")
    (out / "kept").touch()
    done = score(run, out, "--overwrite", *options)
    assert done.exit_code == code, done.output
    assert hint in done.output
    assert (out / "kept").exists()


def test_models_and_servers_are_read() -> None:
    assert read_models(Path("runs/a"), ("wide=runs/b=c",)) == {"a": Path("runs/a"), "wide": Path("runs/b=c")}
    with pytest.raises(UsageError, match="another net is named 'a'"):
        read_models(Path("runs/a"), ("a=runs/b",))
    assert read_servers(None, None, (), 4) == ()
    assert read_servers("there", None, (), 1) == (("there", 2000),)
    assert read_servers(None, 2010, (), 1) == (("127.0.0.1", 2010),)
    assert read_servers(None, None, ("a:1", "b:2"), 1) == (("a", 1), ("b", 2))
    with pytest.raises(UsageError, match="named twice"):
        read_servers(None, None, ("a:1", "a:1"), 1)


def test_what_is_missing_is_said_once_for_each_pass(capsys: pytest.CaptureFixture[str]) -> None:
    lost = CellResult(status="crashed", message="the server ended", retries=3)
    cells = {make_cell(weather=f"W{n}", width=width): lost for n in range(25) for width in (32, 16)}
    with pytest.raises(IncompleteError) as raised:
        tell_what_is_missing(summarize(cells, ["road"]), remedy=REPAIR)
    lines = str(raised.value).splitlines()
    assert lines[0] == "50 of 50 cells are not complete, so the numbers above are partial:"
    assert lines[1] == "  north under W0 at 32x24: crashed, the server ended"
    assert lines[-2:] == ["  and 5 more, see scenarios.csv", REPAIR]


def test_labels_that_differ_are_an_error_where_they_must_agree(capsys: pytest.CaptureFixture[str]) -> None:
    cells = {
        make_cell(weather=weather): CellResult(status="done", counts=make_counts([[[1, 0, 0]]], digest=weather))
        for weather in ("ClearNoon", "DenseFog")
    }
    summary = summarize(cells, ["road"])
    tell_what_is_missing(summary, remedy=REPAIR)
    assert "warning: labels of scenario north" in capsys.readouterr().out
    with pytest.raises(IncompleteError, match="not the same under all weathers"):
        tell_what_is_missing(summary, remedy=REPAIR, labels_must_agree=True)


def test_the_demo_ends_with_a_score_and_a_drive_that_have_their_reports() -> None:
    commands = story(Path("out"), seed=0)
    assert [command[0] for command in commands] == ["record", "inspect", "train", "evaluate", "score", "drive"]
    assert all("--no-report" not in command for command in commands[-2:])
