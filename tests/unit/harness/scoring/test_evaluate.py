from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from datasets.labels import CARLA_29, LABEL_SETS, LabelClass, LabelError, LabelSet
from datasets.recording_dir import RecordingDir
from datasets.sample import Sample
from datasets.shard import ShardError, ShardHeader, ShardWriter, encode_sample
from harness.errors import DataError
from harness.reporting.report import report
from harness.run_dir import prepare_output
from harness.scoring.cell_files import load_pass, save_pass
from harness.scoring.cells import Cell
from harness.scoring.evaluate import evaluate
from harness.scoring.live import PassScorer, run_pass
from harness.scoring.statistics.bootstrap import Bootstrap
from harness.scoring.tables import TABLE_NAMES, write_tables
from harness.scoring.views import label_sizes, plan_views
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import PRESETS


def record(folder: Path, drives: Any, scenarios: tuple[Scenario, ...], *, weather: str = "ClearNoon") -> Path:
    """Write a recording of painted drives, as ``harness record`` would."""
    recording = RecordingDir.create(folder)
    with recording.lock():
        for scenario in scenarios:
            camera = scenario.cameras[0].with_size(32, 24).model_copy(update={"planes": ("depth",)})
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
                            frame=seen.tick,
                            timestamp_s=seen.timestamp_s,
                            rgb=pair.rgb,
                            tags=pair.tags,
                            camera_transform=pair.transform,
                            depth=pair.depth,
                        )
                    )
            recording.add_shard(path)
    return folder


def frames_of(folder: Path) -> list[tuple[str, int]]:
    """Scenario and tick of each counted frame."""
    ticks = pq.read_table(folder / "ticks.parquet", columns=["scenario", "frame"]).to_pandas()
    return [(scenario, int(frame)) for scenario, frame in ticks.drop_duplicates().itertuples(index=False)]


def test_recorded_and_live_frames_of_one_drive_give_the_same_tables(
    scenarios: tuple[Scenario, ...], net: Any, make_drives: Any, tmp_path: Path
) -> None:
    recording = record(tmp_path / "data", make_drives(), scenarios, weather="WetNight")
    offline, live = prepare_output(tmp_path / "offline"), prepare_output(tmp_path / "live")
    summary = evaluate(net, recording, out=offline, model="net")
    views = plan_views(scenarios[0].cameras[0], [(32, 24)], [90.0], with_depth=True)
    results, worst = {}, []
    for scenario in scenarios:
        scorer = PassScorer({"net": net}, CARLA_29, views, keep_worst=3)
        with make_drives()(scenario) as drive:
            observations = drive.replay(PRESETS["WetNight"], [view.camera for view in views])
            result = run_pass(observations, scorer, planned_frames=scenario.num_frames)
        (counted,) = result.cells.values()
        cell = Cell(scenario=scenario.name, weather="WetNight", width=32, height=24, fov=90.0, model="net")
        results[cell] = counted
        save_pass(
            live, live / "cells" / f"{scenario.name}.npz", {cell: counted}, [(cell, each) for each in result.worst]
        )
        worst += load_pass(live / "cells" / f"{scenario.name}.npz").worst
    write_tables(
        live,
        results,
        worst,
        towns={scenario.name: scenario.town for scenario in scenarios},
        class_names=CARLA_29.names,
        label_sizes=label_sizes(views),
    )
    for name in set(TABLE_NAMES) - {"timing.csv"}:
        assert (offline / name).read_bytes() == (live / name).read_bytes(), name
    images = [{path.relative_to(each): path.read_bytes() for path in each.rglob("*.png")} for each in (offline, live)]
    assert images[0] == images[1] != {}
    assert 0 < summary.cells[0].miou < 1
    assert [cell.miou for cell in summary.cells] == [result.miou for result in results.values()]
    assert summary.columns == ("class", "WetNight 32x24")
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


CITYSCAPES = LABEL_SETS["cityscapes19"]
LOST = {("alpha", 2), ("alpha", 4)}
SHAPES = LabelSet(name="shapes", classes=tuple(LabelClass(name=f"shape {n}", color=(n, n, n)) for n in range(40)))


def damage(path: Path, *numbers: int) -> Path:
    """Flip a bit in the picture of these frames."""
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        for number in numbers:
            chunk = file["rgb"].id.get_chunk_info(number)
            content[chunk.byte_offset + chunk.size // 2] ^= 0x55
    path.write_bytes(content)
    return path


def test_a_shard_with_a_damaged_frame_is_a_failed_cell_and_the_others_are_counted(
    scenarios: tuple[Scenario, ...], net: Any, make_drives: Any, tmp_path: Path
) -> None:
    recording = record(tmp_path / "data", make_drives(), scenarios)
    damage(recording / "shards" / "alpha.h5", 4)
    summary = evaluate(net, recording)
    assert {cell.cell.scenario: cell.status for cell in summary.cells} == {"alpha": "failed", "beta": "done"}
    assert "alpha.h5" in summary.incomplete[0].message
    assert summary.measures is not None
    assert summary.measures.definition.startswith("Counted: 6 of 12 frames (partial), 1 scenario of data (test).")


def test_damaged_frames_are_left_out_and_named_where_asked(
    scenarios: tuple[Scenario, ...], net: Any, make_drives: Any, tmp_path: Path
) -> None:
    recording = record(tmp_path / "data", make_drives(), scenarios)
    whole = evaluate(net, recording, out=prepare_output(tmp_path / "whole"))
    damage(recording / "shards" / "alpha.h5", 2, 4)
    out = prepare_output(tmp_path / "out")
    summary = evaluate(net, recording, out=out, corrupt="skip")
    (alpha,) = summary.incomplete
    assert (alpha.cell.scenario, alpha.status, alpha.frames) == ("alpha", "partial", 4)
    assert alpha.message.startswith("2 of 6 frames damaged and left out: alpha:2, alpha:4; ")
    assert frames_of(out) == [frame for frame in frames_of(tmp_path / "whole") if frame not in LOST]
    assert summary.measures is not None
    assert summary.measures.frames == 10
    assert whole.measures is not None
    assert summary.measures.miou == whole.measures.miou == 1.0


def test_a_cell_without_a_readable_frame_has_failed_even_if_damaged_frames_may_be_left_out(
    scenarios: tuple[Scenario, ...], net: Any, make_drives: Any, tmp_path: Path
) -> None:
    recording = record(tmp_path / "data", make_drives(), scenarios[:1])
    damage(recording / "shards" / "alpha.h5", *range(6))
    summary = evaluate(net, recording, out=prepare_output(tmp_path / "out"), corrupt="skip")
    assert [(cell.status, cell.message[:36]) for cell in summary.cells] == [
        ("failed", "6 of 6 frames damaged and left out: ")
    ]
    assert summary.measures is None
    assert not (tmp_path / "out" / "measures.json").exists()


class AllRoad:
    """Predicts road wherever it looks."""

    label_set = CARLA_29
    origin: Mapping[str, Any] = {"weights_sha256": "0" * 64}

    def predict(self, rgb: Any) -> Any:
        return np.ones(rgb.shape[:2], dtype=np.uint8)


def test_a_tag_that_no_class_has_is_a_damaged_frame(new_recording: Any) -> None:
    made = new_recording()
    path = made.recording.shard_path("odd")
    with ShardWriter(path, made.header(split="test")) as writer, made.recording.lock():
        for frame in range(3):
            sample = made.sample(frame)
            sample.tags[0, 0] = 30 if frame == 1 else 1
            # As a recorder would write it that checks tags against another table than it stores.
            encoded = encode_sample(sample, tag_table=SHAPES)
            writer.append_encoded(replace(encoded, tag_table_digest=CARLA_29.digest))
        writer.close()
        made.recording.add_shard(path)
    (cell,) = evaluate(AllRoad(), made.root).cells
    assert (cell.status, cell.message[:29]) == ("failed", "the image holds tag ids [30],")
    (cell,) = evaluate(AllRoad(), made.root, corrupt="skip").cells
    assert (cell.status, cell.frames) == ("partial", 2)
    assert "odd:1" in cell.message


def test_the_shards_of_a_long_drive_are_pooled(new_recording: Any, tmp_path: Path) -> None:
    made = new_recording()
    for sequence in range(3):
        frames = range(2 * sequence, 2 * sequence + 2)
        made.drive("noon", frames=frames, split="test", sequence=sequence)
    summary = evaluate(AllRoad(), made.root, out=prepare_output(tmp_path / "out"))
    assert [(cell.status, cell.frames) for cell in summary.cells] == [("done", 6)]
    assert frames_of(tmp_path / "out") == [("noon", frame) for frame in range(6)]


def test_every_camera_of_a_scenario_is_counted(new_recording: Any) -> None:
    made = new_recording()
    for camera in ("front", "left"):
        made.drive("noon", frames=range(2), split="test", camera=camera)
    summary = evaluate(AllRoad(), made.root, bootstrap=Bootstrap(unit="scenarios"))
    assert [cell.cell.scenario for cell in summary.cells] == ["noon@front", "noon@left"]
    assert summary.measures is not None
    assert summary.measures.definition.startswith("Counted: 4 frames, 1 scenario of ")
    assert math.isnan(summary.measures.miou_interval.low), "both cameras saw one drive: there is one unit to draw"


def test_a_net_may_see_smaller_pictures_and_is_scored_on_the_whole_labels(
    scenarios: tuple[Scenario, ...], net: Any, make_drives: Any, tmp_path: Path
) -> None:
    recording = record(tmp_path / "data", make_drives(), scenarios)
    sizes: list[tuple[int, ...]] = []

    class Watched:
        label_set, origin = net.label_set, net.origin

        def predict(self, rgb: Any) -> Any:
            sizes.append(rgb.shape)
            return net.predict(rgb) % self.label_set.num_classes

    out = prepare_output(tmp_path / "out")
    summary = evaluate(Watched(), recording, out=out, size=(16, 12))
    assert set(sizes) == {(12, 16, 3)}
    assert summary.columns == ("class", "ClearNoon 32x24")
    assert summary.measures is not None
    whole = evaluate(net, recording).measures
    assert whole is not None
    assert [each.pixels for each in summary.measures.classes] == [each.pixels for each in whole.classes]
    assert summary.measures.miou < whole.miou == 1.0
    assert "the net saw 16x12" in summary.measures.definition
    description = json.loads((out / "score.json").read_text())
    assert description["models"]["model"]["input_size"] == [16, 12]
    assert "resized to 16x12" in description["definitions"]["size"]


def test_the_score_says_what_it_is_of(new_recording: Any, tmp_path: Path) -> None:
    made = new_recording()
    made.drive("noon", frames=range(2), split="test", planes=["depth"])
    made.drive("dusk", frames=range(2), split="test", camera={"name": "front"})
    out = prepare_output(tmp_path / "out")
    evaluate(AllRoad(), made.root, out=out, model="all road")
    description = json.loads((out / "score.json").read_text())
    assert description["schema_version"] == 2
    assert list(description["models"]) == ["all road"]
    assert description["scenarios"] == ["noon", "dusk"]
    assert (description["sizes"], description["fovs"], description["repeats"]) == ([[32, 24]], [90.0, 0.0], 1)
    assert "replay" not in description["definitions"]
    scenarios = pd.read_csv(out / "scenarios.csv")
    assert scenarios[["scenario", "fov", "model", "planned_frames"]].to_numpy().tolist() == [
        ["noon", 90.0, "all road", 2], ["dusk", 0.0, "all road", 2],
    ]  # fmt: skip
    bands = pd.read_csv(out / "bands.csv")
    kinds = {scenario: set(rows["kind"]) for scenario, rows in bands.groupby("scenario")}
    assert kinds == {"noon": {"distance", "object size"}, "dusk": {"object size"}}, "only one has a depth plane"


def test_a_net_that_predicts_one_class_and_frames_without_labels(new_recording: Any, tmp_path: Path) -> None:
    made = new_recording()
    made.drive("noon", frames=range(2), split="test")
    blank = made.sample(0)
    blank.tags[:] = 0  # Unlabeled, which Cityscapes does not score
    made.add([blank], split="test", scenario="nothing")

    class OnlyRoad(AllRoad):
        label_set = CITYSCAPES

        def predict(self, rgb: Any) -> Any:
            return np.zeros(rgb.shape[:2], dtype=np.uint8)

    out = prepare_output(tmp_path / "out")
    summary = evaluate(OnlyRoad(), made.root, out=out)
    noon, nothing = summary.cells
    assert (noon.status, nothing.status) == ("done", "done")
    assert 0 < noon.miou < 0.5
    assert math.isnan(nothing.miou)
    assert summary.measures is not None
    assert summary.measures.miou == noon.miou
    assert {each.iou for each in summary.measures.classes[1:] if each.pixels} == {0.0}


def test_labels_that_cannot_be_read_as_those_of_the_net_are_an_error_at_once(new_recording: Any, net: Any) -> None:
    made = new_recording()
    made.add([made.sample(0)], split="test", tag_table=SHAPES)
    with pytest.raises(LabelError, match="no translation"):
        evaluate(net, made.root)


def test_the_report_reads_an_evaluation(
    scenarios: tuple[Scenario, ...], net: Any, make_drives: Any, tmp_path: Path
) -> None:
    recording = record(tmp_path / "data", make_drives(), scenarios)
    out = prepare_output(tmp_path / "out")
    before = {path: path.read_bytes() for path in evaluate(net, recording, out=out).paths}
    report(out)
    assert "alpha" in (out / "report.html").read_text()
    assert {path: path.read_bytes() for path in before} == before, "the report replaces no table of the evaluation"


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
    with pytest.raises(DataError, match="no frames of split 'train'"):
        evaluate(net, recording, split="train")
