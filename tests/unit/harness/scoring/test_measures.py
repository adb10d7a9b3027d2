from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.scoring.cells import CellCounts
from harness.scoring.frame_counts import FrameTruth, count_frame
from harness.scoring.measures import Interval, Measures, measure
from harness.scoring.statistics.bootstrap import Bootstrap
from tests.unit.harness.scoring.made_cells import make_counts

NAMES = ("road", "car", "train")
Mask = NDArray[np.uint8]

# A street of 4 x 6 pixels: a car on a road, one column of which nobody has labelled.
STREET = np.array([[0, 0, 1, 1, 0, 255]] * 4, dtype=np.uint8)
EMPTY = np.zeros((4, 6), dtype=np.uint8)


def counts_of(*pairs: tuple[Mask, Mask]) -> CellCounts:
    frames = [count_frame(FrameTruth.of(truth), prediction, len(NAMES)) for truth, prediction in pairs]
    return make_counts([each.regions for each in frames], boundaries=[each.boundaries for each in frames])


def measured(*counts: CellCounts, scenarios: list[str] | None = None, **bootstrap: object) -> Measures:
    units = list(zip(scenarios or ["north"] * len(counts), counts, strict=True))
    settings = Bootstrap(**{"resamples": 50, **bootstrap})  # type: ignore[arg-type]
    found = measure(units, NAMES, bootstrap=settings, definition="the definition")
    assert found is not None
    return found


def random_pair(rng: np.random.Generator) -> tuple[Mask, Mask]:
    truth = rng.integers(0, 3, (6, 8), dtype=np.uint8).repeat(4, 0).repeat(4, 1)
    prediction = np.roll(truth, 2, 1)
    truth[rng.random(truth.shape) < 0.1] = 255
    return truth, prediction


def pixel_by_pixel(pairs: list[tuple[Mask, Mask]]) -> dict[str, float]:
    """The same measures by plain loops over pixels."""
    tp, fp, fn = [0] * 3, [0] * 3, [0] * 3
    for truth, prediction in pairs:
        for true, seen in zip(truth.flat, prediction.flat, strict=True):
            if true == 255:
                continue
            if true == seen:
                tp[true] += 1
            else:
                fn[true] += 1
                fp[seen] += 1
    ious = [tp[k] / (tp[k] + fp[k] + fn[k]) for k in range(3)]
    shares = [(tp[k] + fn[k]) / (sum(tp) + sum(fn)) for k in range(3)]
    return {
        "pixel_accuracy": sum(tp) / (sum(tp) + sum(fn)),
        "miou": sum(ious) / 3,
        "frequency_weighted_iou": sum(share * value for share, value in zip(shares, ious, strict=True)),
    }


def test_a_street_whose_car_is_half_overlooked() -> None:
    seen = STREET.copy()
    seen[:2, 2:4] = 0
    seen[:, 5] = 2  # where nothing is labelled
    found = measured(counts_of((STREET, seen)))
    road, car, train = found.classes
    assert (road.pixels, car.pixels, train.pixels) == (12, 8, 0)
    assert (road.iou, car.iou) == (12 / 16, 4 / 8)
    assert (road.precision, road.recall, road.f1) == (12 / 16, 1.0, 24 / 28)
    assert (car.precision, car.recall, car.f1) == (1.0, 0.5, 8 / 12)
    assert all(math.isnan(ratio) for ratio in (train.iou, train.precision, train.recall, train.f1, train.boundary_iou))
    assert found.miou == pytest.approx((12 / 16 + 4 / 8) / 2), "the train is nowhere, and in no mean"
    assert found.pixel_accuracy == 16 / 20
    assert found.frequency_weighted_iou == pytest.approx((12 * 12 / 16 + 8 * 4 / 8) / 20)
    assert found.boundary_iou == pytest.approx((road.boundary_iou + car.boundary_iou) / 2)
    assert (found.frames, found.definition) == (1, "the definition")


def test_every_measure_equals_plain_loops_over_pixels() -> None:
    rng = np.random.default_rng(1)
    pairs = [random_pair(rng) for _ in range(3)]
    found = measured(counts_of(*pairs))
    for name, value in pixel_by_pixel(pairs).items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-12), name
    tp, fp, fn = counts_of(*pairs).boundaries.sum(axis=0)[0]
    assert found.classes[0].boundary_iou == tp / (tp + fp + fn)


@given(st.integers(0, 2**32 - 1), st.permutations(range(5)))
@settings(max_examples=20)
def test_the_order_of_frames_changes_no_ratio(seed: int, order: list[int]) -> None:
    rng = np.random.default_rng(seed)
    pairs = [random_pair(rng) for _ in range(5)]
    first = measured(counts_of(*pairs), resamples=0)
    second = measured(counts_of(*(pairs[index] for index in order)), resamples=0)
    assert repr(first) == repr(second)


def test_a_perfect_prediction_is_1_in_every_measure_and_interval() -> None:
    seen = np.where(STREET == 255, 0, STREET).astype(np.uint8)
    found = measured(counts_of((STREET, seen), (EMPTY, EMPTY), (STREET, seen)))
    assert [found.pixel_accuracy, found.miou, found.frequency_weighted_iou, found.boundary_iou] == [1.0] * 4
    assert found.miou_interval == found.boundary_iou_interval == Interval(low=1.0, high=1.0)
    assert [each.f1 for each in found.classes[:2]] == [1.0, 1.0]


def test_intervals_are_those_of_frames_drawn_anew() -> None:
    rng = np.random.default_rng(7)
    counts = counts_of(*(random_pair(rng) for _ in range(6)))
    found = measured(counts, resamples=40, seed=9, level=0.8)
    drawn = np.random.default_rng(9).integers(0, 6, (40, 6))
    again = [
        measured(make_counts(counts.regions[rows], boundaries=counts.boundaries[rows]), resamples=0) for rows in drawn
    ]
    for name in ("pixel_accuracy", "miou", "frequency_weighted_iou", "boundary_iou"):
        low, high = np.quantile([getattr(each, name) for each in again], [0.1, 0.9])
        interval = getattr(found, f"{name}_interval")
        assert (interval.low, interval.high) == (pytest.approx(low), pytest.approx(high)), name
        assert interval.low < getattr(found, name) < interval.high
    low, high = np.quantile([each.classes[1].boundary_iou for each in again], [0.1, 0.9])
    assert found.classes[1].boundary_iou_interval.low == pytest.approx(low)


def test_whole_scenarios_are_drawn_where_asked() -> None:
    rng = np.random.default_rng(3)
    cells = [counts_of(random_pair(rng), random_pair(rng)) for _ in range(3)]
    found = measured(*cells, scenarios=["north", "east", "north"], unit="scenarios")
    regions, boundaries = (
        np.stack([getattr(cells[0], name).sum(axis=0) + getattr(cells[2], name).sum(axis=0),
                  getattr(cells[1], name).sum(axis=0)])
        for name in ("regions", "boundaries")
    )  # fmt: skip
    summed = make_counts(regions, boundaries=boundaries)
    assert found.miou_interval == measured(summed).miou_interval != measured(*cells).miou_interval
    assert found.miou == measured(*cells).miou


@pytest.mark.parametrize(("scenarios", "unit"), [(["north"], "frames"), (["north"] * 3, "scenarios")])
def test_one_unit_alone_gives_no_interval(scenarios: list[str], unit: str) -> None:
    found = measured(*[counts_of((STREET, EMPTY))] * len(scenarios), scenarios=scenarios, unit=unit)
    assert math.isnan(found.miou_interval.low)
    assert str(found.miou_interval) == "–"


def test_no_frame_gives_no_measures() -> None:
    assert measure([], NAMES, bootstrap=Bootstrap(), definition="") is None


def test_an_interval_is_written_with_both_ends() -> None:
    assert str(Interval(low=0.1234, high=1.0)) == "0.123–1.000"
