"""The nets of a score, by the names that they have in its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from harness.errors import CheckpointError, UsageError
from harness.scoring.live import Net
from harness.scoring.plan import size_name
from harness.segmenter import Segmenter
from sim_scenarios.camera import Size


def load_nets(models: Mapping[str, str], *, checkpoint: str, device: str) -> dict[str, Segmenter]:
    """Load the nets in the folders of their training runs.

    Args:
        models: folder of each net, by its name.
        checkpoint: ``"best"`` or ``"last"``.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        CheckpointError: a net cannot be loaded, or they do not all know the same classes: their scores would not be
            scores of the same pixels.
    """
    nets = {name: Segmenter.load(Path(run), checkpoint=checkpoint, device=device) for name, run in models.items()}
    first, *others = nets.items()
    for name, net in others:
        if net.label_set.digest != first[1].label_set.digest:
            raise CheckpointError(
                f"the nets {first[0]} and {name} know other classes ({first[1].label_set.name} and "
                f"{net.label_set.name}): only nets of the same label set can be scored on the same frames"
            )
    return nets


def require_sizes(nets: Mapping[str, Net], sizes: Sequence[Size]) -> None:
    """Show every net a grey picture of every size, so that a size that it cannot take is known before the first tick.

    Raises:
        UsageError: a net cannot take a size, or answers with another one.
    """
    for name, net in nets.items():
        for size in sizes:
            picture = np.full((size[1], size[0], 3), 128, dtype=np.uint8)
            try:
                seen = net.predict(picture).shape
            except (RuntimeError, ValueError) as error:
                raise UsageError(
                    f"the net {name} cannot take pictures of {size_name(size)}: {error}. Choose another --size"
                ) from error
            if seen != picture.shape[:2]:
                raise UsageError(
                    f"the net {name} answers a picture of {size_name(size)} with class ids of shape {seen}, expected "
                    f"{picture.shape[:2]}: choose another --size"
                )
