"""The loop of a score run: every scenario, every weather, one pass each, tables saved after each.

Where drives come from is a parameter, so that the loop is the same for a simulator and for a test's own source.

Decisions:

* **A failure costs one pass.** Its cells become "failed" rows with the message, and the next pass starts. A scenario
  whose drive cannot be had fails in all its passes. Only a lost server ends the run: whatever came next would fail too.
* **What is finished stays.** Tables are saved after each pass, so that Ctrl-C, or a crash, costs the pass it hits.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from typing import Protocol

from datasets.labels import LabelSet
from harness.carla_client.observation import Observation
from harness.errors import HarnessError, ServerLostError
from harness.scoring.cells import CellResult
from harness.scoring.live import Net, PassResult, PassScorer, run_pass
from harness.scoring.plan import Cell, ScorePlan, size_cameras
from harness.scoring.tables import ScoreTables
from sim_scenarios.camera import CameraSpec, Size
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import Weather

ProgressCallback = Callable[[str, int, int], None]
"""(what is being done, steps done, steps in all)."""


class Drive(Protocol):
    """One drive that can be shown again and again."""

    @property
    def num_frames(self) -> int:
        """Frames that a replay should give."""

    def replay(self, weather: Weather, cameras: Sequence[CameraSpec]) -> Generator[Observation, None, None]:
        """Show the drive under a weather to cameras; closing the generator ends the replay."""


OpenDrive = Callable[[Scenario], AbstractContextManager[Drive]]
"""Gets the drive of a scenario; it may be replayed while the context lasts."""


@dataclass(kw_only=True)
class _Progress:
    """Counts frames over all passes; a pass that ends early or late still counts as it was planned."""

    report: ProgressCallback
    total: int
    done: int = 0
    in_pass: int = 0

    def frame(self) -> None:
        self.in_pass += 1
        self.report("score", min(self.done + self.in_pass, self.total), self.total)

    def end_of_pass(self, planned_frames: int) -> None:
        self.done, self.in_pass = self.done + planned_frames, 0
        self.report("score", self.done, self.total)


class ScoreRunner:
    """Runs the passes of a plan that are not finished yet."""

    def __init__(
        self,
        plan: ScorePlan,
        net: Net,
        tag_set: LabelSet,
        tables: ScoreTables,
        *,
        progress: ProgressCallback | None = None,
    ) -> None:
        """Start from the tables as they are.

        Args:
            plan: what to score.
            net: the net to score.
            tag_set: the tags that the server writes.
            tables: hold what is finished, and take what comes.
            progress: told about every frame.
        """
        self._plan = plan
        self._net = net
        self._tag_set = tag_set
        self._tables = tables
        total = len(plan.weathers) * sum(scenario.num_frames for scenario in plan.scenarios)
        self._progress = _Progress(report=progress or (lambda what, done, total: None), total=total)

    def run(self, open_drive: OpenDrive) -> None:
        """Score every pass that is not finished.

        Raises:
            ServerLostError: the server is gone; the tables hold what was finished, and name the rest.
        """
        self._tables.save()
        for scenario in self._plan.scenarios:
            weathers = [weather for weather in self._plan.weathers if not self._is_finished(scenario, weather)]
            for _ in range(len(self._plan.weathers) - len(weathers)):
                self._progress.end_of_pass(scenario.num_frames)
            if weathers:
                self._run_scenario(scenario, weathers, open_drive)

    def _is_finished(self, scenario: Scenario, weather: str) -> bool:
        cells = self._plan.cells_of_pass(scenario.name, weather)
        return all(self._tables.result(cell).status == "done" for cell in cells)

    def _run_scenario(self, scenario: Scenario, weathers: list[str], open_drive: OpenDrive) -> None:
        waiting = list(weathers)
        try:
            with open_drive(scenario) as drive:
                while waiting:
                    self._run_pass(scenario, waiting[0], drive)
                    waiting.pop(0)
        except ServerLostError as error:
            self._fail(scenario, waiting[:1], error)
            raise
        except Exception as error:  # whatever it is, it costs this scenario and is told in its rows
            self._fail(scenario, waiting, error)

    def _run_pass(self, scenario: Scenario, weather: str, drive: Drive) -> None:
        cameras = size_cameras(scenario.cameras[0], self._plan.sizes)
        sizes = {camera.name: camera.size for camera in cameras}
        scorer = PassScorer(self._net, self._tag_set, sizes, worst_frames=self._plan.worst_frames)
        try:
            with closing(drive.replay(self._plan.weathers[weather], cameras)) as observations:
                result = run_pass(
                    _without_warmup(observations, self._plan.warmup_frames),
                    scorer,
                    planned_frames=max(0, drive.num_frames - self._plan.warmup_frames),
                    on_frame=self._progress.frame,
                )
        except ServerLostError:
            raise
        except Exception as error:  # the next weather may go well
            self._fail(scenario, [weather], error)
        else:
            self._keep(scenario.name, weather, result)
        self._progress.end_of_pass(scenario.num_frames)

    def _keep(self, scenario: str, weather: str, result: PassResult) -> None:
        cells = {_size(cell): cell for cell in self._plan.cells_of_pass(scenario, weather)}
        worst = self._tables.keep_frames(cells[self._plan.largest_size], result.worst)
        self._tables.put({cell: result.cells[size] for size, cell in cells.items()}, worst)
        self._tables.save()

    def _fail(self, scenario: Scenario, weathers: list[str], error: Exception) -> None:
        message = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
        failed = CellResult(status="failed", message=message)
        for weather in weathers:
            self._tables.put({cell: failed for cell in self._plan.cells_of_pass(scenario.name, weather)})
        self._tables.save()


def _size(cell: Cell) -> Size:
    return cell.width, cell.height


def _without_warmup(observations: Iterator[Observation], warmup_frames: int) -> Iterator[Observation]:
    """Receive, but do not pass on, the first frames."""
    for index, observation in enumerate(observations):
        if index >= warmup_frames:
            yield observation
