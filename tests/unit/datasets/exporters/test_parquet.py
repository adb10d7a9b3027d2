from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet as pyarrow_parquet

from datasets.exporters import parquet
from datasets.exporters.export import export_recording
from datasets.exporters.source import ExportSource, Relabelling
from tests.unit.datasets.exporters.conftest import WriteRecording, street


def pixels(cell: dict[str, Any]) -> Any:
    return np.array(Image.open(io.BytesIO(cell["bytes"])))


@pytest.fixture(scope="module")
def files(streets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("parquet") / "out"
    export_recording(streets, out, to="parquet")
    return out


def test_rows_are_the_frames(files: Path) -> None:
    (path,) = files.glob("data/train-*.parquet")
    assert path.name == "train-00000-of-00001.parquet"
    rows = pyarrow_parquet.read_table(path).to_pylist()
    assert [row["frame"] for row in rows] == [0, 1, 2, 3, 4, 0, 1]
    for row in rows:
        expected = street(row["frame"])
        assert expected.depth is not None
        assert np.array_equal(pixels(row["image"]), expected.rgb)
        assert np.array_equal(pixels(row["label"]), expected.tags)
        assert np.array_equal(pixels(row["instance"]), expected.instance)
        red, green, blue = np.moveaxis(pixels(row["depth"]).astype(np.uint32), -1, 0)
        assert np.array_equal(red + 256 * green + 65536 * blue, expected.depth)
        pose = tuple(row[name] for name in ("x_m", "y_m", "z_m", "pitch_deg", "yaw_deg", "roll_deg"))
        assert pose == expected.camera_transform
    assert [row["weather"] for row in rows] == ["ClearNoon"] * 5 + ["DenseFog"] * 2
    assert rows[3]["image"]["path"] == "city-01-ClearNoon_000001_000003.image.png"


def test_the_schema_tells_hugging_face_which_columns_are_images(files: Path) -> None:
    (path,) = files.glob("data/val-*.parquet")
    schema = pyarrow_parquet.read_schema(path)
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert list(features) == schema.names
    images = [name for name, feature in features.items() if feature == {"_type": "Image"}]
    assert images == ["image", "label", "depth", "instance"]
    assert features["frame"] == {"dtype": "int64", "_type": "Value"}


def test_large_splits_are_divided_into_row_groups_and_files(
    streets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 2)
    source = ExportSource(streets)
    parquet.write_parquet(source, Relabelling(source.tag_tables, None), tmp_path, file_bytes=30_000)
    paths = sorted(tmp_path.glob("data/train-*.parquet"))
    assert len(paths) > 1
    assert [path.name for path in paths] == [f"train-{i:05d}-of-{len(paths):05d}.parquet" for i in range(len(paths))]
    groups = [pyarrow_parquet.ParquetFile(path) for path in paths]
    sizes = [file.metadata.row_group(i).num_rows for file in groups for i in range(file.num_row_groups)]
    assert sizes == [2, 2, 2, 1]
    frames = [frame for path in paths for frame in pyarrow_parquet.read_table(path)["frame"].to_pylist()]
    assert frames == [0, 1, 2, 3, 4, 0, 1]


def test_planes_that_were_not_recorded_have_no_column(write_recording: WriteRecording, tmp_path: Path) -> None:
    export_recording(write_recording(("a", "test", range(1)), planes=()), tmp_path / "out", to="parquet")
    (path,) = (tmp_path / "out").glob("data/*.parquet")
    assert "depth" not in pyarrow_parquet.read_schema(path).names
