"""What holds for every importer: its data set, in its exact layout, becomes a recording with the same pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datasets.importers.catalog import IMPORTERS
from datasets.importers.options import ImportOptions
from datasets.importers.plan import plan_import
from datasets.importers.source import SourceError
from datasets.labels import label_set, lookup_table
from datasets.recording_dir import RecordingDir
from datasets.shard import ShardReader
from datasets.torch_dataset import ShardDataset
from tests.unit.datasets.importers.conftest import RunImport
from tests.unit.datasets.importers.trees import TREES, Tree, Truth


def imported(out: Path) -> Truth:
    """RGB and class ids by split and scenario, in the order of frames."""
    frames: dict[tuple[str, str], dict[int, tuple]] = {}
    for entry in RecordingDir.open(out).shards():
        with ShardReader(entry.path) as reader:
            for number in range(len(reader)):
                sample = reader[number]
                frames.setdefault((entry.split, entry.scenario), {})[sample.frame] = (sample.rgb, sample.tags)
    return {place: [frames[place][frame] for frame in sorted(frames[place])] for place in frames}


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_every_pixel_of_every_pair_arrives(tree: Tree, source: Path, out: Path, run_import: RunImport) -> None:
    truth = tree.build(source)
    summary = run_import(tree.importer, tree.options)
    assert summary.problems == ()
    assert {(row.split, row.scenario): row.frames for row in summary.rows if row.frames} == {
        place: len(frames) for place, frames in truth.items()
    }
    found = imported(out)
    assert set(found) == set(truth)
    for place, frames in truth.items():
        for (rgb, tags), (rgb_found, tags_found) in zip(frames, found[place], strict=True):
            np.testing.assert_array_equal(rgb_found, rgb)
            np.testing.assert_array_equal(tags_found, tags)


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_the_header_says_where_frames_are_from(tree: Tree, source: Path, out: Path, run_import: RunImport) -> None:
    tree.build(source)
    run_import(tree.importer, tree.options)
    table = label_set(tree.label_set)
    for entry in RecordingDir.open(out).shards():
        with ShardReader(entry.path) as reader:
            header = reader.header
            assert (header.town, header.server_version) == ("", "")
            assert header.tag_table.digest == table.digest
            assert header.tag_table.ignored == table.ignored
            assert header.extra["imported_from"]["importer"] == tree.importer
            assert len(header.extra["files"]) == len(reader)
            assert (source / header.extra["files"][0]).exists()


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_training_reads_it(tree: Tree, source: Path, out: Path, run_import: RunImport) -> None:
    truth = tree.build(source)
    run_import(tree.importer, tree.options)
    table = label_set(tree.label_set)
    entry = RecordingDir.open(out).shards("train")[0]
    rgb, labels = ShardDataset([entry.path], label_set=table)[0]
    true_rgb, true_tags = truth["train", entry.scenario][0]
    np.testing.assert_array_equal(rgb.numpy(), true_rgb.transpose(2, 0, 1))
    np.testing.assert_array_equal(labels.numpy(), lookup_table(table, table)[true_tags])


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_the_order_of_the_disk_does_not_matter(tree: Tree, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.build(source)
    first = plan_import(IMPORTERS[tree.importer].find(source, tree.options))
    for name in ("iterdir", "glob"):
        listed = getattr(Path, name)
        monkeypatch.setattr(Path, name, lambda *args, listed=listed: reversed(list(listed(*args))))
    second = plan_import(IMPORTERS[tree.importer].find(source, tree.options))
    assert first.shards == second.shards


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_another_layout_is_refused_with_what_was_expected(tree: Tree, source: Path) -> None:
    (source / "holiday_photos").mkdir()
    with pytest.raises(SourceError, match=r"holiday_photos; expected .*/") as refused:
        IMPORTERS[tree.importer].find(source, tree.options)
    assert str(source) in str(refused.value)


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_a_source_that_is_no_folder_is_refused(tree: Tree, source: Path) -> None:
    with pytest.raises(SourceError, match="not a folder"):
        IMPORTERS[tree.importer].find(source / "nowhere", tree.options)


def test_options_that_importers_listen_to_exist() -> None:
    for importer in IMPORTERS.values():
        assert all(hasattr(ImportOptions(), option) for option in importer.options), importer.name
