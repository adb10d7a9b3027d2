"""``score.json``: what the numbers in the tables beside it mean and what they were made from.

It is written before the first tick. A resumed run must describe itself with the same words, or its numbers and those
that are there would not belong together: see :func:`check_same_run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets.labels import LabelSet
from harness.run_dir import write_json
from harness.scoring.bands import DISTANCE_BAND_NAMES, OBJECT_BAND_NAMES
from harness.scoring.plan import ScorePlan
from harness.workers import same_run
from sim_scenarios.camera import Size
from sim_scenarios.weather_grid import WeatherSweep

SCHEMA_VERSION = 2
FILE_NAME = "score.json"

DEFINITIONS = {
    "iou": "tp / (tp + fp + fn), from pixel counts summed over all frames asked about; empty where the class is in "
    "neither truth nor prediction; 0 where it is predicted but nowhere in the truth",
    "miou": "mean of the IoU over the classes that have one",
    "pixel_accuracy": "pixels predicted right / labelled pixels",
    "frequency_weighted_iou": "mean of the IoU over the classes, each weighted with its share of the labelled pixels",
    "boundary_iou": "IoU of the pixels that are close to a border of the class, in truth or prediction: Boundary IoU "
    "of Cheng et al. (2021), counts summed over frames",
    "size": "width x height of the camera image that the net sees. Images of one field of view and one aspect ratio "
    "are scored on the labels of the largest of them, to which the prediction is enlarged",
    "input_iou": "IoU at the image's own size, on the labels of its own camera",
    "distance": "bands of the distance of a pixel from the camera, along its axis; the sky is in the last one",
    "object size": "bands of the area of the connected region that a pixel belongs to, as a share of the image: a "
    "region of the truth for tp and fn, of the prediction for fp",
    "replay": "every weather and size shows the same drive: the logged poses are set at every tick, so that truth does "
    "not depend on the weather; equal labels_digest values prove it",
    "retries": "how often a pass was started again because its server or its process was lost",
}
"""The measures, in words."""


def describe(
    plan: ScorePlan,
    label_set: LabelSet,
    *,
    models: Mapping[str, Mapping[str, Any]],
    suite: str,
    server: Mapping[str, Any],
    reference_model: str | None = None,
    drives: Path | None = None,
) -> dict[str, Any]:
    """The content of ``score.json``, JSON values only.

    Args:
        plan: what is going to be scored.
        label_set: the classes that all models know.
        models: where each model comes from, by its name.
        suite: name of the suite that the scenarios are from.
        server: host, port, version and kind of the server.
        reference_model: name of the model that the others are compared with.
        drives: recording that the drive logs are from; None where the drives were made for this score.
    """
    return {
        **describe_measures(
            label_set,
            models=models,
            suite=suite,
            reference_weather=plan.reference_weather,
            reference_model=reference_model,
            label_sizes=plan.label_sizes(),
        ),
        "scenarios": [scenario.model_dump(mode="json") for scenario in plan.scenarios],
        "seeds": {scenario.name: scenario.seed for scenario in plan.scenarios},
        "weathers": {name: timeline.model_dump(mode="json") for name, timeline in plan.weathers.items()},
        "sweeps": [describe_sweep(sweep) for sweep in plan.sweeps],
        "sizes": [list(size) for size in plan.sizes],
        "fovs": list(plan.fovs),
        "repeats": plan.repeats,
        "warmup_frames": plan.warmup_frames,
        "server": dict(server),
        "drives": None if drives is None else str(drives),
    }


def describe_measures(
    label_set: LabelSet,
    *,
    models: Mapping[str, Mapping[str, Any]],
    suite: str,
    reference_weather: str,
    reference_model: str | None = None,
    label_sizes: Mapping[tuple[int, int, float], Size],
) -> dict[str, Any]:
    """The part of ``score.json`` that every table needs, wherever its frames are from.

    Args:
        label_set: the classes that all models know.
        models: where each model comes from, by its name.
        suite: what the frames are of.
        reference_weather: weather that the others are compared with.
        reference_model: model that the others are compared with.
        label_sizes: the size at which pictures are scored, by their width, height and field of view.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "definitions": DEFINITIONS,
        "labels": describe_labels(label_set),
        "reference_weather": reference_weather,
        "reference_model": reference_model,
        "suite": suite,
        "models": {name: dict(origin) for name, origin in models.items()},
        "label_sizes": [
            {"width": width, "height": height, "fov": fov, "label_width": size[0], "label_height": size[1]}
            for (width, height, fov), size in label_sizes.items()
        ],
        "distance_bands": list(DISTANCE_BAND_NAMES),
        "object_bands": list(OBJECT_BAND_NAMES),
    }


def describe_sweep(sweep: WeatherSweep) -> dict[str, Any]:
    """Field, values and weathers of a sweep."""
    return {
        "name": sweep.name,
        "field": sweep.field,
        "base": float(getattr(sweep.base, sweep.field)),
        "values": list(sweep.values),
        "weathers": list(sweep.weathers),
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
    same_run.check_same_run(folder / FILE_NAME, description, what="score")
