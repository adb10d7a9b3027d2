from __future__ import annotations

import contextlib
import io
import json
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.carla_client.drive_log import DriveLog, LoggedActor
from harness.carla_client.observation import Gap
from harness.errors import DataError


def make_log(*, ticks: int = 5, actors: int = 3, lights: int = 2, seed: int = 0) -> DriveLog:
    rng = np.random.default_rng(seed)
    transforms = rng.normal(0, 100, (ticks, actors, 6)).astype(np.float32)
    transforms[0, -1] = np.nan
    return DriveLog(
        scenario={"name": "a", "weather": {"cloudiness": 5.0}},
        town="Carla/Maps/Town10HD",
        server_version="0.9.16",
        fixed_delta_seconds=0.05,
        seed=7,
        warmup_ticks=2,
        record_every_n=2,
        actors=tuple(
            LoggedActor(blueprint="walker.w" if i else "vehicle.v", attributes={"role_name": "hero", "ä": str(i)})
            for i in range(actors)
        ),
        ego=0,
        traffic_light_ids=tuple(f"{i}" for i in range(lights)),
        frames=np.arange(100, 100 + ticks, dtype=np.int64),
        spawn_transforms=rng.normal(0, 100, (actors, 6)).astype(np.float32),
        transforms=transforms,
        speeds=rng.random((ticks, actors), np.float32),
        controls=rng.random((ticks, actors, 3), np.float32),
        vehicle_lights=rng.integers(0, 2**32, (ticks, actors), np.uint32),
        traffic_lights=rng.integers(0, 5, (ticks, lights), np.uint8),
        gaps=(Gap(frame=3, camera="front", reason="rgb missing"),),
    )


def assert_same(a: DriveLog, b: DriveLog) -> None:
    for field in fields(DriveLog):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if isinstance(x, np.ndarray):
            assert (x.dtype, x.shape) == (y.dtype, y.shape), field.name
            assert x.tobytes() == y.tobytes(), field.name
        else:
            assert x == y, field.name


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 3), st.integers(0, 9))
def test_a_log_reads_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, ticks: int, actors: int, lights: int, seed: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "a.npz"
    log = make_log(ticks=ticks, actors=actors, lights=lights, seed=seed)
    log.save(path)
    assert_same(DriveLog.load(path), log)
    assert [each.name for each in path.parent.iterdir()] == ["a.npz"]


def test_recorded_ticks_are_counted_from_the_end_of_the_warm_up() -> None:
    log = make_log(ticks=7)
    assert [log.is_recorded(row) for row in range(7)] == [False, False, True, False, True, False, True]
    assert log.num_frames == 3
    assert replace(log, warmup_ticks=9).num_frames == 0


def test_arrays_that_do_not_fit_are_refused() -> None:
    log = make_log()
    with pytest.raises(DataError, match="speeds"):
        replace(log, speeds=log.speeds[:-1])
    with pytest.raises(DataError, match="transforms is float64"):
        replace(log, transforms=log.transforms.astype(np.float64))
    with pytest.raises(DataError, match="the ego is actor 3 of 3"):
        replace(log, ego=3)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="record the suite first"):
        DriveLog.load(tmp_path / "a.npz")


def test_a_file_that_is_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    make_log().save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            DriveLog.load(path)


@given(st.integers(0, 2**32), st.integers(1, 255))
def test_a_file_with_a_damaged_byte_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: int, flipped: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    make_log().save(path)
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= flipped
    path.write_bytes(content)
    with contextlib.suppress(DataError):
        DriveLog.load(path)


def test_a_file_of_another_kind_is_refused_without_advice_to_trust_it(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text("{}")
    with pytest.raises(DataError, match="is not a drive log"):
        DriveLog.load(path)


def test_a_file_that_claims_terabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    make_log().save(path)
    with np.load(path) as file:
        arrays = dict(file)
    claim = io.BytesIO()
    np.lib.format.write_array_header_1_0(claim, {"descr": "<i8", "fortran_order": False, "shape": (10**16,)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.npy", _npy(arrays["header"]))
        archive.writestr("frames.npy", claim.getvalue())
    with pytest.raises(DataError, match="cannot be read"):
        DriveLog.load(path)


def test_a_file_that_unpacks_to_more_than_any_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.npz"
    make_log(ticks=400).save(path)
    with np.load(path) as file:
        np.savez_compressed(path, **dict(file) | {"frames": np.zeros(10**6, np.int64)})
    monkeypatch.setattr("harness.carla_client.drive_log.MAX_FILE_BYTES", 10**6)
    assert path.stat().st_size < 10**6
    with pytest.raises(DataError, match="unpacks to more"):
        DriveLog.load(path)


def test_a_traffic_light_without_a_known_state_is_refused() -> None:
    log = make_log()
    with pytest.raises(DataError, match="state 5, expected 0 to 4"):
        replace(log, traffic_lights=np.full_like(log.traffic_lights, 5))


def test_a_compressed_file_that_is_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    make_log(ticks=40).save(path)
    with np.load(path) as file:
        np.savez_compressed(path, **dict(file))
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 40] = bytes(40)
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        DriveLog.load(path)


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_half_of_a_log_that_is_still_being_written_has_no_name_of_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        make_log().save(tmp_path / "a.npz")
    assert not (tmp_path / "a.npz").exists()


def test_a_log_from_before_simulators_had_seeds_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    replace(make_log(), simulator_seed=7).save(path)
    assert DriveLog.load(path).simulator_seed == 7
    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(arrays["header"].tobytes())
    del header["simulator_seed"]
    np.savez(path, **arrays | {"header": np.frombuffer(json.dumps(header).encode(), np.uint8)})
    assert DriveLog.load(path).simulator_seed is None


def rewritten(path: Path, **changes: object) -> Path:
    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(arrays["header"].tobytes()) | changes
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 2}, "version 2, this program reads 1"),
        ({"format": "x"}, "not a drive log"),
        ({"actors": [{"blueprint": "vehicle.v"}]}, "damaged header"),
        ({"traffic_light_ids": ["1"]}, "traffic_lights"),
        ({"warmup_ticks": "2"}, "warmup_ticks is '2'"),
        ({"warmup_ticks": -1}, "after -1, which cannot be"),
        ({"record_every_n": 0}, "every 0th tick"),
        ({"fixed_delta_seconds": float("nan")}, "tick of nan s"),
        ({"server_version": 916}, "server_version is 916"),
        ({"actors": [{"blueprint": "vehicle.v", "attributes": {"role_name": 1}}] * 3}, "is no actor"),
        ({"actors": [{"blueprint": "vehicle.v", "attributes": None}] * 3}, "damaged header"),
    ],
)
def test_a_strange_header_is_refused(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    path = tmp_path / "a.npz"
    make_log().save(path)
    with pytest.raises(DataError, match=said):
        DriveLog.load(rewritten(path, **changes))


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, header=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match="cannot be read"):
        DriveLog.load(path)
