"""Import, train, evaluate: the same three commands on data sets that others made, in their own layouts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from click.testing import CliRunner

from datasets.labels import CAMVID_11, CAMVID_32, CARVANA_2, CITYSCAPES_19, CITYSCAPES_34, LabelSet, lookup_table
from harness.cli import harness
from tests.unit.datasets.importers.trees import Truth, camvid_folders, carvana, cityscapes, colored, save

Pixels = npt.NDArray[np.uint8]

BLOCK, ROWS, COLUMNS = 8, 6, 8
"""A picture is a chequer of blocks [px]; the first row of blocks has no label where the data set has such an id."""


NUM_MORE = 29
"""Frames of the split train besides those that the tree has."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A data set: its importer is called `name`."""

    name: str
    build: Callable[[Path], Truth]
    """Makes a tree of the layout; its frames are noise and are painted over."""
    images: str
    """Where they are."""
    more: str
    """The name of a further one, by its number."""
    mask_of: Callable[[str], str]
    """The name of the mask of one."""
    recorded: LabelSet
    """What the masks hold."""
    learnt: LabelSet
    """What is trained."""
    split: str
    """What is evaluated."""

    def save_mask(self, path: Path, ids: Pixels) -> None:
        if self.name == "camvid":
            save(path, colored(ids, self.recorded))
        else:
            save(path, ids, palette=np.array([[0] * 3, [255] * 3], np.uint8) if self.name == "carvana" else None)


LAYOUTS = [
    Layout(
        name="carvana",
        build=carvana,
        images="train/*.jpg",
        more="train/{:012x}_01.jpg",
        mask_of=lambda image: image.replace("train/", "train_masks/").replace(".jpg", "_mask.gif"),
        recorded=CARVANA_2,
        learnt=CARVANA_2,
        split="test",
    ),
    Layout(
        name="camvid",
        build=camvid_folders,
        images="*[!s]/*.png",
        more="train/0001TP_{:06d}.png",
        mask_of=lambda image: image.replace("/", "_labels/").replace(".png", "_L.png"),
        recorded=CAMVID_32,
        learnt=CAMVID_11,
        split="test",
    ),
    Layout(
        name="cityscapes",
        build=cityscapes,
        images="leftImg8bit/*/*/*.png",
        more="leftImg8bit/train/aachen/aachen_{:06d}_000019_leftImg8bit.png",
        mask_of=lambda image: image.replace("leftImg8bit/", "gtFine/").replace("leftImg8bit", "gtFine_labelIds"),
        recorded=CITYSCAPES_34,
        learnt=CITYSCAPES_19,
        split="val",
    ),
]


def paint(layout: Layout, root: Path) -> None:
    """Paint blocks of classes over each frame, a third of them the first class, in the colour of what is learnt."""
    lookup = lookup_table(layout.recorded, layout.learnt)[: layout.recorded.num_classes]
    labelled = np.flatnonzero(lookup != layout.learnt.ignore_id)
    unlabelled = np.flatnonzero(lookup == layout.learnt.ignore_id)
    colors = np.full((256, 3), 128)
    levels = np.array(np.meshgrid(*[[30, 130, 230]] * 3)).reshape(3, 27).T
    colors[: layout.learnt.num_classes] = levels[np.arange(layout.learnt.num_classes) * 7 % 27]
    images = sorted(path.relative_to(root).as_posix() for path in root.glob(layout.images))
    for number, image in enumerate([*images, *(layout.more.format(100 + number) for number in range(NUM_MORE))]):
        rng = np.random.default_rng(number)
        blocks = np.where(rng.random((ROWS, COLUMNS)) < 1 / 3, labelled[0], rng.choice(labelled, (ROWS, COLUMNS)))
        if unlabelled.size:
            blocks[0] = unlabelled[0]
        ids = blocks.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1).astype(np.uint8)
        rgb = colors[lookup[ids]] + rng.integers(-20, 21, (*ids.shape, 3))
        save(root / image, rgb.clip(0, 255).astype(np.uint8), **({"quality": 95} if image.endswith("jpg") else {}))
        layout.save_mask(root / layout.mask_of(image), ids)


def run(*words: str | Path) -> str:
    done = CliRunner().invoke(harness, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.integration
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_net_learns_from_imported_frames(layout: Layout, tmp_path: Path) -> None:
    source, recording, trained, scores = (tmp_path / name for name in ("source", "recording", "run", "scores"))
    source.mkdir()
    layout.build(source)
    paint(layout, source)
    run("import", layout.name, source, "-o", recording)
    run(
        "train", recording, "-o", trained, "--labels", layout.learnt.name, "--net", "unet", "--base-channels", "16",
        "--depth", "1", "--batch-size", "2", "--epochs", "10", "--learning-rate", "0.02", "--no-augment",
        "--device", "cpu", "--cache", "ram",
    )  # fmt: skip
    run("evaluate", trained, recording, "--split", layout.split, "-o", scores, "--device", "cpu")

    counts = pd.read_csv(scores / "counts.csv").groupby("class", sort=False)[["tp", "fp", "fn"]].sum()
    assert list(counts.index) == list(layout.learnt.names)
    truth = counts.tp + counts.fn
    share = truth.max() / truth.sum()
    assert share < 0.7, "whoever always says the most frequent class is right too often"
    assert counts.tp.sum() / truth.sum() > share + 0.8 * (1 - share)
    ious = (counts.tp / counts.sum(axis=1))[truth > 0]
    assert len(ious) >= layout.learnt.num_classes / 2
    assert ious.mean() > 0.6  # the most frequent class alone gives its share over the number of classes
