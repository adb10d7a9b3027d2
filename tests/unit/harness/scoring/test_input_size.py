from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from datasets.labels import CARLA_29
from harness.errors import CheckpointError
from harness.scoring.input_size import ResizingNet, resize_picture, size_note
from harness.scoring.views import resize_ids
from harness.training.decoding import resize_pair

Image = NDArray[np.uint8]


class LeftOrRight:
    """Predicts 1 in the left half of a picture and 2 in the right; keeps what it saw."""

    label_set = CARLA_29
    origin: Mapping[str, Any] = {"weights_sha256": "0" * 64}

    def predict(self, rgb: Image) -> Image:
        self.seen = rgb
        ids = np.ones(rgb.shape[:2], dtype=np.uint8)
        ids[:, rgb.shape[1] // 2 :] = 2
        return ids


def picture(width: int, height: int) -> Image:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(32, 20), (7, 5), (130, 90)])
def test_the_net_sees_what_training_shows_it_at_that_size(size: tuple[int, int]) -> None:
    rgb, ids = picture(64, 40), picture(64, 40)[..., 0]
    planes = torch.from_numpy(rgb).permute(2, 0, 1)
    smooth, nearest = resize_pair(planes, torch.from_numpy(ids.copy()), size)
    np.testing.assert_array_equal(resize_picture(rgb, size), smooth.permute(1, 2, 0).numpy())
    np.testing.assert_array_equal(resize_ids(ids.copy(), size), nearest.numpy())


def test_the_prediction_has_the_size_of_the_picture() -> None:
    net = LeftOrRight()
    ids = ResizingNet(net, (16, 10)).predict(picture(64, 40))
    assert net.seen.shape == (10, 16, 3)
    assert ids.shape == (40, 64)
    assert ids.dtype == np.uint8
    np.testing.assert_array_equal(ids, LeftOrRight().predict(picture(64, 40)))


def test_a_picture_of_that_size_is_left_as_it_is() -> None:
    net, rgb = LeftOrRight(), picture(64, 40)
    ResizingNet(net, (64, 40)).predict(rgb)
    assert net.seen is rgb


def test_the_net_is_described_with_its_size() -> None:
    net = ResizingNet(LeftOrRight(), (16, 10))
    assert net.origin == {"weights_sha256": "0" * 64, "input_size": [16, 10]}
    assert net.label_set is CARLA_29


def write_config(run: Path, content: object) -> Path:
    run.mkdir()
    (run / "config.json").write_text(json.dumps(content))
    return run


def test_a_net_that_was_trained_at_another_size_is_told(tmp_path: Path) -> None:
    run = write_config(tmp_path / "run", {"size": [320, 180]})
    (note,) = size_note(run, [(640, 360), (320, 180)])
    assert "resized to 320x180 and now sees 640x360" in note
    assert "--size 320x180" in note
    assert size_note(run, [(320, 180)]) == []


def test_nothing_is_told_of_a_net_that_was_trained_as_recorded_or_of_which_nothing_is_known(tmp_path: Path) -> None:
    assert size_note(write_config(tmp_path / "run", {"size": None}), [(640, 360)]) == []
    assert size_note(tmp_path, [(640, 360)]) == []


@pytest.mark.parametrize("content", [[1], {"size": 3}, {"size": []}])
def test_a_configuration_that_is_none_is_an_error(tmp_path: Path, content: object) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json cannot be read"):
        size_note(write_config(tmp_path / "run", content), [(640, 360)])
