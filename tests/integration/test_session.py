"""What a session leaves behind: nothing. And what it says when the server is gone or somebody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import carla
import pytest

import harness
from harness.carla_client import sensors
from harness.carla_client.drive import drive
from harness.carla_client.endpoint import Endpoint, open_endpoint
from harness.carla_client.session import open_session
from harness.carla_client.traffic_watch import wake
from harness.errors import ServerHungError, ServerLostError
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Ego, Scenario, Traffic

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
    with open_session(simulator, fixed_delta_seconds=0.05) as session:
        running = iter(drive(session, SCENARIO, cameras=CAMERAS))
        for _ in range(observations):
            next(running)
        # Not closed: the session has to do it.
    world = connected(simulator)
    assert ours(world) == []
    settings = world.get_settings()
    assert (settings.synchronous_mode, settings.fixed_delta_seconds) == (False, None)


def test_drives_may_follow_each_other_in_one_session(simulator: Endpoint) -> None:
    # A TrafficManager that looked for actors of the drive before would end the process.
    with open_session(simulator, fixed_delta_seconds=0.05) as session:
        for observations in (1, 3, 2, 1):
            running = iter(drive(session, SCENARIO, cameras=CAMERAS))
            for _ in range(observations):
                next(running)
            assert session.traffic_manager is not None
            running.close()
            assert session.traffic_manager is None
    assert ours(connected(simulator)) == []


def test_a_traffic_manager_listens_to_what_wakes_it(simulator: Endpoint) -> None:
    with open_session(simulator, fixed_delta_seconds=0.05) as session:
        observations = 0
        for _ in drive(session, SCENARIO, cameras=()):
            observations += 1
            if observations == 5:
                wake(session.traffic_manager_port)
    assert observations == SCENARIO.num_frames
    assert ours(connected(simulator)) == []


def test_a_camera_that_died_ends_the_drive_though_the_other_lives(
    simulator: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors, "FRAME_TIMEOUT_S", 0.5)
    cameras = [CAMERAS[0], CAMERAS[0].model_copy(update={"name": "rear"})]
    with open_session(simulator, fixed_delta_seconds=0.05) as session:
        running = iter(drive(session, SCENARIO, cameras=cameras))
        assert set(next(running).cameras) == {"front", "rear"}
        (doomed,) = [
            sensor
            for sensor in session.world.get_actors().filter("sensor.camera.rgb")
            if sensor.attributes["role_name"] == "rear"
        ]
        session.client.apply_batch_sync([carla.command.DestroyActor(doomed.id)], False)
        assert [(gap.camera, gap.reason) for gap in next(running).gaps] == [("rear", "missing: rgb")]
        with pytest.raises(ServerLostError, match="waiting for images: rear: missing: rgb"):
            next(running)


DRIVE_TWICE = """
import sys
from harness.carla_client.drive import drive
from harness.carla_client.endpoint import open_endpoint
from harness.carla_client.session import open_session
from harness.recording.scenario_recorder import drive_sha256
from sim_scenarios.scenario import Scenario

scenario = Scenario.model_validate_json(sys.argv[3])
with open_endpoint(sys.argv[1], int(sys.argv[2])) as endpoint:
    for _ in range(2):
        with open_session(endpoint, fixed_delta_seconds=0.05) as session:
            run = drive(session, scenario, cameras=())
            for _ in run:
                pass
            print(drive_sha256(run.log))
"""


def test_the_first_drive_of_a_process_is_like_all_others(simulator: Endpoint) -> None:
    traffic = {"vehicles": 5, "walkers": 5}
    scenario = SCENARIO.model_copy(update={"traffic": Traffic(**traffic), "ego": Ego(spawn_point=80), "seed": 2})
    command = [sys.executable, "-c", DRIVE_TWICE, simulator.host, str(simulator.port), scenario.model_dump_json()]
    root = Path(harness.__file__).parent.parent
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True, timeout=120)
    first, second = done.stdout.split()
    assert first == second


def test_actors_of_others_stay(simulator: Endpoint) -> None:
    world = connected(simulator)
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    theirs = world.spawn_actor(blueprint, world.get_map().get_spawn_points()[100])
    try:
        with open_session(simulator, fixed_delta_seconds=0.05) as session:
            next(iter(drive(session, SCENARIO, cameras=[])))
        assert ours(world) == ["vehicle.audi.tt"]
    finally:
        theirs.destroy()


def test_synchronous_mode_that_somebody_left_behind_is_noted_and_ended(simulator: Endpoint) -> None:
    world = connected(simulator)
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.1
    world.apply_settings(settings)
    with open_session(simulator, fixed_delta_seconds=0.05) as session:
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
            open_session(simulator, fixed_delta_seconds=0.05),
        ):
            pass
    finally:
        stopped.set()
        ticker.join()
        world.apply_settings(before)


def test_a_server_that_hangs_is_told_from_one_that_died() -> None:
    with open_endpoint(None, None, timeout_s=240.0) as own:
        assert own.child is not None
        process = own.child.process
        with open_endpoint(own.host, own.port) as endpoint:
            with open_session(endpoint, fixed_delta_seconds=0.05, tick_timeout_s=2.0) as session:
                process.send_signal(signal.SIGSTOP)
                began = time.monotonic()
                with pytest.raises(ServerHungError, match="still listens, but gave no answer while ticking"):
                    session.tick()
            assert 1.9 < time.monotonic() - began < 10.0
            assert not endpoint.is_alive()
        with (
            pytest.raises(ServerHungError, match="while connecting"),
            open_session(own, fixed_delta_seconds=0.05, tick_timeout_s=0.5),
        ):
            pass
        process.kill()  # stopped, it would be waited for in vain


LOSING_A_SERVER = """
import os, signal, sys
from pathlib import Path
from harness.carla_client import session as session_module
from harness.carla_client import sensors
from harness.carla_client.drive import drive
from harness.carla_client.endpoint import open_endpoint
from harness.carla_client.session import open_session
from harness.carla_client.traffic_watch import wake
from harness.errors import ServerHungError, ServerLostError
from sim_scenarios.camera import CameraSpec
from sim_scenarios.load import load_suite

session_module.CALL_TIMEOUT_S = 5.0  # the call in progress is waited for to its end
scenario = load_suite("smoke").scenarios[0].model_copy(update={"record_every_n": 1})
try:
    with open_endpoint(None, None, timeout_s=240.0, log_dir=Path(sys.argv[1])) as endpoint:
        with open_session(endpoint, fixed_delta_seconds=0.05) as session:
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
