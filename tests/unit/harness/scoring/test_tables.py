from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.scoring.bands import DISTANCE_BAND_NAMES, OBJECT_BAND_NAMES
from harness.scoring.cells import CELL_COLUMNS, Cell, CellResult
from harness.scoring.statistics.metrics import MEAN, frequency_weighted_ious, iou, mean_iou
from harness.scoring.tables import COUNT_COLUMNS, TABLE_NAMES, chosen_frames, write_tables
from harness.scoring.worst import KeptFrame, WorstFrame, save_frames
from tests.unit.harness.scoring.made_cells import make_cell, make_counts, make_result

NAMES = ("road", "=car", "train", "None", "sky", "nowhere")
KEYS = list(CELL_COLUMNS)


@pytest.fixture
def results() -> dict[Cell, CellResult]:
    return {
        make_cell(): replace(make_result(1, num_classes=6), retries=2),
        make_cell(width=16, height=12): make_result(2, num_classes=6, planned_frames=9),
        make_cell(weather="-Fog"): CellResult(status="crashed", message="=it\nended", planned_frames=3),
        make_cell("east", model="+net", repeat=2): make_result(3, num_classes=6),
    }


def written(folder: Path, results: Mapping[Cell, CellResult], worst: Any = (), names: Any = NAMES) -> Path:
    folder.mkdir(exist_ok=True)
    paths = write_tables(
        folder,
        results,
        worst,
        towns={cell.scenario: "Town10HD" for cell in results},
        class_names=names,
        label_sizes={(32, 24, 90.0): (32, 24), (16, 12, 90.0): (32, 24)},
    )
    assert paths == tuple(folder / name for name in TABLE_NAMES)
    return folder


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values={"iou": [""], "miou": [""], "boundary_iou": [""]})


def counted(results: Mapping[Cell, CellResult]) -> dict[Cell, Any]:
    return {cell: result.counts for cell, result in results.items() if result.counts is not None}


def test_every_planned_cell_has_a_row(tmp_path: Path, results: dict[Cell, CellResult]) -> None:
    table = read(written(tmp_path, results) / "scenarios.csv")
    assert table["status"].tolist() == ["done", "partial", "crashed", "done"]
    assert table["retries"].tolist() == [2, 0, 0, 0]
    assert table["frames"].tolist() == [3, 3, 0, 3]
    assert table["planned_frames"].tolist() == [3, 9, 3, 3]
    assert table["label_width"].tolist() == [32] * 4
    assert table["message"].tolist() == ["", "6 of 9 frames were lost", "'=it ended", ""]
    assert table["weather"].tolist() == ["ClearNoon", "ClearNoon", "'-Fog", "ClearNoon"]
    assert table["model"].tolist() == ["net", "net", "net", "'+net"]
    assert table["fov"].tolist() == [90.0] * 4
    assert list(table.columns[-6:]) == [f"iou_{name}" for name in NAMES]


def test_ratios_are_those_of_the_pooled_counts(tmp_path: Path, results: dict[Cell, CellResult]) -> None:
    table = read(written(tmp_path, results) / "scenarios.csv")
    for (_, row), result in zip(table.iterrows(), results.values(), strict=True):
        if result.counts is None:
            assert (row["miou"], row["iou_road"]) == (pytest.approx(math.nan, nan_ok=True), "")
            continue
        tp, fp, fn = result.counts.regions.sum(axis=0).T
        assert row["miou"] == result.miou == mean_iou(iou(tp, fp, fn))
        assert float(row["pixel_accuracy"]) == result.pixel_accuracy
        assert float(row["frequency_weighted_iou"]) == float(frequency_weighted_ious(tp, fp, fn))
        assert row["boundary_iou"] == mean_iou(iou(*result.counts.boundaries.sum(axis=0).T))
        assert float(row["input_miou"]) == pytest.approx(result.miou), "twice the counts, the same ratio"
        assert float(row["iou_road"]) == iou(tp, fp, fn)[0]
        assert row["iou_nowhere"] == "" or result.counts.regions[:, 5].any()


def test_counts_bands_and_ticks_add_up(tmp_path: Path, results: dict[Cell, CellResult]) -> None:
    folder = written(tmp_path, results)
    counts, bands = read(folder / "counts.csv"), read(folder / "bands.csv")
    ticks = pq.read_table(folder / "ticks.parquet").to_pandas()
    assert len(counts) == 3 * len(NAMES)
    for number, (cell, expected) in enumerate(counted(results).items()):
        rows = counts[number * len(NAMES) : (number + 1) * len(NAMES)]
        everything = np.concatenate([expected.regions, expected.boundaries, expected.input_regions], axis=-1)
        np.testing.assert_array_equal(rows[list(COUNT_COLUMNS)], everything.sum(axis=0))
        mine = ticks[(ticks[KEYS] == pd.Series({key: getattr(cell, key) for key in KEYS})).all(axis=1)]
        assert len(mine) == np.count_nonzero(everything.any(axis=-1))
        np.testing.assert_array_equal(mine[list(COUNT_COLUMNS)], everything[everything.any(axis=-1)])
        np.testing.assert_array_equal(mine["iou"], iou(*mine[["tp", "fp", "fn"]].to_numpy(np.int64).T))
        place = [(int(frame), NAMES[k]) for frame, k in zip(*np.nonzero(everything.any(axis=-1)), strict=True)]
        assert list(zip(mine["frame"], mine["class"], strict=True)) == place
        of_cell = bands[(bands["width"] == cell.width) & (bands["scenario"] == cell.scenario)]
        for kind in ("distance", "object size"):
            sums = of_cell[of_cell["kind"] == kind].groupby("class_id")[["tp", "fp", "fn"]].sum()
            np.testing.assert_array_equal(sums, expected.regions.sum(axis=0)[sums.index])
            assert (sums.sum() == expected.regions.sum(axis=(0, 1))).all()
    assert set(bands["band_name"]) <= {*DISTANCE_BAND_NAMES, *OBJECT_BAND_NAMES}
    assert (bands[["tp", "fp", "fn"]].sum(axis=1) > 0).all()


def test_ticks_are_small_typed_columns(tmp_path: Path, results: dict[Cell, CellResult]) -> None:
    schema = pq.read_schema(written(tmp_path, results) / "ticks.parquet")
    assert schema.names == [*CELL_COLUMNS, "frame", "class_id", "class", *COUNT_COLUMNS, "iou"]
    assert {str(schema.field(name).type) for name in ("width", "height", "repeat", "frame", "class_id", "tp")} == {
        "int32"
    }
    assert {str(schema.field(name).type)[:10] for name in ("scenario", "weather", "model", "class")} == {"dictionary"}
    assert {str(schema.field(name).type) for name in ("fov", "iou")} == {"double"}


def test_times_and_matrices(tmp_path: Path, results: dict[Cell, CellResult]) -> None:
    folder = written(tmp_path, results)
    timing = read(folder / "timing.csv")
    assert timing["predict_ms_median"].tolist() == pytest.approx([2.0] * 3)
    assert timing["predict_ms_p95"].tolist() == pytest.approx([2.9] * 3)
    with np.load(folder / "confusion.npz", allow_pickle=False) as found:
        assert found["classes"].tolist() == list(NAMES)
        assert found["scenario"].tolist() == ["north", "north", "east"]
        assert found["repeat"].tolist() == [1, 1, 2]
        expected = [counts.confusion for counts in counted(results).values()]
        np.testing.assert_array_equal(found["confusion"], expected)
        for matrix, counts in zip(found["confusion"], counted(results).values(), strict=True):
            tp, fp, fn = counts.regions.sum(axis=0).T
            np.testing.assert_array_equal(np.diagonal(matrix), tp)
            np.testing.assert_array_equal(matrix.sum(axis=0), tp + fp)
            np.testing.assert_array_equal(matrix.sum(axis=1), tp + fn)


def test_the_same_results_give_the_same_bytes_whatever_the_clock_said(
    tmp_path: Path, results: dict[Cell, CellResult]
) -> None:
    slower = {
        cell: result if result.counts is None else replace(
            result, retries=5, counts=replace(result.counts, predict_s=result.counts.predict_s * 3)
        )
        for cell, result in results.items()
    }  # fmt: skip
    first, second, third = (
        written(tmp_path / name, each) for name, each in (("a", results), ("b", results), ("c", slower))
    )
    for name in TABLE_NAMES:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
        if name not in ("timing.csv", "scenarios.csv"):
            assert (first / name).read_bytes() == (third / name).read_bytes(), name
    tables = [read(folder / "scenarios.csv").drop(columns="retries") for folder in (first, third)]
    pd.testing.assert_frame_equal(*tables)


def test_a_run_without_a_counted_cell_has_all_tables(tmp_path: Path) -> None:
    folder = written(tmp_path, {make_cell(): CellResult(status="not run")})
    assert len(read(folder / "scenarios.csv")) == 1
    for name in ("counts.csv", "bands.csv", "worst.csv", "timing.csv"):
        assert read(folder / name).empty
    assert pq.read_table(folder / "ticks.parquet").num_rows == 0
    with np.load(folder / "confusion.npz") as found:
        assert found["confusion"].shape == (0, 6, 6)


def test_frames_without_labels_and_a_net_of_one_class(tmp_path: Path) -> None:
    unlabelled = make_counts(np.zeros((2, 2, 3)))
    only_roads = make_counts([[[6, 4, 0], [0, 0, 4]]])
    results = {
        make_cell(): CellResult(status="done", counts=unlabelled),
        make_cell("east"): CellResult(status="done", counts=only_roads),
    }
    table = read(written(tmp_path, results, names=("road", "car")) / "scenarios.csv")
    assert table["miou"].tolist() == [pytest.approx(math.nan, nan_ok=True), (0.6 + 0) / 2]
    assert table["iou_car"].tolist() == ["", "0.0"]
    assert len(pq.read_table(tmp_path / "ticks.parquet")) == 2


def worst_frame(cell: Cell, label: str, value: float, tick: int, rank: int = 1) -> WorstFrame:
    return WorstFrame(cell=cell, label=label, rank=rank, tick=tick, iou=value, images={})


def test_each_class_has_its_worst_frame_of_a_scenario_and_each_pass_its_own() -> None:
    noon, fog, east = make_cell(), make_cell(weather="Fog"), make_cell("east")
    frames = [
        worst_frame(fog, "road", 0.2, 1), worst_frame(noon, "road", 0.2, 5), worst_frame(noon, "=car", 0.4, 0),
        worst_frame(fog, "=car", 0.3, 0), worst_frame(east, "=car", 0.9, 2), worst_frame(fog, MEAN, 0.1, 3),
        worst_frame(noon, MEAN, 0.6, 4, rank=2), worst_frame(noon, MEAN, 0.5, 9),
    ]  # fmt: skip
    expected = [
        (noon, MEAN, 9), (noon, MEAN, 4), (fog, MEAN, 3), (noon, "road", 5), (fog, "=car", 0), (east, "=car", 2),
    ]  # fmt: skip
    for order in (frames, frames[::-1]):
        chosen = chosen_frames([noon, fog, east], order, NAMES)
        assert [(each.cell, each.label, each.tick) for each in chosen] == expected


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 2)), unique=True), st.randoms())
@settings(max_examples=50)
def test_who_counted_first_does_not_matter(found: list[tuple[int, int, int]], random: Any) -> None:
    cells = [make_cell(weather=f"w{number}") for number in range(3)]
    frames = [worst_frame(cells[cell], "road", value / 4, tick) for cell, value, tick in found]
    expected = chosen_frames(cells, frames, NAMES)
    random.shuffle(frames)
    assert chosen_frames(cells, frames, NAMES) == expected


def test_rows_name_images_that_are_there_and_no_others_stay(tmp_path: Path, results: dict[Cell, CellResult]) -> None:
    north, *_, east = results

    def kept(label: str, tick: int, value: float) -> KeptFrame:
        ids = np.zeros((6, 8), dtype=np.uint8)
        return KeptFrame(
            camera="c", model="m", label=label, rank=1, tick=tick, iou=value, rgb=np.dstack([ids] * 3), truth=ids,
            prediction=ids,
        )  # fmt: skip

    rows = save_frames(
        tmp_path, [(north, kept("road", 1, 0.5)), (north, kept(MEAN, 2, 0.5)), (east, kept("sky", 3, 0))]
    )
    lost = save_frames(tmp_path, [(north, kept("road", 9, 0.1))])
    for name in lost[0].images.values():
        (tmp_path / name).unlink()
    better = save_frames(tmp_path, [(north, kept("road", 5, 0.9))])
    table = read(written(tmp_path, results, [*rows, *lost, *better]) / "worst.csv")
    assert table[["class", "frame", "iou"]].to_numpy().tolist() == [[MEAN, 2, 0.5], ["road", 1, 0.5], ["sky", 3, 0.0]]
    named = {name for kind in ("rgb", "truth", "prediction") for name in table[kind]}
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")} == named
