from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datasets.importers import lyft_udacity
from datasets.importers.options import ImportOptions
from datasets.importers.source import SourceError
from datasets.labels import LYFT_13
from tests.unit.datasets.importers.conftest import RunImport
from tests.unit.datasets.importers.trees import lyft_udacity as build
from tests.unit.datasets.importers.trees import rgb_of, save, tags_of


def single_folder(root: Path, masks: str, count: int, channel: int = 0) -> None:
    for number in range(count):
        mask = np.zeros_like(rgb_of(number))
        mask[:, :, channel] = tags_of(number, 13)
        save(root / "CameraRGB" / f"{number:04d}.png", rgb_of(number))
        save(root / masks / f"{number:04d}.png", mask)


def test_folders_that_were_not_doubled_are_found_too(source: Path, tmp_path: Path) -> None:
    build(tmp_path / "doubled")
    for letter in "ABCDE":
        (tmp_path / "doubled" / f"data{letter}" / f"data{letter}").rename(source / f"data{letter}")
    found = lyft_udacity.find(source, ImportOptions())
    assert [pair.split for pair in found.pairs] == ["train"] * 6 + ["val"] * 2 + ["test"] * 2


def test_the_exercise_takes_the_largest_channel(source: Path, run_import: RunImport) -> None:
    single_folder(source / "data", "CameraMask", 3, channel=2)
    assert run_import("lyft-udacity").num_frames == 3
    found = lyft_udacity.find(source, ImportOptions())
    np.testing.assert_array_equal(found.read_tags(found.pairs[1].mask), tags_of(1, 13))


def test_one_folder_is_split_by_blocks_of_neighbours(source: Path) -> None:
    for number in range(1000):
        for folder in ("CameraRGB", "CameraSeg"):
            (source / folder).mkdir(exist_ok=True)
            (source / folder / f"{number}.png").touch()
    found = lyft_udacity.find(source, ImportOptions(seed=3))
    blocks: dict[int, set[str]] = {}
    for pair in found.pairs:
        blocks.setdefault(int(pair.image.stem) // 100, set()).add(pair.split)
    assert sorted(split for splits in blocks.values() for split in splits) == ["test", *["train"] * 8, "val"]


def test_the_bonnet_is_relabelled_on_request_only(tmp_path: Path) -> None:
    tags = np.full((600, 8), LYFT_13.class_id("Vehicles"), np.uint8)
    tags[:, 4:] = LYFT_13.class_id("Roads")
    folder = tmp_path / "dataA"
    for name in ("CameraRGB", "CameraSeg"):
        save(folder / name / "1.png", np.dstack([tags, np.zeros((600, 8, 2), np.uint8)]))
    plain = lyft_udacity.find(tmp_path, ImportOptions())
    relabelled = lyft_udacity.find(tmp_path, ImportOptions(ego_bonnet=True))
    np.testing.assert_array_equal(plain.read_tags(plain.pairs[0].mask), tags)
    expected = tags.copy()
    expected[496:, :4] = 0
    np.testing.assert_array_equal(relabelled.read_tags(relabelled.pairs[0].mask), expected)
    assert plain.settings != relabelled.settings


def test_the_bonnet_of_other_sizes_is_not_known(source: Path, run_import: RunImport) -> None:
    build(source)
    summary = run_import("lyft-udacity", ImportOptions(ego_bonnet=True))
    assert {problem.kind for problem in summary.problems} == {"unreadable"}
    assert "15 rows; --ego-bonnet is known for 600 only" in summary.problems[0].detail


def test_tags_beyond_12_are_told(source: Path, run_import: RunImport) -> None:
    build(source)
    save(source / "dataA/dataA/CameraSeg/02_00_000.png", np.full((15, 22, 3), 13, np.uint8))
    summary = run_import("lyft-udacity")
    assert [(label.value, label.pixels, label.files) for label in summary.unknown_labels] == [("13", 330, 1)]


def test_both_kinds_of_masks_are_not_mixed(source: Path) -> None:
    single_folder(source / "dataA", "CameraSeg", 1)
    single_folder(source / "dataB", "CameraMask", 1)
    with pytest.raises(SourceError, match="mixes"):
        lyft_udacity.find(source, ImportOptions())
