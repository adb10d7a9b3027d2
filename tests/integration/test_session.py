"""What a session leaves behind: nothing. And what it says when the server is gone or somebody else's."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import carla
import pytest

import harness
from harness.carla_client.drive import drive
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.session import open_session
from harness.errors import ServerLostError
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario

pytestmark = pytest.mark.integration

SCENARIO = Scenario.model_validate(
    {"name": "tiny", "split": "train", "duration_s": 1.0, "warmup_ticks": 1, "traffic": {"vehicles": 3, "walkers": 3}}
)
CAMERAS = [CameraSpec(width=160, height=90)]


def connected(endpoint: Endpoint) -> carla.World:
    client = carla.Client(endpoint.host, endpoint.port, 2)
    client.set_timeout(20.0)
    return client.get_world()


def ours(world: carla.World) -> list[str]:
    world.wait_for_tick(10.0)
    families = ("vehicle", "walker", "sensor", "controller")
    return [actor.type_id for actor in world.get_actors() if actor.type_id.split(".")[0] in families]


@pytest.mark.parametrize("observations", [0, 1, 2, 5])
def test_a_drive_that_is_broken_off_anywhere_leaves_nothing(simulator: Endpoint, observations: int) -> None:
    with open_session(simulator, seed=0, fixed_delta_seconds=0.05) as session:
        running = iter(drive(session, SCENARIO, cameras=CAMERAS))
        for _ in range(observations):
            next(running)
        # Not closed: the session has to do it.
    world = connected(simulator)
    assert ours(world) == []
    settings = world.get_settings()
    assert (settings.synchronous_mode, settings.fixed_delta_seconds) == (False, None)


def test_actors_of_others_stay(simulator: Endpoint) -> None:
    world = connected(simulator)
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    theirs = world.spawn_actor(blueprint, world.get_map().get_spawn_points()[100])
    try:
        with open_session(simulator, seed=0, fixed_delta_seconds=0.05) as session:
            next(iter(drive(session, SCENARIO, cameras=[])))
        assert ours(world) == ["vehicle.audi.tt"]
    finally:
        theirs.destroy()


def test_synchronous_mode_that_somebody_left_behind_is_noted_and_ended(simulator: Endpoint) -> None:
    world = connected(simulator)
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.1
    world.apply_settings(settings)
    with open_session(simulator, seed=0, fixed_delta_seconds=0.05) as session:
        assert len(session.notes) == 1
        assert "synchronous mode" in session.notes[0]
        session.tick()
    assert not world.get_settings().synchronous_mode


def test_a_server_that_somebody_else_ticks_is_refused(simulator: Endpoint) -> None:
    world = connected(simulator)
    before = world.get_settings()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    stopped = threading.Event()

    def keep_ticking() -> None:
        while not stopped.wait(0.05):
            world.tick(10.0)

    ticker = threading.Thread(target=keep_ticking)
    ticker.start()
    try:
        with (
            pytest.raises(ServerLostError, match="another client ticks"),
            open_session(simulator, seed=0, fixed_delta_seconds=0.05),
        ):
            pass
    finally:
        stopped.set()
        ticker.join()
        world.apply_settings(before)


LOSING_A_SERVER = """
import os, signal, sys
from pathlib import Path
from harness.carla_client import session as session_module
from harness.carla_client.drive import drive
from harness.carla_client.endpoint import open_endpoint
from harness.carla_client.session import open_session
from harness.errors import ServerLostError
from sim_scenarios.camera import CameraSpec
from sim_scenarios.load import load_suite

session_module.CALL_TIMEOUT_S = 5.0  # the call in progress is waited for to its end
scenario = load_suite("smoke").scenarios[0].model_copy(update={"record_every_n": 1})
try:
    with open_endpoint(None, None, timeout_s=240.0, log_dir=Path(sys.argv[1])) as endpoint:
        with open_session(endpoint, seed=0, fixed_delta_seconds=0.05) as session:
            for _ in drive(session, scenario, cameras=[CameraSpec(width=160, height=90)]):
                os.kill(endpoint.child.process.pid, signal.SIGKILL)
except ServerLostError as error:
    print(error, flush=True)
    os._exit(error.exit_code)
"""


def test_a_server_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    # In a process of its own: the TrafficManager of a server that died would end this one with the next tick.
    child = subprocess.run(
        [sys.executable, "-c", LOSING_A_SERVER, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"PYTHONPATH": str(Path(harness.__file__).parents[1])},
        check=False,
    )
    assert child.returncode == ServerLostError.exit_code, child.stderr
    assert "was lost while" in child.stdout
    assert "the embedded simulator ended with code -9" in child.stdout
