"""Splits for data sets that have no official one: whole groups of frames that look alike, chosen by a seed.

Frames of one car, or neighbours in a drive, show nearly the same: a split by single frames would test on what was
learnt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from datasets.importers.source import SourceError

BLOCK = 100
"""Consecutive frames of a drive that stay together; only those at its borders have neighbours in another split."""


def split_groups(groups: Iterable[str], *, seed: int, val: float, test: float) -> dict[str, str]:
    """The split of each of `groups`: shares `val` and `test` of the groups, the rest is "train".

    The same groups and seed give the same split. A share above 0 gets at least one group where there are three.

    Raises:
        SourceError: the shares are negative or leave nothing for "train".
    """
    if val < 0 or test < 0 or val + test >= 1:
        raise SourceError(f"the shares are {val:g} for val and {test:g} for test; expected 0 or more, in all below 1")
    # A hash of the name, not a shuffled list: a group that is added leaves most of the others where they were.
    order = sorted(set(groups), key=lambda name: hashlib.sha256(f"{seed}:{name}".encode()).digest())
    names = ["val"] * _count(val, len(order)) + ["test"] * _count(test, len(order))
    names += ["train"] * (len(order) - len(names))
    return dict(zip(order, names, strict=True))


def _count(share: float, num_groups: int) -> int:
    return max(1, round(share * num_groups)) if share > 0 and num_groups >= 3 else 0
