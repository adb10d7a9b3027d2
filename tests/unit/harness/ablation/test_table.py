from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from harness.ablation.plan import parse_factor, plan_cells
from harness.ablation.results import Run, RunResult
from harness.ablation.table import write_table
from harness.training.config import TrainConfig


def test_every_planned_run_is_a_row(tmp_path: Path, baseline: TrainConfig, score: Any) -> None:
    factors = (parse_factor("size=20x16", baseline), parse_factor("augment=false", baseline))
    cells = plan_cells(baseline, factors, seeds=(3,))
    results = [score(), RunResult(status="failed", message="NaN\nat step 2"), RunResult(status="not run")]
    runs = [Run(cell=cell, result=result) for cell, result in zip(cells, results, strict=True)]
    path = write_table(tmp_path, runs, factors, ("Roads", "Car", "Poles", "Train"))
    with path.open(newline="") as file:
        done, failed, not_run = csv.DictReader(file)

    assert (done["factor"], done["value"], done["seed"], done["status"]) == ("baseline", "", "3", "done")
    assert (failed["factor"], failed["value"], failed["status"]) == ("size", "20x16", "failed")
    assert (failed["setting_size"], failed["setting_augment"]) == ("20x16", "true")
    assert failed["message"] == "NaN at step 2"
    assert failed["miou"] == not_run["miou"] == done["boundary_iou_low"] == done["iou_Train"] == ""
    assert float(done["miou"]) == (0.9 + 0.6 + 0.3) / 3
    assert float(done["miou_low"]) < float(done["miou"]) < float(done["miou_high"])
    assert float(done["boundary_iou_Car"]) == 0.3
    assert (done["rare_miou"], done["rare_classes"]) == ("0.3", "Poles")
    assert (done["parameters"], done["gflop_per_image"], done["latency_ms"]) == ("1000", "1.0", "10.0")
    assert not_run["status"] == "not run"


def test_another_net_has_its_own_options(tmp_path: Path, baseline: TrainConfig) -> None:
    factors = (parse_factor("net=unet:depth=3,segnet", baseline), parse_factor("depth=1", baseline))
    cells = plan_cells(baseline, factors, seeds=(0,))
    runs = [Run(cell=cell, result=RunResult(status="not run")) for cell in cells]
    with write_table(tmp_path, runs, factors, ()).open(newline="") as file:
        rows = list(csv.DictReader(file))
    own = str(baseline.resolved().net_options["depth"])
    assert [row["setting_depth"] for row in rows] == [own, "3", "", "1"]
