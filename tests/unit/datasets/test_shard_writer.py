from __future__ import annotations

import dataclasses
import errno
import os
import resource
import subprocess
import sys
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

from datasets.checksums import xxh64
from datasets.codec import PLANE_NAMES
from datasets.errors import DiskError, LabelError, RecordingInUseError, ShardError
from datasets.frame_log import examined_log
from datasets.labels import CARLA_23, CARLA_29
from datasets.sample import Sample
from datasets.shard import COMPRESSIONS, EncodedSample, ShardHeader, ShardReader, ShardWriter, encode_sample

MakeHeader = Callable[..., ShardHeader]
MakeSample = Callable[..., Sample]


LOSSLESS = [name for name, mode in COMPRESSIONS.items() if mode.is_lossless]


def assert_equal(found: Sample, expected: Sample, *, has_equal_rgb: bool = True) -> None:
    assert (found.frame, found.timestamp_s) == (expected.frame, expected.timestamp_s)
    assert found.camera_transform == expected.camera_transform
    for plane in PLANE_NAMES[not has_equal_rgb :]:
        ours, theirs = getattr(found, plane), getattr(expected, plane)
        assert (ours is None) == (theirs is None)
        assert ours is None or (ours.dtype == theirs.dtype and np.array_equal(ours, theirs))


@pytest.mark.parametrize("has_geometry", [False, True])
@pytest.mark.parametrize("compression", sorted(COMPRESSIONS))
def test_what_is_written_is_read(
    write_shard: Callable[..., Path], make_sample: MakeSample, compression: str, has_geometry: bool
) -> None:
    path = write_shard(compression=compression, sample_options={"has_geometry": has_geometry})
    with ShardReader(path) as reader:
        assert len(reader) == 5
        assert (reader.version, reader.compression) == (2, compression)
        assert reader.is_lossless == (compression != "jpeg")
        assert reader.planes == (("rgb", "tags", "depth", "instance") if has_geometry else ("rgb", "tags"))
        assert reader.frames.tolist() == [1000, 1001, 1002, 1003, 1004]
        for number, found in enumerate(reader):
            expected = make_sample(number, has_geometry=has_geometry)
            assert_equal(found, expected, has_equal_rgb=reader.is_lossless)


@pytest.mark.parametrize("compression", sorted(COMPRESSIONS))
def test_one_frame(write_shard: Callable[..., Path], make_sample: MakeSample, compression: str) -> None:
    """HDF5 stores a data set of a single chunk in a way of its own."""
    options = {"has_geometry": True}
    with ShardReader(write_shard(count=1, compression=compression, sample_options=options)) as reader:
        assert_equal(reader[0], make_sample(0, **options), has_equal_rgb=reader.is_lossless)


def test_jpeg_is_near(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample) -> None:
    y, x = np.mgrid[:40, :56]
    rgb = np.stack([4 * y, 4 * x, 2 * (x + y)], axis=-1).astype(np.uint8)
    sample = dataclasses.replace(make_sample(0, height=40, width=56), rgb=rgb)
    with ShardWriter(tmp_path / "a.h5", make_header(), compression="jpeg") as writer:
        writer.append(sample)
    with ShardReader(tmp_path / "a.h5") as reader:
        assert np.abs(reader.rgb(0).astype(int) - rgb).mean() < 1
        assert reader.index["rgb_xxh64"][0] == xxh64(reader.stored_chunk("rgb", 0)[:-4])


def test_one_quality_a_shard(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample) -> None:
    def encoded(number: int, quality: int) -> EncodedSample:
        return encode_sample(make_sample(number), tag_table=CARLA_29, compression="jpeg", jpeg_quality=quality)

    with ShardWriter(tmp_path / "a.h5", make_header(), compression="jpeg") as writer:
        writer.append_encoded(encoded(0, 60))
        with pytest.raises(ShardError, match="JPEG quality"):
            writer.append_encoded(encoded(1, 61))
    with h5py.File(tmp_path / "a.h5") as file:
        filters = file["rgb"].id.get_create_plist()
        assert filters.get_filter(0)[:3] == (32019, h5py.h5z.FLAG_OPTIONAL, (60, 18, 11, 1))
        assert filters.get_filter(1)[0] == h5py.h5z.FILTER_FLETCHER32


def _images(dtype: type, size: tuple[int, int], largest: int) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(dtype, size, elements=st.integers(0, largest))


@settings(deadline=None, max_examples=25)
@given(data=st.data(), compression=st.sampled_from(LOSSLESS), has_geometry=st.booleans())
def test_any_images_come_back(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, compression: str, has_geometry: bool
) -> None:
    size = data.draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    samples = [
        Sample(
            frame=frame,
            timestamp_s=data.draw(st.floats(allow_nan=False, allow_infinity=False)),
            rgb=data.draw(hnp.arrays(np.uint8, (*size, 3))),
            tags=data.draw(_images(np.uint8, size, 28)),
            camera_transform=(0.0, 1.0, 2.0, 3.0, 4.0, 5.0),
            depth=data.draw(_images(np.uint32, size, 2**24 - 1)) if has_geometry else None,
            instance=data.draw(_images(np.uint16, size, 2**16 - 1)) if has_geometry else None,
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
            assert_equal(found, expected)


@pytest.mark.parametrize("size", [(1, 1), (1, 33), (97, 1), (37, 53)])
def test_odd_sizes(write_shard: Callable[..., Path], make_sample: MakeSample, size: tuple[int, int]) -> None:
    options = {"height": size[0], "width": size[1]}
    with ShardReader(write_shard(count=2, sample_options=options)) as reader:
        assert (reader.height, reader.width) == size
        assert np.array_equal(reader[1].rgb, make_sample(1, **options).rgb)


def _published_inverse(stored: dict[str, np.ndarray], compression: str) -> dict[str, np.ndarray]:
    """FORMAT.md's lines of numpy."""
    if compression == "residual":
        red, green, blue = np.cumsum(stored["rgb"], axis=-1, dtype=np.uint8)
        stored["rgb"] = np.stack([red + green, green, blue + green], axis=-1)
        low, middle, high = stored["depth"].astype(np.uint32)
        stored["depth"] = np.cumsum(low + (middle << 8) + (high << 16), axis=-1, dtype=np.uint32) % 2**24
    return stored


@pytest.mark.parametrize("compression", LOSSLESS)
def test_hdf5_alone_reads_the_same_pixels(
    write_shard: Callable[..., Path], make_sample: MakeSample, compression: str
) -> None:
    """The chunks are made outside HDF5, yet its filter pipeline and FORMAT.md's lines of numpy are enough."""
    assert hdf5plugin.FILTERS["zstd"] == 32015
    options = {"has_geometry": True}
    with h5py.File(write_shard(compression=compression, sample_options=options), "r") as file:
        for number in range(5):
            stored = _published_inverse({plane: file[plane][number] for plane in PLANE_NAMES}, compression)
            expected = make_sample(number, **options)
            for plane, found in stored.items():
                assert np.array_equal(found, getattr(expected, plane))
            assert file["index"][number]["frame"] == expected.frame
        assert all(file[plane].fletcher32 for plane in PLANE_NAMES)


def test_gzip_needs_no_plugin(write_shard: Callable[..., Path], make_sample: MakeSample) -> None:
    path = write_shard(compression="gzip", sample_options={"has_geometry": True})
    program = (
        "import sys, h5py\n"
        "with h5py.File(sys.argv[1]) as file:\n"
        "    images = [file[plane][3] for plane in ('rgb', 'tags', 'depth', 'instance')]\n"
        "assert not h5py.h5z.filter_avail(32015) and 'hdf5plugin' not in sys.modules\n"
        "print(*[int(image.astype(int).sum()) for image in images])\n"
    )
    environment = {"HDF5_PLUGIN_PATH": "/nowhere"}
    result = subprocess.run([sys.executable, "-c", program, str(path)], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    expected = make_sample(3, has_geometry=True)
    sums = [int(getattr(expected, plane).astype(int).sum()) for plane in PLANE_NAMES]
    assert result.stdout.split() == list(map(str, sums))


def test_jpeg_leaves_the_other_planes_to_hdf5(write_shard: Callable[..., Path], make_sample: MakeSample) -> None:
    with h5py.File(write_shard(compression="jpeg"), "r") as file:
        assert np.array_equal(file["tags"][2], make_sample(2).tags)
        with pytest.raises(OSError, match="read data"):  # its filter is not installed
            file["rgb"][2]
        _, chunk = file["rgb"].id.read_direct_chunk((2, 0, 0, 0))
        assert chunk[:3] == b"\xff\xd8\xff"


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
        ({"height": 12}, r"has \(height, width, .*\) \(12, 18, .*expected \(11, 18"),
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
        with pytest.raises(DiskError, match="frames acknowledged before are safe"):  # noqa: PT012
            for number in range(1000):
                writer.append(make_sample(number))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    for refused in (lambda: writer.append(make_sample(1000)), writer.close):
        with pytest.raises(DiskError, match="could not be written"):
            refused()
    assert writer.part_path.stat().st_size == examined_log(writer.part_path).end
    assert not (tmp_path / "a.h5").exists()
    assert len(writer) > 10
    with ShardReader(tmp_path / "a.h5.part", allow_part=True) as reader:
        assert len(reader) == len(writer)
        for number, sample in enumerate(reader):
            assert np.array_equal(sample.rgb, make_sample(number).rgb)


@pytest.mark.parametrize("failing", ["os.writev", "os.fdatasync", "os.fsync", "h5py.File", "os.pwrite"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_any_failure_leaves_what_was_acknowledged(
    tmp_path: Path,
    make_header: MakeHeader,
    make_sample: MakeSample,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
    number: int,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, "no")

    writer = ShardWriter(tmp_path / "a.h5", make_header(), durable_every=2)
    writer.append(make_sample(0))
    failure = pytest.raises(DiskError, match=rf"{tmp_path}.*\[Errno {number}\] no")
    with monkeypatch.context() as patch, failure:  # of the one call or the other
        patch.setattr(failing, fail)
        writer.append(make_sample(1))
        writer.close()
    with pytest.raises(DiskError):
        writer.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5.part"]
    writer.leave_part()
    with ShardWriter.resume(tmp_path / "a.h5", make_header()) as writer:
        assert writer.frames.tolist() in ([1000], [1000, 1001])
    with ShardReader(tmp_path / "a.h5") as reader:
        assert np.array_equal(reader[0].rgb, make_sample(0).rgb)


def test_a_short_write_is_taken_back(
    tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample, monkeypatch: pytest.MonkeyPatch
) -> None:
    writev = os.writev
    writer = ShardWriter(tmp_path / "a.h5", make_header())
    writer.append(make_sample(0))
    size = writer.part_path.stat().st_size
    monkeypatch.setattr("os.writev", lambda descriptor, parts: writev(descriptor, [b"".join(parts)[:-1]]))
    with pytest.raises(DiskError, match=r"only \d+ of \d+ bytes"):
        writer.append(make_sample(1))
    assert writer.part_path.stat().st_size == size
    writer.leave_part()


def test_damage_before_closing_is_found(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample) -> None:
    """A disk that changes what was written: the shard does not get its final name."""
    writer = ShardWriter(tmp_path / "a.h5", make_header())
    for number in range(4):
        writer.append(make_sample(number))
    offset, _ = examined_log(writer.part_path).frames.chunks["rgb"][2]
    with writer.part_path.open("r+b") as file:
        file.seek(int(offset) + 40)
        file.write(b"\x00\x01\x02")
    with pytest.raises(ShardError, match="rgb of frame 1002"):
        writer.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5.part"]


def test_planes_do_not_come_and_go(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample) -> None:
    with ShardWriter(tmp_path / "a.h5", make_header()) as writer:
        writer.append(make_sample(0, has_geometry=True))
        with pytest.raises(ShardError, match=r"has .*\('rgb', 'tags'\).* expected .*'instance'"):
            writer.append(make_sample(1))
        writer.append(make_sample(2, has_geometry=True))


def test_depth_of_more_than_24_bits(make_sample: MakeSample) -> None:
    sample = make_sample(0, has_geometry=True)
    assert sample.depth is not None
    sample.depth[3, 4] = 2**24
    with pytest.raises(ShardError, match="a depth code is 16777216, expected at most 16777215"):
        encode_sample(sample, tag_table=CARLA_29)


def test_every_k_th_frame_is_brought_to_the_disk(
    tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    monkeypatch.setattr("os.fdatasync", lambda descriptor: synced.append(len(writer)))
    with ShardWriter(tmp_path / "a.h5", make_header(), durable_every=3) as writer:
        for number in range(10):
            writer.append(make_sample(number))
    assert synced == [2, 5, 8]  # while frame 2, 5 and 8 were not yet acknowledged
    with pytest.raises(ShardError, match="durable_every is -1"):
        ShardWriter(tmp_path / "b.h5", make_header(), durable_every=-1)


@pytest.mark.parametrize("torn", [b"", b"CLHFRAME", bytes(1000)])
def test_going_on(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample, torn: bytes) -> None:
    path = tmp_path / "a.h5"
    writer = ShardWriter(path, make_header())
    for number in range(3):
        writer.append(make_sample(number))
    writer.leave_part()
    with writer.part_path.open("ab") as file:
        file.write(torn)
    with ShardWriter.resume(path, make_header()) as writer:
        assert (len(writer), writer.last_frame) == (3, 1002)
        with pytest.raises(ShardError, match="frame 1002 comes after frame 1002"):
            writer.append(make_sample(2))
        for number in range(3, 5):
            writer.append(make_sample(number))
        assert writer.frames.tolist() == [1000, 1001, 1002, 1003, 1004]
    in_one_go = tmp_path / "b.h5"
    with ShardWriter(in_one_go, make_header()) as writer:
        assert writer.last_frame == -1
        for number in range(5):
            writer.append(make_sample(number))
    assert path.read_bytes() == in_one_go.read_bytes()


@pytest.mark.parametrize("content", [b"", b"CLHF", b"CLHFLOG2" + bytes(4), b"CLHFLOG2" + bytes([9] + 15 * [0])])
def test_going_on_before_the_first_frame(
    tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample, content: bytes
) -> None:
    (tmp_path / "a.h5.part").write_bytes(content)
    with ShardWriter.resume(tmp_path / "a.h5", make_header()) as writer:
        assert writer.last_frame == -1
        writer.append(make_sample(0))
    with ShardReader(tmp_path / "a.h5") as reader:
        assert len(reader) == 1


def test_going_on_under_other_conditions(tmp_path: Path, make_header: MakeHeader, make_sample: MakeSample) -> None:
    path = tmp_path / "a.h5"
    with pytest.raises(ShardError, match="cannot be gone on with"):
        ShardWriter.resume(path, make_header())
    writer = ShardWriter(path, make_header())
    writer.append(make_sample(0))
    with pytest.raises(RecordingInUseError, match="being written"):
        ShardWriter.resume(path, make_header())
    writer.leave_part()
    before = writer.part_path.read_bytes()
    for header, compression in ((make_header(seed=8), "residual"), (make_header(), "plain")):
        with pytest.raises(ShardError, match="under other conditions"):
            ShardWriter.resume(path, header, compression=compression)
    damaged = bytearray(before)
    damaged[-30] ^= 1
    writer.part_path.write_bytes(damaged)
    with pytest.raises(ShardError, match=r"is damaged .*images of 1 frames"):
        ShardWriter.resume(path, make_header())
    assert writer.part_path.read_bytes() == damaged
    writer.part_path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(90))
    with pytest.raises(ShardError, match=r"version 1 .*finish it with the program that began it"):
        ShardWriter.resume(path, make_header())
