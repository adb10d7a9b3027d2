"""``harness drive`` as a user runs it, its simulator killed under it, and after Ctrl-C: the tables stay the same."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from harness.carla_client.drive_log import DriveLog
from harness.cli import harness
from harness.closed_loop.episode_log import EpisodeLog
from tests.integration.born_net import save_born_net
from tests.integration.running_command import RunningCommand, lines_of

pytestmark = pytest.mark.integration

SUITE = """
name: short
defaults: {split: test, duration_s: 2.0, warmup_ticks: 5, traffic: {vehicles: 3, walkers: 2}}
scenarios: [{name: lane, group: lane_following, ego: {spawn_point: 0, route: [1]}}]
"""
POLICIES = "mask,route,straight"
NUM_EPISODES = 6
TIMED = {"timing.csv", "manifest.json", "journal.jsonl", "drive.json", "report.html"}
"""Files that hold times, or the port of the server."""


class Command(RunningCommand):
    """``harness drive`` in a process of its own."""

    def __init__(self, folder: Path, out: Path, *options: str) -> None:
        super().__init__(
            folder, out, "drive", "run", "./short.yaml", "--policy", POLICIES, "--size", "160x90", "--repeat", "2",
            *options,
        )  # fmt: skip


def results(folder: Path) -> dict[str, bytes]:
    """Every file that must not depend on what happened to servers, with what must not depend on it in it."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in TIMED and path.parent.name != "timing" and path.name[0] != "."
    }
    episodes = pd.read_csv(folder / "episodes.csv").drop(columns="retries")
    return found | {"episodes.csv": episodes.to_csv().encode()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite, and a run folder with a net as it was born."""
    folder = tmp_path_factory.mktemp("drive")
    (folder / "short.yaml").write_text(SUITE)
    save_born_net(folder / "run", seed=3)
    return folder


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> Path:
    """A run that nothing happened to."""
    command = Command(folder, folder / "undisturbed")
    assert command.wait() == 0, command.text
    return command.out


@pytest.fixture
def started() -> Iterator[list[Command]]:
    """Commands that are ended with the test, whatever becomes of it."""
    commands: list[Command] = []
    yield commands
    for command in commands:
        command.process.kill()
        command.process.wait()


def test_every_episode_is_there_with_its_logs_and_its_page(undisturbed: Path) -> None:
    episodes = pd.read_csv(undisturbed / "episodes.csv")
    assert len(episodes) == NUM_EPISODES
    assert set(episodes["status"]) == {"done"}
    assert list(episodes["seed"]) == [0, 1000] * 3
    assert list(episodes["miou"].notna()) == [True, True, False, False, False, False]
    logs = [EpisodeLog.load(path) for path in sorted((undisturbed / "logs").iterdir())]
    drives = [DriveLog.load(path) for path in sorted((undisturbed / "drives").iterdir())]
    assert len(logs) == len(drives) == NUM_EPISODES
    assert len(list((undisturbed / "clips").iterdir())) == 2, "of the policy that looks"
    assert (undisturbed / "report.html").stat().st_size > 10_000
    timing = pd.read_csv(undisturbed / "timing.csv")
    assert list(timing["policy"]) == POLICIES.split(",")
    assert (timing["act_ms_mean"] > 0).all()


def test_a_killed_simulator_costs_one_retry_of_one_episode(
    folder: Path, undisturbed: Path, started: list[Command]
) -> None:
    command = Command(folder, folder / "killed")
    started.append(command)
    command.wait_for_lines(2)
    command.signal_simulator(signal.SIGKILL)
    assert command.wait() == 0, command.text
    assert results(command.out) == results(undisturbed)
    assert pd.read_csv(command.out / "episodes.csv")["retries"].sum() <= 1


def test_ctrl_c_leaves_tables_and_the_rest_is_driven_by_resuming(
    folder: Path, undisturbed: Path, started: list[Command]
) -> None:
    command = Command(folder, folder / "interrupted")
    started.append(command)
    command.wait_for_lines(2)
    command.process.send_signal(signal.SIGINT)
    assert command.wait() == 130, command.text
    finished = lines_of(command.out / "journal.jsonl")
    statuses = list(pd.read_csv(command.out / "episodes.csv")["status"])
    assert statuses == ["done"] * finished + ["not run"] * (NUM_EPISODES - finished)
    again = Command(folder, command.out, "--resume")
    started.append(again)
    assert again.wait() == 0, again.text
    assert lines_of(command.out / "journal.jsonl") == NUM_EPISODES
    assert results(command.out) == results(undisturbed)


def test_a_report_makes_the_same_tables_from_the_logs(undisturbed: Path) -> None:
    written = {path.name: path.read_bytes() for path in undisturbed.iterdir() if path.suffix in (".csv", ".parquet")}
    assert len(written) == 6
    for name in written:
        (undisturbed / name).unlink()
    page = (undisturbed / "report.html").read_bytes()
    done = CliRunner().invoke(harness, ["report", str(undisturbed)])
    assert done.exit_code == 0, done.output
    assert {name: (undisturbed / name).read_bytes() for name in written} == written
    assert (undisturbed / "report.html").read_bytes() == page
