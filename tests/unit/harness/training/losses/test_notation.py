"""The names of losses, and what is no name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.training.losses import LOSSES, parse_loss


@pytest.mark.parametrize("name", LOSSES)
def test_a_name_is_a_loss(name: str) -> None:
    assert parse_loss(name) == ((1.0, name),)


def test_a_sum_has_factors_in_its_own_order() -> None:
    assert parse_loss("0.5*dice+cross-entropy + 2 * lovasz") == ((0.5, "dice"), (1.0, "cross-entropy"), (2.0, "lovasz"))


@given(
    st.lists(
        st.tuples(st.floats(1e-3, 1e3), st.sampled_from(sorted(LOSSES))), min_size=1, unique_by=lambda term: term[1]
    )
)
def test_what_is_written_is_read(terms: list[tuple[float, str]]) -> None:
    assert parse_loss("+".join(f"{factor!r}*{name}" for factor, name in terms)) == tuple(terms)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("crossentropy", "did you mean 'cross-entropy'"),
        ("", "There are: cross-entropy, focal"),
        ("dice+", "''"),
        ("dice+0.5", "'0.5'"),
        ("0.5*", "''"),
        ("x*dice", "'x'"),
        ("0*dice", "'0'"),
        ("-1*dice", "'-1'"),
        ("nan*dice", "'nan'"),
        ("inf*dice", "'inf'"),
        ("2*3*dice", "'2*3'"),
        ("dice*0.5", "the term '0.5'"),
        ("dice+focal+2*dice", "names dice more than once"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_loss(text)
    assert hint in str(caught.value)
    assert repr(text) in str(caught.value)
