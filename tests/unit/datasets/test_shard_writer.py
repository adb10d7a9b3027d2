from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datasets.errors import LabelError, ShardError
from datasets.labels import CARLA_23, CARLA_29
from datasets.part_journal import journal_path
from datasets.sample import Sample
from datasets.shard import COMPRESSIONS, ShardHeader, ShardReader, ShardWriter, encode_sample

MakeHeader = Callable[..., ShardHeader]
MakeSample = Callable[..., Sample]


@pytest.mark.parametrize("compression", sorted(COMPRESSIONS))
def test_what_is_written_is_read(write_shard: Callable[..., Path], make_sample: MakeSample, compression: str) -> None:
    path = write_shard(compression=compression)
    with ShardReader(path) as reader:
        assert len(reader) == 5
        assert reader.compression == compression
        assert reader.frames.tolist() == [1000, 1001, 1002, 1003, 1004]
        for number, found in enumerate(reader):
            expected = make_sample(number)
            assert np.array_equal(found.rgb, expected.rgb)
            assert np.array_equal(found.tags, expected.tags)
            assert (found.frame, found.timestamp_s) == (expected.frame, expected.timestamp_s)
            assert found.camera_transform == expected.camera_transform


@settings(deadline=None, max_examples=25)
@given(data=st.data(), compression=st.sampled_from(sorted(COMPRESSIONS)))
def test_any_images_come_back(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, compression: str) -> None:
    height, width = data.draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    samples = [
        Sample(
            frame=frame,
            timestamp_s=data.draw(st.floats(allow_nan=False, allow_infinity=False)),
            rgb=data.draw(hnp.arrays(np.uint8, (height, width, 3))),
            tags=data.draw(hnp.arrays(np.uint8, (height, width), elements=st.integers(0, 28))),
            camera_transform=(0.0, 1.0, 2.0, 3.0, 4.0, 5.0),
        )
        for frame in sorted(data.draw(st.sets(st.integers(0, 2**64 - 1), min_size=1, max_size=3)))
    ]
    path = tmp_path_factory.mktemp("shard") / "any.h5"
    header = ShardHeader(
        **{"scenario": "any", "split": "test", "town": "T", "seed": 0, "weather": {}, "camera": {}},
        **{"server_version": "0.9.16", "tag_table": CARLA_29, "harness_version": "0.1.0"},
    )
    with ShardWriter(path, header, compression=compression) as writer:
        for sample in samples:
            writer.append(sample)
    with ShardReader(path) as reader:
        for found, expected in zip(reader, samples, strict=True):
            assert (found.frame, found.timestamp_s) == (expected.frame, expected.timestamp_s)
            assert np.array_equal(found.rgb, expected.rgb)
            assert np.array_equal(found.tags, expected.tags)


@pytest.mark.parametrize("size", [(1, 1), (1, 33), (97, 1), (37, 53)])
def test_odd_sizes(write_shard: Callable[..., Path], make_sample: MakeSample, size: tuple[int, int]) -> None:
    options = {"height": size[0], "width": size[1]}
    with ShardReader(write_shard(count=2, sample_options=options)) as reader:
        assert (reader.height, reader.width) == size
        assert np.array_equal(reader[1].rgb, make_sample(1, **options).rgb)


@pytest.mark.parametrize("compression", sorted(COMPRESSIONS))
def test_hdf5_alone_reads_the_same_pixels(
    write_shard: Callable[..., Path], make_sample: MakeSample, compression: str
) -> None:
    """The chunks are made outside HDF5, yet its filter pipeline and FORMAT.md's two lines of numpy are enough."""
    assert hdf5plugin.FILTERS["zstd"] == 32015
    with h5py.File(write_shard(compression=compression), "r") as file:
        for number in range(5):
            stored = file["rgb"][number]
            if compression == "residual":
                red, green, blue = np.cumsum(stored, axis=-1, dtype=np.uint8)
                stored = np.stack([red + green, green, blue + green], axis=-1)
            expected = make_sample(number)
            assert np.array_equal(stored, expected.rgb)
            assert np.array_equal(file["tags"][number], expected.tags)
            assert file["index"][number]["frame"] == expected.frame
        assert file["rgb"].fletcher32
        assert file["tags"].fletcher32


@pytest.mark.parametrize("name", ["rgb", "tags"])
def test_a_chunk_is_what_the_filter_pipeline_writes(write_shard: Callable[..., Path], name: str) -> None:
    """HDF5 writes the same array through its own filters; both chunks carry the same content and a right sum."""
    with h5py.File(write_shard(), "r") as file, h5py.File("own", "w", driver="core", backing_store=False) as own:
        source = file[name]
        copy = own.create_dataset(
            name, data=source[:], chunks=source.chunks, fletcher32=True, compression=32015, compression_opts=(1,)
        )
        own.flush()
        mask, ours = source.id.read_direct_chunk((0,) * source.ndim)
        theirs_mask, _ = copy.id.read_direct_chunk((0,) * source.ndim)
        assert mask == theirs_mask == 0
        copy.id.write_direct_chunk((0,) * source.ndim, ours)
        copy.refresh()
        assert np.array_equal(copy[0], source[0])


def test_nothing_but_the_shard_is_left(write_shard: Callable[..., Path]) -> None:
    path = write_shard()
    assert list(path.parent.iterdir()) == [path]


def test_same_samples_same_bytes(write_shard: Callable[..., Path]) -> None:
    assert write_shard("a.h5").read_bytes() == write_shard("b.h5").read_bytes()


def test_samples_encoded_elsewhere(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample) -> None:
    header = make_header()
    with ShardWriter(tmp_path / "a.h5", header) as writer:
        for number in range(3):
            encoded = encode_sample(make_sample(number), tag_table=header.tag_table)
            assert encoded.num_bytes > 11 * 18
            writer.append_encoded(encoded)
            assert len(writer) == number + 1
    with ShardReader(tmp_path / "a.h5") as reader:
        assert len(reader) == 3


def test_an_exception_leaves_the_part(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample) -> None:
    path = tmp_path / "a.h5"
    with pytest.raises(KeyboardInterrupt), ShardWriter(path, make_header()) as writer:  # noqa: PT012
        writer.append(make_sample(0))
        raise KeyboardInterrupt
    assert not path.exists()
    with ShardReader(tmp_path / "a.h5.part", allow_part=True) as reader:
        assert np.array_equal(reader[0].tags, make_sample(0).tags)


def test_nothing_is_overwritten(write_shard: Callable[..., Path], make_header: MakeHeader) -> None:
    path = write_shard()
    before = path.read_bytes()
    with pytest.raises(ShardError, match="never overwritten"):
        ShardWriter(path, make_header())
    assert path.read_bytes() == before


def test_two_writers_of_one_shard(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample) -> None:
    with ShardWriter(tmp_path / "a.h5", make_header()) as writer:
        writer.append(make_sample(0))
        with pytest.raises(ShardError, match=r"a\.h5\.part exists: an unfinished recording, or one still running"):
            ShardWriter(tmp_path / "a.h5", make_header())
    with ShardReader(tmp_path / "a.h5") as reader:
        assert len(reader) == 1


def test_a_name_taken_while_writing(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample) -> None:
    writer = ShardWriter(tmp_path / "a.h5", make_header())
    writer.append(make_sample(0))
    (tmp_path / "a.h5").write_bytes(b"mine")
    with pytest.raises(ShardError, match="appeared while"):
        writer.close()
    assert (tmp_path / "a.h5").read_bytes() == b"mine"
    with ShardReader(writer.part_path, allow_part=True) as reader:
        assert len(reader) == 1


def test_no_frame_no_shard(tmp_path: Path, make_header: MakeHeader) -> None:
    with pytest.raises(ShardError, match="without a single frame"):
        ShardWriter(tmp_path / "a.h5", make_header()).close()
    assert list(tmp_path.iterdir()) == []


def test_closing_twice_and_writing_after(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample) -> None:
    with ShardWriter(tmp_path / "a.h5", make_header()) as writer:
        writer.append(make_sample(0))
        writer.close()
    with pytest.raises(ShardError, match="is closed"):
        writer.append(make_sample(1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frame": 1000}, "frame 1000 comes after frame 1000"),
        ({"frame": 3}, "frame 3 comes after frame 1000"),
        ({"height": 12}, r"has \(height, width\) \(12, 18\), expected \(11, 18\)"),
        ({"height": 16_385, "width": 1}, "expected 1 .. 16384 a side"),
    ],
)
def test_frames_that_do_not_fit(
    tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample, options: dict[str, Any], message: str
) -> None:
    with ShardWriter(tmp_path / "a.h5", make_header()) as writer:
        writer.append(make_sample(0))
        with pytest.raises(ShardError, match=message):
            writer.append(make_sample(1, **options))
        writer.append(make_sample(2))
    with ShardReader(tmp_path / "a.h5") as reader:
        assert reader.frames.tolist() == [1000, 1002]


def test_unknown_tags_are_refused(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample) -> None:
    with ShardWriter(tmp_path / "a.h5", make_header(tag_table=CARLA_23)) as writer:
        with pytest.raises(LabelError, match=r"tag ids \[23, 24, 25, 26, 27, 28\]"):
            writer.append(make_sample(0))
        writer.append(make_sample(1, num_tags=23))


def test_samples_checked_against_another_table(
    tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample
) -> None:
    encoded = encode_sample(make_sample(0, num_tags=13), tag_table=CARLA_23)
    plain = encode_sample(make_sample(0), tag_table=make_header().tag_table, compression="plain")
    with ShardWriter(tmp_path / "a.h5", make_header()) as writer:
        for unfit in (encoded, plain):
            with pytest.raises(ShardError, match="or for another tag table"):
                writer.append_encoded(unfit)
        writer.append(make_sample(0))


@pytest.mark.parametrize("name", ["a.hdf5", "a.h5.part", "a"])
def test_names_that_are_no_shards(tmp_path: Path, make_header: MakeHeader, name: str) -> None:
    with pytest.raises(ShardError, match=r"does not end in \.h5"):
        ShardWriter(tmp_path / name, make_header())


def test_a_folder_that_is_missing(tmp_path: Path, make_header: MakeHeader) -> None:
    with pytest.raises(ShardError, match="cannot be created"):
        ShardWriter(tmp_path / "missing" / "a.h5", make_header())


def test_a_full_disk(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample) -> None:
    """The kernel refuses to let files grow: what was acknowledged stays, under the unfinished name."""
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = ShardWriter(tmp_path / "a.h5", make_header())
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, unlimited[1]))
    try:
        with pytest.raises(ShardError, match="frames acknowledged before are safe"):  # noqa: PT012
            for number in range(1000):
                writer.append(make_sample(number))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    for refused in (lambda: writer.append(make_sample(1000)), writer.close):
        with pytest.raises(ShardError, match="could not be written"):
            refused()
    assert not (tmp_path / "a.h5").exists()
    assert len(writer) > 10
    with ShardReader(tmp_path / "a.h5.part", allow_part=True) as reader:
        assert len(reader) == len(writer)
        for number, sample in enumerate(reader):
            assert np.array_equal(sample.rgb, make_sample(number).rgb)


@pytest.mark.parametrize("failing", ["datasets.part_journal.PartJournal.append", "datasets.shard_writer.fsync_path"])
def test_any_failure_leaves_what_was_acknowledged(
    tmp_path: Path,
    make_header: MakeHeader,
    make_sample: MakeSample,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    def io_error(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    writer = ShardWriter(tmp_path / "a.h5", make_header())
    writer.append(make_sample(0))
    monkeypatch.setattr(failing, io_error)
    with pytest.raises(ShardError, match=r"Input/output error.*The 1 frames"):
        writer.append(make_sample(1)) if "append" in failing else writer.close()
    assert not (tmp_path / "a.h5").exists()
    with ShardReader(tmp_path / "a.h5.part", allow_part=True) as reader:
        assert reader.frames.tolist() == [1000]


def test_damage_before_closing_is_found(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample) -> None:
    """A disk that changes what was written: the shard does not get its final name."""
    writer = ShardWriter(tmp_path / "a.h5", make_header())
    for number in range(4):
        writer.append(make_sample(number))
    rows = journal_path(writer.part_path).read_bytes()
    offset = int(np.frombuffer(rows[-2 * 128 :][:8], "<u8")[0])
    with writer.part_path.open("r+b") as file:
        file.seek(offset + 40)
        file.write(b"\x00\x01\x02")
    with pytest.raises(ShardError, match="rgb of frame 1002"):
        writer.close()
    assert not (tmp_path / "a.h5").exists()
    assert writer.part_path.exists()
