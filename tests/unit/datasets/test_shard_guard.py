"""Files made to harm, and files of other kinds: each is refused before a pixel is handed out, with its reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from datasets.errors import ShardError
from datasets.frame_index import INDEX_DTYPE
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardReader, ShardWriter
from datasets.shard_guard import check_apart
from datasets.shard_layout import write_text

Change = Callable[[h5py.File], object]


def _replace(file: h5py.File, name: str, **options: Any) -> None:
    """Put another data set in the place of `name`, alike but for `options`."""
    old = file[name]
    alike = {"shape": old.shape, "dtype": old.dtype}
    if old.chunks:
        alike |= {"chunks": old.chunks, "fletcher32": True, "compression": 32015, "compression_opts": (1,)}
    attributes = dict(old.attrs)
    del file[name]
    dataset = file.create_dataset(name, **{**alike, **options})
    for key, value in attributes.items():
        write_text(dataset, key, value.decode())


def _link(name: str, link: object) -> Change:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = link

    return change


def _soft_link(file: h5py.File) -> None:
    file.move("rgb", "hidden")
    file["rgb"] = h5py.SoftLink("/hidden")


def _external_storage(file: h5py.File) -> None:
    shape = file["tags"].shape
    del file["tags"]
    file.create_dataset("tags", shape, np.uint8, external=[("/etc/passwd", 0, 5 * 11 * 18)])


def _virtual(file: h5py.File) -> None:
    shape = file["tags"].shape
    del file["tags"]
    layout = h5py.VirtualLayout(shape, np.uint8)
    layout[:] = h5py.VirtualSource("other.h5", "tags", shape)
    file.create_virtual_dataset("tags", layout)


def _compact_index(file: h5py.File) -> None:
    rows = file["index"][:]
    del file["index"]
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)
    kind = h5py.h5t.py_create(INDEX_DTYPE)
    h5py.h5d.create(file.id, b"index", kind, h5py.h5s.create_simple(rows.shape), properties)
    file["index"][:] = rows


def _declare(file: h5py.File, frames: int) -> None:
    """Let the file say that it has so many frames; none of them is stored."""
    for name in ("rgb", "tags"):
        _replace(file, name, shape=(frames, *file[name].shape[1:]), maxshape=(None, *file[name].shape[1:]))


def _masked_chunk(file: h5py.File) -> None:
    pixels = bytes(11 * 18) + bytes(4)
    file["tags"].id.write_direct_chunk((2, 0, 0), pixels, filter_mask=1)


def _fat_chunk(file: h5py.File) -> None:
    file["tags"].id.write_direct_chunk((2, 0, 0), bytes(5000))


def _text(name: str, text: str) -> Change:
    def change(file: h5py.File) -> None:
        del file.attrs[name]
        write_text(file, name, text)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_soft_link, "4 objects .* expected exactly"),
        (_link("rgb", h5py.SoftLink("/tags")), "'rgb' is a SoftLink"),
        (_link("tags", h5py.ExternalLink("other.h5", "/tags")), "'tags' is a ExternalLink"),
        (_link("tags", h5py.SoftLink("/nowhere")), "'tags' is a SoftLink"),
        (lambda file: (file.__delitem__("tags"), file.create_group("tags")), "'tags' is a Group"),
        (lambda file: file.__delitem__("index"), "2 objects"),
        (lambda file: file.create_group("more"), "4 objects"),
        (_external_storage, "'tags' lies outside the file"),
        (_virtual, "'tags' lies outside the file"),
        (_compact_index, "'index' lies outside the file or is not contiguous"),
        (lambda file: _replace(file, "rgb", compression="gzip", compression_opts=4), "'rgb': filters"),
        (lambda file: _replace(file, "rgb", fletcher32=False), "'rgb': filters"),
        (lambda file: _replace(file, "tags", chunks=(5, 11, 18)), "'tags': chunk shape"),
        (lambda file: _replace(file, "tags", dtype=np.int16), "'tags': type"),
        (lambda file: _replace(file, "rgb", shape=(5, 3, 11, 19)), "'rgb': shape"),
        (lambda file: _replace(file, "rgb", shape=(6, 3, 11, 18)), "'rgb': shape"),
        (lambda file: _replace(file, "tags", shape=(5, 198), chunks=(1, 198)), "expected .N, H, W."),
        (lambda file: _replace(file, "index", shape=(4,)), r"'index' is .* expected"),
        (lambda file: _replace(file, "index", dtype=h5py.ref_dtype), "'index' is object"),
        (lambda file: _replace(file, "index", dtype=np.uint8), "'index' is uint8"),
        (lambda file: _replace(file, "index"), "index"),
        (lambda file: _declare(file, 0), "0 frames"),
        (lambda file: _declare(file, 4), "has 0 chunks, expected 4"),
        (lambda file: _declare(file, 1_000_000), "has 0 chunks, expected 1000000"),
        (lambda file: _declare(file, 2**40), "frames, expected 1 .. 10000000"),
        (_masked_chunk, "filter mask 1"),
        (_fat_chunk, "chunk 2 has 5000 bytes"),
        (_text("format", "something else"), "format is 'something else'"),
        (_text("compression", "lzf"), "compression is 'lzf'"),
        (_text("compression", "jpeg"), "'rgb': shape"),
        (_text("compression", "plain"), "'rgb': shape"),
        (_text("header", "{}"), "has the keys"),
        (lambda file: file.attrs.create("format_version", 3, dtype="<i8"), "format version is 3, expected 1 or 2"),
        (lambda file: file.attrs.create("format_version", 1, dtype="<i8"), "has the keys"),
        (lambda file: file.attrs.create("format_version", 1, dtype="<i4"), "expected one 64-bit integer"),
        (lambda file: file.attrs.create("header", "text of any length"), "expected a text of fixed length"),
        (lambda file: file.attrs.create("more", 1), "the file's attributes are"),
        (lambda file: file.attrs.__delitem__("format"), "not a shard"),
        (lambda file: [file.attrs.create(f"a{i}", 1) for i in range(20)], "not a shard"),
        (lambda file: file["rgb"].attrs.create("more", 1), "'/rgb' has 2 attributes"),
        (lambda file: file["rgb"].attrs.__delitem__("transform"), "'rgb': attributes"),
        (lambda file: write_text(file["tags"], "tag_table_sha256", "0" * 64), "'tags': attributes"),
    ],
)
def test_refused(write_shard: Callable[..., Path], change: Change, message: str) -> None:
    path = write_shard()
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(ShardError, match=message) as caught:
        ShardReader(path)
    assert str(path) in str(caught.value)


def test_a_huge_attribute_is_not_read(write_shard: Callable[..., Path]) -> None:
    path = write_shard()
    with h5py.File(path, "r+", libver="latest") as file:
        _text("header", "x" * 3_000_000)(file)
    with pytest.raises(ShardError, match="attribute 'header' is"):
        ShardReader(path)


def test_frames_of_absurd_size(tmp_path: Path, write_shard: Callable[..., Path]) -> None:
    path = write_shard()
    with h5py.File(path, "r+") as file:
        _replace(file, "tags", shape=(5, 40_000, 40_000), chunks=(1, 40_000, 40_000))
    with pytest.raises(ShardError, match="frames of 40000 x 40000 pixels"):
        ShardReader(path)


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"\x89PNG\r\n\x1a\n" + bytes(900), bytes(5000)])
def test_what_is_not_hdf5(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    with pytest.raises(ShardError, match="cannot be read as a shard"):
        ShardReader(path)


def test_hdf5_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["images"] = np.zeros((3, 4, 4, 3), np.uint8)
    with pytest.raises(ShardError, match="not a shard"):
        ShardReader(path)


def test_a_user_block(write_shard: Callable[..., Path], tmp_path: Path) -> None:
    path = tmp_path / "block.h5"
    with h5py.File(path, "w", userblock_size=512) as file, h5py.File(write_shard(), "r") as source:
        for name in source:
            source.copy(name, file)
        for name, value in source.attrs.items():
            file.attrs[name] = value
    with pytest.raises(ShardError, match="a user block of 512 bytes"):
        ShardReader(path)


@pytest.mark.parametrize("compression", ["residual", "plain", "gzip", "jpeg"])
def test_geometry_in_each_compression(write_shard: Callable[..., Path], compression: str) -> None:
    path = write_shard(compression=compression, sample_options={"has_geometry": True})
    ShardReader(path).close()
    for name, message in (("depth", "the index has hashes of depth"), ("rgb", "expected exactly")):
        with h5py.File(path, "r+") as file:
            del file[name]
        with pytest.raises(ShardError, match=message):
            ShardReader(path)


def test_wide_planes_of_another_type(write_shard: Callable[..., Path]) -> None:
    for name, kind in (("depth", np.uint8), ("instance", np.uint8), ("instance", ">u2"), ("instance", np.int16)):
        path = write_shard(f"{name}_{np.dtype(kind).name}.h5", compression="plain", sample_options={"has_geometry": 1})
        with h5py.File(path, "r+") as file:
            _replace(file, name, dtype=kind)
        with pytest.raises(ShardError, match=f"'{name}': type"):
            ShardReader(path)
        path.unlink()


def test_version_1_knows_fewer_planes_and_compressions(tmp_path: Path) -> None:
    golden = Path(__file__).parents[2] / "golden" / "shard_v1_plain.h5"
    for change, message in (
        (lambda file: file.copy("tags", "depth"), "4 objects"),
        (_text("compression", "gzip"), "expected one of residual, plain in version 1"),
        (lambda file: file.attrs.create("format_version", 2, dtype="<i8"), "has the keys"),
    ):
        path = Path(shutil.copy(golden, tmp_path / "a.h5"))
        with h5py.File(path, "r+") as file:
            change(file)
        with pytest.raises(ShardError, match=message):
            ShardReader(path)


def test_an_unfinished_file_under_a_final_name(
    tmp_path: Path, make_header: Callable[..., ShardHeader], make_sample: Callable[..., Sample]
) -> None:
    with ShardWriter(tmp_path / "a.h5", make_header()) as writer:
        writer.append(make_sample(0))
        copy = shutil.copy(writer.part_path, tmp_path / "b.h5")
        with pytest.raises(ShardError, match="cannot be read as a shard"):
            ShardReader(copy)


def test_chunks_that_share_bytes() -> None:
    check_apart({"rgb": np.array([[100, 10], [120, 5]]), "tags": np.array([[110, 10]])})
    with pytest.raises(ShardError, match="overlap"):
        check_apart({"rgb": np.array([[100, 10], [120, 5]]), "tags": np.array([[119, 1], [109, 2]])})
    with pytest.raises(ShardError, match="overlap"):
        check_apart({"rgb": np.array([[100, 10], [100, 10]])})
