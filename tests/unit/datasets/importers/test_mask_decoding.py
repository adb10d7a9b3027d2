from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datasets.importers.mask_decoding import ColorMasks, IndexMasks, UnknownLabelsError, with_void
from datasets.importers.source import SourceError
from datasets.labels import CAMVID_11, CAMVID_32, CARVANA_2, CITYSCAPES_34, LYFT_13
from tests.unit.datasets.importers.trees import colored, rgb_of, save, tags_of

Color = tuple[int, int, int]
COLORS = st.tuples(*[st.integers(0, 255)] * 3)
TABLES = st.lists(COLORS, min_size=1, max_size=20, unique=True)


@given(TABLES, hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 7), st.just(3))), st.data())
def test_colours_are_decoded_as_a_slow_loop_does(table: list[Color], rgb: np.ndarray, data: st.DataObject) -> None:
    for row in rgb:
        for x in range(len(row)):
            if data.draw(st.booleans()):
                row[x] = data.draw(st.sampled_from(table))
    ids = {color: number for number, color in enumerate(table)}
    expected = [[ids.get(tuple(int(level) for level in pixel), 255) for pixel in row] for row in rgb]
    tags, is_known = ColorMasks(ids).decode(rgb)
    np.testing.assert_array_equal(tags, expected)
    assert is_known == (255 not in np.array(expected))


def test_views_and_odd_sizes_are_decoded(tmp_path: Path) -> None:
    tags = tags_of(1, 32, height=7, width=13)
    rgb = np.ascontiguousarray(colored(tags, CAMVID_32)[:, ::-1])[:, ::-1]
    np.testing.assert_array_equal(ColorMasks.of(CAMVID_32).decode(rgb)[0], tags)


def test_unknown_colours_are_counted(tmp_path: Path) -> None:
    rgb = colored(tags_of(1, 32), CAMVID_32)
    rgb[2, :5], rgb[4, :3] = (1, 2, 3), (255, 69, 0)
    with pytest.raises(UnknownLabelsError, match=r"mask.png holds unknown colours: \(1, 2, 3\) \(5 px\)") as refused:
        ColorMasks.of(CAMVID_32)(save(tmp_path / "mask.png", rgb))
    assert refused.value.counts == {"(1, 2, 3)": 5, "(255, 69, 0)": 3}


def test_a_mask_that_was_saved_as_jpeg_is_called_so(tmp_path: Path) -> None:
    path = save(tmp_path / "mask.jpg", colored(tags_of(1, 32), CAMVID_32), quality=70)
    with pytest.raises(UnknownLabelsError, match="resampled or saved as JPEG") as refused:
        ColorMasks.of(CAMVID_32)(path)
    assert len(refused.value.counts) == 64


def test_a_palette_mask_is_decoded_by_its_colours(tmp_path: Path) -> None:
    tags = tags_of(1, 32)
    shuffled = np.roll(np.array([label.color for label in CAMVID_32.classes], np.uint8), 5, axis=0)
    stored = ((tags + 5) % 32).astype(np.uint8)
    np.testing.assert_array_equal(ColorMasks.of(CAMVID_32)(save(tmp_path / "a.png", stored, palette=shuffled)), tags)


def test_colours_that_two_classes_share_cannot_be_decoded() -> None:
    with pytest.raises(ValueError, match="share a colour"):
        ColorMasks.of(CITYSCAPES_34)


def test_255_is_the_ignored_class_and_other_numbers_are_refused(tmp_path: Path) -> None:
    values = tags_of(1, 13)
    values[0, :4] = 255
    expected = values.copy()
    expected[0, :4] = 0
    np.testing.assert_array_equal(IndexMasks.of(LYFT_13)(save(tmp_path / "a.png", values)), expected)
    values[1, :2], values[2, 0] = 13, 254
    with pytest.raises(UnknownLabelsError, match=r"unknown ids: 13 \(2 px\), 254 \(1 px\)") as refused:
        IndexMasks.of(LYFT_13)(save(tmp_path / "b.png", values))
    assert refused.value.counts == {"13": 2, "254": 1}


def test_255_is_refused_where_no_class_means_void(tmp_path: Path) -> None:
    with pytest.raises(UnknownLabelsError, match="255"):
        IndexMasks.of(CARVANA_2)(save(tmp_path / "a.png", np.full((3, 4), 255, np.uint8)))


def test_a_set_without_void_gets_one() -> None:
    wider = with_void(CAMVID_11)
    assert wider.classes[:11] == CAMVID_11.classes
    assert (wider.names[11], wider.ignored) == ("void", {11})
    assert with_void(LYFT_13) is LYFT_13


def test_an_unreadable_mask_is_a_source_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    for read in (ColorMasks.of(CAMVID_32), IndexMasks.of(LYFT_13)):
        with pytest.raises(SourceError):
            read(tmp_path / "a.png")


def test_decoding_leaves_the_image_as_it_is() -> None:
    rgb = rgb_of(1)
    ColorMasks.of(CAMVID_32).decode(rgb)
    np.testing.assert_array_equal(rgb, rgb_of(1))
