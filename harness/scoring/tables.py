"""The raw tables of a score: what was counted in every planned cell, without any comparison.

===============  ======================================================================================================
scenarios.csv    one row for every *planned* cell: status, frames, ratios, IoU of each class; written last
counts.csv       one row for every counted cell and class: tp, fp, fn, near borders and at the picture's own size, too
bands.csv        tp, fp, fn and IoU by distance and by object size; only rows with a count
ticks.parquet    the counts of every frame; only classes that are in it. All intervals are made from this
worst.csv        the frames of which images were kept, with the paths of the images
timing.csv       what the nets took for a frame [ms]
confusion.npz    confusion matrices ``(C, K, K)`` of the counted cells, with what each cell is
===============  ======================================================================================================

Decisions:

* **Tables are made from results, never added to.** The same results in the same order give the same bytes, however
  often the run was interrupted and whoever counted what first; only timing.csv holds wall-clock values.
* **A ratio that does not exist is an empty cell, never 0.** A cell that failed has rows in ``scenarios.csv`` only.
* **Of each class and net, one worst frame a scenario,** over all its weathers; between equals the order of the plan and
  then the tick decide. Images that no row names are deleted.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harness.run_dir import write_bytes
from harness.scoring.bands import DISTANCE_BAND_NAMES, OBJECT_BAND_NAMES
from harness.scoring.cell_files import npz_bytes
from harness.scoring.cells import CELL_COLUMNS, Cell, CellCounts, CellResult, Counts
from harness.scoring.spreadsheet import one_line, write_table
from harness.scoring.statistics.metrics import MEAN, frequency_weighted_ious, iou, mean_ious, pixel_accuracies
from harness.scoring.worst import IMAGE_KINDS, WorstFrame, delete_unnamed
from sim_scenarios.camera import Size

TABLE_NAMES = (
    "counts.csv", "bands.csv", "ticks.parquet", "worst.csv", "timing.csv", "confusion.npz", "scenarios.csv",
)  # fmt: skip
COUNT_COLUMNS = (
    "tp", "fp", "fn", "boundary_tp", "boundary_fp", "boundary_fn", "input_tp", "input_fp", "input_fn",
)  # fmt: skip
DISTANCE, OBJECT_SIZE = "distance", "object size"
"""Kinds of bands."""

_ROWS_IN_GROUP = 1 << 17
"""Of the parquet file, that a reader may take at a time; equal for equal bytes."""
_TEXT_COLUMNS = ("scenario", "weather", "model")
_Columns = dict[str, Any]


def write_tables(
    folder: Path,
    results: Mapping[Cell, CellResult],
    worst: Iterable[WorstFrame],
    *,
    towns: Mapping[str, str],
    class_names: Sequence[str],
    label_sizes: Mapping[tuple[int, int, float], Size],
) -> tuple[Path, ...]:
    """Write all raw tables into ``folder``, in place of those that are there.

    Args:
        folder: an output folder.
        results: every planned cell, in the order of the plan.
        worst: the kept frames of all passes, in any order. Those without images any more are left out: an earlier
            call may have deleted them.
        towns: town of each scenario.
        class_names: names in id order, K of them.
        label_sizes: size at which pictures are scored, by their width, height and field of view
            (:func:`harness.scoring.views.label_sizes`).

    Returns:
        Paths of the tables.
    """
    counted = {cell: result.counts for cell, result in results.items() if result.counts is not None}
    there = [frame for frame in worst if all((folder / name).is_file() for name in frame.images.values())]
    shown = chosen_frames(results, there, class_names)
    write_table(folder / "counts.csv", pd.DataFrame(_count_columns(counted, class_names)))
    write_table(folder / "bands.csv", pd.DataFrame(_band_columns(counted, class_names)))
    write_bytes(folder / "ticks.parquet", _tick_bytes(counted, class_names))
    write_table(folder / "worst.csv", pd.DataFrame(_worst_columns(shown)))
    write_table(folder / "timing.csv", pd.DataFrame(_timing_columns(counted)))
    write_bytes(folder / "confusion.npz", _confusion_bytes(counted, class_names))
    write_table(folder / "scenarios.csv", pd.DataFrame(_scenario_columns(results, towns, class_names, label_sizes)))
    delete_unnamed(folder, shown)
    return tuple(folder / name for name in TABLE_NAMES)


def chosen_frames(
    cells: Iterable[Cell], worst: Iterable[WorstFrame], class_names: Sequence[str]
) -> tuple[WorstFrame, ...]:
    """The kept frames that are listed: those of the passes in the order of the plan, then those of the classes.

    Args:
        cells: every planned cell, in the order of the plan.
        worst: the kept frames of all passes, in any order.
        class_names: names in id order.
    """
    place = {cell: number for number, cell in enumerate(cells)}
    order = sorted(worst, key=lambda frame: (place[frame.cell], frame.rank, frame.tick))
    of_class: dict[tuple[str, str, str], WorstFrame] = {}
    for frame in order:
        key = (frame.cell.scenario, frame.cell.model, frame.label)
        if frame.label != MEAN and (key not in of_class or frame.iou < of_class[key].iou):
            of_class[key] = frame
    scenarios = {cell.scenario: number for cell, number in reversed(place.items())}
    class_ids = {name: number for number, name in enumerate(class_names)}
    models = {cell.model: number for cell, number in reversed(place.items())}
    listed = sorted(of_class, key=lambda key: (scenarios[key[0]], models[key[1]], class_ids[key[2]]))
    return (*(frame for frame in order if frame.label == MEAN), *(of_class[key] for key in listed))


def _cell_columns(cells: Sequence[Cell], times: int | NDArray[np.int64] = 1) -> _Columns:
    """What each cell is, by column, each cell as often as said."""
    return {
        column: np.repeat(np.array([getattr(cell, column) for cell in cells], dtype=_dtype(column)), times)
        for column in CELL_COLUMNS
    }


def _dtype(column: str) -> Any:
    if column in _TEXT_COLUMNS:
        return object
    return np.float64 if column == "fov" else np.int32


def _class_columns(class_names: Sequence[str], class_ids: NDArray[np.int64]) -> _Columns:
    return {"class_id": class_ids, "class": np.array(class_names, dtype=object)[class_ids]}


def _stacked(arrays: Iterable[Counts], *shape: int) -> Counts:
    """Arrays of one shape, one after the other; none of them is ``(0, *shape)``."""
    return np.stack([np.zeros(shape, dtype=np.int64), *arrays])[1:]


def _count_columns(counted: Mapping[Cell, CellCounts], class_names: Sequence[str]) -> _Columns:
    num_classes = len(class_names)
    totals = _stacked((_of_frames(counts).sum(axis=0) for counts in counted.values()), num_classes, len(COUNT_COLUMNS))
    return {
        **_cell_columns(list(counted), num_classes),
        **_class_columns(class_names, np.tile(np.arange(num_classes), len(counted))),
        **dict(zip(COUNT_COLUMNS, totals.reshape(-1, len(COUNT_COLUMNS)).T, strict=True)),
    }


def _of_frames(counts: CellCounts) -> Counts:
    """All counts of each frame in the order of ``COUNT_COLUMNS``, ``(F, K, 9)``."""
    return np.concatenate([counts.regions, counts.boundaries, counts.input_regions], axis=-1)


def _band_columns(counted: Mapping[Cell, CellCounts], class_names: Sequence[str]) -> _Columns:
    kinds = np.array([DISTANCE] * len(DISTANCE_BAND_NAMES) + [OBJECT_SIZE] * len(OBJECT_BAND_NAMES), dtype=object)
    names = np.array([*DISTANCE_BAND_NAMES, *OBJECT_BAND_NAMES], dtype=object)
    orders = np.array([*range(len(DISTANCE_BAND_NAMES)), *range(len(OBJECT_BAND_NAMES))])
    totals = _stacked(
        (np.concatenate([counts.distances, counts.objects]) for counts in counted.values()),
        len(names), len(class_names), 3,
    )  # fmt: skip
    cells, bands, classes = np.nonzero(totals.any(axis=-1))
    tp, fp, fn = totals[cells, bands, classes].T
    return {
        **{column: values[cells] for column, values in _cell_columns(list(counted)).items()},
        "kind": kinds[bands],
        "band": orders[bands],
        "band_name": names[bands],
        **_class_columns(class_names, classes),
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "iou": iou(tp, fp, fn),
    }


def _tick_bytes(counted: Mapping[Cell, CellCounts], class_names: Sequence[str]) -> bytes:
    """The content of ``ticks.parquet``."""
    found = [_tick_rows(counts) for counts in counted.values()]
    rows = np.concatenate([np.zeros((0, 2 + len(COUNT_COLUMNS)), dtype=np.int32), *found])
    cell_of_row = np.repeat(np.arange(len(counted)), [len(each) for each in found])
    columns: _Columns = {}
    for name, values in _cell_columns(list(counted)).items():
        columns[name] = _dictionary(values, cell_of_row) if name in _TEXT_COLUMNS else pa.array(values[cell_of_row])
    columns |= {"frame": rows[:, 0], "class_id": rows[:, 1]}
    columns["class"] = pa.DictionaryArray.from_arrays(pa.array(rows[:, 1]), pa.array(class_names, pa.string()))
    columns |= dict(zip(COUNT_COLUMNS, rows[:, 2:].T, strict=True))
    columns["iou"] = pa.array(iou(*rows[:, 2:5].T.astype(np.int64)), from_pandas=True)  # NaN becomes null
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content, compression="zstd", row_group_size=_ROWS_IN_GROUP)
    return content.getvalue()


def _tick_rows(counts: CellCounts) -> NDArray[np.int32]:
    """Tick, class id and counts of each class in each frame that it is in, ``(R, 11)`` int32: an image has no more."""
    values = _of_frames(counts)
    frames, classes = np.nonzero(values.any(axis=-1))
    rows: NDArray[np.int32] = np.column_stack([counts.ticks[frames], classes, values[frames, classes]]).astype(np.int32)
    return rows


def _dictionary(values: NDArray[Any], rows: NDArray[np.int64]) -> pa.DictionaryArray:
    """A text column of rows that take their values from cells."""
    place = {value: number for number, value in enumerate(dict.fromkeys(values.tolist()))}
    codes = np.array([place[value] for value in values], dtype=np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes[rows]), pa.array(list(place), pa.string()))


def _worst_columns(frames: Sequence[WorstFrame]) -> _Columns:
    return {
        **_cell_columns([frame.cell for frame in frames]),
        "class": pd.Series([frame.label for frame in frames], dtype=object),
        "rank": [frame.rank for frame in frames],
        "frame": [frame.tick for frame in frames],
        "iou": [frame.iou for frame in frames],
        **{kind: pd.Series([frame.images[kind] for frame in frames], dtype=object) for kind in IMAGE_KINDS},
    }


def _timing_columns(counted: Mapping[Cell, CellCounts]) -> _Columns:
    times_ms = [1000 * counts.predict_s for counts in counted.values()]
    return {
        **_cell_columns(list(counted)),
        "frames": [len(each) for each in times_ms],
        "predict_ms_mean": [each.mean() for each in times_ms],
        "predict_ms_median": [np.median(each) for each in times_ms],
        "predict_ms_p95": [np.quantile(each, 0.95) for each in times_ms],
    }


def _confusion_bytes(counted: Mapping[Cell, CellCounts], class_names: Sequence[str]) -> bytes:
    num_classes = len(class_names)
    arrays = {
        column: values.astype(str) if values.dtype == object else values
        for column, values in _cell_columns(list(counted)).items()
    }
    arrays["classes"] = np.array(class_names)
    arrays["confusion"] = _stacked((counts.confusion for counts in counted.values()), num_classes, num_classes)
    return npz_bytes(arrays)


def _scenario_columns(
    results: Mapping[Cell, CellResult],
    towns: Mapping[str, str],
    class_names: Sequence[str],
    label_sizes: Mapping[tuple[int, int, float], Size],
) -> _Columns:
    sizes = [label_sizes[cell.width, cell.height, cell.fov] for cell in results]
    return {
        **_cell_columns(list(results)),
        "town": pd.Series([towns[cell.scenario] for cell in results], dtype=object),
        "status": pd.Series([result.status for result in results.values()], dtype=object),
        "retries": [result.retries for result in results.values()],
        "frames": [result.frames for result in results.values()],
        "planned_frames": [result.planned_frames for result in results.values()],
        "label_width": [width for width, _ in sizes],
        "label_height": [height for _, height in sizes],
        **_ratio_columns(list(results.values()), class_names),
    }


def _ratio_columns(results: Sequence[CellResult], class_names: Sequence[str]) -> _Columns:
    """Ratios of each cell, NaN where nothing was counted, and what else its counts say."""
    nothing = np.zeros((0, len(class_names), len(COUNT_COLUMNS)), dtype=np.int64)
    totals = _stacked(
        ((nothing if each.counts is None else _of_frames(each.counts)).sum(axis=0) for each in results),
        len(class_names), len(COUNT_COLUMNS),
    )  # fmt: skip
    regions, boundaries, input_regions = (totals[..., start : start + 3] for start in (0, 3, 6))
    tp, fp, fn = np.moveaxis(regions, -1, 0)
    ious = iou(tp, fp, fn)
    counts = [each.counts for each in results]
    return {
        "pixel_accuracy": pixel_accuracies(tp, fn),
        "miou": mean_ious(ious),
        "input_miou": mean_ious(iou(*np.moveaxis(input_regions, -1, 0))),
        "frequency_weighted_iou": frequency_weighted_ious(tp, fp, fn),
        "boundary_iou": mean_ious(iou(*np.moveaxis(boundaries, -1, 0))),
        "labels_digest": pd.Series([each.labels_digest if each else "" for each in counts], dtype=object),
        "message": pd.Series([one_line(each.message) for each in results], dtype=object),
        **{f"iou_{name}": values for name, values in zip(class_names, ious.T, strict=True)},
    }
