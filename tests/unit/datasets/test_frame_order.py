from __future__ import annotations

from datasets.frame_order import epoch_order


def test_an_order_is_a_permutation_that_seed_and_epoch_decide() -> None:
    order = epoch_order(50, seed=3, epoch=2)
    assert sorted(order) == list(range(50))
    assert order == epoch_order(50, seed=3, epoch=2)
    assert order != epoch_order(50, seed=3, epoch=3)
    assert order != epoch_order(50, seed=4, epoch=2)


def test_the_order_stays_what_it_was_when_a_run_began() -> None:
    """A run that is resumed with a later version goes on with the same frames."""
    assert epoch_order(8, seed=7, epoch=1) == [6, 3, 1, 0, 2, 4, 7, 5]
