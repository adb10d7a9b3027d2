"""``harness score`` as a user runs it, with its simulators killed and stopped under it: the tables stay the same."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import carla
import pandas as pd
import pytest

from harness.carla_client.endpoint import Endpoint
from harness.carla_client.leftovers import destroy_leftovers
from harness.errors import ServerLostError
from tests.integration.born_net import save_born_net
from tests.integration.running_command import SIMULATOR, RunningCommand, descendants, lines_of, wait_for

pytestmark = pytest.mark.integration

WEATHERS = ("ClearNoon", "HardRainNight", "DenseFog")
SUITE = """
name: tiny
defaults: {split: test, duration_s: 0.5, record_every_n: 2, warmup_ticks: 3, traffic: {vehicles: 3, walkers: 3}}
scenarios: [{name: one}, {name: two, seed: 5}]
"""
NUM_PASSES = 6
TIMED = {"timing.csv", "manifest.json", "journal.jsonl", "score.json"}
"""Files that hold times, or the port of the server."""


class Command(RunningCommand):
    """``harness score`` in a process of its own."""

    def __init__(self, folder: Path, out: Path, *options: str) -> None:
        weathers = ",".join(WEATHERS)
        super().__init__(
            folder, out, "score", "run", "./tiny.yaml", "--no-report", "--weather", weathers, "--size", "160x90,80x45",
            *options,
        )  # fmt: skip


def tables(folder: Path) -> dict[str, bytes]:
    """Every file that must not depend on what happened to servers, with what must not depend on it in it."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in TIMED and path.suffix != ".npz" and path.name[0] != "."
    }
    scenarios = pd.read_csv(folder / "scenarios.csv").drop(columns="retries")
    return found | {
        "scenarios.csv": scenarios.to_csv().encode(),
        "confusion.npz": (folder / "confusion.npz").read_bytes(),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite, and a run folder with a net as it was born."""
    folder = tmp_path_factory.mktemp("score")
    (folder / "tiny.yaml").write_text(SUITE)
    save_born_net(folder / "run", seed=3)
    return folder


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> Path:
    """The tables of a run that nothing happened to."""
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


def test_all_cells_are_there_on_identical_labels(undisturbed: Path) -> None:
    scenarios = pd.read_csv(undisturbed / "scenarios.csv")
    assert len(scenarios) == NUM_PASSES * 2
    assert set(scenarios["status"]) == {"done"}
    assert set(scenarios["retries"]) == {0}
    assert set(zip(scenarios["label_width"], scenarios["label_height"], strict=True)) == {(160, 90)}
    assert (scenarios.groupby("scenario")["labels_digest"].nunique() == 1).all()
    assert scenarios["labels_digest"].nunique() == 2


def test_killed_and_stopped_simulators_change_nothing_but_the_retries(
    folder: Path, undisturbed: Path, started: list[Command]
) -> None:
    rng = random.Random(7)
    command = Command(folder, folder / "killed", "--tick-timeout", "2")
    started.append(command)
    for number, how in enumerate((signal.SIGKILL, signal.SIGSTOP)):
        command.wait_for_lines(number + 1)
        time.sleep(rng.uniform(0.0, 0.3))
        command.signal_simulator(how)
    assert command.wait() == 0, command.text
    assert tables(command.out) == tables(undisturbed)
    retries = pd.read_csv(command.out / "scenarios.csv")["retries"]
    assert 0 < retries.sum() <= 2 * 2, command.text
    assert "timed out" not in command.text


def test_a_killed_command_leaves_nothing_running_and_is_resumed_on_two_servers(
    folder: Path, undisturbed: Path, started: list[Command]
) -> None:
    command = Command(folder, folder / "resumed")
    started.append(command)
    command.wait_for_lines(2)
    below = descendants(command.process.pid)
    assert any(SIMULATOR in line for line in below.values())
    command.process.kill()
    command.process.wait()
    finished = lines_of(command.out / "journal.jsonl")
    again = Command(folder, command.out, "--resume", "--servers", "2")
    started.append(again)
    assert again.wait() == 0, again.text
    assert lines_of(command.out / "journal.jsonl") >= NUM_PASSES >= finished
    assert tables(command.out) == tables(undisturbed)
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below), within_s=20)


def test_ctrl_c_leaves_a_named_server_as_it_was_and_writes_the_tables(
    folder: Path, simulator: Endpoint, started: list[Command]
) -> None:
    server = f"{simulator.host}:{simulator.port}"
    command = Command(folder, folder / "interrupted", "--server", server, "--repeat", "9")
    started.append(command)
    command.wait_for_lines(2)
    command.process.send_signal(signal.SIGINT)
    assert command.wait() == 130, command.text
    statuses = pd.read_csv(command.out / "scenarios.csv")["status"]
    assert {"done", "not run"} == set(statuses)
    assert_left_as_found(simulator)


def test_a_killed_process_costs_one_retry_and_leaves_nothing_on_a_named_server(
    folder: Path, undisturbed: Path, simulator: Endpoint, started: list[Command]
) -> None:
    command = Command(folder, folder / "named", "--server", f"{simulator.host}:{simulator.port}")
    started.append(command)
    command.wait_for_lines(3)
    command.kill_worker()
    assert command.wait() == 0, command.text
    assert tables(command.out) == tables(undisturbed)
    assert_left_as_found(simulator)


def test_what_another_client_uses_is_not_taken_for_left_over(simulator: Endpoint) -> None:
    client = carla.Client(simulator.host, simulator.port)
    client.set_timeout(20.0)
    world = client.get_world()
    blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
    world.spawn_actor(blueprint, world.get_map().get_spawn_points()[0])
    world.apply_settings(carla.WorldSettings(synchronous_mode=True, fixed_delta_seconds=0.05))
    done = threading.Event()

    def use() -> None:
        while not done.is_set():
            world.tick()

    thread = threading.Thread(target=use)
    thread.start()
    try:
        with pytest.raises(ServerLostError, match="another client ticks"):
            destroy_leftovers(simulator, ())
    finally:
        done.set()
        thread.join()
    assert world.get_settings().synchronous_mode
    assert destroy_leftovers(simulator, ()) == 1, "now nobody does"
    assert_left_as_found(simulator)


def assert_left_as_found(simulator: Endpoint) -> None:
    client = carla.Client(simulator.host, simulator.port)
    client.set_timeout(20.0)
    world = client.get_world()
    assert not world.get_settings().synchronous_mode
    assert len(world.get_actors().filter("vehicle.*")) == 0
