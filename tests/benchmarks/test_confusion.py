"""What it costs to count a frame: against torchmetrics, near the borders against one erosion a class, and part by part.

Prints tables (``pytest -m benchmark -s``) and fails on wrong counts only, never on time. Truth is the tags of frames of
the embedded simulator; the prediction is the truth, three pixels off, with blobs of wrong classes. All sides take
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
from harness.scoring.bands import distance_bands, object_bands
from harness.scoring.boundary import boundary_width, in_band
from harness.scoring.confusion import IGNORE_ID, ConfusionMatrix
from harness.scoring.frame_counts import FrameTruth, count_frame
from harness.scoring.views import resize_ids
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


def band_of_each_class(labels: Mask) -> NDArray[np.bool_]:
    """Bands as the paper's authors compute them: ``width`` erosions of each class's mask, framed with zeros."""
    width, band = boundary_width(*labels.shape), np.zeros(labels.shape, dtype=np.bool_)
    for k in [*range(NUM_CLASSES), IGNORE_ID]:
        framed = cv2.copyMakeBorder((labels == k).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        band |= (labels == k) & (cv2.erode(framed, np.ones((3, 3), np.uint8), iterations=width)[1:-1, 1:-1] == 0)
    return band


def objects_of_each_class(labels: Mask) -> int:
    """The regions of each class, by OpenCV."""
    return sum(
        cv2.connectedComponentsWithStats((labels == k).astype(np.uint8), connectivity=8)[0] for k in range(NUM_CLASSES)
    )


def test_borders_and_objects_against_class_by_class(pairs: dict[str, list[Pair]], is_full: bool) -> None:
    frames = pairs["640x360"]
    for truth, _ in frames:
        np.testing.assert_array_equal(in_band(truth, boundary_width(*truth.shape)), band_of_each_class(truth))
    sides: dict[str, Callable[[Mask, Mask], object]] = {
        "borders, all classes at once": lambda truth, _: in_band(truth, boundary_width(*truth.shape)),
        "borders, one erosion a class (cv2)": lambda truth, _: band_of_each_class(truth),
        "objects, all classes at once": lambda truth, _: object_bands(truth),
        "objects, class by class (cv2)": lambda truth, _: objects_of_each_class(truth),
    }
    print_parts("borders and objects", least_ms(sides, frames, rounds=15 if is_full else 2))


def test_one_frame_by_part(pairs: dict[str, list[Pair]], is_full: bool) -> None:
    frames = pairs["640x360"]
    codes = np.random.default_rng(1).integers(0, 2**24, frames[0][0].shape[0], dtype=np.uint32)
    depth = np.repeat(codes[:, None], frames[0][0].shape[1], axis=1)
    prepared = {id(truth): FrameTruth.of(truth, depth) for truth, _ in frames}
    for truth, prediction in frames:
        counts = count_frame(prepared[id(truth)], prediction, NUM_CLASSES)
        np.testing.assert_array_equal(counts.distances.sum(axis=0), counts.regions)
        np.testing.assert_array_equal(counts.objects.sum(axis=0), counts.regions)
    sides: dict[str, Callable[[Mask, Mask], object]] = {
        "truth, once for all nets and sizes": lambda truth, _: FrameTruth.of(truth, depth),
        "prediction, all counts": lambda truth, seen: count_frame(prepared[id(truth)], seen, NUM_CLASSES),
        "  of these, the confusion matrix": ConfusionMatrix(NUM_CLASSES).update,
        "  of these, borders": lambda _, seen: in_band(seen, boundary_width(*seen.shape)),
        "  of these, objects": lambda _, seen: object_bands(seen),
        "distances": lambda *_: distance_bands(depth),
        "enlarging from 320x180": lambda _, seen: resize_ids(seen[::2, ::2], (640, 360)),
    }
    print_parts("one frame", least_ms(sides, frames, rounds=15 if is_full else 2))


def print_parts(what: str, taken: Mapping[str, float]) -> None:
    print(f"\n{what}, {NUM_CLASSES} classes, 640x360, ms of processor time a frame:")
    for name, each in taken.items():
        print(f"  {name:38s} {each:8.2f}")
