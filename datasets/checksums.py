"""Fletcher32 as HDF5 computes it, and XXH64: pure functions over bytes.

Decisions:

* Shards are read past HDF5's filter pipeline, so its Fletcher32 test has to be done here, bit for bit as in HDF5's
  ``H5checksum.c``: big-endian 16-bit words, one's-complement sums.
* Pixels are hashed with XXH64, seed 0 (``doc/xxhash_spec.md`` of the xxHash project): at memory speed on every machine,
  where the speed of ``zlib.crc32`` depends on the zlib that Python was built with. Every xxhash library agrees.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from datasets.kernels import fletcher32_words, xxh64_rows, xxh64_stripes

_STRIPE = 32
"""Bytes that XXH64 takes at once: four lanes of eight."""


def fletcher32(data: bytes | memoryview | npt.NDArray[Any]) -> int:
    """HDF5's Fletcher32 of `data`, 0 .. 2**32 - 1; an odd last byte counts as a word's high byte."""
    octets = _octets(data)
    words = octets[: octets.size // 2 * 2].view(np.uint16)
    last = int(octets[-1]) << 8 if octets.size % 2 else -1
    return int(fletcher32_words(_aligned(words), last))


def xxh64(data: bytes | memoryview | npt.NDArray[Any]) -> int:
    """XXH64 with seed 0 of `data` (an array of any type: its bytes in C order), 0 .. 2**64 - 1."""
    octets = _octets(data)
    stripes = octets[: octets.size // _STRIPE * _STRIPE].view(np.uint64)
    return int(xxh64_stripes(_aligned(stripes), octets[stripes.nbytes :], np.uint64(octets.size)))


def xxh64_each(rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """(N,) uint64: XXH64 with seed 0 of each row of (N, size) uint8."""
    octets = np.ascontiguousarray(rows).view()
    octets.flags.writeable = False
    hashes = np.empty(len(octets), np.uint64)
    xxh64_rows(octets, hashes)
    return hashes


def _octets(data: bytes | memoryview | npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """(N,) uint8 view; read-only always, so that each kernel is compiled for one type only."""
    octets = data.reshape(-1).view(np.uint8) if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
    octets.flags.writeable = False
    return octets


def _aligned(words: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`words`, or a read-only copy where they start at an odd address."""
    aligned = words if words.flags.aligned else words.copy()
    aligned.flags.writeable = False
    return aligned
