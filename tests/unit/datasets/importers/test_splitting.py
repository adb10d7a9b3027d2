from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.importers.source import SourceError
from datasets.importers.splitting import split_groups

GROUPS = st.lists(st.text(min_size=1, max_size=8), min_size=0, max_size=60, unique=True)
SHARES = st.floats(0, 0.45)


@given(GROUPS, st.integers(0, 2**32), SHARES, SHARES)
def test_every_group_has_one_split_and_the_shares_are_kept(
    groups: list[str], seed: int, val: float, test: float
) -> None:
    split_of = split_groups(groups, seed=seed, val=val, test=test)
    assert set(split_of) == set(groups)
    assert split_of == split_groups(reversed(groups), seed=seed, val=val, test=test)
    names = list(split_of.values())
    for name, share in (("val", val), ("test", test)):
        assert abs(names.count(name) - share * len(groups)) <= (1 if len(groups) >= 3 else 2)
        assert (names.count(name) > 0) == (share > 0 and len(groups) >= 3)
    assert not groups or "train" in names


def test_another_seed_gives_another_split() -> None:
    groups = [str(number) for number in range(40)]
    assert split_groups(groups, seed=0, val=0.2, test=0.2) != split_groups(groups, seed=1, val=0.2, test=0.2)


@pytest.mark.parametrize(("val", "test"), [(-0.1, 0.0), (0.0, -0.1), (0.5, 0.5), (1.0, 0.0)])
def test_shares_that_cannot_be_meant_are_refused(val: float, test: float) -> None:
    with pytest.raises(SourceError, match="shares"):
        split_groups(["a", "b"], seed=0, val=val, test=test)
