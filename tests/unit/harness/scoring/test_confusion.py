from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torchmetrics.classification import MulticlassConfusionMatrix, MulticlassJaccardIndex

from harness.errors import DataError
from harness.scoring.confusion import IGNORE_ID, ConfusionMatrix
from harness.scoring.statistics.metrics import iou, mean_iou

Mask = NDArray[np.uint8]


def random_masks(
    seed: int, shape: tuple[int, ...], num_classes: int, *, block: int, ignored: float
) -> tuple[Mask, Mask]:
    """Truth and prediction made of runs of ``block`` pixels, as label maps are; a share of the truth is ignored."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(shape))
    runs = rng.integers(0, num_classes, (2, size // block + 1), dtype=np.uint8)
    runs[0][rng.random(runs.shape[1]) < ignored] = IGNORE_ID
    truth, prediction = runs.repeat(block, axis=1)[:, :size]
    return truth.reshape(shape).copy(), np.roll(prediction, block // 2).reshape(shape).copy()


def bincount_matrix(truth: Mask, prediction: Mask, num_classes: int) -> NDArray[np.int64]:
    scored = truth != IGNORE_ID
    pairs = truth[scored].astype(np.int64) * num_classes + prediction[scored]
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


masks = st.builds(
    random_masks,
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 19), st.integers(1, 37)),
    st.just(5),
    block=st.integers(1, 40),
    ignored=st.floats(0, 1),
)


def counted(truth: Mask, prediction: Mask, num_classes: int = 5) -> ConfusionMatrix:
    matrix = ConfusionMatrix(num_classes)
    matrix.update(truth, prediction)
    return matrix


@given(masks)
def test_counts_equal_numpy_bincount(pair: tuple[Mask, Mask]) -> None:
    np.testing.assert_array_equal(counted(*pair).counts, bincount_matrix(*pair, 5))


@given(masks)
@settings(max_examples=25)
def test_counts_equal_torchmetrics(pair: tuple[Mask, Mask]) -> None:
    truth, prediction = (torch.from_numpy(mask).long() for mask in pair)
    oracle = MulticlassConfusionMatrix(5, ignore_index=IGNORE_ID)
    np.testing.assert_array_equal(counted(*pair).counts, oracle(prediction, truth).numpy())


def test_iou_of_several_frames_equals_the_pooled_jaccard_index_of_torchmetrics() -> None:
    matrix = ConfusionMatrix(5)
    oracle = MulticlassJaccardIndex(5, average=None, ignore_index=IGNORE_ID)
    for seed in range(4):
        truth, prediction = random_masks(seed, (36, 64), 5, block=11, ignored=0.1)
        matrix.update(truth, prediction)
        oracle.update(torch.from_numpy(prediction).long(), torch.from_numpy(truth).long())
    ious = iou(matrix.tp, matrix.fp, matrix.fn)
    np.testing.assert_allclose(ious, oracle.compute().numpy(), rtol=1e-6)
    assert mean_iou(ious) == pytest.approx(float(oracle.compute().mean()), rel=1e-6)


@given(masks, st.integers(0, 700))
def test_splitting_and_merging_in_any_order_changes_nothing(pair: tuple[Mask, Mask], cut: int) -> None:
    truth, prediction = (mask.reshape(-1) for mask in pair)
    first = counted(truth[:cut], prediction[:cut])
    second = counted(truth[cut:], prediction[cut:])
    whole = counted(truth, prediction)
    np.testing.assert_array_equal((first + second).counts, whole.counts)
    np.testing.assert_array_equal((second + first).counts, whole.counts)


def test_known_counts_with_ignored_pixels() -> None:
    truth = np.array([[0, 0, 1, IGNORE_ID], [2, 2, 1, IGNORE_ID]], dtype=np.uint8)
    prediction = np.array([[0, 1, 1, 2], [2, 0, 1, 0]], dtype=np.uint8)
    matrix = counted(truth, prediction, 3)
    np.testing.assert_array_equal(matrix.counts, [[1, 1, 0], [0, 2, 0], [1, 0, 1]])
    np.testing.assert_array_equal(matrix.tp, [1, 2, 1])
    np.testing.assert_array_equal(matrix.fp, [1, 1, 0])
    np.testing.assert_array_equal(matrix.fn, [1, 0, 1])


def test_what_is_predicted_at_ignored_pixels_does_not_matter() -> None:
    truth = np.full((3, 16), IGNORE_ID, dtype=np.uint8)
    assert counted(truth, np.full_like(truth, 200)).counts.sum() == 0


def test_strided_and_unaligned_views_are_counted_like_copies() -> None:
    truth, prediction = random_masks(3, (40, 51), 5, block=9, ignored=0.2)
    for window in (np.s_[1:, 3:], np.s_[::2, ::-1], np.s_[5]):
        expected = bincount_matrix(truth[window], prediction[window], 5)
        np.testing.assert_array_equal(counted(truth[window], prediction[window]).counts, expected)
    flat_truth, flat_prediction = truth.reshape(-1)[3:], prediction.reshape(-1)[3:]
    expected = bincount_matrix(flat_truth, flat_prediction, 5)
    np.testing.assert_array_equal(counted(flat_truth, flat_prediction).counts, expected)


def test_counts_pass_beyond_32_bits() -> None:
    start = ConfusionMatrix(2, np.array([[2**31 - 1, 2**33], [0, 5]], dtype=np.int64))
    start.update(np.zeros((2, 8), dtype=np.uint8), np.zeros((2, 8), dtype=np.uint8))
    doubled = start + start
    assert doubled.counts.tolist() == [[2 * (2**31 + 15), 2**34], [0, 10]]
    assert doubled.fn.tolist() == [2**34, 0]


def test_a_pixel_by_pixel_count_in_one_frame_is_not_limited_to_16_bits() -> None:
    frame = np.ones((300, 300), dtype=np.uint8)
    assert counted(frame, frame).counts[1, 1] == 90_000


@pytest.mark.parametrize("where", [0, 20, 33])
@pytest.mark.parametrize("which", ["truth", "prediction"])
def test_ids_without_a_class_are_an_error_that_names_them(where: int, which: str) -> None:
    pair = {"truth": np.zeros(34, dtype=np.uint8), "prediction": np.zeros(34, dtype=np.uint8)}
    pair[which][where] = 27
    matrix = ConfusionMatrix(19)
    with pytest.raises(DataError, match=rf"ids \[27\] in the {which}, but there are 19 classes"):
        matrix.update(**pair)
    assert matrix.counts.sum() == 0, "a refused frame must leave nothing behind"


def test_a_prediction_of_the_ignore_id_at_a_scored_pixel_is_an_error() -> None:
    with pytest.raises(DataError, match=r"ids \[255\] in the prediction"):
        counted(np.zeros(8, dtype=np.uint8), np.full(8, IGNORE_ID, dtype=np.uint8))


def test_shapes_and_types_must_match() -> None:
    mask = np.zeros((4, 8), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"\(4, 8\), prediction has \(8, 4\)"):
        counted(mask, mask.T)
    with pytest.raises(ValueError, match="expected uint8"):
        counted(mask, mask.astype(np.int64))


def test_an_empty_mask_adds_nothing() -> None:
    empty = np.zeros((0, 8), dtype=np.uint8)
    assert counted(empty, empty).counts.sum() == 0


@pytest.mark.parametrize("num_classes", [0, 256])
def test_the_number_of_classes_must_leave_room_for_the_ignore_id(num_classes: int) -> None:
    with pytest.raises(ValueError, match=f"num_classes is {num_classes}"):
        ConfusionMatrix(num_classes)


def test_matrices_of_different_classes_cannot_be_added() -> None:
    with pytest.raises(ValueError, match="3 and 4 classes"):
        ConfusionMatrix(3) + ConfusionMatrix(4)
