"""panels.png: the right frames, each pixel in its class's colour, and one size for a whole run."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from datasets.labels import CAMVID_11, CARLA_29
from harness.training.data import Batch
from harness.training.panels import MAX_EXAMPLES, TILE_PX, Example, draw_panels, example_frames, examples_of, panels_png

GAP, HEADING = 6, 26


def example(truth: int, prediction: int, *, height: int = 24, width: int = 32) -> Example:
    shape = (height, width)
    return Example(
        rgb=np.full((*shape, 3), (10, 200, 30), np.uint8),
        truth=np.full(shape, truth, np.uint8),
        prediction=np.full(shape, prediction, np.uint8),
    )


@given(st.integers(1, 500), st.integers(1, 5))
def test_chosen_frames_are_few_different_and_spread(frames: int, processes: int) -> None:
    order = range(frames)[::processes]
    chosen = example_frames(order)
    assert len(set(chosen)) == len(chosen) == min(MAX_EXAMPLES, len(order))
    assert set(chosen) <= set(order)
    assert list(chosen) == sorted(chosen)
    gaps = np.diff([order.index(number) for number in chosen])
    assert gaps.size == 0 or np.ptp(gaps) <= 1


def test_examples_are_the_wanted_rows_of_a_batch() -> None:
    rgb = torch.arange(3, dtype=torch.uint8).view(3, 1, 1, 1).expand(3, 3, 4, 5)
    labels = torch.arange(3, dtype=torch.uint8).view(3, 1, 1).expand(3, 4, 5) + 10
    found = examples_of(Batch(rgb, labels, [7, 8, 9]), labels + 10, {9, 7, 100})
    assert [(each.rgb[0, 0].tolist(), each.truth[0, 0], each.prediction[0, 0]) for each in found] == [
        ([0, 0, 0], 10, 20),
        ([2, 2, 2], 12, 22),
    ]
    assert found[0].rgb.shape == (4, 5, 3)


def test_a_row_is_input_truth_and_prediction_in_the_classes_colours() -> None:
    road, sky = CARLA_29.class_id("Roads"), CARLA_29.class_id("Sky")
    picture = draw_panels([example(road, sky), example(sky, road)], CARLA_29)
    for row, (truth, prediction) in enumerate([(road, sky), (sky, road)]):
        top = HEADING + row * (TILE_PX * 24 // 32 + GAP)
        for column, colour in enumerate([(10, 200, 30), CARLA_29.palette[truth], CARLA_29.palette[prediction]]):
            left = GAP + column * (TILE_PX + GAP)
            tile = picture[top : top + TILE_PX * 24 // 32, left : left + TILE_PX]
            assert (tile == colour).all()


def test_unlabelled_pixels_have_the_colour_of_no_class() -> None:
    picture = draw_panels([example(255, 0)], CARLA_29)
    truth = picture[HEADING : HEADING + TILE_PX * 24 // 32, GAP + TILE_PX + GAP : GAP + TILE_PX + GAP + TILE_PX]
    shown = {tuple(colour) for colour in np.unique(truth.reshape(-1, 3), axis=0).tolist()}
    assert len(shown) == 2
    assert shown.isdisjoint(label.color for label in CARLA_29.classes)


def test_the_size_does_not_depend_on_what_was_predicted() -> None:
    shapes = {draw_panels([example(1, prediction)], CAMVID_11).shape for prediction in range(11)}
    assert len(shapes) == 1


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 2000), (2000, 7), (1080, 1920)])
def test_any_frame_fits(height: int, width: int) -> None:
    picture = draw_panels([example(1, 2, height=height, width=width)], CAMVID_11)
    assert max(picture.shape) <= 3 * TILE_PX + 800


def test_a_picture_is_written_losslessly() -> None:
    picture = draw_panels([example(1, 2)], CAMVID_11)
    assert (np.asarray(Image.open(io.BytesIO(panels_png(picture)))) == picture).all()
