from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import h5py
import pytest

from datasets.labels import CARLA_29
from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from datasets.shard import ShardError, ShardHeader, ShardWriter
from harness.errors import DataError
from harness.run_dir import prepare_output
from harness.scoring.evaluate import evaluate
from harness.scoring.plan import ScorePlan
from harness.scoring.runner import ScoreRunner
from harness.scoring.tables import ScoreTables
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import PRESETS


def record(folder: Path, drives: Any, scenarios: tuple[Scenario, ...], *, weather: str = "ClearNoon") -> Path:
    """Write a recording of painted drives, as ``harness record`` would."""
    recording = RecordingDir.create(folder)
    with recording.lock():
        for scenario in scenarios:
            camera = scenario.cameras[0].with_size(32, 24)
            header = ShardHeader(
                scenario=scenario.name,
                split="test",
                town=scenario.town,
                seed=scenario.seed,
                weather=PRESETS[weather].model_dump(),
                camera=camera.model_dump(exclude={"planes"}),
                server_version="0.9.16",
                tag_table=CARLA_29,
                harness_version="0.1.0",
            )
            path = recording.shard_path(scenario.name)
            with ShardWriter(path, header) as writer, drives(scenario) as drive:
                for seen in drive.replay(PRESETS[weather], [camera]):
                    pair = seen.cameras[camera.name]
                    writer.append(
                        Sample(
                            frame=seen.frame,
                            timestamp_s=seen.timestamp_s,
                            rgb=pair.rgb,
                            tags=pair.tags,
                            camera_transform=pair.transform,
                        )
                    )
            recording.add_shard(path)
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_recorded_and_live_frames_of_one_drive_give_the_same_counts(
    plan: ScorePlan, net: Any, make_drives: Any, tmp_path: Path
) -> None:
    recording = record(tmp_path / "data", make_drives(), plan.scenarios)
    offline = prepare_output(tmp_path / "offline")
    summary = evaluate(net, recording, out=offline)
    live = tmp_path / "live"
    live.mkdir()
    tables = ScoreTables(live, plan.cells(), towns=plan.towns, class_names=CARLA_29.names)
    ScoreRunner(plan, net, CARLA_29, tables).run(make_drives())

    def of_same_cell(path: Path) -> list[dict[str, str]]:
        return [row for row in rows_of(path) if (row["weather"], row["width"]) == ("ClearNoon", "32")]

    for name in ("counts.csv", "scenarios.csv", "frames.csv"):
        assert of_same_cell(offline / name) == of_same_cell(live / name), name
    assert summary.columns == ("class", "ClearNoon 32x24")
    assert summary.incomplete == ()
    assert all(path.exists() for path in summary.paths)


def test_without_an_output_folder_nothing_is_written(
    scenarios: tuple[Scenario, ...], net: Any, make_drives: Any, tmp_path: Path
) -> None:
    recording = record(tmp_path / "data", make_drives(), scenarios, weather="WetNoon")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    told: list[tuple[str, int, int]] = []
    summary = evaluate(net, recording, progress=lambda *step: told.append(step))
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert summary.columns == ("class", "WetNoon 32x24")
    assert summary.rows[-1] == ("pixel accuracy", 1.0)
    assert told[-1] == ("evaluate", 12, 12)


def test_a_shard_with_a_damaged_frame_is_a_failed_cell_and_the_others_are_counted(
    scenarios: tuple[Scenario, ...], net: Any, make_drives: Any, tmp_path: Path
) -> None:
    recording = record(tmp_path / "data", make_drives(), scenarios)
    path = recording / "shards" / "alpha.h5"
    with h5py.File(path) as file:
        chunk = file["rgb"].id.get_chunk_info(4)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + chunk.size // 2] ^= 0x55
    path.write_bytes(content)
    summary = evaluate(net, recording)
    assert {cell.cell.scenario: cell.status for cell in summary.cells} == {"alpha": "failed", "beta": "done"}
    assert "alpha.h5" in summary.incomplete[0].message


def test_a_shard_that_cannot_be_opened_is_named(
    scenarios: tuple[Scenario, ...], net: Any, make_drives: Any, tmp_path: Path
) -> None:
    recording = record(tmp_path / "data", make_drives(), scenarios)
    path = recording / "shards" / "beta.h5"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ShardError, match=r"beta\.h5"):
        evaluate(net, recording)


def test_a_split_without_shards_is_an_error(
    scenarios: tuple[Scenario, ...], net: Any, make_drives: Any, tmp_path: Path
) -> None:
    recording = record(tmp_path / "data", make_drives(), scenarios)
    with pytest.raises(DataError, match="no shards of split 'train'"):
        evaluate(net, recording, split="train")
