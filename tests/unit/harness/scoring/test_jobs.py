"""One job after the other, on painted drives in place of a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from datasets.labels import CARLA_29
from harness.errors import DataError, ServerLostError
from harness.run_dir import digest_input
from harness.scoring.cell_files import load_pass
from harness.scoring.jobs import JobRunner
from harness.workers.protocol import DriveDone, DriveJob, Event, Failed, Frame, Note, PassDone, PassJob
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import PRESETS
from sim_scenarios.weather_timeline import WeatherTimeline

FILE = "cells/alpha/pass.npz"


class PaintedSimulator:
    """What a ``Simulator`` does, without a server: a log is the painted drive of its scenario."""

    def __init__(self, drives: Any) -> None:
        self._drives = drives
        self.closed = 0

    def drive(self, scenario: Scenario, log: Path, *, on_frame: Callable[[int], None]) -> tuple[str, ...]:
        with self._drives(scenario):
            on_frame(1)
        return ("2 of 3 walkers found room",)

    def load_log(self, log: Path, scenario: Scenario) -> Any:
        with self._drives(scenario) as drive:
            return drive

    @contextmanager
    def replay(self, log: Any, timeline: WeatherTimeline, cameras: Sequence[CameraSpec]) -> Iterator[Any]:
        yield log.replay(timeline.at(0.0), cameras)

    def new_notes(self) -> list[str]:
        return []

    def close_session(self) -> None:
        self.closed += 1


class Bench:
    """A runner with its events."""

    def __init__(self, net: Any, drives: Any, out: Path) -> None:
        self.simulator = PaintedSimulator(drives)
        self.events: list[Event] = []
        self.out = out
        simulator: Any = self.simulator
        self._runner = JobRunner(simulator, {"net": net}, CARLA_29, on_event=self.events.append)

    def score(self, scenario: Scenario, *, weather: str = "ClearNoon", warmup_frames: int = 0) -> PassDone | Failed:
        job = PassJob(
            scenario=scenario, weather=weather, timeline=WeatherTimeline.constant(PRESETS[weather]), repeat=1,
            sizes=((64, 48), (32, 24)), fovs=(90.0,), warmup_frames=warmup_frames, log="log", out=str(self.out),
            file=FILE,
        )  # fmt: skip
        done = self._runner.run(job)
        assert not isinstance(done, DriveDone)
        return done

    def drive(self, scenario: Scenario) -> Any:
        return self._runner.run(DriveJob(scenario=scenario, log="log"))


def test_a_pass_writes_its_cells_and_says_what_they_are(
    net: Any, make_drives: Any, scenarios: tuple[Scenario, ...], tmp_path: Path
) -> None:
    bench = Bench(net, make_drives(), tmp_path)
    done = bench.score(scenarios[0], warmup_frames=2)
    assert isinstance(done, PassDone)
    assert (done.status, done.message) == ("done", "")
    assert bench.events == [Frame(done=number) for number in range(1, 7)]
    assert done.sha256 == digest_input(tmp_path / FILE)
    saved = load_pass(tmp_path / FILE)
    assert [(cell.width, cell.model, cell.fov) for cell in saved.results] == [(64, "net", 90.0), (32, "net", 90.0)]
    counts = next(iter(saved.results.values())).counts
    assert counts is not None
    assert counts.ticks.tolist() == [2, 3, 4, 5], "the warm-up is not counted"
    assert done.labels == {"64x48 @ 90": counts.labels_digest}
    assert all((tmp_path / path).is_file() for frame in saved.worst for path in frame.images.values())


def test_labels_do_not_depend_on_the_weather_and_images_are_kept_once(
    net: Any, make_drives: Any, scenarios: tuple[Scenario, ...], tmp_path: Path
) -> None:
    bench = Bench(net, make_drives(), tmp_path)
    wet = bench.score(scenarios[0], weather="WetNight")
    worst_wet = load_pass(tmp_path / FILE).worst
    clear = bench.score(scenarios[0])
    worst_clear = load_pass(tmp_path / FILE).worst
    assert isinstance(wet, PassDone)
    assert isinstance(clear, PassDone)
    assert wet.labels == clear.labels
    assert {frame.label for frame in worst_clear} < {frame.label for frame in worst_wet}, "only what is not better"


def test_lost_frames_make_a_pass_partial(
    net: Any, make_drives: Any, scenarios: tuple[Scenario, ...], tmp_path: Path
) -> None:
    done = Bench(net, make_drives(lost_ticks=frozenset({1})), tmp_path).score(scenarios[0])
    assert isinstance(done, PassDone)
    assert done.status == "partial"
    assert "1 of 6" in done.message
    assert done.labels == {}, "labels of other frames are others"


def test_an_error_costs_the_job_and_the_session(
    net: Any, make_drives: Any, scenarios: tuple[Scenario, ...], tmp_path: Path
) -> None:
    broken = {"alpha/2": lambda: DataError("the log is of another town"), "beta/2": lambda: ValueError("a bug")}
    bench = Bench(net, make_drives(broken=broken), tmp_path)
    assert bench.score(scenarios[0]) == Failed(message="the log is of another town")
    assert bench.score(scenarios[1]) == Failed(message="ValueError: a bug")
    assert bench.simulator.closed == 2
    assert not (tmp_path / FILE).exists()


def test_a_lost_server_is_not_the_job_s_fault(
    net: Any, make_drives: Any, scenarios: tuple[Scenario, ...], tmp_path: Path
) -> None:
    bench = Bench(net, make_drives(broken={"alpha/2": lambda: ServerLostError("gone")}), tmp_path)
    with pytest.raises(ServerLostError):
        bench.score(scenarios[0])


def test_a_drive_tells_what_found_no_room(
    net: Any, make_drives: Any, scenarios: tuple[Scenario, ...], tmp_path: Path
) -> None:
    bench = Bench(net, make_drives(broken={"beta": lambda: DataError("no such town")}), tmp_path)
    assert bench.drive(scenarios[0]) == DriveDone()
    assert bench.events == [Frame(done=1), Note(text="alpha: 2 of 3 walkers found room")]
    assert bench.drive(scenarios[1]) == Failed(message="no such town")
