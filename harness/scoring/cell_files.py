"""The file of a pass: everything that was counted in its cells, so that no frame is ever counted twice.

An ``.npz`` of plain arrays and one JSON text, without pickles, written whole or not at all. ``load_pass`` gives back
what ``save_pass`` was given; a file that is cut short, changed or of another version is refused, because a run that
resumes would otherwise build on wrong counts.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import DataError
from harness.run_dir import write_bytes
from harness.scoring.cells import Cell, CellCounts, CellResult
from harness.scoring.worst import KeptFrame, WorstFrame, save_frames

VERSION = 1

_ABOUT = "about"
_FACTS = ("labels_digest", "has_depth")
"""Fields of CellCounts that are no arrays."""
_ARRAYS = tuple(field.name for field in fields(CellCounts) if field.name not in _FACTS)


@dataclass(frozen=True, kw_only=True)
class SavedPass:
    """What the file of a pass holds."""

    results: dict[Cell, CellResult]
    worst: tuple[WorstFrame, ...]


def save_pass(
    folder: Path, path: Path, results: Mapping[Cell, CellResult], kept: Sequence[tuple[Cell, KeptFrame]] = ()
) -> None:
    """Write a pass.

    Args:
        folder: of the score; the images of the kept frames go below it, before the file that names them.
        path: of the file.
        results: the cells of the pass.
        kept: its worst frames and the cell that each belongs to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    worst = save_frames(folder, kept)
    arrays: dict[str, NDArray[Any]] = {}
    for number, result in enumerate(results.values()):
        if result.counts is not None:
            arrays |= {_member(number, name): getattr(result.counts, name) for name in _ARRAYS}
    about = {
        "version": VERSION,
        "cells": [_about(cell, result) for cell, result in results.items()],
        "worst": [asdict(frame) for frame in worst],
    }
    arrays[_ABOUT] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    write_bytes(path, npz_bytes(arrays))


def load_pass(path: Path) -> SavedPass:
    """Read what ``save_pass`` wrote.

    Raises:
        DataError: the file is missing, damaged or of another version.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            about = json.loads(archive[_ABOUT].tobytes())
            version = about["version"]
            if version == VERSION:
                return _saved_pass(about, archive)
    except Exception as error:  # a damaged zip file raises whatever its reader stumbles over
        raise DataError(f"{path} cannot be read ({error}): delete it, and --resume counts that pass again") from error
    raise DataError(
        f"{path} has version {version}, this program reads {VERSION}: resume with the version that wrote it, or delete "
        "it, and --resume counts that pass again"
    )


def _saved_pass(about: Mapping[str, Any], archive: Mapping[str, Any]) -> SavedPass:
    return SavedPass(
        results=dict(_cell_result(number, each, archive) for number, each in enumerate(about["cells"])),
        worst=tuple(WorstFrame(**{**each, "cell": Cell(**each["cell"])}) for each in about["worst"]),
    )


def npz_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays as a compressed ``.npz``; the same arrays give the same bytes."""
    assert not any(array.dtype.hasobject for array in arrays.values()), "objects would be pickled"
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]  # its stub takes names for allow_pickle
    return content.getvalue()


def _member(number: int, name: str) -> str:
    return f"{number}.{name}"


def _about(cell: Cell, result: CellResult) -> dict[str, Any]:
    """What is no array."""
    counts = None if result.counts is None else {name: getattr(result.counts, name) for name in _FACTS}
    return {
        "cell": asdict(cell),
        "status": result.status,
        "message": result.message,
        "retries": result.retries,
        "planned_frames": result.planned_frames,
        "counts": counts,
    }


def _cell_result(number: int, about: Mapping[str, Any], archive: Mapping[str, Any]) -> tuple[Cell, CellResult]:
    values = dict(about)
    cell, facts = Cell(**values.pop("cell")), values.pop("counts")
    counts = None
    if facts is not None:
        arrays = {name: archive[_member(number, name)] for name in _ARRAYS}
        counts = CellCounts(**arrays, **facts)
    return cell, CellResult(**values, counts=counts)
