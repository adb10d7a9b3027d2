"""What one run of an ablation came to, and the JSON file that says that it is finished.

The file holds all measures with their intervals, so that the run's folder with its weights may be deleted. A measure
that does not exist is NaN here and null in the file.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np

from harness.ablation.plan import Cell
from harness.errors import DataError
from harness.run_dir import write_json
from harness.scoring.measures import ClassMeasures, Interval, Measures
from harness.training.config import TrainConfig

RARE_SHARE = 0.01
"""A class with less than this share of the labelled training pixels is rare."""

Status = Literal["done", "failed", "not run"]


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """The outcome of one run."""

    status: Status
    """``"failed"``: an error of which ``message`` tells; ``"not run"``: never reached."""

    message: str = ""
    """Why there are no measures."""

    parameters: int = 0
    """Of the net."""

    gflop: float = math.nan
    """Operations for one image at the size of the run, a multiply-add being 2."""

    latency_ms: float = math.nan
    """Median of one image through the net, on the device that trained."""

    train_seconds: float = math.nan
    """Spent in training steps, all sessions together, without validation."""

    best_epoch: int = 0
    """The epoch whose weights were scored."""

    train_shares: tuple[float, ...] = ()
    """Share of the labelled training pixels, by class id."""

    scored: str = ""
    """The frames that were scored: recording and split, as in ``city (test)``."""

    measures: Measures | None = None
    """Of the best weights, on the frames that were scored."""

    @property
    def rare_classes(self) -> tuple[str, ...]:
        """Classes below ``RARE_SHARE`` of the training pixels that occur in the scored frames."""
        return tuple(each.name for each in self._rare())

    @property
    def rare_miou(self) -> float:
        """Mean IoU of the rare classes; NaN where there are none."""
        ious = [each.iou for each in self._rare() if not math.isnan(each.iou)]
        return float(np.mean(ious)) if ious else math.nan

    @property
    def classes(self) -> tuple[ClassMeasures, ...]:
        """Of every class, in id order; empty where there are no measures."""
        return () if self.measures is None else self.measures.classes

    def _rare(self) -> list[ClassMeasures]:
        pairs = zip(self.classes, self.train_shares, strict=False)
        return [each for each, share in pairs if share < RARE_SHARE and each.pixels > 0]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A planned run with its outcome."""

    cell: Cell
    """What it is."""

    result: RunResult
    """What it came to."""


def save_result(path: Path, config: TrainConfig, result: RunResult) -> None:
    """Write the result of a finished run, with the settings that it had."""
    write_json(path, {"config": config.to_json(), "result": _without_nan(asdict(result))})


def load_result(path: Path) -> tuple[TrainConfig, RunResult] | None:
    """Return settings and result of a finished run; None where there is no file.

    Raises:
        DataError: the file is damaged.
    """
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text())
        return TrainConfig.from_json(content["config"]), _result(content["result"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read ({error!r}): delete it, and its run is measured again.") from error


def _result(content: dict[str, Any]) -> RunResult:
    measures = content["measures"]
    numbers = {**content, "train_shares": tuple(content["train_shares"]), "measures": None}
    if measures is not None:
        classes = tuple(ClassMeasures(**_with_nan(each)) for each in measures["classes"])
        numbers["measures"] = Measures(**{**_with_nan(measures), "classes": classes})
    return RunResult(**_with_nan(numbers, keep=("measures",)))


def _with_nan(content: dict[str, Any], *, keep: tuple[str, ...] = ()) -> dict[str, Any]:
    """Numbers that are null as NaN, and intervals as their class."""
    read = {name: math.nan if value is None and name not in keep else value for name, value in content.items()}
    ends = {field.name for field in fields(Interval)}
    return {
        name: Interval(**_with_nan(value)) if isinstance(value, dict) and set(value) == ends else value
        for name, value in read.items()
    }


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
