"""What it costs to count a frame: against torchmetrics, and, near the borders, against one erosion a class.

Prints its table (``pytest -m benchmark -s``) and fails on wrong counts only, never on time. Truth is the tags of frames
of the embedded simulator; the prediction is the truth, three pixels off, with blobs of wrong classes. All sides take
turns, frame by frame, in one thread each; times are processor time, which other load hardly touches, and the least of
all rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchmetrics.classification import MulticlassConfusionMatrix

from datasets.labels import CARLA_29, lookup_table
from harness.carla_client.drive import drive
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.session import open_session
from harness.scoring.boundary import boundary_width, count_boundaries
from harness.scoring.confusion import IGNORE_ID, ConfusionMatrix
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Ego, Scenario, Traffic

pytestmark = pytest.mark.benchmark

Mask = NDArray[np.uint8]
Counts = NDArray[np.int64]
Pair = tuple[Mask, Mask]

NUM_CLASSES = CARLA_29.num_classes
EVERY_N = 15


def predicted(truth: Mask, rng: np.random.Generator) -> Mask:
    """The truth three pixels off, and a few blobs of any class."""
    moved = np.roll(np.where(truth == IGNORE_ID, 0, truth), (2, -3), (0, 1)).astype(np.uint8)
    height, width = truth.shape
    noise = cv2.resize(rng.random((height // 20, width // 20), dtype=np.float32), (width, height))
    moved[noise > 0.88] = rng.integers(1, NUM_CLASSES)
    return moved


@pytest.fixture(scope="module")
def pairs(simulator: Endpoint, is_full: bool) -> dict[str, list[Pair]]:
    """Truth and prediction of some frames, by size."""
    frames = 6 if is_full else 2
    cameras = tuple(
        CameraSpec(name=f"{width}x{height}", width=width, height=height) for width, height in ((1920, 1080), (640, 360))
    )
    scenario = Scenario(
        name="benchmark",
        split="test",
        seed=1,
        duration_s=frames * EVERY_N * 0.05,
        ego=Ego(spawn_point=3),
        traffic=Traffic(vehicles=30, walkers=30),
        cameras=cameras,
        record_every_n=EVERY_N,
    )
    rng = np.random.default_rng(1)
    class_of_tag = lookup_table(CARLA_29, CARLA_29)
    found: dict[str, list[Pair]] = {camera.name: [] for camera in cameras}
    with open_session(simulator, fixed_delta_seconds=scenario.fixed_delta_seconds) as session:
        for observation in drive(session, scenario, cameras=cameras):
            for name, pair in observation.cameras.items():
                truth = class_of_tag[pair.tags]
                found[name].append((truth, predicted(truth, rng)))
    assert {len(each) for each in found.values()} == {frames}
    return found


@contextmanager
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads[0])
        cv2.setNumThreads(threads[1])


def least_ms(sides: Mapping[str, Callable[[Mask, Mask], object]], frames: list[Pair], rounds: int) -> dict[str, float]:
    """Processor time of each side for a frame: the least that each frame took, its mean over the frames."""
    times = {name: np.full(len(frames), np.inf) for name in sides}
    with one_thread():
        for _ in range(rounds):
            for number, pair in enumerate(frames):
                for name, side in sides.items():
                    started = time.process_time_ns()
                    side(*pair)
                    taken = (time.process_time_ns() - started) / 1e6
                    times[name][number] = min(times[name][number], taken)
    return {name: float(each.mean()) for name, each in times.items()}


def test_confusion_against_torchmetrics(pairs: dict[str, list[Pair]], is_full: bool) -> None:
    frames = pairs["1920x1080"]
    tensors = {id(mask): torch.from_numpy(mask).long()[None] for pair in frames for mask in pair}
    ours = ConfusionMatrix(NUM_CLASSES)
    validated = MulticlassConfusionMatrix(NUM_CLASSES, ignore_index=IGNORE_ID)
    unvalidated = MulticlassConfusionMatrix(NUM_CLASSES, ignore_index=IGNORE_ID, validate_args=False)
    taken = least_ms(
        {
            "ours": ours.update,
            "torchmetrics, default": lambda truth, seen: validated.update(tensors[id(seen)], tensors[id(truth)]),
            "torchmetrics, validate_args=False": lambda truth, seen: unvalidated.update(
                tensors[id(seen)], tensors[id(truth)]
            ),
        },
        frames,
        rounds=15 if is_full else 2,
    )
    for oracle in (validated, unvalidated):
        np.testing.assert_array_equal(ours.counts, oracle.compute().numpy())
    agreement = np.trace(ours.counts) / ours.counts.sum()
    print(f"\n{NUM_CLASSES} classes, 1920x1080, {agreement:.0%} of the pixels predicted right, ms a frame:")
    for name, each in taken.items():
        print(f"  {name:34s} {each:8.2f}   {each / taken['ours']:6.1f} x ours")


def class_by_class(truth: Mask, prediction: Mask) -> Counts:
    """Bands as the paper's authors compute them: ``width`` erosions of each class's mask, framed with zeros."""
    width, scored = boundary_width(*truth.shape), truth != IGNORE_ID

    def band(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        framed = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        return mask & (cv2.erode(framed, np.ones((3, 3), np.uint8), iterations=width)[1:-1, 1:-1] == 0)

    bands = [(band(truth == k), band((prediction == k) & scored)) for k in range(NUM_CLASSES)]
    return np.array([[(a & b).sum(), (b & ~a).sum(), (a & ~b).sum()] for a, b in bands], dtype=np.int64)


def ours_of_boundaries(truth: Mask, prediction: Mask) -> Counts:
    return count_boundaries(truth, prediction, NUM_CLASSES, width=boundary_width(*truth.shape))


def test_boundaries_against_one_erosion_a_class(pairs: dict[str, list[Pair]], is_full: bool) -> None:
    frames = pairs["640x360"]
    for pair in frames:
        np.testing.assert_array_equal(ours_of_boundaries(*pair), class_by_class(*pair))
    sides = {"ours": ours_of_boundaries, "two erosions a class (cv2)": class_by_class}
    taken = least_ms(sides, frames, rounds=15 if is_full else 2)
    print(f"\nboundary counts, {NUM_CLASSES} classes, 640x360, ms a frame:")
    for name, each in taken.items():
        print(f"  {name:34s} {each:8.2f}   {each / taken['ours']:6.1f} x ours")
