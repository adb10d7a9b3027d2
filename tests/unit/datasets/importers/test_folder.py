from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datasets.errors import LabelError
from datasets.importers import folder
from datasets.importers.options import ImportOptions
from datasets.importers.source import SourceError
from datasets.labels import CAMVID_11, lookup_table
from datasets.recording_dir import RecordingDir
from datasets.shard import ShardReader
from tests.unit.datasets.importers.conftest import RunImport
from tests.unit.datasets.importers.trees import rgb_of, save, tags_of

CARLA = ImportOptions(label_set="carla29")


def pairs(root: Path, *places: tuple[str, str]) -> None:
    for number, (image, mask) in enumerate(places):
        save(root / image, rgb_of(number))
        save(root / mask, tags_of(number, 29))


def placed(root: Path, options: ImportOptions) -> dict[str, tuple[str, str, str]]:
    found = folder.find(root, options)
    return {
        pair.image.relative_to(root).as_posix(): (pair.mask.relative_to(root).as_posix(), pair.split, pair.scenario)
        for pair in found.pairs
    }


def test_one_folder_of_each_is_all_for_training(source: Path) -> None:
    pairs(source, ("images/10.jpg", "masks/10.png"), ("images/9.JPG", "masks/9.png"))
    assert placed(source, CARLA) == {
        "images/9.JPG": ("masks/9.png", "train", "train_images"),
        "images/10.jpg": ("masks/10.png", "train", "train_images"),
    }


def test_folders_of_splits_may_hold_images_and_masks(source: Path) -> None:
    pairs(source, ("train/images/1.png", "train/masks/1.png"), ("test/images/1.png", "test/masks/1.png"))
    assert placed(source, CARLA) == {
        "test/images/1.png": ("test/masks/1.png", "test", "test_images"),
        "train/images/1.png": ("train/masks/1.png", "train", "train_images"),
    }


def test_globs_pair_by_what_their_wildcards_stand_for(source: Path) -> None:
    pairs(
        source,
        ("town 1/rgb/a.png", "town 1/seg/a_mask.png"),
        ("town2/rgb/a.png", "town2/seg/a_mask.png"),
        ("town2/rgb/b.png", "town2/seg/c_mask.png"),
    )
    options = ImportOptions(label_set="carla29", images="town*/rgb/*.png", masks="town*/seg/*_mask.png")
    assert placed(source, options) == {
        "town 1/rgb/a.png": ("town 1/seg/a_mask.png", "train", "train_-1"),
        "town2/rgb/a.png": ("town2/seg/a_mask.png", "train", "train_2"),
    }
    assert {problem.file for problem in folder.find(source, options).problems} == {
        "town2/rgb/b.png",
        "town2/seg/c_mask.png",
    }


def test_globs_over_any_depth_know_the_folders_of_splits(source: Path) -> None:
    pairs(
        source,
        ("train/x/y/rgb/1.png", "train/x/y/seg/1.png"),
        ("val/rgb/1.png", "val/seg/1.png"),
        ("spare/rgb/1.png", "spare/seg/1.png"),
    )
    options = ImportOptions(label_set="carla29", images="**/rgb/*", masks="**/seg/*")
    assert placed(source, options) == {
        "train/x/y/rgb/1.png": ("train/x/y/seg/1.png", "train", "train_x-y"),
        "val/rgb/1.png": ("val/seg/1.png", "val", "val_images"),
    }
    assert [(each.frames, each.reason) for each in folder.find(source, options).skipped] == [
        (1, "in none of the folders train, val and test")
    ]


def test_shares_divide_blocks_of_consecutive_names(source: Path) -> None:
    for number in range(600):
        for name in ("images", "masks"):
            (source / name).mkdir(exist_ok=True)
            (source / name / f"{number}.png").touch()
    options = ImportOptions(label_set="carla29", val_fraction=0.3, test_fraction=0.2)
    blocks: dict[int, set[str]] = {}
    for image, (_, split, _) in placed(source, options).items():
        blocks.setdefault(int(Path(image).stem) // 100, set()).add(split)
    assert sorted(split for splits in blocks.values() for split in splits) == ["test", *["train"] * 3, *["val"] * 2]


def test_masks_of_a_set_without_void_can_be_trained_on(source: Path, out: Path, run_import: RunImport) -> None:
    values = tags_of(1, 12)  # SegNet's masks: 11 is unlabelled
    values[0] = 255
    save(source / "images/1.png", rgb_of(1))
    save(source / "masks/1.png", values)
    run_import("folder", ImportOptions(label_set="camvid11"))
    with ShardReader(RecordingDir.open(out).shards()[0].path) as reader:
        table, tags = reader.header.tag_table, reader.tags(0)
    np.testing.assert_array_equal(tags, np.where(values == 255, 11, values))
    labels = lookup_table(table, CAMVID_11)[tags]
    np.testing.assert_array_equal(labels, np.where(values >= 11, 255, values))


def test_a_label_set_from_a_file(source: Path, tmp_path: Path) -> None:
    pairs(source, ("images/1.png", "masks/1.png"))
    described = tmp_path / "mine.yaml"
    described.write_text(
        "name: mine\nclasses:\n- {name: sea, color: [0, 0, 9]}\n- {name: mist, color: [9, 9, 9]}\nignore: [mist]\n"
    )
    found = folder.find(source, ImportOptions(label_set=str(described)))
    save(source / "masks/1.png", np.array([[0, 1, 255]], np.uint8))
    np.testing.assert_array_equal(found.read_tags(source / "masks/1.png"), [[0, 1, 1]])


def test_a_link_out_of_the_source_is_not_read(source: Path, tmp_path: Path) -> None:
    pairs(source, ("images/1.png", "masks/1.png"))
    secret = save(tmp_path / "elsewhere" / "2.png", rgb_of(2))
    (source / "images/2.png").symlink_to(secret)
    (source / "masks/2.png").symlink_to(source / "masks/1.png")
    found = folder.find(source, CARLA)
    assert [pair.image.name for pair in found.pairs] == ["1.png"]
    assert {(problem.kind, problem.file) for problem in found.problems} == {
        ("unreadable", "images/2.png"),
        ("no image", "masks/2.png"),
    }


def test_two_files_for_one_frame_are_told(source: Path) -> None:
    pairs(source, ("images/1.png", "masks/1.png"), ("images/1.jpg", "masks/1.png"))
    found = folder.find(source, CARLA)
    assert [(problem.kind, problem.file) for problem in found.problems] == [("misnamed", "images/1.png")]


@pytest.mark.parametrize("glob", ["/etc/*.png", "../*.png", "a/../../*.png", "[ab].png"])
def test_globs_that_lead_out_are_refused(source: Path, glob: str) -> None:
    with pytest.raises(SourceError, match="inside the source"):
        folder.find(source, ImportOptions(label_set="carla29", images=glob, masks="masks/*"))


def test_one_glob_alone_is_refused(source: Path) -> None:
    with pytest.raises(SourceError, match="belong together"):
        folder.find(source, ImportOptions(label_set="carla29", images="*.png"))


def test_a_label_set_is_needed(source: Path) -> None:
    with pytest.raises(SourceError, match="--label-set"):
        folder.find(source, ImportOptions())
    with pytest.raises(LabelError, match="carla28"):
        folder.find(source, ImportOptions(label_set="carla28"))
