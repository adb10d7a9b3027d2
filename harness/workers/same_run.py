"""Whether a folder holds results of the run that is to be resumed there: by the description that each run writes.

A description is a JSON file. Two runs are the same where their descriptions are, but for what does not matter: where
the weights of a net lie, and which server of its kind it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import DataError, OutputInUseError


def check_same_run(path: Path, description: Mapping[str, Any], *, what: str) -> None:
    """Make sure that the results beside ``path`` are of the run that ``description`` describes.

    Args:
        path: the description of the earlier run.
        description: of the present one, JSON values.
        what: what the folder holds, such as ``score``, for messages.

    Raises:
        OutputInUseError: they are of another net, plan or label set.
        DataError: the file cannot be read.
    """
    folder = path.parent
    try:
        earlier = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read ({error}), so that nothing in {folder} can be resumed: choose another folder with "
            "-o, or delete all that is there with --overwrite"
        ) from error
    if not isinstance(earlier, dict):
        raise DataError(f"{path} is not the description of a {what}: use --overwrite to start anew")
    before, now = _identity(earlier), _identity(json.loads(json.dumps(description)))
    differing = [key for key in now if before.get(key) != now[key]]
    if differing:
        raise OutputInUseError(
            f"{folder} holds a {what} with other {', '.join(differing)}: repeat the command as it was to resume it, "
            "choose another folder with -o, or start anew with --overwrite"
        )


def _identity(description: Mapping[str, Any]) -> dict[str, Any]:
    """What must be equal for results to belong together.

    A net is known by its weights, wherever they lie now. A server may be another one of its kind: the embedded
    simulator takes another port each time.
    """
    same = dict(description)
    server, models = same.get("server"), same.get("models")
    if isinstance(server, dict):
        same["server"] = server.get("embedded")
    if isinstance(models, dict):
        same["models"] = {
            name: origin.get("weights_sha256", origin) if isinstance(origin, dict) else origin
            for name, origin in models.items()
        }
    return same
