"""The segmenter: pictures in, class ids out, and every way in which a checkpoint can be the wrong one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from datasets.labels import CARLA_29, Grouping, LabelClass, LabelSet
from harness.errors import CheckpointError, UsageError
from harness.run_dir import RunDir
from harness.segmenter import Segmenter
from harness.training.checkpoint import CheckpointInfo, save_checkpoint
from nets import build_net

INFO = CheckpointInfo(
    net="unet",
    net_options={"base_channels": 4, "depth": 2},
    label_set="carla29",
    classes=CARLA_29.names,
    epoch=1,
    step=10,
)


class BrightnessNet(nn.Module):
    """Predicts class 11 where the image is bright and 1 where it is dark; keeps what it was given."""

    def forward(self, images: Tensor) -> Tensor:
        self.seen = images
        logits = torch.zeros(images.shape[0], CARLA_29.num_classes, *images.shape[2:])
        brightness = images.mean(dim=1)
        logits[:, 11] = brightness
        logits[:, 1] = -brightness
        return logits


def save_run(path: Path, info: CheckpointInfo = INFO, *, num_classes: int = CARLA_29.num_classes) -> Path:
    torch.manual_seed(3)
    net = build_net("unet", num_classes, base_channels=4, depth=2)
    save_checkpoint(RunDir.create(path), "best", info, net.state_dict())
    return path


def picture(width: int, height: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def segmenter(tmp_path: Path) -> Segmenter:
    return Segmenter.load(save_run(tmp_path / "run"), device="cpu", precision="float32")


class TestPrediction:
    def test_the_net_sees_what_training_shows_it(self) -> None:
        net = BrightnessNet()
        image = np.zeros((4, 6, 3), dtype=np.uint8)
        image[:, 3:] = 255
        ids = Segmenter(net, CARLA_29, device="cpu").predict(image)
        assert ids.dtype == np.uint8
        assert ids.tolist() == [[1, 1, 1, 11, 11, 11]] * 4
        assert net.seen.shape == (1, 3, 4, 6)
        assert sorted(set(net.seen.flatten().tolist())) == [-2.0, 2.0]
        assert net.seen.is_contiguous(memory_format=torch.channels_last)
        assert not net.training

    @pytest.mark.parametrize(("width", "height"), [(32, 32), (33, 17), (1, 1), (320, 180)])
    def test_any_size(self, segmenter: Segmenter, width: int, height: int) -> None:
        ids = segmenter.predict(picture(width, height))
        assert ids.shape == (height, width)
        assert ids.max() < CARLA_29.num_classes

    def test_a_batch_of_mixed_sizes_keeps_its_order(self, segmenter: Segmenter) -> None:
        images = [picture(20, 12, 1), picture(9, 30, 2), picture(20, 12, 3)]
        found = segmenter.predict_batch(images)
        for ids, image in zip(found, images, strict=True):
            assert ids.shape == image.shape[:2]
            assert np.mean(ids == segmenter.predict(image)) > 0.99

    def test_an_empty_batch(self, segmenter: Segmenter) -> None:
        assert segmenter.predict_batch([]) == []

    def test_it_is_deterministic(self, segmenter: Segmenter) -> None:
        image = picture(50, 40)
        assert np.array_equal(segmenter.predict(image), segmenter.predict(image))

    def test_an_image_that_is_not_contiguous(self, segmenter: Segmenter) -> None:
        image = picture(50, 40)
        mirrored = image[:, ::-1]
        assert np.array_equal(segmenter.predict(mirrored), segmenter.predict(mirrored.copy()))

    @pytest.mark.parametrize(
        "image",
        [np.zeros((4, 6, 4), np.uint8), np.zeros((4, 6), np.uint8), np.zeros((4, 6, 3)), np.zeros((0, 6, 3), np.uint8)],
    )
    def test_what_is_no_rgb_image_is_refused(self, segmenter: Segmenter, image: Any) -> None:
        with pytest.raises(ValueError, match=r"expected \(H, W, 3\) uint8 RGB"):
            segmenter.predict(image)


class TestLoading:
    def test_it_predicts_with_the_weights_that_were_saved(self, tmp_path: Path, segmenter: Segmenter) -> None:
        torch.manual_seed(3)
        net = build_net("unet", CARLA_29.num_classes, base_channels=4, depth=2)
        image = picture(24, 16)
        expected = Segmenter(net, CARLA_29, device="cpu", precision="float32").predict(image)
        assert np.array_equal(segmenter.predict(image), expected)
        assert segmenter.label_set == CARLA_29

    def test_it_knows_where_its_weights_came_from(self, tmp_path: Path, segmenter: Segmenter) -> None:
        assert segmenter.origin == {
            "run": str(tmp_path / "run"),
            "checkpoint": "best",
            "net": "unet",
            "net_options": {"base_channels": 4, "depth": 2},
            "epoch": 1,
            "weights_sha256": hashlib.sha256((tmp_path / "run" / "best.safetensors").read_bytes()).hexdigest(),
        }
        assert Segmenter(BrightnessNet(), CARLA_29).origin == {}

    def test_a_run_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError, match="There is no run folder"):
            Segmenter.load(tmp_path / "nowhere")

    def test_a_checkpoint_cut_short(self, tmp_path: Path) -> None:
        run = save_run(tmp_path / "run")
        weights = run / "best.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])
        with pytest.raises(CheckpointError, match="cut short or damaged"):
            Segmenter.load(run)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda info: replace(info, classes=("sky", "road")), r"for 2 classes \(sky, road.*carla29' now has 29"),
            (lambda info: replace(info, label_set="martian"), "label set 'martian'"),
            (lambda info: replace(info, net="segnat"), "There is no net 'segnat'"),
            (lambda info: replace(info, net_options={"base_channels": 4, "depth": 3}), "does not fit the net 'unet'"),
            (lambda info: replace(info, net_options={"width": 3}), "has no option 'width'"),
        ],
    )
    def test_a_checkpoint_of_another_net_or_other_classes(
        self, tmp_path: Path, change: Callable[[CheckpointInfo], CheckpointInfo], message: str
    ) -> None:
        run = save_run(tmp_path / "run", change(INFO))
        with pytest.raises(CheckpointError, match=message):
            Segmenter.load(run)

    def test_the_label_set_in_the_checkpoint_needs_no_file_and_no_name(self, tmp_path: Path) -> None:
        mine = LabelSet(
            name="mine",
            classes=tuple(LabelClass(name=f"class {number}", color=(number, 0, 0)) for number in range(5)),
            grouping=Grouping(source=CARLA_29, class_ids=(255, *[0, 1, 2, 3, 4] * 5, 0, 1, 2)),
        )
        info = replace(INFO, label_set="mine", classes=mine.names, labels=mine.to_json())
        assert Segmenter.load(save_run(tmp_path / "run", info, num_classes=5)).label_set == mine

    def test_a_label_set_in_the_checkpoint_that_is_none(self, tmp_path: Path) -> None:
        run = save_run(tmp_path / "run", replace(INFO, labels={**CARLA_29.to_json(), "classes": [["a"]]}))
        with pytest.raises(CheckpointError, match="cannot be read"):
            Segmenter.load(run)

    def test_weights_with_another_number_of_classes_than_they_claim(self, tmp_path: Path) -> None:
        run = save_run(tmp_path / "run", num_classes=5)
        with pytest.raises(CheckpointError, match=r"size mismatch for head\.weight.*train again"):
            Segmenter.load(run)

    def test_the_other_checkpoint_is_offered(self, tmp_path: Path) -> None:
        run = save_run(tmp_path / "run")
        with pytest.raises(CheckpointError, match="--checkpoint best"):
            Segmenter.load(run, checkpoint="last")

    def test_an_unknown_device(self, tmp_path: Path) -> None:
        run = save_run(tmp_path / "run")
        with pytest.raises(UsageError, match="expected auto, cpu"):
            Segmenter.load(run, device="gpu")
