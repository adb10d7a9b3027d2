"""Files made to harm, each from a whole shard of the drive or from nothing; every one must be refused.

Each builder takes the path of a finished shard (or frame log, or recording) that it may ruin.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import h5py
import hdf5plugin  # noqa: F401  # its filters, which HDF5 wants in order to create the data sets
import numpy as np
import zstandard

from datasets.codec import sealed
from datasets.shard_layout import write_text
from tests.faults.frames import HEIGHT, WIDTH

Build = Callable[[Path], None]
PIXELS = HEIGHT * WIDTH
ZSTD_MAGIC = 0xFD2FB528


def _in_hdf5(change: Callable[[h5py.File], object]) -> Build:
    def build(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            change(file)

    return build


def _chunk(plane: str, frame: bytes) -> Build:
    """The second frame's chunk replaced by `frame`, with a checksum that fits."""

    def change(file: h5py.File) -> None:
        dataset = file[plane]
        dataset.id.write_direct_chunk((1,) + (0,) * (len(dataset.shape) - 1), sealed(frame))

    return _in_hdf5(change)


def _attribute(name: str, text: str) -> Build:
    def change(file: h5py.File) -> None:
        del file.attrs[name]
        write_text(file, name, text)

    return _in_hdf5(change)


def _header(change: Callable[[dict[str, Any]], object]) -> Build:
    """The header's JSON changed."""

    def build(path: Path) -> None:
        with h5py.File(path, "r") as file:
            content = json.loads(file.attrs["header"])
        change(content)
        _attribute("header", json.dumps(content))(path)

    return build


def _header_text(old: str, new: str) -> Build:
    def build(path: Path) -> None:
        with h5py.File(path, "r") as file:
            text = (
                bytes(file.attrs["header"]).decode()
                if not isinstance(file.attrs["header"], str)
                else file.attrs["header"]
            )
        assert old in text
        _attribute("header", text.replace(old, new, 1))(path)

    return build


def _remake(file: h5py.File, name: str, properties: Any, *, shape: tuple[int, ...] = (), kind: Any = None) -> None:
    """Data set `name` made anew, without its content, with other creation properties, shape or type."""
    old = file[name]
    attributes = dict(old.attrs)
    kind = kind or h5py.h5t.py_create(old.dtype)
    space = h5py.h5s.create_simple(shape or old.shape)
    del file[name]
    created = h5py.h5d.create(file.id, name.encode(), kind, space, properties)
    for key, value in attributes.items():
        write_text(h5py.Dataset(created), key, value.decode() if isinstance(value, bytes) else str(value))


def _properties(*settings: Callable[[Any], object], chunk: tuple[int, ...] = ()) -> Any:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    if chunk:
        properties.set_chunk(chunk)
    for setting in settings:
        setting(properties)
    return properties


def _filtered(name: str, *filters: Callable[[Any], object], kind: Any = None) -> Build:
    """Data set `name` with other filters."""
    return _in_hdf5(lambda file: _remake(file, name, _properties(*filters, chunk=file[name].chunks), kind=kind))


def _zstd_filter(properties: Any) -> None:
    properties.set_filter(32015, h5py.h5z.FLAG_MANDATORY, (1,))


def _fletcher32(properties: Any) -> None:
    properties.set_fletcher32()


def _unknown_filter(properties: Any) -> None:
    properties.set_filter(40_000, h5py.h5z.FLAG_OPTIONAL, ())


def _link(name: str, link: object) -> Build:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = link

    return _in_hdf5(change)


def _external_storage(file: h5py.File) -> None:
    shape = file["tags"].shape
    del file["tags"]
    file.create_dataset("tags", shape, np.uint8, external=[("/etc/passwd", 0, int(np.prod(shape)))])


def _virtual(file: h5py.File) -> None:
    shape = file["rgb"].shape
    del file["rgb"]
    layout = h5py.VirtualLayout(shape, np.uint8)
    layout[:] = h5py.VirtualSource("/etc/passwd", "rgb", shape)
    file.create_virtual_dataset("rgb", layout)


def _external_index(file: h5py.File) -> None:
    shape, kind = file["index"].shape, file["index"].dtype
    del file["index"]
    file.create_dataset("index", shape, kind, external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def _committed_type(file: h5py.File) -> None:
    kind = file["index"].dtype
    del file["index"]
    file["index"] = kind


def _reference_attribute(file: h5py.File) -> None:
    file["tags"].attrs["other"] = file["rgb"].ref


def _region_reference_attribute(file: h5py.File) -> None:
    file.attrs["other"] = file["rgb"].regionref[:1]


def _many_groups(file: h5py.File) -> None:
    """One group under many names, which takes a third of the time of as many groups."""
    h5py.h5g.create(file.id, b"group")
    for number in range(100_000):
        file.id.links.create_hard(f"{number}".encode(), file.id, b"group")


def _deep_nesting(file: h5py.File) -> None:
    del file["index"]
    group = file.create_group("index")
    for _ in range(5_000):
        group = group.create_group("g")


def _cycle(file: h5py.File) -> None:
    del file["index"]
    file["index"] = file["/"]


def _many_attributes(file: h5py.File) -> None:
    for number in range(5_000):
        h5py.h5a.create(file["tags"].id, f"{number}".encode(), h5py.h5t.STD_U8LE, h5py.h5s.create(h5py.h5s.SCALAR))


def _alias(file: h5py.File) -> None:
    del file["tags"]
    file["tags"] = file["rgb"]


def _shape_bomb(file: h5py.File) -> None:
    """Ten million frames, of which none was written: a gigabyte of index alone."""
    for name in ("rgb", "tags", "depth", "instance"):
        old = file[name]
        properties = _properties(_zstd_filter, _fletcher32, chunk=old.chunks)
        _remake(file, name, properties, shape=(9_999_999, *old.shape[1:]))
    _remake(file, "index", _properties(), shape=(9_999_999,))


def _index_bomb(file: h5py.File) -> None:
    _remake(file, "index", _properties(), shape=(2**50,))


def _chunk_bomb(file: h5py.File) -> None:
    _remake(file, "tags", _properties(_zstd_filter, _fletcher32, chunk=(1, 40_000, 40_000)), shape=(3, 40_000, 40_000))


def _wide_chunk(file: h5py.File) -> None:
    """All frames in one chunk."""
    _remake(file, "tags", _properties(_zstd_filter, _fletcher32, chunk=file["tags"].shape))


def _without_user_block(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(bytes(512) + content)


def _zstd(*, declared: int, window_descriptor: int | None = None, blocks: bytes = b"") -> bytes:
    """A Zstd frame by hand: what it says of its size is not what it holds (RFC 8878, 3.1.1)."""
    single_segment = window_descriptor is None
    head = struct.pack("<IB", ZSTD_MAGIC, 0b1100_0000 | single_segment << 5)
    window = b"" if window_descriptor is None else bytes([window_descriptor])
    return head + window + struct.pack("<Q", declared) + blocks


def _run_length_block(count: int, *, is_last: bool) -> bytes:
    return struct.pack("<I", int(is_last) | 1 << 1 | count << 3)[:3] + b"\x07"


def _skippable(content: bytes) -> bytes:
    return struct.pack("<II", 0x184D2A50, len(content)) + content


def _endless_deflate(num_bytes: int) -> bytes:
    """A zlib stream of `num_bytes` zeros that costs a thousandth of that to make: one block, again and again."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return b"\x78\xda" + block * (num_bytes >> 20) + b"\x03\x00" + struct.pack(">I", 1)


def _jpeg(*, height: int = HEIGHT, width: int = WIDTH, options: tuple[int, ...] = ()) -> bytes:
    image = np.full((height, width, 3), 90, np.uint8)
    return bytes(cv2.imencode(".jpg", image, options)[1])


def _jpeg_of_declared(height: int, width: int) -> bytes:
    """A small JPEG whose header declares another size."""
    content = bytearray(_jpeg())
    at = content.index(b"\xff\xc0")
    struct.pack_into(">HH", content, at + 5, height, width)
    return bytes(content)


def _image(suffix: str) -> bytes:
    return bytes(cv2.imencode(suffix, np.full((HEIGHT, WIDTH, 3), 90, np.uint8))[1])


STRUCTURES: dict[str, Build] = {
    "soft link": _link("rgb", h5py.SoftLink("/tags")),
    "soft link to nowhere": _link("tags", h5py.SoftLink("/nowhere")),
    "external link": _link("tags", h5py.ExternalLink("/etc/passwd", "/tags")),
    "external link of the index": _link("index", h5py.ExternalLink("other.h5", "/index")),
    "external storage": _in_hdf5(_external_storage),
    "external index": _in_hdf5(_external_index),
    "virtual data set": _in_hdf5(_virtual),
    "object references": _in_hdf5(lambda file: _remake(file, "index", _properties(), kind=h5py.h5t.STD_REF_OBJ)),
    "text of any length": _in_hdf5(
        lambda file: _remake(file, "index", _properties(), kind=h5py.h5t.py_create(h5py.string_dtype()))
    ),
    "reference attribute": _in_hdf5(_reference_attribute),
    "region reference attribute": _in_hdf5(_region_reference_attribute),
    "committed type": _in_hdf5(_committed_type),
    "filters swapped": _filtered("tags", _fletcher32, _zstd_filter),
    "filter unknown": _filtered("tags", _unknown_filter, _fletcher32),
    "filter more": _filtered("tags", lambda properties: properties.set_shuffle(), _zstd_filter, _fletcher32),
    "no filter": _filtered("tags"),
    "no checksum": _filtered("tags", _zstd_filter),
    "big-endian": _filtered("instance", _zstd_filter, _fletcher32, kind=h5py.h5t.STD_U16BE),
    "signed": _filtered("tags", _zstd_filter, _fletcher32, kind=h5py.h5t.STD_I8LE),
    "compact": _in_hdf5(
        lambda file: _remake(file, "instance", _properties(lambda made: made.set_layout(h5py.h5d.COMPACT)))
    ),
    "shape bomb": _in_hdf5(_shape_bomb),
    "index bomb": _in_hdf5(_index_bomb),
    "chunk bomb": _in_hdf5(_chunk_bomb),
    "one chunk": _in_hdf5(_wide_chunk),
    "a plane taken out": _in_hdf5(lambda file: file.__delitem__("depth")),
    "a plane without chunks": _filtered("instance", _zstd_filter, _fletcher32),
    "one set of chunks for two planes": _in_hdf5(_alias),
    "100,000 groups": _in_hdf5(_many_groups),
    "groups in groups": _in_hdf5(_deep_nesting),
    "a group in itself": _in_hdf5(_cycle),
    "5,000 attributes": _in_hdf5(_many_attributes),
    "user block": _without_user_block,
}

HEADERS: dict[str, Build] = {
    "header of 3 MB": lambda path: _latest(path, "header", "x" * 3_000_000),
    "header nested 100,000 deep": _attribute("header", "[" * 50_000),
    "header with a key twice": _header_text('"seed":', '"seed":1,"seed":'),
    "header with a number of 5,000 digits": _header_text('"seed":7', '"seed":' + "9" * 5_000),
    "header with an infinite number": _header_text("5.0", "1e999"),
    "header with NaN": _header_text("5.0", "NaN"),
    "header with half a character": _header_text("Town10HD", "\\ud800"),
    "header with a negative sequence": _header(lambda content: content.update(sequence=-1)),
    "header with a huge sequence": _header(lambda content: content.update(sequence=10**40)),
    "header without tag table": _header(lambda content: content.pop("tag_table")),
    "header with a foreign digest": _header(lambda content: content["tag_table"].update(digest="0" * 64)),
    "header with ids out of range": _header(lambda content: content["tag_table"].update(ignored=[300])),
    "header with 300 classes": _header(
        lambda content: content["tag_table"].update(classes=[[str(i), 0, 0, 0] for i in range(300)])
    ),
    "header with a timeline that goes back": _header(
        lambda content: content.update(weather_timeline=[{"at_s": 5.0}, {"at_s": 1.0}])
    ),
    "header with a scenario that climbs": _header(lambda content: content.update(scenario="../../x")),
}

ZSTD_CHUNKS: dict[str, bytes] = {
    "zstd declares a terabyte": _zstd(declared=1 << 40, blocks=_run_length_block(PIXELS, is_last=True)),
    "zstd declares a window of 2 GiB": _zstd(
        declared=PIXELS, window_descriptor=0xA8, blocks=_run_length_block(PIXELS, is_last=False)
    ),
    "zstd holds more than it declares": _zstd(
        declared=PIXELS, blocks=_run_length_block(1 << 17, is_last=False) * 100 + _run_length_block(1, is_last=True)
    ),
    "zstd holds less than it declares": _zstd(declared=PIXELS, blocks=_run_length_block(PIXELS - 1, is_last=True)),
    "zstd of other pixels": _zstd(declared=PIXELS, blocks=_run_length_block(PIXELS, is_last=True)),
    "zstd declares nothing": zstandard.ZstdCompressor(write_content_size=False).compress(bytes(PIXELS)),
    "zstd twice": zstandard.compress(bytes(PIXELS)) * 2,
    "zstd behind a skippable frame": _skippable(b"x") + zstandard.compress(bytes(PIXELS)),
    "zstd cut": zstandard.compress(np.random.default_rng(0).bytes(PIXELS))[:-20],
    "nothing": b"",
    "not zstd": b"\x00" * 40,
}

DEFLATE_CHUNKS: dict[str, bytes] = {
    "deflate without end": _endless_deflate(1 << 20),
    "deflate twice": zlib.compress(bytes(PIXELS)) * 2,
    "deflate of less": zlib.compress(bytes(PIXELS - 1)),
    "deflate of more": zlib.compress(bytes(PIXELS + 1)),
    "deflate cut": zlib.compress(np.random.default_rng(0).bytes(PIXELS))[:-1],
    "deflate of other pixels": zlib.compress(bytes(PIXELS)),
}

JPEG_CHUNKS: dict[str, bytes] = {
    "jpeg declares 65,500 x 65,500": _jpeg_of_declared(65_500, 65_500),
    "jpeg declares nothing": _jpeg_of_declared(0, 0),
    "jpeg of another size": _jpeg(height=HEIGHT + 1),
    "jpeg progressive": _jpeg(options=(cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
    "jpeg of other pixels": _jpeg(),
    "jpeg is a PNG": _image(".png"),
    "jpeg is a TIFF": _image(".tiff"),
    "jpeg cut": _jpeg()[:100],
}


def _latest(path: Path, name: str, text: str) -> None:
    """An attribute of a size that only the newest file format can hold."""
    with h5py.File(path, "r+", libver="latest") as file:
        del file.attrs[name]
        write_text(file, name, text)


def chunk_forgeries(compression: str) -> dict[str, Build]:
    """Chunks of a plane that are not what was written, by what they are."""
    if compression == "gzip":
        return {name: _chunk("tags", frame) for name, frame in DEFLATE_CHUNKS.items()}
    if compression == "jpeg":
        return {name: _chunk("rgb", frame) for name, frame in JPEG_CHUNKS.items()}
    return {name: _chunk("tags", frame) for name, frame in ZSTD_CHUNKS.items()}
