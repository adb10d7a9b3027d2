from __future__ import annotations

import pytest

from harness.scoring.definition import define
from harness.scoring.statistics.bootstrap import Bootstrap
from sim_scenarios.camera import Size


def defined(
    *,
    sizes: tuple[Size, ...] = ((640, 360),),
    input_size: Size | None = None,
    bootstrap: Bootstrap | None = None,
    num_units: int = 12,
) -> str:
    return define(
        counted="12 frames",
        sizes=sizes,
        input_size=input_size,
        bootstrap=bootstrap or Bootstrap(),
        num_units=num_units,
    )


def test_it_says_what_another_tool_may_do_otherwise() -> None:
    text = defined()
    for fact in (
        "Counted: 12 frames.",
        "over all frames together before anything is divided",
        "A class in neither truth nor prediction has no IoU and is in no mean",
        "Pixels labelled 255",
        "Scored at the size of the labels, 640x360, which is what the net saw.",
        "at most 2% of the diagonal, 15 px at 640x360",
        "Intervals: 95 %, percentile bootstrap, 1000 resamples of frames, seed 0",
        "Frames of one drive are alike",
    ):
        assert fact in text


def test_each_size_has_its_own_boundary_width() -> None:
    assert "15 px at 640x360, 7 px at 320x180" in defined(sizes=((640, 360), (320, 180)))


def test_it_tells_the_size_that_the_net_saw() -> None:
    assert "the net saw 320x180, and each pixel takes the class of its nearest" in defined(input_size=(320, 180))


@pytest.mark.parametrize(
    ("bootstrap", "words"),
    [
        (Bootstrap(resamples=0), "No intervals"),
        (
            Bootstrap(unit="scenarios", level=0.9, seed=4),
            "90 %, percentile bootstrap, 1000 resamples of scenarios, seed 4",
        ),
        (Bootstrap(unit="scenarios"), "a few scenarios give rough intervals"),
    ],
)
def test_it_tells_how_intervals_were_made(bootstrap: Bootstrap, words: str) -> None:
    assert words in defined(bootstrap=bootstrap)


def test_one_scenario_has_no_intervals_and_the_definition_claims_none() -> None:
    text = defined(bootstrap=Bootstrap(unit="scenarios"), num_units=1)
    assert "No intervals: that takes two or more scenarios to draw from." in text
    assert "percentile" not in text
