from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from datasets.exporters.export import export_recording
from datasets.exporters.source import ExportSource, Relabelling
from datasets.exporters.webdataset import write_webdataset
from tests.unit.datasets.exporters.conftest import WriteRecording, street


def pixels(png: bytes) -> Any:
    return np.array(Image.open(io.BytesIO(png)))


@pytest.fixture(scope="module")
def tars(streets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("webdataset") / "out"
    export_recording(streets, out, to="webdataset")
    return out


@pytest.mark.filterwarnings("ignore")  # of the library that reads
def test_the_webdataset_library_reads_the_samples(tars: Path) -> None:
    import webdataset

    samples = list(webdataset.WebDataset(str(tars / "train-000000.tar"), shardshuffle=False))
    assert [sample["__key__"] for sample in samples][3:6] == [
        *("city-01-ClearNoon_000001_000003", "city-01-ClearNoon_000001_000004", "city-01-DenseFog_000000_000000")
    ]
    assert len(samples) == 7
    for sample in samples:
        facts = json.loads(sample["json"])
        expected = street(facts["frame"])
        assert expected.depth is not None
        assert expected.instance is not None
        assert np.array_equal(pixels(sample["rgb.png"]), expected.rgb)
        assert np.array_equal(pixels(sample["tags.png"]), expected.tags)
        assert np.array_equal(pixels(sample["instance.png"]), expected.instance)
        red, green, blue = np.moveaxis(pixels(sample["depth.png"]).astype(np.uint32), -1, 0)
        assert np.array_equal(red + 256 * green + 65536 * blue, expected.depth)
        assert facts["scenario"] == "city_01"
        assert facts["weather"] == ("DenseFog" if "DenseFog" in sample["__key__"] else "ClearNoon")
        assert facts["camera_transform"]["yaw_deg"] == -90.0
        assert facts["label_set"] == "carla29"


def test_members_tell_nothing_of_this_machine(tars: Path) -> None:
    with tarfile.open(tars / "val-000000.tar") as tar:
        for member in tar.getmembers():
            assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")


def test_a_new_file_after_so_many_samples(streets: Path, tmp_path: Path) -> None:
    source = ExportSource(streets)
    write_webdataset(source, Relabelling(source.tag_tables, None), tmp_path, max_samples=3)
    keys = {}
    for path in sorted(tmp_path.iterdir()):
        with tarfile.open(path) as tar:
            keys[path.name] = list(dict.fromkeys(name.partition(".")[0] for name in tar.getnames()))
    assert {name: len(found) for name, found in keys.items()} == {
        "train-000000.tar": 3,
        "train-000001.tar": 3,
        "train-000002.tar": 1,
        "val-000000.tar": 2,
    }
    assert len({key for found in keys.values() for key in found}) == 9


def test_planes_that_were_not_recorded_are_left_out(write_recording: WriteRecording, tmp_path: Path) -> None:
    export_recording(write_recording(("a", "test", range(1)), planes=()), tmp_path / "out", to="webdataset")
    with tarfile.open(tmp_path / "out" / "test-000000.tar") as tar:
        assert tar.getnames() == [f"a_000000_000000.{kind}" for kind in ("rgb.png", "tags.png", "json")]
