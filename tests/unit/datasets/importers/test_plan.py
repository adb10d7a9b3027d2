from __future__ import annotations

from pathlib import Path

import pytest

from datasets.importers import folder, plan
from datasets.importers.options import ImportOptions
from datasets.importers.plan import Plan, plan_import
from tests.unit.datasets.importers.trees import rgb_of, save, tags_of

CARLA = ImportOptions(label_set="carla29")


def frames(root: Path, count: int, *, heights: tuple[int, ...] = (15,), split: str = "train") -> None:
    for number in range(count):
        height = heights[number % len(heights)]
        save(root / "images" / split / f"{number}.png", rgb_of(number, height=height))
        save(root / "masks" / split / f"{number}.png", tags_of(number, 29, height=height))


def planned(root: Path, *, limit: int | None = None) -> Plan:
    return plan_import(folder.find(root, CARLA), limit=limit)


def test_each_size_is_a_stream_with_a_camera_of_its_own(source: Path) -> None:
    frames(source, 5, heights=(15, 16))
    shards = {shard.name: shard for shard in planned(source).shards}
    assert set(shards) == {"train_images.22x15", "train_images.22x16"}
    assert {shard.camera for shard in shards.values()} == {"22x15", "22x16"}
    assert [each.frame for each in shards["train_images.22x15"].frames] == [0, 2, 4]
    assert [each.frame for each in shards["train_images.22x16"].frames] == [1, 3]


def test_long_streams_are_cut_into_sequences(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "FRAMES_PER_SHARD", 2)
    frames(source, 5)
    shards = planned(source).shards
    assert [(shard.name, shard.sequence, shard.is_last) for shard in shards] == [
        ("train_images.000", 0, False),
        ("train_images.001", 1, False),
        ("train_images.002", 2, True),
    ]
    assert [each.frame for shard in shards for each in shard.frames] == [0, 1, 2, 3, 4]
    assert {shard.camera for shard in shards} == {"camera"}


def test_a_limit_counts_the_pairs_of_each_split(source: Path) -> None:
    frames(source, 5)
    frames(source, 2, split="val")
    counts = {shard.split: len(shard.frames) for shard in planned(source, limit=3).shards}
    assert counts == {"train": 3, "val": 2}


def test_heads_show_what_cannot_be_imported(source: Path) -> None:
    frames(source, 4)
    save(source / "masks/train/1.png", tags_of(1, 29, height=14))
    (source / "masks/train/2.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (source / "images/train/3.png").write_bytes(b"")
    found = planned(source)
    assert [each.frame for each in found.shards[0].frames] == [0]
    assert [(problem.kind, problem.file) for problem in found.problems] == [
        ("sizes differ", "images/train/1.png"),
        ("unreadable", "masks/train/2.png"),
        ("unreadable", "images/train/3.png"),
    ]
    assert "the image is 22x15, its mask 22x14" in found.problems[0].detail


def test_progress_reaches_its_end(source: Path) -> None:
    frames(source, 3)
    told: list[tuple[str, int, int]] = []
    plan_import(folder.find(source, CARLA), progress=lambda *step: told.append(step))
    assert told == [("looking at files", 1, 3), ("looking at files", 2, 3), ("looking at files", 3, 3)]
