from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import DataError
from harness.scoring import cell_files
from harness.scoring.cell_files import load_pass, save_pass
from harness.scoring.cells import Cell, CellCounts, CellResult
from harness.scoring.worst import KeptFrame
from tests.unit.harness.scoring.made_cells import make_cell, make_result


def results_of_a_pass() -> dict[Cell, CellResult]:
    return {
        make_cell(model="netz ü", fov=60.5): replace(make_result(1), retries=2),
        make_cell(width=16, height=12): make_result(2, planned_frames=9),
        make_cell(repeat=3): CellResult(status="timed out", message="no answer\nin 60 s", planned_frames=4),
    }


def kept_frame(tick: int) -> KeptFrame:
    ids = np.full((6, 8), tick, dtype=np.uint8)
    rgb = np.zeros((6, 8, 3), dtype=np.uint8)
    return KeptFrame(
        camera="c", model="net", label="car", rank=1, tick=tick, iou=0.1 + 0.2, rgb=rgb, truth=ids, prediction=ids
    )


def assert_same(found: CellCounts | None, expected: CellCounts | None) -> None:
    if found is None or expected is None:
        assert found is expected is None
        return
    for field in fields(CellCounts):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(expected, field.name), strict=True)


def test_a_pass_is_read_back_as_it_was(tmp_path: Path) -> None:
    results, path = results_of_a_pass(), tmp_path / "cells" / "pass.npz"
    cell = next(iter(results))
    save_pass(tmp_path, path, results, [(cell, kept_frame(7)), (cell, kept_frame(2))])
    found = load_pass(path)
    assert list(found.results) == list(results)
    for cell, expected in results.items():
        assert replace(found.results[cell], counts=None) == replace(expected, counts=None)
        assert_same(found.results[cell].counts, expected.counts)
    assert [(frame.label, frame.tick, frame.iou) for frame in found.worst] == [
        ("car", 7, 0.1 + 0.2),
        ("car", 2, 0.1 + 0.2),
    ]
    assert all((tmp_path / name).is_file() for frame in found.worst for name in frame.images.values())
    assert load_pass(path).worst == found.worst


def test_equal_results_give_equal_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.npz", "b.npz")]
    for path in paths:
        save_pass(tmp_path, path, results_of_a_pass())
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    save_pass(folder, folder / "pass.npz", {make_cell(): make_result(1)})
    return folder / "pass.npz"


@given(share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=40)
def test_a_file_that_was_cut_short_is_refused(saved: Path, share: float) -> None:
    content = saved.read_bytes()
    cut = saved.with_name("cut.npz")
    cut.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r"cut\.npz cannot be read .*--resume counts that pass again"):
        load_pass(cut)


@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=60)
def test_a_changed_bit_is_refused_or_changes_nothing(saved: Path, share: float, bit: int) -> None:
    content = bytearray(saved.read_bytes())
    content[int(share * len(content))] ^= 1 << bit
    changed = saved.with_name("changed.npz")
    changed.write_bytes(content)
    whole = load_pass(saved)
    try:
        found = load_pass(changed)
    except DataError:
        return
    assert list(found.results) == list(whole.results)
    for cell, result in whole.results.items():
        assert_same(found.results[cell].counts, result.counts)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.npz cannot be read"):
        load_pass(tmp_path / "nowhere.npz")


def test_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_files, "VERSION", 0)
    save_pass(tmp_path, tmp_path / "pass.npz", {make_cell(): make_result(1)})
    monkeypatch.undo()
    with pytest.raises(DataError, match=r"has version 0, this program reads 1"):
        load_pass(tmp_path / "pass.npz")
