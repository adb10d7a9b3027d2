from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.workers.frame_progress import FrameProgress
from harness.workers.protocol import DriveJob, PassJob, read_order, to_line
from harness.workers.schedule import Schedule
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import PRESETS
from sim_scenarios.weather_timeline import WeatherTimeline

MakePass = Callable[..., PassJob]


@pytest.fixture
def make_pass() -> MakePass:
    def make(scenario: Scenario, weather: str = "ClearNoon") -> PassJob:
        return PassJob(
            scenario=scenario, weather=weather, timeline=WeatherTimeline.constant(PRESETS[weather]), repeat=1,
            sizes=((64, 48), (32, 24)), fovs=(90.0,), warmup_frames=1, log="log", out="out", file="file",
        )  # fmt: skip

    return make


def test_a_pass_waits_for_the_drive_of_its_scenario(scenarios: tuple[Scenario, ...], make_pass: MakePass) -> None:
    drive, waiting, free = DriveJob(scenario=scenarios[0], log="log"), make_pass(scenarios[0]), make_pass(scenarios[1])
    schedule = Schedule([drive], [waiting, free])
    assert schedule.take() == drive
    assert schedule.take() == free
    assert not schedule.has_next()
    assert schedule.take() is None
    schedule.done(drive)
    assert schedule.take() == waiting
    schedule.done(waiting)
    assert not schedule.is_finished, "one is still in somebody's hands"
    schedule.done(free)
    assert schedule.is_finished


def test_what_is_put_back_is_the_next_one(scenarios: tuple[Scenario, ...], make_pass: MakePass) -> None:
    first, second = make_pass(scenarios[0]), make_pass(scenarios[0], "WetNoon")
    schedule = Schedule([], [first, second])
    assert schedule.take() == first
    schedule.put_back(first)
    assert schedule.take() == first


def test_a_drive_that_is_given_up_takes_its_passes_along(scenarios: tuple[Scenario, ...], make_pass: MakePass) -> None:
    drive, lost, other = DriveJob(scenario=scenarios[0], log="log"), make_pass(scenarios[0]), make_pass(scenarios[1])
    schedule = Schedule([drive], [lost, other])
    schedule.take()
    assert schedule.give_up(drive) == [lost]
    assert schedule.take() == other
    assert schedule.give_up(other) == [other]
    assert schedule.is_finished


def test_a_job_survives_the_pipe(scenarios: tuple[Scenario, ...], make_pass: MakePass) -> None:
    job = make_pass(scenarios[0], "HardRainNight")
    line = to_line(job)
    assert line.count(b"\n") == 1
    assert read_order(line) == job
    with pytest.raises(ValueError, match="extra"):
        read_order(line.replace(b'"repeat":1', b'"repeat":1,"extra":2'))


def test_progress_counts_all_jobs_of_a_kind(scenarios: tuple[Scenario, ...], make_pass: MakePass) -> None:
    told: list[tuple[str, int, int]] = []
    first, second = make_pass(scenarios[0]), make_pass(scenarios[1])
    drive = DriveJob(scenario=scenarios[0], log="log")
    progress = FrameProgress([drive, first, second], lambda *step: told.append(step))
    progress.frames(drive, 2)
    progress.frames(first, 4)
    progress.frames(second, 1)
    progress.frames(first, 0)  # it was put back
    progress.over(first)
    progress.over(second)
    assert told == [
        ("drive", 2, 6), ("score", 4, 12), ("score", 5, 12), ("score", 1, 12), ("score", 7, 12), ("score", 12, 12)
    ]  # fmt: skip
