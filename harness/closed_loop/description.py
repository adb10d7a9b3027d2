"""``drive.json``: what the numbers in the tables beside it mean and what they were made from.

It is written before the first tick. A resumed run must describe itself with the same words, or its episodes and those
that are there would not belong together (:mod:`harness.workers.same_run`). Tables are made from it, the journal and
the logs alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from datasets.labels import LabelSet
from harness.closed_loop.episode_log import EpisodeKey
from harness.closed_loop.json_records import checked, record_of
from harness.closed_loop.plan import REPEAT_SEED_STEP, DrivePlan, is_file
from harness.errors import DataError, UsageError
from harness.run_dir import digest_input, write_json
from harness.scoring.description import describe_labels, describe_sweep
from harness.workers import same_run

SCHEMA_VERSION = 1
FILE_NAME = "drive.json"

DEFINITIONS = {
    "episode": "one drive of one policy along the scenario's route, from its start until the rules end it",
    "status": "done: the episode was driven to its end, whatever happened on the road. failed: the policy raised, hung "
    "or returned nonsense; it braked, and what was driven until then is in the tables. crashed, timed out: the server "
    "or the program was lost, also in every retry. not run: never reached",
    "repeat": f"the scenario again with other traffic: its seed is larger by {REPEAT_SEED_STEP} for each repeat",
    "seed": "decides who is spawned where and what traffic does; the same in all weathers, sizes and policies",
    "retries": "how often an episode was started again because its server or its process was lost",
    "timing": "wall clock of this run, in timing.csv alone; no other number depends on it, unless the latency was "
    "measured",
}
"""Words that the tables use."""


def describe_drive(
    plan: DrivePlan,
    label_set: LabelSet,
    *,
    models: Mapping[str, Mapping[str, Any]],
    suite: str,
    server: Mapping[str, Any],
) -> dict[str, Any]:
    """The content of ``drive.json``, JSON values only.

    Args:
        plan: what is going to be driven.
        label_set: the classes that the net knows; without a net the server's tags.
        models: where the net comes from, by its name; empty without one.
        suite: name of the suite that the scenarios are from.
        server: host, port, version and kind of the server.

    Raises:
        UsageError: the file of a user's policy cannot be read.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "definitions": DEFINITIONS,
        "suite": suite,
        "episodes": [asdict(key) for key in plan.episodes()],
        "scenarios": [scenario.definition for scenario in plan.scenarios],
        "seeds": {scenario.name: scenario.seed for scenario in plan.scenarios},
        "weathers": {name: timeline.model_dump(mode="json") for name, timeline in plan.weathers.items()},
        "sweeps": [describe_sweep(sweep) for sweep in plan.sweeps],
        "sizes": [list(size) for size in plan.sizes],
        "fovs": list(plan.fovs),
        "policies": {name: _describe_policy(policy) for name, policy in plan.policies.items()},
        "repeats": plan.repeats,
        "rules": asdict(plan.rules),
        "models": {name: dict(origin) for name, origin in models.items()},
        "labels": describe_labels(label_set),
        "server": dict(server),
    }


def save_description(folder: Path, description: Mapping[str, Any]) -> None:
    """Write ``drive.json``."""
    write_json(folder / FILE_NAME, description)


def load_description(folder: Path) -> dict[str, Any]:
    """Read what ``save_description`` wrote.

    Raises:
        DataError: it is missing, damaged or of another version.
    """
    path = folder / FILE_NAME
    try:
        content = json.loads(path.read_text())
        version = content["schema_version"]
    except FileNotFoundError:
        raise DataError(f"{path} is missing: expected a folder that `harness drive` wrote") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{path} cannot be read ({error!r}): expected a folder that `harness drive` wrote") from error
    if version != SCHEMA_VERSION:
        raise DataError(f"{path} has version {version}, this program reads {SCHEMA_VERSION}: drive the suite again")
    try:
        _check(content)
    except (KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error!r}): restore it from a copy, or drive the suite again") from error
    return dict(content)


def check_same_drive(folder: Path, description: Mapping[str, Any]) -> None:
    """Make sure that the episodes in ``folder`` are of the run that ``description`` describes.

    Raises:
        OutputInUseError: they are of another net, plan, policy or of other rules.
        DataError: ``drive.json`` cannot be read.
    """
    same_run.check_same_run(folder / FILE_NAME, description, what="drive")


def planned_keys(description: Mapping[str, Any]) -> list[EpisodeKey]:
    """Every planned episode, in the order of the plan."""
    return [record_of(EpisodeKey, each) for each in description["episodes"]]


def _check(description: Mapping[str, Any]) -> None:
    """Raise a KeyError or TypeError where something that tables and recordings are made from is not as it must be."""
    for scenario in description["scenarios"]:
        for name, kind in _OF_A_SCENARIO.items():
            checked(name, scenario[name], kind)
    known = {scenario["name"] for scenario in description["scenarios"]}
    for key in planned_keys(description):
        if key.scenario not in known:
            raise TypeError(f"an episode is of {key.scenario!r}, which is none of the scenarios")
    checked("policies", description["policies"], dict[str, Any])
    if checked("decide_every", description["rules"]["decide_every"], int) < 1:
        raise TypeError("decide_every is under 1")


_OF_A_SCENARIO = {"name": str, "town": str, "split": str, "seed": int}


def _describe_policy(policy: str) -> dict[str, Any]:
    """A user's policy is known by the content of its file."""
    if not is_file(policy):
        return {"name": policy}
    path = Path(policy.rpartition(":")[0])
    try:
        return {"name": policy.rpartition(":")[2], "file": path.name, "sha256": digest_input(path)}
    except OSError as error:
        raise UsageError(f"the policy {policy!r} cannot be read: {error.strerror}. Expected path.py:Name") from error
