from __future__ import annotations

from sim_scenarios.embedded_simulator.render.canvas import MAX_KEPT_PIXELS, CanvasStore


def test_sizes_in_use_keep_their_memory() -> None:
    store = CanvasStore()
    small, large = store.canvas(90, 160), store.canvas(180, 320)
    assert store.canvas(90, 160) is small
    assert store.canvas(180, 320) is large
    assert small.rgb.shape == (90, 160, 3)
    assert small.open_sky.shape == (45, 80)


def test_the_size_used_longest_ago_makes_room() -> None:
    store = CanvasStore()
    side = int((MAX_KEPT_PIXELS / 2.5) ** 0.5)
    first, second = store.canvas(side, side), store.canvas(side, side + 1)
    assert store.canvas(side, side) is first
    store.canvas(side + 1, side)
    assert store.canvas(side, side) is first
    assert store.canvas(side, side + 1) is not second


def test_a_very_large_one_is_not_kept() -> None:
    store = CanvasStore()
    small = store.canvas(90, 160)
    large = store.canvas(1, MAX_KEPT_PIXELS + 1)
    assert large.rgb.shape == (1, MAX_KEPT_PIXELS + 1, 3)
    assert store.canvas(1, MAX_KEPT_PIXELS + 1) is not large
    assert store.canvas(90, 160) is small
