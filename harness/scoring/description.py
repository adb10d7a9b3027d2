"""``score.json``: what the numbers in the tables beside it mean and what they were made from.

It is written before the first tick. A resumed run must describe itself with the same words, or its numbers and those
that are there would not belong together: see :func:`check_same_run`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets.labels import LabelSet
from harness.errors import DataError, OutputInUseError
from harness.run_dir import write_json
from harness.scoring.live import Net
from harness.scoring.plan import ScorePlan

SCHEMA_VERSION = 1
FILE_NAME = "score.json"

DEFINITIONS = {
    "iou": "tp / (tp + fp + fn), from pixel counts summed over all frames asked about; empty where the class is in "
    "neither truth nor prediction; 0 where it is predicted but nowhere in the truth",
    "miou": "mean of the IoU over the classes that have one",
    "pixel_accuracy": "pixels predicted right / labelled pixels",
    "frame_miou": "mean IoU of one frame on its own, over the classes in its truth or prediction",
    "size": "width x height of the camera image: the net sees it and is scored on it at that size",
    "replay": "every weather and size shows the same drive: the logged poses are set at every tick, so that truth does "
    "not depend on the weather; equal labels_digest values prove it",
}
"""The measures, in words."""

_MAY_DIFFER = ("server",)
"""Entries that a resumed run may have otherwise: the embedded simulator takes another port each time."""


def describe(
    plan: ScorePlan, net: Net, *, suite: str, server: Mapping[str, Any], drives: Path | None = None
) -> dict[str, Any]:
    """The content of ``score.json``, JSON values only.

    Args:
        plan: what is going to be scored.
        net: what is scored.
        suite: name of the suite that the scenarios are from.
        server: host, port, version and kind of the server.
        drives: recording that the drive logs are from; None where the drives were made for this score.
    """
    return {
        **describe_measures(net, suite=suite, reference_weather=plan.reference_weather),
        "scenarios": [scenario.model_dump(mode="json") for scenario in plan.scenarios],
        "seeds": {scenario.name: scenario.seed for scenario in plan.scenarios},
        "weathers": {name: weather.model_dump(mode="json") for name, weather in plan.weathers.items()},
        "sizes": [list(size) for size in plan.sizes],
        "warmup_frames": plan.warmup_frames,
        "worst_frames": plan.worst_frames,
        "server": dict(server),
        "drives": None if drives is None else str(drives),
    }


def describe_measures(net: Net, *, suite: str, reference_weather: str) -> dict[str, Any]:
    """The part of ``score.json`` that every table needs, wherever its frames are from."""
    return {
        "schema_version": SCHEMA_VERSION,
        "definitions": DEFINITIONS,
        "labels": describe_labels(net.label_set),
        "reference_weather": reference_weather,
        "suite": suite,
        "model": dict(net.origin),
    }


def describe_labels(labels: LabelSet) -> dict[str, Any]:
    """Names, colours and the ignore rule of a label set."""
    return {
        "name": labels.name,
        "digest": labels.digest,
        "ignore_id": labels.ignore_id,
        "ignore_rule": f"truth pixels with id {labels.ignore_id} (tags that the label set does not have) are not "
        "scored, whatever is predicted there",
        "classes": [
            {"id": index, "name": label.name, "color": list(label.color)} for index, label in enumerate(labels.classes)
        ],
    }


def save_description(folder: Path, description: Mapping[str, Any]) -> None:
    """Write ``score.json``."""
    write_json(folder / FILE_NAME, description)


def check_same_run(folder: Path, description: Mapping[str, Any]) -> None:
    """Make sure that the tables in ``folder`` are of the run that ``description`` describes.

    Raises:
        OutputInUseError: they are of another net, plan or label set.
        DataError: ``score.json`` cannot be read.
    """
    path = folder / FILE_NAME
    try:
        earlier = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}): use --overwrite to start anew") from error
    if not isinstance(earlier, dict):
        raise DataError(f"{path} is not the description of a score: use --overwrite to start anew")
    before, now = _identity(earlier), _identity(json.loads(json.dumps(description)))
    differing = [key for key in now if before.get(key) != now[key]]
    if differing:
        raise OutputInUseError(
            f"{folder} holds a score with other {', '.join(differing)}: repeat the command as it was to resume it, "
            "choose another folder with -o, or start anew with --overwrite"
        )


def _identity(description: Mapping[str, Any]) -> dict[str, Any]:
    """What must be equal for results to belong together; a net is known by its weights, wherever they lie now."""
    same = {key: value for key, value in description.items() if key not in _MAY_DIFFER}
    model = same.get("model")
    if isinstance(model, dict):
        same["model"] = model.get("weights_sha256", model)
    return same
