"""Checkpoints: safetensors files that say what they are, and refuse to load as anything else.

Decisions:

* **One file is one checkpoint.** The description (net, options, classes, epoch, metrics) travels in the header of the
  safetensors file, so that weights and description can never belong to different epochs; the ``.json`` beside it is a
  copy for people and other programs and is not read back.
* **No pickle.** Loading cannot run code.
* **Every byte counts.** The description holds a SHA-256 over all tensors; a flipped bit is an error, not a worse net.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from harness.errors import CheckpointError
from harness.run_dir import RunDir, write_bytes, write_json

SCHEMA = 1
_HEADER_KEY = "harness"


@dataclass(frozen=True, kw_only=True)
class CheckpointInfo:
    """What the weights are and where they stand."""

    net: str
    """Key of ``nets.NETS``."""

    net_options: dict[str, Any]
    """Keyword options of that net."""

    label_set: str
    """Name of the label set whose ids the net predicts."""

    classes: tuple[str, ...]
    """Class names in order of id; the length is the net's number of outputs."""

    epoch: int
    """Finished epochs, 1 is the first."""

    step: int
    """Optimiser steps made so far."""

    labels: dict[str, Any] | None = None
    """The whole label set, ``LabelSet.to_json``: a user's own file may change or go. None in runs before 0.2."""

    metrics: dict[str, float | None] = field(default_factory=dict)
    """Validation figures of that epoch; None where undefined (a class that is absent)."""

    schema: int = SCHEMA
    """Version of this description."""


def save_checkpoint(run: RunDir, checkpoint: str, info: CheckpointInfo, weights: Mapping[str, Tensor]) -> None:
    """Write ``<checkpoint>.safetensors`` and then its JSON copy, each atomically."""
    description = asdict(info)
    save_tensors(run.weights(checkpoint), weights, description)
    write_json(run.description(checkpoint), description)


def load_checkpoint(run: RunDir, checkpoint: str) -> tuple[CheckpointInfo, dict[str, Tensor]]:
    """Return description and weights, on the CPU.

    Raises:
        CheckpointError: missing, cut short, damaged, or not written by the harness.
    """
    path = run.weights(checkpoint)
    if not path.is_file():
        raise CheckpointError(_missing(run, checkpoint))
    description, weights = load_tensors(path)
    try:
        info = CheckpointInfo(**{**description, "classes": tuple(description["classes"])})
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{path} has an unknown description ({error}). Train the net again.") from error
    return info, weights


def save_tensors(path: Path, tensors: Mapping[str, Tensor], description: Mapping[str, Any]) -> None:
    """Write tensors and a JSON description as one safetensors file, atomically."""
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = json.dumps({"description": description, "sha256": _digest(on_cpu)})
    # Through memory, since safetensors' own file writing leaves a file that only its owner may read.
    write_bytes(path, save(on_cpu, metadata={_HEADER_KEY: header}))


def load_tensors(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the description and the tensors, on the CPU, of a file that ``save_tensors`` wrote.

    Raises:
        CheckpointError: cut short, damaged, of a later version, or not written by the harness.
    """
    advice = "Restore it from a copy, use the other checkpoint (best or last), or train again."
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            header = (file.metadata() or {}).get(_HEADER_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a mapping)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}. It is cut short or damaged. {advice}") from error
    if header is None:
        raise CheckpointError(f"{path} was not written by the harness: its header has no description. {advice}")
    content = json.loads(header)
    if content["sha256"] != _digest(tensors):
        raise CheckpointError(f"{path} is damaged: its checksum differs from the one in its header. {advice}")
    description: dict[str, Any] = content["description"]
    if description.get("schema") != SCHEMA:
        raise CheckpointError(
            f"{path} has format version {description.get('schema')}; this harness reads version {SCHEMA}. "
            "Use the version of the harness that wrote it."
        )
    return description, tensors


def first_mismatch(error: Exception) -> str:
    """Return the first thing that torch, or ``build_net``, found not to fit: torch lists every parameter."""
    lines = str(error).strip().splitlines()
    return (lines[1] if len(lines) > 1 else lines[0]).strip()


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes, in order of name; the tensors are contiguous and on the CPU."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _missing(run: RunDir, checkpoint: str) -> str:
    if not run.path.is_dir():
        return f"There is no run folder {run.path}. Expected one that `harness train` wrote."
    other = "last" if checkpoint == "best" else "best"
    if run.weights(other).is_file():
        return f"{run.path} has no {checkpoint}.safetensors, but it has {other}.safetensors: use --checkpoint {other}."
    if run.config.is_file():
        return f"{run.path} has no checkpoint yet: its first epoch did not end. Go on with `harness train --resume`."
    return f"{run.path} is not a training run: expected a folder that `harness train` wrote."
