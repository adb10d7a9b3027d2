"""One pass: a drive replayed under one weather, the net run on every frame, every size counted.

This file knows nothing of a server: it takes observations from any iterator. While the net works on one, the simulator
renders the next (see :mod:`harness.scoring.pipeline`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from datasets.labels import LabelSet, check_tags, lookup_table
from harness.carla_client.observation import Observation
from harness.scoring.cells import CellResult, CellTally
from harness.scoring.pipeline import overlap
from harness.scoring.worst import KeptFrame, WorstFrames
from sim_scenarios.camera import Size

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

    cells: dict[Size, CellResult]
    worst: tuple[KeptFrame, ...]
    """Frames of the largest size, the worst first."""


class PassScorer:
    """Predicts and counts the observations of one pass."""

    def __init__(
        self,
        net: Net,
        tag_set: LabelSet,
        cameras: Mapping[str, Size],
        *,
        worst_frames: int,
        keep_counts: bool = False,
    ) -> None:
        """Start with nothing counted.

        Args:
            net: the net to score.
            tag_set: the tags that the server writes.
            cameras: size of each camera, by the camera's name.
            worst_frames: how many frames to keep as images.
            keep_counts: keep the counts of each frame in the results.
        """
        self._net = net
        self._tag_set = tag_set
        self._class_of_tag = lookup_table(tag_set, net.label_set)
        self._cameras = dict(cameras)
        self._largest = max(cameras.values(), key=lambda size: size[0] * size[1])
        num_classes = net.label_set.num_classes
        self._tallies = {size: CellTally(num_classes, keep_counts=keep_counts) for size in cameras.values()}
        self._worst = WorstFrames(worst_frames)

    def add(self, observation: Observation) -> None:
        """Predict and count what every camera saw. A camera that is missing at this tick stays uncounted.

        Raises:
            LabelError: a tag that servers of this version do not have.
        """
        for name, size in self._cameras.items():
            pair = observation.cameras.get(name)
            if pair is not None:
                self.add_pair(observation.tick, size, rgb=pair.rgb, tags=pair.tags)

    def add_pair(self, tick: int, size: Size, *, rgb: Image, tags: Image) -> None:
        """Predict and count one image.

        Args:
            tick: position in the drive.
            size: width and height of the image, one of the sizes that this pass has.
            rgb: ``(H, W, 3)`` uint8 sRGB.
            tags: ``(H, W)`` uint8 raw tags of the server.

        Raises:
            LabelError: a tag that servers of this version do not have.
        """
        check_tags(tags, self._tag_set)
        truth = self._class_of_tag[tags]
        prediction = self._net.predict(rgb)
        score = self._tallies[size].add(tick, tags=tags, truth=truth, prediction=prediction)
        if size == self._largest:
            self._worst.offer(KeptFrame(score=score, rgb=rgb, truth=truth, prediction=prediction))

    def result(self, *, planned_frames: int) -> PassResult:
        """What was counted so far."""
        return PassResult(
            cells={size: tally.result(planned_frames=planned_frames) for size, tally in self._tallies.items()},
            worst=self._worst.frames,
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
