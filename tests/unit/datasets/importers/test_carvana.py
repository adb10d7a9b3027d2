from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datasets.importers import carvana
from datasets.importers.mask_decoding import UnknownLabelsError
from datasets.importers.options import ImportOptions
from datasets.importers.source import SourceError
from tests.unit.datasets.importers.conftest import RunImport
from tests.unit.datasets.importers.trees import carvana as build
from tests.unit.datasets.importers.trees import rgb_of, save, tags_of


@pytest.mark.parametrize(
    ("images", "masks"), [("train", "train_masks"), ("train_hq", "train_masks"), ("data/imgs", "data/masks")]
)
def test_every_layout_is_found(source: Path, images: str, masks: str) -> None:
    build(source, images=images, masks=masks)
    found = carvana.find(source, ImportOptions())
    assert len(found.pairs) == 10
    assert found.problems == ()


def test_the_views_of_a_car_stay_together(source: Path) -> None:
    build(source)
    splits = []
    for seed in range(6):
        found = carvana.find(source, ImportOptions(seed=seed))
        split_of_car: dict[str, set[str]] = {}
        for pair in found.pairs:
            split_of_car.setdefault(pair.image.stem[:-3], set()).add(pair.split)
        assert all(len(names) == 1 for names in split_of_car.values())
        assert sorted(name for names in split_of_car.values() for name in names) == ["test", *["train"] * 3, "val"]
        splits.append(str(split_of_car))
    assert len(set(splits)) > 1, "the seed decides nothing"


def test_fractions_are_the_users(source: Path) -> None:
    build(source)
    found = carvana.find(source, ImportOptions(val_fraction=0.4, test_fraction=0.0))
    assert sum(pair.split == "val" for pair in found.pairs) == 4
    assert not any(pair.split == "test" for pair in found.pairs)
    assert any("0.4 of them for val" in note for note in found.notes)


@pytest.mark.parametrize("white", [1, 255])
@pytest.mark.parametrize("suffix", ["gif", "png"])
def test_masks_of_1_and_of_255_mean_the_same(tmp_path: Path, white: int, suffix: str) -> None:
    tags = tags_of(3, 2)
    grey = save(tmp_path / f"grey.{suffix}", (tags * white).astype(np.uint8))
    inverted = np.array([[white] * 3, [0] * 3], np.uint8)  # index 0 is white: the colour counts
    palette = save(tmp_path / f"palette.{suffix}", (1 - tags).astype(np.uint8), palette=inverted)
    for path in (grey, palette):
        np.testing.assert_array_equal(carvana.read_mask(path), tags)


def test_a_mask_with_shades_is_refused(tmp_path: Path) -> None:
    shades = (tags_of(3, 2) * 255).astype(np.uint8)
    shades[0, :3] = 128
    with pytest.raises(UnknownLabelsError, match=r"128 \(3 px\)"):
        carvana.read_mask(save(tmp_path / "a.png", shades))


def test_a_mask_in_colour_is_refused(tmp_path: Path) -> None:
    red = np.zeros((4, 5, 3), np.uint8)
    red[:, :, 1] = 77
    with pytest.raises(UnknownLabelsError, match="expected 0 and 1"):
        carvana.read_mask(save(tmp_path / "a.png", red))


def test_names_that_are_not_of_a_view_are_told(source: Path, run_import: RunImport) -> None:
    build(source)
    save(source / "train" / "preview.jpg", rgb_of(1))
    summary = run_import("carvana")
    assert [(problem.kind, problem.file) for problem in summary.problems] == [("misnamed", "train/preview.jpg")]


def test_shares_that_leave_nothing_are_refused(source: Path) -> None:
    build(source)
    with pytest.raises(SourceError, match="below 1"):
        carvana.find(source, ImportOptions(val_fraction=0.5, test_fraction=0.5))
