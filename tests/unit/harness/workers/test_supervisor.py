"""The supervisor against a program that speaks the protocol and crashes, hangs and fails on demand."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harness.closed_loop.episode_log import EpisodeKey
from harness.closed_loop.rules import RolloutRules
from harness.errors import CheckpointError, ServerLostError, ServerNotFoundError
from harness.workers.protocol import DriveJob, EpisodeDone, EpisodeJob, PassJob, Ready, ResultJob, Setup
from harness.workers.schedule import Schedule
from harness.workers.supervisor import Listener, Outcome, Patience, Supervisor
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import PRESETS
from sim_scenarios.weather_timeline import WeatherTimeline

FAKE = Path(__file__).parent / "fake_worker.py"
A, B, C = "town under A", "town under B", "town under C"
SCENARIO = Scenario(name="town", split="test", duration_s=0.1)
PATIENCE = Patience(retries=2, hang_timeout_s=5.0, reconnect_s=0.0)
Script = dict[str, list[str]]


def setup(port: int | None = None) -> Setup:
    host = None if port is None else "localhost"
    return Setup(
        host=host, port=port, seed=0, threads=1, wait_s=0, tick_timeout_s=1, actors=None, models={"net": "run"},
        checkpoint="best", device="cpu", scenarios=(SCENARIO,), sizes=((32, 24),),
    )  # fmt: skip


def passes() -> list[PassJob]:
    clear = WeatherTimeline.constant(PRESETS["ClearNoon"])
    return [
        PassJob(
            scenario=SCENARIO, weather=weather, timeline=clear, repeat=1, sizes=((32, 24),), fovs=(90,),
            warmup_frames=0, log="log", out="out", file=weather,
        )
        for weather in "ABC"
    ]  # fmt: skip


def episodes() -> list[EpisodeJob]:
    return [
        EpisodeJob(
            key=EpisodeKey(
                scenario="town", weather="A", width=32, height=24, fov=90.0, policy=policy, repeat=1
            ),
            scenario=SCENARIO, timeline=WeatherTimeline.constant(PRESETS["ClearNoon"]), camera=SCENARIO.cameras[0],
            rules=RolloutRules(time_limit_s=0.5), policy=policy, out="out", file=policy,
        )
        for policy in ("truth", "mask", "route")
    ]  # fmt: skip


DRIVE = DriveJob(scenario=SCENARIO, log="log")


class Run:
    """One run with a script; what was told is noted."""

    def __init__(self, folder: Path, script: Script) -> None:
        self.folder = folder
        (folder / "script.json").write_text(json.dumps(script))
        self.outcomes: list[Outcome] = []
        self.said: list[str] = []
        self.progress: list[tuple[str, int, int]] = []
        self.ready: Ready | None = None

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def go(
        self,
        *,
        setups: Sequence[Setup] = (setup(),),
        patience: Patience = PATIENCE,
        drives: Sequence[DriveJob] = (),
        results: Sequence[ResultJob] = (),
    ) -> None:
        listener = Listener(
            outcome=self.outcome, say=self.said.append, progress=lambda *args: self.progress.append(args)
        )
        command = [sys.executable, str(FAKE), str(self.folder)]
        with Supervisor(setups, patience=patience, listener=listener, command=command) as supervisor:
            self.ready = supervisor.start()
            supervisor.run(Schedule(drives, results or passes()))

    @property
    def tries(self) -> list[str]:
        return [line for line in (self.folder / "tries").read_text().splitlines() if not line.startswith("start")]

    @property
    def told(self) -> list[tuple[str, str, int]]:
        return [(str(each.job), each.status, each.retries) for each in self.outcomes]

    def living(self) -> list[int]:
        """Processes that are left over; a signal may take a moment."""
        deadline = time.monotonic() + 2
        while True:
            found = [pid for pid in map(int, (self.folder / "pids").read_text().split()) if is_running(pid)]
            if not found or time.monotonic() > deadline:
                return found
            time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether a process does anything; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    return lambda **script: Run(tmp_path, {key.replace("_", " "): fates for key, fates in script.items()})


def test_every_pass_is_done_after_its_drive(make_run: Callable[..., Run]) -> None:
    run = make_run()
    run.go(drives=[DRIVE])
    assert run.tries == ["the drive of town", A, B, C]
    assert run.told == [(A, "done", 0), (B, "done", 0), (C, "done", 0)]
    assert run.ready is not None
    assert run.ready.models == {"net": {"run": "run"}}
    assert run.progress[-1] == ("score", 6, 6)
    assert run.said == []
    assert run.living() == []


@pytest.mark.parametrize("fate", ["crash", "lost", "hung"])
def test_a_lost_worker_costs_one_retry_of_its_pass(make_run: Callable[..., Run], fate: str) -> None:
    run = make_run(**{B: [fate]})
    run.go()
    assert run.told == [(A, "done", 0), (B, "done", 1), (C, "done", 0)]
    (said,) = run.said
    assert said.startswith(f"retry 1 of 2 of {B}: ")
    assert ("something broke" if fate == "crash" else "the server is gone") in said


def test_a_worker_that_says_nothing_is_killed(make_run: Callable[..., Run]) -> None:
    run = make_run(**{B: ["hang"]})
    run.go(patience=Patience(retries=2, hang_timeout_s=1.0))
    assert run.told == [(A, "done", 0), (B, "done", 1), (C, "done", 0)]
    assert "nothing was heard of it for 1 s" in run.said[0]
    assert run.living() == []


def test_a_further_worker_on_a_named_server_knows_what_was_there_before(make_run: Callable[..., Run]) -> None:
    run = make_run(**{B: ["crash"], "start 2000": ["actors None", "actors [4, 5]"]})
    run.go(setups=[setup(2000)])
    assert run.told == [(A, "done", 0), (B, "done", 1), (C, "done", 0)]


@pytest.mark.parametrize(("fate", "status"), [("crash", "crashed"), ("hung", "timed out")])
def test_after_the_retries_a_pass_is_given_up_and_the_next_goes_on(
    make_run: Callable[..., Run], fate: str, status: str
) -> None:
    run = make_run(**{B: [fate] * 3})
    run.go()
    assert run.told == [(A, "done", 0), (B, status, 2), (C, "done", 0)]
    assert run.tries.count(B) == 3


def test_what_would_fail_again_is_not_tried_again(make_run: Callable[..., Run]) -> None:
    run = make_run(**{A: ["fail"], B: ["partial"]})
    run.go()
    assert run.told == [(A, "failed", 0), (B, "partial", 0), (C, "done", 0)]
    assert [each.message for each in run.outcomes] == ["the net has no hands", "a frame was lost", ""]
    assert run.tries == [A, B, C]


def test_without_its_drive_no_pass_of_a_scenario_is_run(make_run: Callable[..., Run]) -> None:
    run = make_run(**{"the drive of town": ["crash", "fail"]})
    run.go(drives=[DRIVE])
    assert run.told == [(A, "failed", 1), (B, "failed", 1), (C, "failed", 1)]
    assert run.progress[-1] == ("score", 6, 6)


def test_two_servers_share_the_work_and_wait_for_the_drive(make_run: Callable[..., Run]) -> None:
    run = make_run(**{A: ["crash"], C: ["crash"]})
    run.go(setups=[setup(), setup()], drives=[DRIVE])
    assert run.tries[0] == "the drive of town"
    assert sorted(run.told) == [(A, "done", 1), (B, "done", 0), (C, "done", 1)]
    assert run.living() == []


@pytest.mark.parametrize(("code", "kind"), [(3, ServerNotFoundError), (8, CheckpointError)])
def test_a_worker_that_cannot_start_ends_the_run_with_its_error(
    make_run: Callable[..., Run], code: int, kind: type[Exception]
) -> None:
    run = make_run(start=[f"refuse{code}"])
    with pytest.raises(kind, match="no such thing"):
        run.go()
    assert run.living() == []


def test_a_start_that_crashes_is_tried_again_some_times(make_run: Callable[..., Run]) -> None:
    run = make_run(start=["crash", "well", "crash"], **{A: ["crash"]})
    run.go()
    assert run.told == [(A, "done", 1), (B, "done", 0), (C, "done", 0)]
    assert [text.partition(":")[0] for text in run.said] == [
        "a worker is started again", f"retry 1 of 2 of {A}", "a worker is started again"
    ]  # fmt: skip


def test_a_start_that_always_crashes_ends_the_run(make_run: Callable[..., Run]) -> None:
    run = make_run(start=["crash"] * 2)
    with pytest.raises(ServerNotFoundError, match=r"could not be started: the worker ended with code 1.*broke"):
        run.go(patience=Patience(retries=1))


def test_a_named_server_that_does_not_come_back_ends_the_run(make_run: Callable[..., Run]) -> None:
    run = make_run(**{B: ["lost"], "start 2000": ["well", "refuse3"]})
    with pytest.raises(ServerLostError, match="localhost:2000 was lost: no such thing"):
        run.go(setups=[setup(2000)])
    assert run.told == [(A, "done", 0)]
    assert run.living() == []


def test_what_a_named_server_leaves_the_other_does(make_run: Callable[..., Run]) -> None:
    run = make_run(**{A: ["slow"], B: ["lost"], "start 2004": ["well", "refuse3"]})
    run.go(setups=[setup(2000), setup(2004)])
    assert sorted(run.told) == [(A, "done", 0), (B, "done", 1), (C, "done", 0)]
    assert run.said[-1].startswith("one server less: the server at localhost:2004 was lost: no such thing")


def test_a_server_that_is_lost_while_another_one_starts_ends_the_start(make_run: Callable[..., Run]) -> None:
    run = make_run(**{"start 2000": ["mortal", "refuse3"], "start 2004": ["slow"]})
    with pytest.raises(ServerLostError, match="localhost:2000 was lost: no such thing"):
        run.go(setups=[setup(2000), setup(2004)])
    assert run.told == []
    assert run.living() == []


def test_ctrl_c_ends_every_process(tmp_path: Path) -> None:
    class Interrupted(Run):
        def outcome(self, outcome: Outcome) -> None:
            raise KeyboardInterrupt

    run = Interrupted(tmp_path, {})
    with pytest.raises(KeyboardInterrupt):
        run.go()
    assert run.living() == []


def test_an_episode_is_done_like_a_pass(make_run: Callable[..., Run]) -> None:
    run = make_run(**{"town by mask": ["lost"], "town by route": ["fail"]})
    run.go(results=episodes())
    assert [(each.status, each.retries, each.message) for each in run.outcomes] == [
        ("done", 0, ""), ("done", 1, ""), ("failed", 0, "the net has no hands")
    ]  # fmt: skip
    assert isinstance(run.outcomes[0].done, EpisodeDone)
    assert run.progress[-1] == ("drive", 30, 30), "ticks up to the time limit"


def test_a_policy_that_hangs_costs_its_worker_and_no_other_episode(make_run: Callable[..., Run]) -> None:
    run = make_run(**{"town by mask": ["stare"]})
    run.go(results=episodes())
    assert [(each.status, each.retries, each.message) for each in run.outcomes] == [
        ("done", 0, ""), ("failed", 0, "it stares into space"), ("done", 0, "")
    ]  # fmt: skip
    assert run.outcomes[1].done is not None, "what was driven is kept"
    assert run.tries == ["town by truth", "town by mask", "town by route"]
    assert run.said == []
    assert run.living() == []
