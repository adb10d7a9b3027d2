from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datasets.importers import ipl_carla
from datasets.importers.options import ImportOptions
from datasets.importers.source import SourceError
from datasets.labels import CARLA_13, CARLA_23, CARLA_29, LabelSet
from tests.unit.datasets.importers.conftest import RunImport
from tests.unit.datasets.importers.trees import colored, rgb_of, save, tags_of
from tests.unit.datasets.importers.trees import ipl_carla as build


@pytest.mark.parametrize("table", [CARLA_13, CARLA_23, CARLA_29], ids=lambda table: table.name)
def test_the_carla_version_is_known_by_its_classes(source: Path, table: LabelSet) -> None:
    build(source, label_set=table)
    found = ipl_carla.find(source, ImportOptions())
    assert found.label_set is table
    np.testing.assert_array_equal(found.read_tags(source / "labels/seg_7.png"), tags_of(7, table.num_classes))


@pytest.mark.parametrize("table", [CARLA_13, CARLA_23, CARLA_29], ids=lambda table: table.name)
def test_without_ids_the_colours_tell_the_version(source: Path, table: LabelSet) -> None:
    build(source, label_set=table)
    rows = [f"{label.name}\t{label.color[0]}\t{label.color[1]}\t{label.color[2]}" for label in table.classes[::-1]]
    (source / ipl_carla.CLASS_FILE).write_text("\n".join(rows))
    found = ipl_carla.find(source, ImportOptions())
    assert found.label_set is table
    np.testing.assert_array_equal(found.read_tags(source / "labels/seg_7.png"), tags_of(7, table.num_classes))


def test_small_values_are_tags_in_the_red_channel(source: Path) -> None:
    build(source)
    for path in (*(source / "labels").iterdir(), *(source / "labels_2").iterdir()):
        mask = np.zeros_like(rgb_of(1))
        mask[:, :, 0] = tags_of(int(path.stem[4:]), 29)
        save(path, mask)
    found = ipl_carla.find(source, ImportOptions())
    np.testing.assert_array_equal(found.read_tags(source / "labels/seg_7.png"), tags_of(7, 29))
    assert any("red channel" in note for note in found.notes)


def test_classes_of_no_carla_version_make_a_set_of_their_own(source: Path) -> None:
    build(source)
    classes = [("Unlabelled", (0, 0, 0)), ("Drivable", (200, 10, 10)), ("Rest", (10, 200, 10))]
    (source / ipl_carla.CLASS_FILE).write_text("\n".join(f"{name}: {color}" for name, color in classes))
    tags = tags_of(7, 3)
    save(source / "labels/seg_7.png", np.array([color for _, color in classes], np.uint8)[tags])
    found = ipl_carla.find(source, ImportOptions())
    assert found.label_set.names == ("Unlabelled", "Drivable", "Rest")
    assert found.label_set.ignored == {0}
    np.testing.assert_array_equal(found.read_tags(source / "labels/seg_7.png"), tags)


def test_unknown_colours_are_told_by_file(source: Path, run_import: RunImport) -> None:
    build(source)
    rgb = colored(tags_of(7, 29), CARLA_29)
    rgb[0, :6] = (9, 9, 9)
    save(source / "labels/seg_7.png", rgb)
    summary = run_import("ipl-carla")
    assert [(label.value, label.pixels, label.example) for label in summary.unknown_labels] == [
        ("(9, 9, 9)", 6, "labels/seg_7.png")
    ]
    assert summary.num_frames == 13


def test_without_the_class_file_the_user_must_say(source: Path) -> None:
    build(source)
    (source / ipl_carla.CLASS_FILE).unlink()
    with pytest.raises(SourceError, match="--label-set"):
        ipl_carla.find(source, ImportOptions())
    assert ipl_carla.find(source, ImportOptions(label_set="carla29")).label_set is CARLA_29


def test_names_without_colours_are_not_enough_for_coloured_masks(source: Path) -> None:
    build(source)
    (source / ipl_carla.CLASS_FILE).write_text("0 sky\n1 road\n")
    with pytest.raises(SourceError, match=r"in colours, but dataset_classes\.txt lists none"):
        ipl_carla.find(source, ImportOptions())


def test_blocks_of_consecutive_numbers_stay_together(source: Path) -> None:
    build(source)
    for number in range(1000, 2000):
        for folder, prefix in (("images", "rgb"), ("labels", "seg")):
            (source / folder / f"{prefix}_{number}.png").touch()
    found = ipl_carla.find(source, ImportOptions())
    blocks: dict[tuple[str, int], set[str]] = {}
    for pair in found.pairs:
        blocks.setdefault((pair.image.parent.name, int(pair.image.stem[4:]) // 100), set()).add(pair.split)
    splits = [split for splits in blocks.values() for split in splits]
    assert len(splits) == len(blocks) == 12
    assert (splits.count("val"), splits.count("test")) == (1, 1)
    numbers = [int(pair.image.stem[4:]) for pair in found.pairs if pair.scenario == "train_images"]
    assert numbers == sorted(numbers)


def test_numbers_pair_images_with_masks(source: Path, run_import: RunImport) -> None:
    build(source)
    (source / "labels_2/seg_10026.png").rename(source / "labels_2/seg_99999.png")
    summary = run_import("ipl-carla")
    assert {(problem.kind, problem.file) for problem in summary.problems} == {
        ("no mask", "images_2/rgb_10026.png"),
        ("no image", "labels_2/seg_99999.png"),
    }
