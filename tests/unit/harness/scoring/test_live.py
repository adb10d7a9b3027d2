from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from datasets.labels import CARLA_29, LabelError
from harness.carla_client.observation import CameraPair, Observation
from harness.errors import DataError
from harness.scoring.cells import CellResult
from harness.scoring.confusion import ConfusionMatrix
from harness.scoring.live import PassScorer, run_pass
from harness.scoring.statistics.metrics import MEAN
from harness.scoring.views import plan_views, resize_ids
from sim_scenarios.camera import CameraSpec
from tests.unit.harness.scoring.made_cells import Mask, depth_of, scene

SIZES = ((64, 48), (32, 24))
VIEWS = plan_views(CameraSpec(), SIZES, [90.0], with_depth=True)
LARGE, SMALL = (view.camera.name for view in VIEWS)
NUM_CLASSES = CARLA_29.num_classes


class RedNet:
    """Predicts what the red channel holds."""

    label_set = CARLA_29
    origin: Mapping[str, Any] = {}

    def predict(self, rgb: Any) -> Mask:
        return np.ascontiguousarray(rgb[..., 0])


class RoadNet(RedNet):
    """Predicts road wherever it looks, and takes its time."""

    def predict(self, rgb: Any) -> Mask:
        time.sleep(0.002)
        return np.ones(rgb.shape[:2], dtype=np.uint8)


def picture(seed: int, size: tuple[int, int], *, with_depth: bool) -> CameraPair:
    tags = scene(seed, size[1], size[0], num_classes=NUM_CLASSES, ignored=False)
    rgb = np.dstack([np.roll(tags, 2, 1), tags, tags])
    depth = depth_of(tags, seed) if with_depth else None
    return CameraPair(rgb=rgb, tags=tags, transform=(0.0,) * 6, depth=depth)


def observed(tick: int, *, without: str = "", with_depth: bool = True) -> Observation:
    pairs = {
        LARGE: picture(tick, SIZES[0], with_depth=with_depth),
        SMALL: picture(tick + 100, SIZES[1], with_depth=False),
    }
    pairs.pop(without, None)
    return Observation(
        frame=1000 + tick, tick=tick, timestamp_s=0.05 * tick, cameras=pairs, ego_transform=(0.0,) * 6,
        ego_speed=0.0, gaps=(),
    )  # fmt: skip


def scored(*observations: Observation, keep_worst: int = 0, **more: Any) -> Any:
    scorer = PassScorer({"red": RedNet(), "road": RoadNet()}, CARLA_29, VIEWS, keep_worst=keep_worst, **more)
    for observation in observations:
        scorer.add(observation)
    return scorer.result(planned_frames=len(observations))


def matrix_of(truth: Mask, prediction: Mask) -> Any:
    matrix = ConfusionMatrix(NUM_CLASSES)
    matrix.update(truth, prediction)
    return matrix


def test_every_net_is_counted_at_every_size() -> None:
    cells = scored(observed(0), observed(1)).cells
    assert list(cells) == [(LARGE, "red"), (LARGE, "road"), (SMALL, "red"), (SMALL, "road")]
    assert {result.status for result in cells.values()} == {"done"}
    for result in cells.values():
        assert result.counts.ticks.tolist() == [0, 1]
        assert result.counts.has_depth
        pooled = result.counts.regions.sum(axis=0)
        np.testing.assert_array_equal(result.counts.distances.sum(axis=0), pooled)
        np.testing.assert_array_equal(result.counts.objects.sum(axis=0), pooled)
    assert len({result.counts.labels_digest for result in cells.values()}) == 1


def test_a_picture_of_the_label_size_is_the_same_at_both_sizes() -> None:
    counts = scored(observed(0), observed(1)).cells[LARGE, "red"].counts
    np.testing.assert_array_equal(counts.regions, counts.input_regions)


def test_a_smaller_picture_is_enlarged_to_the_labels_of_the_largest_and_counted_at_its_own_size_too() -> None:
    observation = observed(0)
    counts = scored(observation).cells[SMALL, "red"].counts
    small, large = observation.cameras[SMALL], observation.cameras[LARGE]
    prediction = small.rgb[..., 0]
    enlarged = matrix_of(large.tags, resize_ids(prediction, SIZES[0]))
    np.testing.assert_array_equal(counts.confusion, enlarged.counts)
    np.testing.assert_array_equal(counts.regions[0], enlarged.regions)
    np.testing.assert_array_equal(counts.input_regions[0], matrix_of(small.tags, prediction).regions)
    assert counts.regions.sum() != counts.input_regions.sum()


def test_what_lacks_its_labels_is_not_counted() -> None:
    cells = scored(observed(0), observed(1, without=LARGE), observed(2, without=SMALL)).cells
    ticks = {key: result.counts.ticks.tolist() for key, result in cells.items()}
    assert ticks == {(LARGE, "red"): [0, 2], (LARGE, "road"): [0, 2], (SMALL, "red"): [0], (SMALL, "road"): [0]}
    assert [result.status for result in cells.values()] == ["partial"] * 4


def test_without_depth_there_are_no_distances() -> None:
    counts = scored(observed(0, with_depth=False)).cells[SMALL, "red"].counts
    assert not counts.has_depth
    assert not counts.distances.any()


def test_each_net_is_timed_by_itself() -> None:
    cells = scored(observed(0), observed(1)).cells
    assert cells[LARGE, "road"].counts.predict_s.shape == (2,)
    assert cells[LARGE, "road"].counts.predict_s.min() >= 0.002
    assert cells[LARGE, "red"].counts.predict_s.min() > 0


def test_worst_frames_are_of_the_largest_camera_and_of_each_net() -> None:
    observations = [observed(tick) for tick in range(4)]
    worst = scored(*observations, keep_worst=1).worst
    assert {frame.camera for frame in worst} == {LARGE}
    for model, net in (("red", RedNet()), ("road", RoadNet())):
        mine = [frame for frame in worst if frame.model == model]
        assert mine[0].label == MEAN
        lowest = min(score_alone(observation, net) for observation in observations)
        assert (pytest.approx(mine[0].iou), mine[0].tick) == lowest
        seen = observations[mine[0].tick].cameras[LARGE]
        np.testing.assert_array_equal(mine[0].rgb, seen.rgb)
        np.testing.assert_array_equal(mine[0].truth, seen.tags)
        np.testing.assert_array_equal(mine[0].prediction, net.predict(seen.rgb))
        assert {frame.label for frame in mine[1:]} <= set(CARLA_29.names)
    known = {(frame.model, frame.label): frame.iou - 1e-9 for frame in worst}
    assert {frame.label for frame in scored(*observations, keep_worst=1, known_worst=known).worst} == {MEAN}
    assert scored(*observations).worst == ()


def score_alone(observation: Observation, net: RedNet) -> tuple[float, int]:
    """Mean IoU of one observation on its own, and its tick."""
    pair = observation.cameras[LARGE]
    tp, fp, fn = matrix_of(pair.tags, net.predict(pair.rgb)).regions.T
    there = tp + fp + fn > 0
    return float(np.mean(tp[there] / (tp + fp + fn)[there])), observation.tick


def test_a_pass_is_run_with_an_observation_ahead_and_told_of() -> None:
    told: list[int] = []
    scorer = PassScorer({"red": RedNet()}, CARLA_29, VIEWS, keep_worst=0)
    result = run_pass(
        (observed(tick) for tick in range(3)), scorer, planned_frames=4, on_frame=lambda: told.append(len(told))
    )
    assert told == [0, 1, 2]
    assert {cell.status for cell in result.cells.values()} == {"partial"}


def test_nothing_received_is_a_failed_cell() -> None:
    cells: dict[tuple[str, str], CellResult] = scored().cells
    assert {result.status for result in cells.values()} == {"failed"}


def test_a_tag_or_a_prediction_that_no_class_has_is_an_error() -> None:
    odd = observed(0)
    odd.cameras[LARGE].tags[0, 0] = 40
    with pytest.raises(LabelError):
        scored(odd)
    odd = observed(0)
    odd.cameras[SMALL].rgb[0, 0, 0] = 40
    with pytest.raises(DataError, match=r"ids \[40\] in the prediction"):
        scored(odd)
