"""What scoring costs beyond showing the frames, what sizes in one pass save, what a second server gains, and reports.

Each test prints its figures (``pytest -m benchmark -s``) and fails on wrong results only, never on time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.labels import CARLA_29, LabelSet, tag_table_for_server
from harness.carla_client.drive import drive
from harness.carla_client.drive_log import DriveLog
from harness.carla_client.endpoint import Endpoint, open_endpoint
from harness.carla_client.replay import replay
from harness.carla_client.session import open_session
from harness.run_dir import write_json
from harness.scoring.cells import Cell
from harness.scoring.description import describe_measures
from harness.scoring.live import PassScorer, run_pass
from harness.scoring.plan import make_plan
from harness.scoring.score import Nets, Servers, score
from harness.scoring.tables import write_tables
from harness.scoring.views import View, plan_views
from sim_scenarios.camera import Size
from sim_scenarios.scenario import Ego, Scenario, Traffic
from sim_scenarios.weather import parse_weather
from sim_scenarios.weather_grid import parse_weather_grid
from tests.integration.born_net import save_born_net
from tests.unit.harness.scoring.made_cells import make_result

pytestmark = pytest.mark.benchmark

SIZES: tuple[Size, ...] = ((320, 180), (640, 360))
FOUR_SIZES: tuple[Size, ...] = ((160, 90), (240, 135), (320, 180), (640, 360))
FOV = 90.0


class GreyNet:
    """Takes no time: it says "road" of every pixel."""

    label_set: LabelSet = CARLA_29
    origin: Mapping[str, Any] = {}

    def predict(self, rgb: np.ndarray) -> np.ndarray:
        return np.ones(rgb.shape[:2], np.uint8)


@pytest.fixture(scope="module")
def scenario(is_full: bool) -> Scenario:
    return Scenario(
        name="benchmark",
        split="test",
        seed=1,
        duration_s=10.0 if is_full else 3.0,
        record_every_n=5,
        ego=Ego(spawn_point=3),
        traffic=Traffic(vehicles=20, walkers=20),
        warmup_ticks=40 if is_full else 10,
    )


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with open_endpoint(None, None, timeout_s=240.0) as found:
        yield found


@pytest.fixture(scope="module")
def log(endpoint: Endpoint, scenario: Scenario) -> DriveLog:
    with open_session(endpoint, fixed_delta_seconds=scenario.fixed_delta_seconds) as session:
        run = drive(session, scenario, cameras=())
        assert len(list(run)) == scenario.num_frames
        return run.log


def views_of(scenario: Scenario, sizes: Sequence[Size], *, with_depth: bool = True) -> tuple[View, ...]:
    return plan_views(scenario.cameras[0], sizes, (FOV,), with_depth=with_depth)


class Replays:
    """Replays one log and measures how long each takes [s]; the session stays open."""

    def __init__(self, endpoint: Endpoint, log: DriveLog, *, tag_set: LabelSet) -> None:
        self._endpoint, self._log, self._tag_set = endpoint, log, tag_set

    def bare(self, views: Sequence[View]) -> float:
        """Receive every frame, and nothing else."""
        return self._measured(views, lambda observations: sum(1 for _ in observations))

    def scored(self, views: Sequence[View]) -> float:
        """Receive and count every frame."""
        scorer = PassScorer({"grey": GreyNet()}, self._tag_set, views, keep_worst=1)

        def count(observations: Any) -> int:
            result = run_pass(observations, scorer, planned_frames=self._log.num_frames)
            (first, *_) = result.cells.values()
            return first.frames

        return self._measured(views, count)

    def _measured(self, views: Sequence[View], use: Callable[[Any], int]) -> float:
        weather = parse_weather("ClearNoon")
        with open_session(self._endpoint, fixed_delta_seconds=self._log.fixed_delta_seconds) as session:
            shown = replay(session, self._log, weather=weather, cameras=[view.camera for view in views])
            started = time.perf_counter()
            assert use(iter(shown)) == self._log.num_frames
            return time.perf_counter() - started


@pytest.fixture(scope="module")
def replays(endpoint: Endpoint, log: DriveLog) -> Replays:
    made = Replays(endpoint, log, tag_set=tag_table_for_server(endpoint.version))
    made.scored(views_of_sizes(log, SIZES))  # compiles what is not compiled yet
    return made


def views_of_sizes(log: DriveLog, sizes: Sequence[Size], *, with_depth: bool = True) -> tuple[View, ...]:
    return views_of(Scenario.model_validate(log.scenario), sizes, with_depth=with_depth)


def test_scoring_over_a_bare_replay(replays: Replays, log: DriveLog, *, is_full: bool) -> None:
    rounds = 7 if is_full else 1
    for with_depth in (True, False):
        views = views_of_sizes(log, SIZES, with_depth=with_depth)
        pairs = [(replays.scored(views), replays.bare(views)) for _ in range(rounds)]
        ratio = statistics.median(scored / bare for scored, bare in pairs)
        planes = "RGB, tags and depth" if with_depth else "RGB and tags"
        print(
            f"\nscore without the net over a bare replay, 320x180 + 640x360, {planes}: {ratio:.3f} "
            f"({1000 * statistics.median(bare for _, bare in pairs) / log.num_frames:.0f} ms a frame, bare)"
        )


def test_four_sizes_in_one_pass_over_four_passes(replays: Replays, log: DriveLog, *, is_full: bool) -> None:
    ratios = []
    for _ in range(5 if is_full else 1):
        together = replays.scored(views_of_sizes(log, FOUR_SIZES))
        apart = sum(replays.scored(views_of_sizes(log, (size,))) for size in FOUR_SIZES)
        ratios.append(together / apart)
    names = ", ".join(f"{width}x{height}" for width, height in FOUR_SIZES)
    print(f"\nfour sizes ({names}) in one pass over four passes: {statistics.median(ratios):.2f}")


def test_two_servers_over_one(tmp_path: Path, *, is_full: bool) -> None:
    """From the moment when all servers are ready to the end of the last pass."""
    if not is_full:
        pytest.skip("measured with --full-benchmarks only")
    save_born_net(tmp_path / "run", seed=0)  # not the limit
    for size in ((160, 90), (320, 180)):
        seconds = [seconds_of_score(tmp_path, servers, size) for servers in (1, 2)]
        ratio = seconds[0] / seconds[1]
        print(f"\ntwo servers over one, {size[0]}x{size[1]}: {ratio:.2f} ({seconds[0]:.1f} s, {seconds[1]:.1f} s)")
        tables = [(folder_of(tmp_path, servers, size) / "counts.csv").read_bytes() for servers in (1, 2)]
        assert tables[0] == tables[1]


def folder_of(folder: Path, servers: int, size: Size) -> Path:
    return folder / f"{size[0]}x{size[1]}_{servers}"


def seconds_of_score(folder: Path, servers: int, size: Size) -> float:
    scenarios = [
        Scenario(
            name=name,
            split="test",
            seed=seed,
            duration_s=10.0,
            record_every_n=5,
            ego=Ego(spawn_point=seed),
            traffic=Traffic(vehicles=15, walkers=15),
            warmup_ticks=10,
        )
        for seed, name in ((3, "one"), (30, "two"))
    ]
    weathers = [
        "ClearNoon",
        "CloudyNoon",
        "WetNoon",
        "HardRainNoon",
        "ClearSunset",
        "ClearNight",
        "DenseFog",
        "SoftRainNight",
    ]
    grid = parse_weather_grid(weathers)
    plan = make_plan(scenarios, grid, [size], models=["small"])
    times: dict[str, float] = {}
    score(
        plan,
        Nets(runs={"small": folder / "run"}, device="cpu"),
        Servers(num_embedded=servers),
        suite="benchmark",
        out=folder_of(folder, servers, size),
        say=lambda text: times.update(ready=times.get("ready", time.perf_counter())),
        progress=lambda what, done, total: times.update(end=time.perf_counter()),
    )
    return times["end"] - times["ready"]


TIMED_REPORT = """
import resource, sys, time
from pathlib import Path
started = time.perf_counter()
from harness.reporting.report import report
summary = report(Path(sys.argv[1]))
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def test_a_report_of_many_cells(tmp_path: Path, *, is_full: bool) -> None:
    """A process of its own, its imports included."""
    num_weathers, num_frames = (25, 100) if is_full else (4, 20)
    folder = write_scores(tmp_path / "scores", num_weathers=num_weathers, num_frames=num_frames)
    done = subprocess.run(
        [sys.executable, "-c", TIMED_REPORT, str(folder)], check=True, capture_output=True, text=True, env=environment()
    )
    seconds, megabytes = map(float, done.stdout.split())
    page = (folder / "report.html").stat().st_size / 1e6
    print(
        f"\nreport of {20 * num_weathers} cells of {num_frames} frames, 29 classes: {seconds:.1f} s, "
        f"{megabytes:.0f} MiB, page {page:.1f} MB"
    )


def write_scores(folder: Path, *, num_weathers: int, num_frames: int) -> Path:
    """Two scenarios, two nets, five sizes."""
    folder.mkdir()
    names = [f"Weather{number}" for number in range(num_weathers)]
    label_sizes: dict[tuple[int, int, float], Size] = {(160 * n, 90 * n, FOV): (800, 450) for n in range(1, 6)}
    counted = {seed: make_result(seed, num_frames=num_frames, num_classes=CARLA_29.num_classes) for seed in range(4)}
    results = {
        Cell(scenario=scenario, weather=weather, width=width, height=height, fov=fov, model=model): counted[
            2 * number + (model == "large")
        ]
        for number, scenario in enumerate(("north", "south"))
        for weather in names
        for width, height, fov in label_sizes
        for model in ("small", "large")
    }
    description = describe_measures(
        CARLA_29, models={"small": {}, "large": {}}, suite="made", reference_weather=names[0], label_sizes=label_sizes
    )
    write_json(folder / "score.json", description)
    towns = {"north": "Town01", "south": "Town01"}
    write_tables(folder, results, [], towns=towns, class_names=CARLA_29.names, label_sizes=label_sizes)
    return folder


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
