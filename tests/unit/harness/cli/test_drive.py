"""``drive`` as a user runs it, as far as no server is needed: what it plans, prints, and refuses beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import harness
from harness.cli.drive import print_summary, summary_table, tell_missing
from harness.cli.drive_options import read_rules
from harness.closed_loop.drive_run import summarize
from harness.errors import IncompleteError
from harness.run_dir import prepare_output
from tests.unit.harness.closed_loop.drive_folder import DriveFolder
from tests.unit.harness.workers.test_loaded_nets import save_run


def drive(out: Path, *options: str, run: str = "none", suite: str = "smoke") -> Result:
    return CliRunner().invoke(harness, ["drive", run, suite, "-o", str(out), *options])


def test_a_dry_run_lists_the_episodes_and_touches_nothing(tmp_path: Path) -> None:
    done = drive(tmp_path / "out", "--dry-run", "--policy", "truth, route", "--repeat", "2", "--time-limit", "3")
    assert done.exit_code == 0, done.output
    assert (
        "episodes: 4 (scenarios: 1, weathers: 1, sizes: 1, fields of view: 1, policies: 2, repeats: 2)" in done.output
    )
    assert "ClearNoon" in done.output
    assert "ticks at most: 240" in done.output
    assert "ms a megapixel" in done.output
    assert not (tmp_path / "out").exists()


def test_a_dry_run_measures_the_net_only_where_a_policy_drives_by_it(tmp_path: Path) -> None:
    run = save_run(tmp_path / "run")
    options = ("--dry-run", "--size", "64x36", "--policy")
    assert "measured now" in drive(tmp_path / "out", *options, "mask,straight", run=run).output
    done = drive(tmp_path / "out", *options, "straight", run=run)
    assert done.exit_code == 0, done.output
    assert "measured now" not in done.output


@pytest.mark.parametrize(
    ("options", "code", "hint"),
    [
        ([], 2, "policy mask drives by a net"),
        (["--policy", "trth"], 2, "truth"),
        (["--policy", "nowhere.py:Mine"], 2, "nowhere.py"),
        (["--policy", "route", "--weather", "ClearNon"], 6, "ClearNoon"),
        (["--policy", "route", "--size", "640"], 6, "640"),
        (["--policy", "route", "--latency", "soon"], 2, "measured"),
        (["--policy", "route", "--latency", "-1"], 2, "measured"),
        (["--policy", "route", "--server", "localhost"], 2, "HOST:PORT"),
        (["--policy", "route", "--resume"], 2, "--resume"),
        (["--policy", "route", "--split", "val"], 2, "no scenario of split val"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_refused_before_anything_is_deleted(
    tmp_path: Path, options: list[str], code: int, hint: str
) -> None:
    out = prepare_output(tmp_path / "out")
    (out / "kept").touch()
    done = drive(out, "--overwrite", *options)
    assert done.exit_code == code, done.output
    assert hint in done.output
    assert (out / "kept").exists()


def test_a_run_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    done = drive(tmp_path / "out", run=str(tmp_path / "nowhere"))
    assert done.exit_code == 2
    assert "or 'none'" in done.output


@pytest.mark.parametrize("folder", ["-o", "--record"])
def test_what_is_read_is_never_overwritten(tmp_path: Path, folder: str) -> None:
    own = prepare_output(tmp_path / "own") / "own.py"
    own.write_text("from harness.closed_loop.policies.straight import StraightPolicy\n")
    options = ("--overwrite", "--policy", f"{own}:StraightPolicy")
    done = drive(own.parent, *options) if folder == "-o" else drive(tmp_path / "out", *options, folder, str(own.parent))
    assert done.exit_code == 2, done.output
    assert "own.py, which is read" in done.output
    assert own.exists()


def test_no_episode_is_longer_than_a_scenario_may_be(tmp_path: Path) -> None:
    done = drive(tmp_path / "out", "--policy", "route", "--time-limit", "3601")
    assert done.exit_code == 2
    assert "3600" in done.output


def test_the_latency_is_a_number_of_ticks_or_measured() -> None:
    fixed = read_rules(decide_every=2, latency="3", time_limit=None)
    assert (fixed.decide_every, fixed.latency_ticks, fixed.measured_latency, fixed.time_limit_s) == (2, 3, False, None)
    measured = read_rules(decide_every=1, latency="measured", time_limit=9.0)
    assert (measured.latency_ticks, measured.measured_latency, measured.time_limit_s) == (0, True, 9.0)


def test_a_summary_counts_all_groups_and_names_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = DriveFolder(tmp_path)
    first, second, third, _ = folder.jobs
    folder.finish(first)
    folder.finish(second, reason="collision")
    folder.give_up(third, "crashed", "the server ended")
    summary = summarize(tmp_path)
    rows = summary_table(summary.table).rows
    assert [(row[0], row[3]) for row in rows] == [("truth", "2/2"), ("route", "0/2")]
    with pytest.raises(IncompleteError) as raised:
        tell_missing(summary)
    lines = str(raised.value).splitlines()
    assert lines[0].startswith("2 of 4 episodes are not done")
    assert lines[1] == "  lane under ClearNoon at 320x180 (90 deg) by route: crashed, the server ended"
    assert lines[2] == "  lane under ClearNoon at 320x180 (90 deg) by route, repeat 2: not run"
    assert lines[-1].endswith("--resume to try them again.")
    print_summary(summary, "json")
    printed = json.loads(capsys.readouterr().out)
    assert printed["drive_summary"][0]["planned"] == 2


def test_when_every_episode_is_done_nothing_is_missing(tmp_path: Path) -> None:
    folder = DriveFolder(tmp_path)
    for job in folder.jobs:
        folder.finish(job, reason="blocked")
    tell_missing(summarize(tmp_path))


def test_a_report_of_a_drive_refuses_what_is_asked_of_scores(tmp_path: Path) -> None:
    DriveFolder(tmp_path)
    done = CliRunner().invoke(harness, ["report", str(tmp_path), "--fail-under", "0.5", "--level", "0.9"])
    assert done.exit_code == 2
    assert "--level, --fail-under" in done.output
