from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

from datasets.checksums import xxh64
from datasets.errors import ShardError
from datasets.frame_index import INDEX_DTYPE
from datasets.sample import Sample
from datasets.shard import ShardReader

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


@pytest.mark.parametrize("compression", ["residual", "plain"])
def test_pixels_belong_to_the_caller(write_shard: WriteShard, compression: str) -> None:
    with ShardReader(write_shard(compression=compression)) as reader:
        sample = reader[0]
        sample.rgb[:] = 0
        sample.tags[:] = 0
        assert reader[0].rgb.any()
        assert not reader.index.flags.writeable


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


@pytest.mark.parametrize("name", ["rgb", "tags"])
def test_swapped_chunks_are_found(write_shard: WriteShard, name: str) -> None:
    """Both chunks are whole and pass Fletcher32; only the pixel hash can tell."""
    path = write_shard()
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
