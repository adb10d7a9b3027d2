from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.labels import CARLA_29
from datasets.sample import Sample
from harness.recording.quarantine import BLACK_LEVEL, FILLS, FROZEN_MOTION_M, Flaw, flaw_of

HEIGHT, WIDTH = 24, 40
SKY, ROAD, CAR = 11, 1, 14


def street(*, sky: int = 200, seed: int = 0, x: float = 0.0, noise: int = 30) -> Sample:
    """A sky of one value above a road with a car on it, with noise."""
    rng = np.random.default_rng(seed)
    rgb = np.full((HEIGHT, WIDTH, 3), sky, np.uint8)
    tags = np.full((HEIGHT, WIDTH), SKY, np.uint8)
    rgb[10:] = 90 + rng.integers(0, noise, (HEIGHT - 10, WIDTH, 3), np.uint8)
    tags[10:], tags[12:16, 5:12], tags[4:10, 20:] = ROAD, CAR, 3
    rgb[4:10, 20:] = 60 + rng.integers(0, noise, (6, WIDTH - 20, 3), np.uint8)
    return Sample(frame=seed, timestamp_s=0.0, rgb=rgb, tags=tags, camera_transform=(x, 0.0, 0.0, 0.0, 0.0, 0.0))


def changed(sample: Sample, *, rgb: np.ndarray | None = None, tags: np.ndarray | None = None) -> Sample:
    return Sample(
        frame=sample.frame,
        timestamp_s=sample.timestamp_s,
        rgb=sample.rgb if rgb is None else rgb,
        tags=sample.tags if tags is None else tags,
        camera_transform=sample.camera_transform,
    )


def judged(sample: Sample, previous: Sample | None = None) -> Flaw | None:
    return flaw_of(sample, previous=previous, size=(WIDTH, HEIGHT), tag_table=CARLA_29)


def kind(sample: Sample, previous: Sample | None = None) -> str | None:
    flaw = judged(sample, previous)
    return flaw.kind if flaw is not None else None


def test_a_street_is_a_street() -> None:
    assert judged(street()) is None
    assert judged(street(seed=1, x=5.0), street()) is None


def test_an_image_of_another_size() -> None:
    flaw = flaw_of(street(), previous=None, size=(HEIGHT, WIDTH), tag_table=CARLA_29)
    assert flaw == Flaw(kind="wrong-size", detail="the images have 40x24 pixels, expected 24x40")


@pytest.mark.parametrize(("level", "expected"), [(0, "black"), (BLACK_LEVEL, "black"), (BLACK_LEVEL + 1, None)])
def test_black_is_black_in_every_pixel(level: int, expected: str | None) -> None:
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[5, 7, 2] = level
    # A single lamp in the dark, low in the image, so that neither edge is a band of more than a few rows.
    rgb[0, :, 0] = rgb[-1, :, 0] = min(level, 1)
    assert kind(changed(street(), rgb=rgb)) == expected


def test_one_tag_everywhere() -> None:
    assert kind(changed(street(), tags=np.full((HEIGHT, WIDTH), SKY, np.uint8))) == "single-tag"


@given(tag=st.integers(0, 255), row=st.integers(0, HEIGHT - 1), column=st.integers(0, WIDTH - 1))
def test_a_tag_that_the_table_lacks_is_found_wherever_it_is(tag: int, row: int, column: int) -> None:
    tags = street().tags.copy()
    tags[row, column] = tag
    flaw = judged(changed(street(), tags=tags))
    assert (flaw is not None) == (tag >= CARLA_29.num_classes)
    if flaw is not None:
        assert flaw.kind == "unknown-tags"
        assert f"[{tag}]" in flaw.detail


@given(fill=st.sampled_from(FILLS), rows=st.integers(1, HEIGHT), is_upper=st.booleans())
def test_a_fill_from_an_edge_is_found_where_it_hides_more_than_one_thing(fill: int, rows: int, is_upper: bool) -> None:
    sample = street()
    band = slice(0, rows) if is_upper else slice(HEIGHT - rows, HEIGHT)
    rgb = sample.rgb.copy()
    rgb[band] = fill
    several_things = len(np.unique(sample.tags[band])) > 1
    expected = "half-filled" if several_things and rows >= HEIGHT / 8 else None
    if fill == 0 and rows == HEIGHT:
        expected = "black"
    assert kind(changed(sample, rgb=rgb)) == expected


@given(sky=st.integers(0, 255), fog_rows=st.integers(0, HEIGHT))
def test_an_even_sky_is_no_fill(sky: int, fog_rows: int) -> None:
    assert judged(street(sky=sky)) is None


@given(fog=st.integers(0, 255).filter(lambda value: value not in FILLS), rows=st.integers(0, HEIGHT - 1))
def test_even_fog_over_several_things_is_no_fill(fog: int, rows: int) -> None:
    rgb = street().rgb.copy()
    rgb[:rows] = fog
    assert judged(changed(street(), rgb=rgb)) is None


def test_a_band_that_does_not_reach_the_edge_is_a_thing_in_the_street() -> None:
    rgb = street().rgb.copy()
    rgb[1 : HEIGHT - 1] = 0
    assert judged(changed(street(), rgb=rgb)) is None


@given(moved=st.floats(0.0, 50.0))
def test_frozen_is_equal_in_every_bit_though_the_camera_moved(moved: float) -> None:
    first, again = street(), street(x=moved)
    assert kind(again, first) == ("frozen" if moved > FROZEN_MOTION_M else None)


@given(row=st.integers(0, HEIGHT - 1), column=st.integers(0, WIDTH - 1), channel=st.integers(0, 2))
def test_one_pixel_that_differs_is_enough_not_to_be_frozen(row: int, column: int, channel: int) -> None:
    moved = street(x=1.0)
    rgb = moved.rgb.copy()
    rgb[row, column, channel] ^= 1
    assert judged(changed(moved, rgb=rgb), street()) is None


def test_the_first_frame_has_nothing_to_be_equal_to() -> None:
    assert judged(street(x=1.0), None) is None


def test_a_previous_frame_of_another_size_is_another_picture(make_sample: Callable[..., Sample]) -> None:
    assert judged(street(x=1.0), make_sample(0)) is None
