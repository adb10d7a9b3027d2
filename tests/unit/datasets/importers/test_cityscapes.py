from __future__ import annotations

from pathlib import Path

import pytest

from datasets.importers import cityscapes
from datasets.importers.options import ImportOptions
from datasets.importers.source import SourceError
from tests.unit.datasets.importers.conftest import RunImport
from tests.unit.datasets.importers.trees import cityscapes as build
from tests.unit.datasets.importers.trees import rgb_of, save


def test_the_test_split_is_skipped_and_counted(source: Path, run_import: RunImport) -> None:
    build(source)
    summary = run_import("cityscapes")
    rows = {row.scenario: (row.frames, row.skipped) for row in summary.rows}
    assert rows == {"train_aachen": (2, 0), "train_zurich": (1, 0), "val_lindau": (2, 0), "test_bonn": (0, 2)}


def test_a_city_without_labels_is_told(source: Path) -> None:
    build(source)
    for label in (source / "gtFine" / "train" / "zurich").iterdir():
        label.unlink()
    found = cityscapes.find(source, ImportOptions())
    assert [(problem.kind, problem.scenario) for problem in found.problems] == [("no mask", "train_zurich")]


def test_a_colour_image_in_the_place_of_ids_is_told(source: Path, run_import: RunImport) -> None:
    build(source)
    save(source / "gtFine/val/lindau/lindau_000000_000019_gtFine_labelIds.png", rgb_of(1))
    summary = run_import("cityscapes")
    assert [problem.kind for problem in summary.problems] == ["unreadable"]
    assert "expected an index mask" in summary.problems[0].detail


def test_ids_beyond_the_table_are_told(source: Path, run_import: RunImport) -> None:
    build(source)
    path = source / "gtFine/val/lindau/lindau_000000_000019_gtFine_labelIds.png"
    save(path, rgb_of(1)[:, :, 0].clip(34, 60))
    summary = run_import("cityscapes")
    assert [problem.kind for problem in summary.problems] == ["unknown labels"]


def test_without_annotations_the_message_names_them(source: Path) -> None:
    save(source / "leftImg8bit/train/aachen/aachen_000000_000019_leftImg8bit.png", rgb_of(1))
    with pytest.raises(SourceError, match="expected leftImg8bit/ and gtFine/"):
        cityscapes.find(source, ImportOptions())
