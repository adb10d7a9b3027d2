from __future__ import annotations

from pathlib import Path

import pytest

from datasets.importers import camvid
from datasets.importers.options import ImportOptions
from datasets.importers.source import Source, SourceError
from tests.unit.datasets.importers.conftest import RunImport
from tests.unit.datasets.importers.trees import camvid_folders, camvid_raw, rgb_of, save

# What SegNet's published lists hold: sequence, first and last frame, their step, split, and how many they are.
SEGNET_RUNS = [
    ("0001TP_{:06d}", range(6690, 8521, 30), "train", 62),
    ("0006R0_f{:05d}", range(930, 3931, 30), "train", 101),
    ("0016E5_{:05d}", range(7959, 8160, 2), "val", 101),
    ("Seq05VD_f{:05d}", range(0, 5101, 30), "test", 171),
    ("0001TP_{:06d}", range(8550, 10381, 30), "test", 62),
]


def split_of(source: Source) -> dict[str, str]:
    return {pair.image.stem: pair.split for pair in source.pairs}


def test_the_original_is_split_as_segnet_did(source: Path) -> None:
    names = {}
    for pattern, numbers, split, count in SEGNET_RUNS:
        names |= {pattern.format(number): split for number in numbers}
        assert len(numbers) == count
    # Of 0016E5 the training list has 204 frames, every one from before 7930 or after 8180.
    names |= {f"0016E5_{number:05d}": "train" for number in (390, 420, 7890, 7920, 8190, 8640)}
    for name in names:
        for folder, ending in (("701_StillsRaw_full", ""), ("LabeledApproved_full", "_L")):
            (source / folder).mkdir(exist_ok=True)
            (source / folder / f"{name}{ending}.png").touch()
    found = camvid.find(source, ImportOptions())
    assert split_of(found) == names
    assert any("this copy has 169 train, 101 val and 233 test frames" in note for note in found.notes)


def test_a_frame_of_another_sequence_needs_a_split_file(source: Path) -> None:
    camvid_raw(source)
    save(source / "701_StillsRaw_full" / "0099XX_000030.png", rgb_of(1))
    with pytest.raises(SourceError, match=r"'0099XX_000030'.*--split-file"):
        camvid.find(source, ImportOptions())


def test_split_files_decide_where_they_are_given(source: Path, tmp_path: Path) -> None:
    camvid_raw(source)
    lists = {split: tmp_path / f"{split}.txt" for split in ("train", "test")}
    lists["train"].write_text("/SegNet/CamVid/train/0016E5_07959.png /SegNet/CamVid/trainannot/0016E5_07959.png\n\n")
    lists["test"].write_text("0006R0_f03930\n0006R0_f09990.png\n")
    found = camvid.find(source, ImportOptions(split_files=lists))
    assert split_of(found) == {"0016E5_07959": "train", "0006R0_f03930": "test"}
    assert [(problem.kind, problem.file) for problem in found.problems] == [
        ("no image", "701_StillsRaw_full/0006R0_f09990.png")
    ]
    assert [each.frames for each in found.skipped] == [8]


def test_a_frame_in_two_split_files_is_refused(source: Path, tmp_path: Path) -> None:
    camvid_raw(source)
    for split in ("train", "val"):
        (tmp_path / split).write_text("0016E5_07959.png\n")
    with pytest.raises(SourceError, match="0016E5_07959, which is in 'train' already"):
        camvid.find(source, ImportOptions(split_files={split: tmp_path / split for split in ("train", "val")}))


def test_folders_need_no_split_files(source: Path, tmp_path: Path) -> None:
    camvid_folders(source)
    with pytest.raises(SourceError, match="split by its folders"):
        camvid.find(source, ImportOptions(split_files={"train": tmp_path / "x"}))


def test_the_folder_in_the_archive_is_found(source: Path) -> None:
    camvid_folders(source / "CamVid")
    assert len(camvid.find(source, ImportOptions()).pairs) == 6


def test_a_class_list_that_differs_is_refused(source: Path) -> None:
    camvid_folders(source)
    listed = source / "class_dict.csv"
    listed.write_text(listed.read_text().replace("Road,128,64,128", "Road,128,64,129"))
    with pytest.raises(SourceError, match=r"Road as \(128, 64, 129\), expected CamVid's table: \(128, 64, 128\)"):
        camvid.find(source, ImportOptions())


def test_the_list_that_comes_with_the_original_is_read(source: Path) -> None:
    camvid_raw(source)
    (source / "label_colors.txt").write_text("64 128 64\tAnimal\n192 0 128\tArchway\n")
    assert camvid.find(source, ImportOptions()).pairs
    (source / "label_colors.txt").write_text("64 128 64\tArchway\n192 0 128\tAnimal\n")
    with pytest.raises(SourceError, match="Archway"):
        camvid.find(source, ImportOptions())


def test_what_has_no_partner_or_another_name_is_told(source: Path, run_import: RunImport) -> None:
    camvid_folders(source)
    (source / "train_labels" / "0001TP_006690_L.png").unlink()
    (source / "val" / "0016E5_07959.png").unlink()
    save(source / "test_labels" / "Seq05VD_f00030.png", rgb_of(1))
    summary = run_import("camvid")
    assert {(problem.kind, problem.split, problem.file) for problem in summary.problems} == {
        ("no mask", "train", "train/0001TP_006690.png"),
        ("no image", "val", "val_labels/0016E5_07959_L.png"),
        ("misnamed", "test", "test_labels/Seq05VD_f00030.png"),
    }
    assert summary.num_frames == 4
