"""What is tested before a byte of a shard is believed: a file may be cut, damaged, or made to harm.

Decisions:

* Only what the file's version writes is let through: its data sets by hard links, no other object, no external, virtual
  or compact storage, exactly these types, shapes, chunks and filters. HDF5 can say far more, and each of its further
  abilities is a way to read another file, to loop, or to fill the memory.
* Nothing is allocated by a size that the file only declares. Each declared frame must have a stored chunk of its own
  inside the file, and a chunk must declare the size of one frame before anything is decompressed.
* HDF5 is used to find the chunks, once. Pixels are read by position afterwards: without its lock and its filters.
"""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from datasets.codec import PLANE_NAMES, Compression, compression_named
from datasets.errors import ShardError, storage_error
from datasets.frame_index import checked_rows
from datasets.shard_header import MAX_HEADER_BYTES, ShardHeader, header_digest
from datasets.shard_layout import (
    COMPRESSION_ATTRIBUTE,
    FORMAT_ATTRIBUTE,
    FORMAT_NAME,
    FORMAT_VERSIONS,
    HEADER_ATTRIBUTE,
    INDEX_NAME,
    MAX_FRAMES,
    VERSION_ATTRIBUTE,
    FormatVersion,
    Plane,
    ShardContents,
    check_frame_size,
    planes,
)

_OF_H5PY = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError)
"""What h5py raises for what libhdf5 refuses."""
_ROOT_ATTRIBUTES = frozenset({FORMAT_ATTRIBUTE, VERSION_ATTRIBUTE, COMPRESSION_ATTRIBUTE, HEADER_ATTRIBUTE})


def examined(path: Path) -> ShardContents:
    """Contents of the finished shard at `path`; ShardError that says what is wrong with it."""
    try:
        file_bytes = path.stat().st_size
        with h5py.File(path, "r") as file:
            if file.userblock_size:
                raise ShardError(f"a user block of {file.userblock_size} bytes, expected none")
            version, header_text, compression = _root_attributes(file)
            header = ShardHeader.from_json(header_text, version=version)
            datasets = _datasets(file, FORMAT_VERSIONS[version])
            num_frames, height, width = _size(datasets["tags"])
            expected = planes(
                tuple(name for name in PLANE_NAMES if name in datasets),
                height=height,
                width=width,
                compression=compression,
                tag_table_digest=header.tag_table.digest,
            )
            chunks = {name: _chunks(datasets[name], plane, num_frames, file_bytes) for name, plane in expected.items()}
            check_apart(chunks)
            index = _index(datasets[INDEX_NAME], FORMAT_VERSIONS[version].index_dtype, num_frames, file_bytes)
            _check_hashes_of_planes(index, chunks)
    except ShardError as error:
        raise type(error)(f"{path}: {error}") from error.__cause__
    except _OF_H5PY as error:
        raise storage_error(
            f"{path} cannot be read as a shard: it is cut short, damaged or unfinished; record it again", error
        ) from error
    return ShardContents(
        version=version,
        header=header,
        header_digest=header_digest(header_text),
        compression=compression,
        height=height,
        width=width,
        index=index,
        chunks=chunks,
    )


def _root_attributes(file: h5py.File) -> tuple[int, str, Compression]:
    """Version, text of the header, compression."""
    if h5py.h5a.get_num_attrs(file.id) > 2 * len(_ROOT_ATTRIBUTES) or FORMAT_ATTRIBUTE not in file.attrs:
        raise ShardError(f"not a shard: the file has no attribute {FORMAT_ATTRIBUTE!r}, or far too many others")
    if _text(file, FORMAT_ATTRIBUTE) != FORMAT_NAME:
        raise ShardError(f"format is {_text(file, FORMAT_ATTRIBUTE)!r}, expected {FORMAT_NAME!r}")
    version = _integer(file, VERSION_ATTRIBUTE)
    if version not in FORMAT_VERSIONS:
        raise ShardError(
            f"format version is {version}, expected {' or '.join(map(str, FORMAT_VERSIONS))}; read it with a newer "
            "harness"
        )
    if set(file.attrs) != _ROOT_ATTRIBUTES:
        raise ShardError(f"the file's attributes are {sorted(file.attrs)}, expected {sorted(_ROOT_ATTRIBUTES)}")
    compression, allowed = _text(file, COMPRESSION_ATTRIBUTE), FORMAT_VERSIONS[version].compressions
    if compression not in allowed:
        raise ShardError(f"compression is {compression!r}, expected one of {', '.join(allowed)} in version {version}")
    return version, _text(file, HEADER_ATTRIBUTE), compression_named(compression)


def _datasets(file: h5py.File, version: FormatVersion) -> dict[str, h5py.Dataset]:
    required = {*version.required_planes, INDEX_NAME}
    allowed = required | set(version.optional_planes)
    if len(file) > len(allowed) or not required <= set(file) <= allowed:
        raise ShardError(
            f"{len(file)} objects {sorted(file)[:8]}, expected exactly {sorted(required)} "
            f"and at most {sorted(version.optional_planes)} more"
        )
    found = {}
    for name in file:
        link = file.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise ShardError(f"{name!r} is a {type(link).__name__}, expected a data set in this file")
        dataset = file[name]
        if not isinstance(dataset, h5py.Dataset):
            raise ShardError(f"{name!r} is a {type(dataset).__name__}, expected a data set")
        found[name] = dataset
    return found


def _size(tags: h5py.Dataset) -> tuple[int, int, int]:
    """Declared frames, height and width [px]."""
    if len(tags.shape) != 3:
        raise ShardError(f"'tags' has the shape {tags.shape}, expected (N, H, W)")
    num_frames, height, width = map(int, tags.shape)
    check_frame_size(height, width)
    if not 0 < num_frames <= MAX_FRAMES:
        raise ShardError(f"{num_frames} frames, expected 1 .. {MAX_FRAMES}")
    return num_frames, height, width


def _chunks(dataset: h5py.Dataset, plane: Plane, num_frames: int, file_bytes: int) -> npt.NDArray[np.int64]:
    """(N, 2) int64 byte offset and size of the chunk of each frame: all there, all inside the file."""
    _check_storage(dataset, plane, num_frames)
    if dataset.id.get_num_chunks() != num_frames:
        raise ShardError(f"{plane.name!r} has {dataset.id.get_num_chunks()} chunks, expected {num_frames}")
    facts = array("q")

    def note(chunk: Any) -> None:
        facts.extend((chunk.chunk_offset[0], chunk.byte_offset, chunk.size, chunk.filter_mask))

    dataset.id.chunk_iter(note)
    numbers, offsets, sizes, masks = np.array(facts, np.int64).reshape(-1, 4).T
    most = plane.most_chunk_bytes
    unfit = np.flatnonzero((masks != 0) | (sizes < 1) | (sizes > most) | (offsets < 0) | (offsets > file_bytes - sizes))
    if unfit.size:
        at = int(unfit[0])
        raise ShardError(
            f"{plane.name!r}: chunk {numbers[at]} has {sizes[at]} bytes at {offsets[at]}, filter mask {masks[at]}; "
            f"expected at most {most}, all filters, in a file of {file_bytes} bytes"
        )
    places = np.zeros((num_frames, 2), np.int64)
    places[numbers] = np.stack([offsets, sizes], axis=1)
    if not places[:, 1].all():
        raise ShardError(f"{plane.name!r} lacks the chunk of frame number {int(np.argmin(places[:, 1]))}")
    return places


def _check_storage(dataset: h5py.Dataset, plane: Plane, num_frames: int) -> None:
    properties = dataset.id.get_create_plist()
    if dataset.external is not None or dataset.is_virtual or properties.get_layout() != h5py.h5d.CHUNKED:
        raise ShardError(f"{plane.name!r} lies outside the file or is not chunked, expected chunks in this file")
    found = {
        "type": dataset.dtype,
        "shape": dataset.shape,
        "chunk shape": dataset.chunks,
        "filters": tuple(properties.get_filter(i)[0] for i in range(properties.get_nfilters())),
        "attributes": {name: _text(dataset, name) for name in _few_attributes(dataset)},
    }
    expected = {
        "type": plane.codec.stored_dtype,
        "shape": (num_frames, *plane.item_shape),
        "chunk shape": (1, *plane.item_shape),
        "filters": plane.filters,
        "attributes": plane.attributes,
    }
    for what, wanted in expected.items():
        if found[what] != wanted:
            raise ShardError(f"{plane.name!r}: {what} is {found[what]}, expected {wanted}")


def check_apart(chunks: dict[str, npt.NDArray[np.int64]]) -> None:
    """No two chunks share a byte: else a small file could hold any number of frames."""
    places = np.concatenate(list(chunks.values()))
    offsets, sizes = places[np.argsort(places[:, 0])].T
    if (offsets[:-1] + sizes[:-1] > offsets[1:]).any():
        raise ShardError("stored chunks overlap; the file is damaged or forged")


def _index(dataset: h5py.Dataset, dtype: np.dtype[np.void], num_frames: int, file_bytes: int) -> npt.NDArray[np.void]:
    """(N,) of INDEX_DTYPE, each row tested by its hash."""
    properties = dataset.id.get_create_plist()
    if dataset.external is not None or properties.get_layout() != h5py.h5d.CONTIGUOUS:
        raise ShardError(f"{INDEX_NAME!r} lies outside the file or is not contiguous, expected one block in this file")
    if dataset.dtype != dtype or dataset.shape != (num_frames,):
        raise ShardError(f"{INDEX_NAME!r} is {dataset.dtype} {dataset.shape}, expected {dtype} {(num_frames,)}")
    if dataset.id.get_storage_size() != num_frames * dtype.itemsize or dataset.nbytes > file_bytes:
        raise ShardError(f"{INDEX_NAME!r} has {dataset.id.get_storage_size()} bytes stored, expected {dataset.nbytes}")
    return checked_rows(dataset[:])


def _check_hashes_of_planes(index: npt.NDArray[np.void], chunks: dict[str, npt.NDArray[np.int64]]) -> None:
    """A plane that was taken out of the file still has its hashes."""
    for plane in set(PLANE_NAMES) - set(chunks):
        if index[f"{plane}_xxh64"].any():
            raise ShardError(f"the index has hashes of {plane}, but the file does not have that plane")


def _few_attributes(dataset: h5py.Dataset) -> list[str]:
    count = h5py.h5a.get_num_attrs(dataset.id)
    if count > 1:
        raise ShardError(f"{dataset.name!r} has {count} attributes, expected at most 1")
    return list(dataset.attrs)


def _text(target: h5py.File | h5py.Dataset, name: str) -> str:
    """A fixed-length string attribute of sane size."""
    attribute = target.attrs.get_id(name)
    if attribute.shape != () or attribute.dtype.kind != "S" or attribute.dtype.itemsize > MAX_HEADER_BYTES:
        raise ShardError(f"attribute {name!r} is {attribute.dtype} {attribute.shape}, expected a text of fixed length")
    content = np.empty((), attribute.dtype)
    attribute.read(content)
    return bytes(content[()]).decode()


def _integer(target: h5py.File, name: str) -> int:
    attribute = target.attrs.get_id(name)
    if attribute.shape != () or attribute.dtype.kind != "i" or attribute.dtype.itemsize != 8:
        raise ShardError(f"attribute {name!r} is {attribute.dtype} {attribute.shape}, expected one 64-bit integer")
    content = np.empty((), attribute.dtype)
    attribute.read(content)
    return int(content)
