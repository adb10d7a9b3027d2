from __future__ import annotations

import dataclasses
import errno
import pickle
import shutil
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

from datasets.checksums import xxh64
from datasets.errors import DiskError, ShardError
from datasets.frame_index import INDEX_DTYPE
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardReader, ShardWriter

WriteShard = Callable[..., Path]
MakeSample = Callable[..., Sample]


def _read_all(path: Path) -> list[tuple[int, bytes, bytes]]:
    with ShardReader(path) as reader:
        return [(sample.frame, sample.rgb.tobytes(), sample.tags.tobytes()) for sample in reader]


def _chunk_place(path: Path, name: str, number: int) -> tuple[int, int]:
    with h5py.File(path, "r") as file:
        dataset = file[name]
        stored = dataset.id.get_chunk_info_by_coord((number, *(0,) * (dataset.ndim - 1)))
        return stored.byte_offset, stored.size


def test_positions_as_in_a_list(write_shard: WriteShard) -> None:
    with ShardReader(write_shard()) as reader:
        assert reader[-1].frame == reader[4].frame == 1004
        assert reader[np.int64(2)].frame == 1002
        for outside in (5, -6):
            with pytest.raises(IndexError, match="which holds 5"):
                reader[outside]


def test_one_image_alone(write_shard: WriteShard, make_sample: MakeSample) -> None:
    with ShardReader(write_shard()) as reader:
        assert np.array_equal(reader.rgb(3), make_sample(3).rgb)
        assert np.array_equal(reader.tags(-1), make_sample(4).tags)


@pytest.mark.parametrize("compression", ["residual", "plain", "gzip", "jpeg"])
def test_pixels_belong_to_the_caller(write_shard: WriteShard, compression: str) -> None:
    with ShardReader(write_shard(compression=compression, sample_options={"has_geometry": True})) as reader:
        sample = reader[0]
        for plane in reader.planes:
            getattr(sample, plane)[:] = 0
            assert getattr(reader[0], plane).any()
        assert not reader.index.flags.writeable


@pytest.mark.parametrize("compression", ["residual", "plain", "gzip", "jpeg"])
def test_into_an_array_of_the_callers(write_shard: WriteShard, compression: str) -> None:
    with ShardReader(write_shard(compression=compression, sample_options={"has_geometry": True})) as reader:
        sample = reader[2]
        for plane in reader.planes:
            image = getattr(sample, plane)
            out = np.zeros_like(image)
            assert getattr(reader, plane)(2, out) is out
            assert np.array_equal(out, image)
        planes = np.zeros((3, 11, 18), np.uint8)
        assert reader.rgb(2, planes, planar=True) is planes
        assert np.array_equal(planes, sample.rgb.transpose(2, 0, 1))
        assert np.array_equal(reader.rgb(2, planar=True), planes)


def test_arrays_that_cannot_take_the_image(write_shard: WriteShard) -> None:
    read_only = np.zeros((11, 18, 3), np.uint8)
    read_only.flags.writeable = False
    with ShardReader(write_shard()) as reader:
        for out in (
            np.zeros((3, 11, 18), np.uint8),
            np.zeros((11, 18, 3), np.int8),
            np.zeros((18, 11, 3), np.uint8).transpose(1, 0, 2),
            np.zeros((11, 18, 4), np.uint8)[:, :, :3],
            read_only,
        ):
            with pytest.raises(ShardError, match="expected a C-contiguous, writable uint8"):
                reader.rgb(0, out)
        with pytest.raises(ShardError, match="expected a C-contiguous"):
            reader.rgb(0, np.zeros((11, 18, 3), np.uint8), planar=True)


def test_a_plane_that_is_not_there(write_shard: WriteShard) -> None:
    with ShardReader(write_shard()) as reader:
        assert reader[0].depth is None
        for read in (reader.depth, reader.instance):
            with pytest.raises(ShardError, match=r"has no .*, it has rgb, tags"):
                read(0)


def test_a_disk_that_fails(write_shard: WriteShard, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    with ShardReader(write_shard()) as reader:
        monkeypatch.setattr("os.pread", fail)
        with pytest.raises(DiskError, match=r"rgb of frame 1003 .*Input/output error"):
            reader.rgb(3)


def test_examining_takes_little_memory(tmp_path: Path, make_header: Callable[..., ShardHeader]) -> None:
    """104 bytes a frame for its row and 16 for each plane stay; three times as much while it is examined."""
    sample = Sample(
        frame=0,
        timestamp_s=0.0,
        rgb=np.zeros((1, 1, 3), np.uint8),
        tags=np.zeros((1, 1), np.uint8),
        camera_transform=(0.0,) * 6,
    )
    with ShardWriter(tmp_path / "a.h5", make_header()) as writer:
        for frame in range(3_000):
            writer.append(dataclasses.replace(sample, frame=frame))
    ShardReader(tmp_path / "a.h5").close()  # compiles
    tracemalloc.start()
    with ShardReader(tmp_path / "a.h5") as reader:
        stays, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(reader) == 3_000
    assert stays < 3_000 * 150 + 100_000
    assert peak < 3_000 * 450 + 100_000


def test_many_threads_read_at_once(write_shard: WriteShard, make_sample: MakeSample) -> None:
    numbers = [number % 5 for number in range(200)]
    with ShardReader(write_shard()) as reader, ThreadPoolExecutor(8) as threads:
        for number, sample in zip(numbers, threads.map(reader.__getitem__, numbers), strict=True):
            assert np.array_equal(sample.rgb, make_sample(number).rgb)


def test_a_reader_is_not_pickled(write_shard: WriteShard) -> None:
    with ShardReader(write_shard()) as reader, pytest.raises(TypeError, match="pickle"):
        pickle.dumps(reader)


def test_a_missing_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none.h5", tmp_path):
        with pytest.raises(ShardError, match="is not a file"):
            ShardReader(path)


@pytest.mark.parametrize("compression", ["residual", "plain", "gzip", "jpeg"])
@pytest.mark.parametrize("name", ["rgb", "tags", "depth", "instance"])
def test_swapped_chunks_are_found(write_shard: WriteShard, name: str, compression: str) -> None:
    """Both chunks are whole and pass Fletcher32; only the pixel hash can tell."""
    path = write_shard(compression=compression, sample_options={"has_geometry": True})
    with h5py.File(path, "r+") as file:
        dataset = file[name]
        rest = (0,) * (dataset.ndim - 1)
        chunks = [dataset.id.read_direct_chunk((number, *rest))[1] for number in (1, 3)]
        dataset.id.write_direct_chunk((3, *rest), chunks[0])
        dataset.id.write_direct_chunk((1, *rest), chunks[1])
    with ShardReader(path) as reader:
        reader[0]
        for number in (1, 3):
            with pytest.raises(ShardError, match=rf"{name} of frame 100{number}.*swapped or damaged"):
                reader[number]


def test_swapped_frame_numbers_are_found(write_shard: WriteShard) -> None:
    path = write_shard()
    with h5py.File(path, "r+") as file:
        rows = file["index"][:]
        rows["frame"][[1, 2]] = rows["frame"][[2, 1]]
        file["index"][:] = rows
    with pytest.raises(ShardError, match="index row 1"):
        ShardReader(path)


def test_a_forged_index_row_with_a_right_hash_is_found_by_the_pixels(write_shard: WriteShard) -> None:
    path = write_shard()
    with h5py.File(path, "r+") as file:
        rows = file["index"][:]
        rows["tags_xxh64"][2] = rows["tags_xxh64"][3]
        rows["row_xxh64"][2] = xxh64(rows[2].tobytes()[: INDEX_DTYPE.itemsize - 8])
        file["index"][:] = rows
    with ShardReader(path) as reader:
        reader.rgb(2)
        with pytest.raises(ShardError, match="tags of frame 1002"):
            reader[2]


def test_every_flipped_bit_is_found_or_harmless(write_shard: WriteShard, tmp_path: Path) -> None:
    """200 random single-bit flips anywhere in the file: an error, or exactly the pixels that were written."""
    path = write_shard(count=3)
    expected, content = _read_all(path), path.read_bytes()
    damaged = tmp_path / "damaged.h5"
    rng = np.random.default_rng(11)
    num_found = 0
    for bit in rng.integers(0, 8 * len(content), 200):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << int(bit % 8)
        damaged.write_bytes(flipped)
        try:
            assert _read_all(damaged) == expected
        except ShardError:
            num_found += 1
    assert num_found > 130


@pytest.mark.parametrize("name", ["rgb", "tags"])
def test_every_flipped_bit_of_a_chunk_is_found(write_shard: WriteShard, tmp_path: Path, name: str) -> None:
    path = write_shard(count=2)
    offset, size = _chunk_place(path, name, 1)
    content = path.read_bytes()
    damaged = tmp_path / "damaged.h5"
    for bit in np.random.default_rng(12).integers(0, 8 * size, 100):
        flipped = bytearray(content)
        flipped[offset + bit // 8] ^= 1 << int(bit % 8)
        damaged.write_bytes(flipped)
        with ShardReader(damaged) as reader:
            reader[0]
            with pytest.raises(ShardError, match=f"{name} of frame 1001"):
                reader[1]
            with pytest.raises(ShardError, match=f"{name} of frame 1001"):
                reader.check_stored(1)


def test_every_truncation_is_found(write_shard: WriteShard, tmp_path: Path) -> None:
    """At each chunk's ends, one byte before and after, and at random places."""
    path = write_shard(count=3)
    content = path.read_bytes()
    ends = [edge for name in ("rgb", "tags") for number in range(3) for edge in _chunk_place(path, name, number)]
    sizes = {end + step for end in ends for step in (-1, 0, 1)} | {0, 1, 7, 8, 47, 48, 100, len(content) - 1}
    sizes |= set(np.random.default_rng(13).integers(0, len(content), 60).tolist())
    cut = tmp_path / "cut.h5"
    for size in sorted(size for size in sizes if size < len(content)):
        cut.write_bytes(content[:size])
        with pytest.raises(ShardError):
            ShardReader(cut)


def test_a_file_cut_while_it_is_open(write_shard: WriteShard, tmp_path: Path) -> None:
    path = shutil.copy(write_shard(), tmp_path / "cut.h5")
    offset, size = _chunk_place(path, "tags", 4)
    with ShardReader(path) as reader:
        with path.open("r+b") as file:
            file.truncate(offset + size - 1)
        with pytest.raises(ShardError, match="cut while it was open"):
            reader.tags(4)
