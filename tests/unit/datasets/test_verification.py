from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from datasets.errors import ShardError
from datasets.labels import CARLA_23, CARLA_29
from datasets.recording_dir import MANIFEST_NAME, RecordingDir
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardReader, ShardWriter, encode_sample
from datasets.shard_check import MAX_FRAME_FINDINGS
from datasets.verification import Verdict, verify

MakeSample = Callable[..., Sample]
GOLDEN = Path(__file__).parents[2] / "golden"
DEFINITION = {"duration_s": 0.3, "fixed_delta_seconds": 0.05, "record_every_n": 1}


class City:
    """A recording that grows shard by shard: frame n of a scenario shows sample n."""

    def __init__(self, root: Path, make_header: Callable[..., ShardHeader], make_sample: MakeSample) -> None:
        self.recording = RecordingDir.create(root)
        self.root = root
        self._make_header = make_header
        self._make_sample = make_sample

    def add(
        self,
        frames: Iterable[int] = range(6),
        *,
        scenario: str = "noon_01",
        weather: str = "ClearNoon",
        camera: str = "front",
        is_last: bool = True,
        is_listed: bool = True,
        changed: dict[int, dict[str, Any]] | None = None,
        has_geometry: bool = False,
        **header: Any,
    ) -> Path:
        """A shard of `frames`; `changed` has fields of some samples that differ."""
        sequence = header.setdefault("sequence", 0)
        path = self.recording.shard_path(f"{scenario}.{weather}.{camera}.{sequence:03d}")
        facts = {"scenario": scenario, "weather": {"name": weather}, "camera": {"name": camera}, **header}
        with ShardWriter(path, self._make_header(**facts)) as writer:
            for frame in frames:
                sample = self._make_sample(frame, frame=frame, has_geometry=has_geometry)
                writer.append(dataclasses.replace(sample, **(changed or {}).get(frame, {})))
        if is_listed:
            with self.recording.lock():
                self.recording.add_shard(path, is_last=is_last)
        return path

    def edit_manifest(self, number: int, **changes: Any) -> None:
        """Entry `number` changed."""
        path = self.root / MANIFEST_NAME
        content = json.loads(path.read_text())
        content["shards"][number].update(changes)
        path.write_text(json.dumps(content))


@pytest.fixture
def city(tmp_path: Path, make_header: Callable[..., ShardHeader], make_sample: MakeSample) -> City:
    return City(tmp_path / "city", make_header, make_sample)


def _found(verdict: Verdict) -> list[tuple[str, str]]:
    return [(finding.severity, finding.detail) for finding in verdict.findings]


def _damage(path: Path, plane: str, number: int) -> None:
    with ShardReader(path) as reader:
        chunk = reader.stored_chunk(plane, number)
    content = path.read_bytes()
    path.write_bytes(content.replace(chunk, bytes([chunk[0] ^ 1]) + chunk[1:]))


def test_a_whole_recording(city: City) -> None:
    city.add(range(3), is_last=False, has_geometry=True)
    city.add(range(3, 5), sequence=1, has_geometry=True)
    city.add(range(40), camera="rear")
    seen: list[tuple[str, int, int]] = []
    verdict = verify(city.root, progress=lambda *step: seen.append(step))
    assert verdict.is_whole
    assert (verdict.findings, verdict.num_errors, verdict.num_warnings) == ((), 0, 0)
    assert [(shard.num_frames, len(shard.planes)) for shard in verdict.shards] == [(3, 4), (2, 4), (40, 2)]
    assert [(stream.camera, stream.num_frames) for stream in verdict.streams] == [("front", 5), ("rear", 40)]
    assert verdict.paired == ()
    assert seen[-1] == ("verifying", 45, 45)


def test_one_shard(write_shard: Callable[..., Path]) -> None:
    path = write_shard()
    verdict = verify(path)
    assert verdict.is_whole
    assert [(shard.file, shard.num_frames) for shard in verdict.shards] == [("noon_01.h5", 5)]
    _damage(path, "rgb", 2)
    (finding,) = verify(path).findings
    assert (finding.severity, finding.file, finding.frame) == ("error", "noon_01.h5", 1002)
    assert finding.detail.startswith("rgb: ")


@pytest.mark.parametrize("name", ["shard_v1_plain.h5", "shard_v1_residual.h5"])
def test_a_shard_of_version_1(name: str) -> None:
    verdict = verify(GOLDEN / name)
    assert verdict.findings == ()


def test_a_manifest_of_version_1(city: City) -> None:
    city.add()
    path = city.root / MANIFEST_NAME
    content = json.loads(path.read_text())
    keys = ("file", "scenario", "split", "num_frames", "header_sha256")
    content = {
        **content,
        "format_version": 1,
        "shards": [{key: shard[key] for key in keys} for shard in content["shards"]],
    }
    path.write_text(json.dumps(content))
    verdict = verify(city.root)
    assert verdict.findings == ()
    assert [stream.weather for stream in verdict.streams] == ["ClearNoon"]


def test_a_recording_without_a_shard_is_a_warning(tmp_path: Path) -> None:
    RecordingDir.create(tmp_path / "empty")
    (finding,) = verify(tmp_path / "empty").findings
    assert (finding.severity, finding.file) == ("warning", MANIFEST_NAME)


def test_nothing_to_verify(tmp_path: Path) -> None:
    with pytest.raises(ShardError, match="neither a recording nor a shard"):
        verify(tmp_path)
    with pytest.raises(ShardError, match="neither a recording nor a shard"):
        verify(tmp_path / "none")


def test_every_damaged_frame_is_named(city: City) -> None:
    path = city.add()
    for plane, number in (("rgb", 1), ("tags", 4), ("rgb", 4)):
        _damage(path, plane, number)
    verdict = verify(city.root)
    assert [(finding.frame, finding.detail.split(":")[0]) for finding in verdict.findings] == [
        (1, "rgb"),
        (4, "rgb"),
        (4, "tags"),
    ]
    assert (verdict.num_errors, verdict.is_whole) == (3, False)


def test_many_damaged_frames_are_counted(city: City, make_sample: MakeSample) -> None:
    path = city.add(range(MAX_FRAME_FINDINGS + 5))
    for number in range(MAX_FRAME_FINDINGS + 5):
        _damage(path, "tags", number)
    findings = verify(city.root).findings
    assert len(findings) == MAX_FRAME_FINDINGS + 1
    assert findings[-1].detail == f"{MAX_FRAME_FINDINGS + 5} damaged images in all; the first 100 are listed"


def test_tags_that_the_table_lacks(
    tmp_path: Path, make_header: Callable[..., ShardHeader], make_sample: MakeSample
) -> None:
    encoded = encode_sample(make_sample(0), tag_table=CARLA_29)
    with ShardWriter(tmp_path / "a.h5", make_header(tag_table=CARLA_23)) as writer:
        writer.append_encoded(dataclasses.replace(encoded, tag_table_digest=CARLA_23.digest))
    (finding,) = verify(tmp_path / "a.h5").findings
    assert finding.severity == "error"
    assert finding.detail == "tags: ids [23, 24, 25, 26, 27, 28] are not in the table 'carla23'"


def test_a_shard_that_cannot_be_opened(city: City) -> None:
    path = city.add()
    path.write_bytes(path.read_bytes()[:-100])
    verdict = verify(city.root)
    assert [(finding.severity, finding.file) for finding in verdict.findings] == [
        ("error", "shards/noon_01.ClearNoon.front.000.h5")
    ]
    assert (verdict.shards[0].num_frames, verdict.streams) == (0, ())


def test_shards_that_are_missing(city: City) -> None:
    for scenario in ("a", "b", "c"):
        city.add(scenario=scenario)
    city.recording.shards()[0].path.unlink()
    city.recording.shards()[2].path.unlink()
    verdict = verify(city.root)
    assert [finding.file[:9] for finding in verdict.findings] == ["shards/a.", "shards/c."]
    assert all("is missing" in detail for _, detail in _found(verdict))
    assert len(verdict.shards) == 1


def test_what_lies_beside(city: City, make_sample: MakeSample, make_header: Callable[..., ShardHeader]) -> None:
    path = city.add()
    writer = ShardWriter(city.recording.shard_path("part"), make_header())
    writer.append(make_sample(0))
    writer.leave_part()
    ShardWriter(city.recording.shard_path("empty"), make_header()).leave_part()
    city.add(scenario="unlisted", is_listed=False)
    for name in ("x.h5.closing", "x.h5.set-aside", "x.h5.part.set-aside-2", "notes.txt"):
        shutil.copy(path, path.with_name(name))
    verdict = verify(city.root)
    assert verdict.is_whole
    details = {finding.file.removeprefix("shards/"): finding.detail for finding in verdict.findings}
    assert {name.split(".", 1)[0]: detail[:30] for name, detail in details.items() if name[0] != "x"} == {
        "empty": "an unfinished shard without a ",
        "notes": "is no part of a recording",
        "part": "1 frames of an unfinished shar",
        "unlisted": "a shard that the manifest does",
    }
    assert details["x.h5.closing"].startswith("the copy of a shard that was being closed")
    assert details["x.h5.set-aside"] == details["x.h5.part.set-aside-2"]
    assert details["x.h5.set-aside"].startswith("a shard that could not be used")


def test_a_damaged_manifest(city: City) -> None:
    """The shards are looked through nevertheless."""
    path = city.add()
    _damage(path, "rgb", 0)
    (city.root / MANIFEST_NAME).write_text("{")
    verdict = verify(city.root)
    assert [finding.file for finding in verdict.findings] == [MANIFEST_NAME, f"shards/{path.name}"]
    assert verdict.shards[0].num_frames == 6
    (city.root / MANIFEST_NAME).unlink()
    assert "has no manifest.json" in verify(city.root).findings[0].detail


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scenario": "other"}, "its scenario is 'noon_01', the manifest says 'other'"),
        ({"split": "test"}, "its split is 'train', the manifest says 'test'"),
        ({"weather": "DenseFog"}, "its weather is"),
        ({"camera": "rear"}, "its camera is"),
        ({"sequence": 4}, "its sequence is 0, the manifest says 4"),
        ({"num_frames": 7}, "its number of frames is 6, the manifest says 7"),
        ({"header_sha256": "0" * 64}, "its header digest is"),
        ({"index_sha256": "0" * 64}, "its index digest is"),
    ],
)
def test_a_manifest_that_says_something_else(city: City, changes: dict[str, Any], message: str) -> None:
    city.add()
    city.edit_manifest(0, **changes)
    verdict = verify(city.root)
    assert not verdict.is_whole
    assert any(message in detail for _, detail in _found(verdict))


def test_a_shard_exchanged_for_one_of_the_same_header(city: City) -> None:
    path = city.add()
    listed = path.read_bytes()
    path.unlink()
    city.add(changed={3: {"timestamp_s": 0.1501}}, is_listed=False)
    assert path.read_bytes() != listed
    assert [detail[:16] for _, detail in _found(verify(city.root))] == ["its index digest"]


@pytest.mark.parametrize(
    ("shards", "expected"),
    [
        ([(range(3), 0, False), (range(3, 6), 2, True)], ("error", "have the numbers [0, 2], expected [0, 1]")),
        ([(range(3), 1, True)], ("error", "have the numbers [1], expected [0]")),
        ([(range(3), 0, True), (range(3, 6), 1, True)], ("error", "goes on after a shard that is marked as the last")),
        ([(range(3), 0, False)], ("warning", "has no end: unfinished, go on with --resume")),
        ([(range(4), 0, False), (range(3, 6), 1, True)], ("error", "begins with frame 3, but shards/noon_01.")),
    ],
)
def test_streams(city: City, shards: list[tuple[range, int, bool]], expected: tuple[str, str]) -> None:
    for frames, sequence, is_last in shards:
        city.add(frames, sequence=sequence, is_last=is_last)
    (finding,) = verify(city.root).findings
    assert finding.severity == expected[0]
    assert expected[1] in finding.detail


def test_a_scenario_in_two_splits(city: City) -> None:
    city.add(camera="front")
    city.add(camera="rear", split="val")
    (finding,) = verify(city.root).findings
    assert (finding.severity, finding.file) == ("error", "shards/noon_01.ClearNoon.rear.000.h5")
    assert "is in val here and in train elsewhere" in finding.detail


def test_times(city: City) -> None:
    """By the step of the scenario where there is one; else only rising."""
    (city.root / "drives" / "noon_01.npz").touch()
    city.add(extra={"definition": DEFINITION}, changed={4: {"timestamp_s": 0.21}})
    city.add(scenario="import", changed={4: {"timestamp_s": 0.21}})
    city.add(scenario="falling", changed={4: {"timestamp_s": 0.1}})
    found = [(finding.file[7:12], finding.frame) for finding in verify(city.root).findings]
    assert found == [("noon_", 4), ("falli", 4)]


def _list(root: Path, name: str, kinds: dict[int, str], **changes: Any) -> None:
    rows = [
        {"scenario": "noon_01", "weather": "ClearNoon", "camera": "front", "frame": frame, "kind": kind, "detail": "x"}
        for frame, kind in kinds.items()
    ]
    lines = ["[]", "{", *(json.dumps(row | changes) for row in rows), '{"scenario": "no']
    (root / name).write_text("\n".join(lines))


def test_ticks_that_are_missing(city: City) -> None:
    (city.root / "drives" / "noon_01.npz").touch()
    path = city.add([0, 3], extra={"definition": DEFINITION})
    _list(city.root, "gaps.jsonl", {1: "gap"})
    _list(city.root, "quarantine.jsonl", {4: "black"})
    (finding,) = verify(city.root).findings
    assert (finding.severity, finding.file, finding.frame) == ("warning", f"shards/{path.name}", 1)
    assert finding.detail == ("4 of the 6 frames of its stream are missing: 2 unexplained, 1 gap, 1 black")


def test_ticks_of_an_unfinished_stream(city: City) -> None:
    """What has not been driven yet is not missing."""
    (city.root / "drives" / "noon_01.npz").touch()
    city.add([0, 1, 2], extra={"definition": DEFINITION}, is_last=False)
    assert [detail[:21] for _, detail in _found(verify(city.root))] == ["its stream has no end"]


def test_every_second_tick(city: City) -> None:
    (city.root / "drives" / "noon_01.npz").touch()
    city.add([0, 2, 4], extra={"definition": {**DEFINITION, "record_every_n": 2}})
    assert verify(city.root).findings == ()


@pytest.mark.parametrize("purpose", [{"min_motion_m": 0.2}, {"min_motion_m": 0.0, "ticks_sha256": "ab"}])
def test_frames_left_out_on_purpose(city: City, purpose: dict[str, object]) -> None:
    (city.root / "drives" / "noon_01.npz").touch()
    city.add([0, 5], extra={"definition": DEFINITION, "recording": purpose})
    assert verify(city.root).findings == ()
    _list(city.root, "quarantine.jsonl", {2: "frozen"})
    assert [detail for _, detail in _found(verify(city.root))] == [
        "1 of the 6 frames of its stream are missing: 1 frozen"
    ]


@pytest.mark.parametrize(
    "definition",
    [
        [],
        {},
        {"duration_s": 1e300, "fixed_delta_seconds": 1e-300},
        {"duration_s": -1, "fixed_delta_seconds": 0.05},
        {"duration_s": 10**400, "fixed_delta_seconds": 0.05},
        {"duration_s": "1", "fixed_delta_seconds": 0.05},
        {"duration_s": 0.3, "fixed_delta_seconds": 0.05, "record_every_n": 0},
        {"duration_s": 0.3, "fixed_delta_seconds": 0.05, "record_every_n": "x"},
    ],
)
def test_definitions_that_mean_nothing(city: City, definition: object) -> None:
    city.add([0, 3], extra={"definition": definition, "recording": 3})
    assert verify(city.root).is_whole


def test_a_drive_without_its_log(city: City) -> None:
    city.add(extra={"definition": DEFINITION})
    assert _found(verify(city.root)) == [
        ("warning", "there is no log of scenario 'noon_01': it cannot be rendered or scored again")
    ]


def test_paired_weather(city: City) -> None:
    for weather in ("ClearNoon", "HardRainNight", "DenseFog"):
        city.add(weather=weather, has_geometry=True)
        city.add(weather=weather, camera="rear")
    verdict = verify(city.root)
    assert verdict.findings == ()
    front, rear = verdict.paired
    assert front.weathers == ("ClearNoon", "HardRainNight", "DenseFog")
    assert (front.frames_compared, front.identical) == (6, {"tags": 6, "depth": 6, "instance": 6})
    assert (rear.camera, rear.frames_compared, rear.identical) == ("rear", 6, {"tags": 6})
    assert len({stream.tags_sha256 for stream in verdict.streams}) == 1


def test_weathers_that_differ(city: City, make_sample: MakeSample) -> None:
    city.add(weather="ClearNoon", has_geometry=True)
    other = {"tags": make_sample(99).tags}
    city.add([0, 1, 2, 4, 5, 6], weather="DenseFog", changed={2: other}, has_geometry=True)
    verdict = verify(city.root)
    (pair,) = verdict.paired
    assert (pair.frames_compared, pair.identical) == (7, {"tags": 4, "depth": 5, "instance": 5})
    assert verdict.is_whole
    assert _found(verdict) == [
        (
            "warning",
            "of the 7 frames of scenario 'noon_01', camera 'front', not all are under each of ClearNoon, DenseFog "
            "and alike: 4 with the same tags, 5 with the same depth, 5 with the same instance",
        )
    ]
    assert len({stream.tags_sha256 for stream in verdict.streams}) == 2
