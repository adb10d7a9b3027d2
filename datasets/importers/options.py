"""What a user can say about an import; each importer names those that it listens to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """Options of all importers; None and empty mean "as the importer does by itself"."""

    seed: int = 0
    """Of the split, where the data set has no official one."""
    val_fraction: float | None = None
    """Share of the groups for "val", where the data set has no official split."""
    test_fraction: float | None = None
    split_files: Mapping[str, Path] = field(default_factory=dict)
    """Split -> text file with one frame a line."""
    ego_bonnet: bool = False
    """Relabel the ego vehicle's bonnet as None."""
    images: str = ""
    """Glob of the images, relative to the source."""
    masks: str = ""
    label_set: str = ""
    """Name or YAML file of what the masks' numbers mean."""

    def fractions(self, *, val: float, test: float) -> tuple[float, float]:
        """Shares of val and test, the importer's own `val` and `test` where the user gave none."""
        return (
            val if self.val_fraction is None else self.val_fraction,
            test if self.test_fraction is None else self.test_fraction,
        )
