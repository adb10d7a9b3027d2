"""Parquet files as the Hugging Face ``datasets`` library writes them: images are PNG bytes in a struct.

::

    data/<split>-<number>-of-<files>.parquet
        image, label           struct {bytes, path}: RGB, and class ids as a grey PNG
        depth, instance        where recorded: codes R + 256 G + 65536 B; 16-bit ids of objects
        scenario, weather, camera, town, frame, timestamp_s, x_m, y_m, z_m, pitch_deg, yaw_deg, roll_deg

The schema's metadata ``huggingface`` names the image columns, so that ``load_dataset`` decodes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow.parquet import ParquetWriter

from datasets.exporters.png import codes_png, ids_png, rgb_png
from datasets.exporters.source import ExportFrame, ExportSource, Relabelling

ROW_GROUP_ROWS = 100
ROW_GROUP_BYTES = 64 << 20
"""A row group, which is what lies in memory and what a reader loads at once, ends at either."""
FILE_BYTES = 512 << 20
"""A file ends with the row group that reaches this: what Hugging Face suggests for streaming."""

_POSE = ("x_m", "y_m", "z_m", "pitch_deg", "yaw_deg", "roll_deg")
_TEXTS = ("scenario", "weather", "camera", "town")


def write_parquet(
    source: ExportSource, relabelling: Relabelling, folder: Path, *, file_bytes: int = FILE_BYTES
) -> None:
    """Write all frames of `source` below `folder`.

    Raises:
        ShardError: a damaged frame.
    """
    schema = _schema(source)
    data = folder / "data"
    data.mkdir()
    for split in source.num_frames:
        files: list[Path] = []
        groups = _row_groups(source.made(split, lambda frame: _row(frame, relabelling)), schema)
        group = next(groups, None)
        while group is not None:
            files.append(data / f"{split}-{len(files):05d}.parquet")
            # Images are compressed already; the few other columns do not count.
            with ParquetWriter(files[-1], schema, compression="none") as writer:
                written = 0
                while group is not None and written < file_bytes:
                    table = pyarrow.Table.from_pylist(group, schema=schema)
                    writer.write_table(table, row_group_size=len(group))
                    written += table.nbytes
                    group = next(groups, None)
        for number, path in enumerate(files):
            path.rename(data / f"{split}-{number:05d}-of-{len(files):05d}.parquet")


def _row_groups(made: Iterator[dict[str, Any]], schema: pyarrow.Schema) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    num_bytes = 0
    for row in made:
        rows.append({name: row[name] for name in schema.names})
        num_bytes += sum(len(value["bytes"]) for value in row.values() if isinstance(value, dict))
        if len(rows) == ROW_GROUP_ROWS or num_bytes >= ROW_GROUP_BYTES:
            yield rows
            rows, num_bytes = [], 0
    if rows:
        yield rows


def _row(frame: ExportFrame, relabelling: Relabelling) -> dict[str, Any]:
    entry, sample = frame.entry, frame.sample
    images = {"image": rgb_png(sample.rgb), "label": ids_png(relabelling.ids(frame))}
    if sample.depth is not None:
        images["depth"] = codes_png(sample.depth)
    if sample.instance is not None:
        images["instance"] = ids_png(sample.instance)
    return {
        **{name: {"bytes": png, "path": f"{frame.key}.{name}.png"} for name, png in images.items()},
        "scenario": entry.scenario,
        "weather": frame.header.weather_name,
        "camera": frame.header.camera_name,
        "town": frame.header.town,
        "frame": sample.frame,
        "timestamp_s": sample.timestamp_s,
        **dict(zip(_POSE, sample.camera_transform, strict=True)),
    }


def _schema(source: ExportSource) -> pyarrow.Schema:
    images = ("image", "label", *(name for name in ("depth", "instance") if name in source.planes))
    values = {**dict.fromkeys(_TEXTS, "string"), "frame": "int64", **dict.fromkeys(("timestamp_s", *_POSE), "float64")}
    features = {name: {"_type": "Image"} for name in images}
    features |= {name: {"dtype": kind, "_type": "Value"} for name, kind in values.items()}
    picture = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    types = {"string": pyarrow.string(), "int64": pyarrow.int64(), "float64": pyarrow.float64()}
    columns = [(name, picture) for name in images] + [(name, types[kind]) for name, kind in values.items()]
    return pyarrow.schema(columns, metadata={"huggingface": json.dumps({"info": {"features": features}})})
