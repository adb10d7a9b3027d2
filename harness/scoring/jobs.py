"""Doing one job of a score on a server: a drive for its log, or a pass for its counts.

What a job writes is whole before it is told to be done: the log, or the images and then the counts.
"""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from datasets.labels import LabelSet
from harness.carla_client.observation import Observation
from harness.run_dir import digest_input
from harness.scoring.cell_files import save_pass
from harness.scoring.cells import CellStatus
from harness.scoring.live import Net, PassResult, PassScorer, run_pass
from harness.scoring.plan import cell_of
from harness.scoring.views import View, plan_views
from harness.scoring.worst import KeptFrame
from harness.workers.attempt import attempt
from harness.workers.protocol import DriveDone, DriveJob, Event, Failed, Frame, Note, PassDone, PassJob
from harness.workers.simulator import Simulator

KEEP_WORST = 1
"""Frames of the lowest mean IoU that each pass keeps as images, for each net."""
_WORST_FIRST: tuple[CellStatus, ...] = ("failed", "partial", "done")


class JobRunner:
    """Does jobs, one after the other."""

    def __init__(
        self, simulator: Simulator, nets: Mapping[str, Net], tag_set: LabelSet, *, on_event: Callable[[Event], None]
    ) -> None:
        """Take over the tools.

        Args:
            simulator: drives and replays.
            nets: the nets to score by their names.
            tag_set: the tags that the server writes.
            on_event: told about every frame.
        """
        self._simulator = simulator
        self._nets = nets
        self._tag_set = tag_set
        self._on_event = on_event
        self._known_worst: defaultdict[str, dict[tuple[str, str], float]] = defaultdict(dict)

    def run(self, job: DriveJob | PassJob) -> DriveDone | PassDone | Failed:
        """Do one job and say how it ended.

        Raises:
            ServerLostError: the server is gone or hangs.
        """
        if isinstance(job, DriveJob):
            return attempt(lambda: self._drive(job), self._simulator)
        return attempt(lambda: self._score(job), self._simulator)

    def _drive(self, job: DriveJob) -> DriveDone:
        shortfalls = self._simulator.drive(
            job.scenario, Path(job.log), on_frame=lambda done: self._on_event(Frame(done=done))
        )
        for shortfall in shortfalls:
            self._on_event(Note(text=f"{job.scenario.name}: {shortfall}"))
        return DriveDone()

    def _score(self, job: PassJob) -> PassDone:
        started = time.perf_counter()
        views = plan_views(job.scenario.cameras[0], job.sizes, job.fovs, with_depth=True)
        result = self._replay(job, views)
        cell_of_pair = {
            (view.camera.name, model): cell_of(job.of, view, model) for view in views for model in self._nets
        }
        file = Path(job.out) / job.file
        save_pass(
            Path(job.out),
            file,
            {cell: result.cells[pair] for pair, cell in cell_of_pair.items()},
            [(cell_of_pair[each.camera, each.model], each) for each in result.worst],
        )
        self._note_worst(job.scenario.name, result.worst)
        first = min(result.cells.values(), key=lambda cell: _WORST_FIRST.index(cell.status))
        return PassDone(
            status=first.status,
            message=first.message,
            seconds=time.perf_counter() - started,
            sha256=digest_input(file),
            labels=_labels(views, result),
        )

    def _replay(self, job: PassJob, views: Sequence[View]) -> PassResult:
        log = self._simulator.load_log(Path(job.log), job.scenario)
        scorer = PassScorer(
            self._nets,
            self._tag_set,
            views,
            keep_worst=KEEP_WORST,
            known_worst=self._known_worst[job.scenario.name],
        )
        received = itertools.count(1)
        timeline = job.timeline.over(job.scenario.duration_s)
        with self._simulator.replay(log, timeline, [view.camera for view in views]) as observations:
            return run_pass(
                _counted(observations, job.warmup_frames, on_frame=lambda: self._on_event(Frame(done=next(received)))),
                scorer,
                planned_frames=max(0, job.num_frames - job.warmup_frames),
            )

    def _note_worst(self, scenario: str, kept: Sequence[KeptFrame]) -> None:
        known = self._known_worst[scenario]
        for frame in kept:
            key = frame.model, frame.label
            known[key] = min(frame.iou, known.get(key, frame.iou))


def _counted(
    observations: Iterable[Observation], warmup_frames: int, *, on_frame: Callable[[], None]
) -> Iterator[Observation]:
    """All but the first frames; every one is told, when the next is asked for."""
    for index, observation in enumerate(observations):
        if index >= warmup_frames:
            yield observation
        on_frame()


def _labels(views: Sequence[View], result: PassResult) -> dict[str, str]:
    """The checksum of the labels of each view that was scored to its end."""
    digests = {}
    for view in views:
        cells = [cell for (camera, _), cell in result.cells.items() if camera == view.camera.name]
        if view.is_label_camera and all(cell.status == "done" for cell in cells):
            camera, counts = view.camera, cells[0].counts
            assert counts is not None, "a done cell has counts"
            digests[f"{camera.width}x{camera.height} @ {camera.fov:g}"] = counts.labels_digest
    return digests
