"""One pass: a drive replayed under one weather, every net run on every picture, everything counted.

This file knows nothing of a server: it takes observations from any iterator. While the nets work on one, the simulator
renders the next (see :mod:`harness.scoring.pipeline`). Recorded frames are counted here, too, so that both give the
same numbers.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.labels import LabelSet, check_tags, lookup_table
from harness.carla_client.observation import CameraPair, Observation
from harness.scoring.cell_tally import CellTally
from harness.scoring.cells import CellResult
from harness.scoring.confusion import ConfusionMatrix
from harness.scoring.frame_counts import FrameTruth, count_frame
from harness.scoring.pipeline import overlap
from harness.scoring.views import View, resize_ids
from harness.scoring.worst import KeptFrame, WorstFrames

Image = NDArray[np.uint8]


class Net(Protocol):
    """What a score needs of a net; :class:`harness.segmenter.Segmenter` is one."""

    @property
    def label_set(self) -> LabelSet:
        """The classes that the net knows."""

    @property
    def origin(self) -> Mapping[str, Any]:
        """Where the net comes from, JSON values; with its weights' checksum as ``weights_sha256`` if it was loaded."""

    def predict(self, rgb: Image) -> Image:
        """Class ids ``(H, W)`` uint8 of an image ``(H, W, 3)`` uint8."""


@dataclass(frozen=True, kw_only=True)
class PassResult:
    """What one pass gave."""

    cells: dict[tuple[str, str], CellResult]
    """By the names of camera and net."""
    worst: tuple[KeptFrame, ...]
    """Of the largest camera, net after net, as :class:`WorstFrames` lists them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Labels:
    """What one picture shows."""

    truth: FrameTruth
    digest: bytes
    """SHA-256 of its raw tags."""


class PassScorer:
    """Predicts and counts the observations of one pass."""

    def __init__(
        self,
        nets: Mapping[str, Net],
        tag_set: LabelSet,
        views: Sequence[View],
        *,
        keep_worst: int,
        known_worst: Mapping[tuple[str, str], float] | None = None,
    ) -> None:
        """Start with nothing counted.

        Args:
            nets: the nets to score by their names; all know the same classes.
            tag_set: the tags that the server writes.
            views: the cameras.
            keep_worst: frames of the lowest mean IoU that each net keeps as images; 0 keeps no images at all.
            known_worst: lowest IoU of the frames that other passes of the scenario have kept, by net and class; the
                frame of a class is kept only where it is as low.
        """
        self._label_set = next(iter(nets.values())).label_set
        assert all(net.label_set.digest == self._label_set.digest for net in nets.values()), "nets of other classes"
        self._nets = dict(nets)
        self._tag_set = tag_set
        self._class_of_tag = lookup_table(tag_set, self._label_set)
        self._views = tuple(views)
        self._size_of = {view.camera.name: view.camera.size for view in views}
        self._tallies = {
            (view.camera.name, model): CellTally(self._label_set.num_classes) for view in views for model in nets
        }
        heads = [view.camera for view in views if view.is_label_camera]
        self._shown = max(heads, key=lambda camera: camera.width * camera.height).name
        self._worst = {
            model: WorstFrames(
                self._shown,
                model,
                self._label_set.names,
                limit=keep_worst,
                known={label: value for (of, label), value in (known_worst or {}).items() if of == model},
            )
            for model in nets
        }

    def add(self, observation: Observation) -> None:
        """Predict and count what every camera saw at one tick: see ``add_pairs``."""
        self.add_pairs(observation.tick, observation.cameras)

    def add_pairs(self, tick: int, pairs: Mapping[str, CameraPair]) -> None:
        """Predict and count pictures of one tick.

        A camera that is missing stays uncounted, and so do those that are scored on its labels.

        Args:
            tick: position in the drive.
            pairs: pictures by the names of their cameras.

        Raises:
            LabelError: a tag that servers of this version do not have.
            DataError: a net predicts an id that no class has.
        """
        labels: dict[str, _Labels] = {}
        for view in self._views:
            pair, head = pairs.get(view.camera.name), pairs.get(view.label_camera)
            if pair is None or head is None:
                continue
            if view.label_camera not in labels:
                labels[view.label_camera] = self._labels(head)
            for model in self._nets:
                self._count(tick, view, model, pair, labels[view.label_camera])

    def _labels(self, pair: CameraPair) -> _Labels:
        truth = FrameTruth.of(self._class_ids(pair.tags), pair.depth)
        return _Labels(truth=truth, digest=hashlib.sha256(np.ascontiguousarray(pair.tags).data).digest())

    def _class_ids(self, tags: Image) -> Image:
        check_tags(tags, self._tag_set)
        ids: Image = cv2.LUT(tags, self._class_of_tag)
        return ids

    def _count(self, tick: int, view: View, model: str, pair: CameraPair, labels: _Labels) -> None:
        started = time.perf_counter()
        prediction = self._nets[model].predict(pair.rgb)
        predict_s = time.perf_counter() - started
        num_classes = self._label_set.num_classes
        shown = prediction if view.is_label_camera else resize_ids(prediction, self._size_of[view.label_camera])
        counts = count_frame(labels.truth, shown, num_classes)
        input_regions = counts.regions
        if not view.is_label_camera:
            matrix = ConfusionMatrix(num_classes)
            matrix.update(self._class_ids(pair.tags), prediction)
            input_regions = matrix.regions
        self._tallies[view.camera.name, model].add(
            tick,
            counts,
            input_regions=input_regions,
            predict_s=predict_s,
            labels_digest=labels.digest,
            has_depth=labels.truth.has_depth,
        )
        if view.camera.name == self._shown:
            truth = labels.truth.ids
            self._worst[model].offer(tick, counts.regions, rgb=pair.rgb, truth=truth, prediction=prediction)

    def result(self, *, planned_frames: int) -> PassResult:
        """What was counted so far."""
        return PassResult(
            cells={key: tally.result(planned_frames=planned_frames) for key, tally in self._tallies.items()},
            worst=tuple(frame for worst in self._worst.values() for frame in worst.frames),
        )


def run_pass(
    observations: Iterable[Observation],
    scorer: PassScorer,
    *,
    planned_frames: int,
    on_frame: Callable[[], None] = lambda: None,
) -> PassResult:
    """Score every observation and return the counts.

    Args:
        observations: the replay; read in the calling thread, which also calls ``on_frame``.
        scorer: counts them, in a thread beside it.
        planned_frames: observations that there should be: fewer make a cell "partial".
        on_frame: called for every observation that was received.
    """

    def received() -> Iterator[Observation]:
        for observation in observations:
            yield observation
            on_frame()

    overlap(received(), scorer.add)
    return scorer.result(planned_frames=planned_frames)
