"""``scenarios`` as a user or an editor runs it: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import HarnessGroup
from harness.cli.scenarios import scenarios
from harness.errors import OutputInUseError, ScenarioFileError, UsageError
from sim_scenarios.load import catalog_names, load_suite
from sim_scenarios.suite_schema import suite_schema

FILES = Path(__file__).parents[2] / "sim_scenarios" / "importers" / "files"
BAD = "name: bad\ndefaults: {duration_s: 0}\nscenarios:\n  - {name: a, splt: test}\n  - {name: b, split: test}\n"


def run(*arguments: object) -> Result:
    command = HarnessGroup(commands={"scenarios": scenarios})
    return CliRunner().invoke(command, ["scenarios", *map(str, arguments)])


def test_list_names_every_suite_with_its_size_and_what_it_is_for() -> None:
    done = run("list")
    assert done.exit_code == 0
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line[:1].isalpha()}
    assert set(catalog_names()) <= set(rows)
    assert rows["weather"][1:] == ["2", "0.3", "22", "Town10HD"]
    assert rows["demo"][1:] == ["12", "2.2", "1", "Town10HD"]
    assert rows["towns"][4:] == ["Town01,", "Town02,", "Town03,", "Town04,", "Town05,", "Town10HD"]
    assert "weather: Two drives of ten seconds" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 120


def test_show_prints_a_suite_file_that_means_the_same(tmp_path: Path) -> None:
    path = tmp_path / "shown.yaml"
    path.write_text(run("show", "sweeps").stdout, encoding="utf-8")
    assert load_suite(path) == load_suite("sweeps")
    path.write_text(run("show", "sweeps", "--format", "json").stdout, encoding="utf-8")
    assert json.loads(path.read_text())["scenarios"][0]["traffic"]["crossing_factor"] == 0.2
    assert load_suite(path) == load_suite("sweeps")  # JSON is YAML


def test_validate_prints_every_problem_with_its_line(tmp_path: Path) -> None:
    bad, good, absent = tmp_path / "bad.yaml", tmp_path / "good.yaml", tmp_path / "absent.yaml"
    bad.write_text(BAD, encoding="utf-8")
    good.write_text(run("show", "smoke").stdout, encoding="utf-8")
    done = run("validate", good)
    assert (done.exit_code, done.stdout) == (0, f"{good}: good\n")
    done = run("validate", bad, good, absent)
    assert done.exit_code == ScenarioFileError.exit_code
    lines = done.stdout.splitlines()
    assert lines[0] == f"{bad}:4: unknown key 'splt' (scenarios[0].splt): did you mean split?"
    assert sum(line.startswith(f"{bad}:2: ") for line in lines) == 1
    assert f"{good}: good" in lines
    assert f"suite file '{absent}' does not exist" in lines[-1]
    assert "4 problems in 3 file(s)" in done.stderr


def test_schema_prints_the_schema() -> None:
    assert json.loads(run("schema").stdout) == suite_schema()


@pytest.mark.parametrize("name", ["routes_1.xml", "routes_2.xml", "overtaking.xosc", "trajectory.xosc"])
def test_import_writes_a_suite_and_names_what_it_left_out(tmp_path: Path, name: str) -> None:
    path = tmp_path / "suite.yaml"
    done = run("import", FILES / name, "-o", path, "--name", "mine", "--split", "val", "--duration", 4)
    assert done.exit_code == 0, done.output
    suite = load_suite(path)
    assert (suite.name, suite.scenarios[0].split, suite.scenarios[0].duration_s) == ("mine", "val", 4.0)
    count = len(suite.scenarios)
    assert f"{count} scenario{'s' if count > 1 else ''} of {name} in {path}\n" in done.stdout
    comments = [line[4:] for line in path.read_text().splitlines() if line.startswith("# - ")]
    assert comments
    assert [line.removeprefix("not supported: ") for line in done.stderr.splitlines()] == comments
    assert run("validate", path).exit_code == 0


def test_import_prints_the_suite_alone_without_an_output() -> None:
    done = run("import", FILES / "routes_2.xml")
    assert done.stdout.startswith("# Imported from routes_2.xml.\n")
    assert "not supported: " in done.stderr


def test_import_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text("mine", encoding="utf-8")
    done = run("import", FILES / "routes_1.xml", "-o", path)
    assert done.exit_code == OutputInUseError.exit_code
    assert path.read_text() == "mine"
    assert run("import", FILES / "routes_1.xml", "-o", path, "--overwrite").exit_code == 0
    assert load_suite(path).name == "routes_1"
    assert run("import", FILES / "routes_1.xml", "-o", tmp_path / "no" / "a.yaml").exit_code == UsageError.exit_code


@pytest.mark.parametrize(
    "arguments", [("show", "smok"), ("import", "nothing.xml"), ("validate", "smok"), ("import", __file__)]
)
def test_what_cannot_be_read_ends_with_its_own_code(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == ScenarioFileError.exit_code
