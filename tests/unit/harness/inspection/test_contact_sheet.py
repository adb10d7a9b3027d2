from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from datasets.labels import CARLA_29
from harness.inspection.contact_sheet import MAX_SCENARIOS, contact_sheet
from harness.streams import read_streams


def _picture(png: bytes) -> npt.NDArray[np.uint8]:
    bgr = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _has_colour(picture: npt.NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    return bool((picture == colour).all(axis=-1).any())


def test_the_sheet_shows_the_tags_in_their_colours_and_names_them(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    made.drive("city", frames=range(3))
    png, decoded = contact_sheet(read_streams(made.recording))
    picture = _picture(png)
    present = {int(tag) for frame in range(3) for tag in np.unique(made.sample(frame).tags)}
    assert decoded == 3
    assert all(_has_colour(picture, CARLA_29.classes[tag].color) for tag in present)
    assert not _has_colour(picture, CARLA_29.classes[CARLA_29.class_id("Train")].color)


def test_equal_data_give_equal_bytes(new_recording: Callable[..., Any]) -> None:
    sheets = []
    for _ in range(2):
        made = new_recording()
        made.drive("city", planes=("depth", "instance"))
        sheets.append(contact_sheet(read_streams(made.recording))[0])
    assert sheets[0] == sheets[1]


def test_paired_weathers_share_a_line_and_their_tags(new_recording: Callable[..., Any]) -> None:
    """Three pictures and one tile of tags fit into a line of six; tags that differ need six tiles and one moment."""
    paired, unpaired = new_recording(), new_recording()
    for number, weather in enumerate(("ClearNoon", "DenseFog", "ClearNight")):
        paired.drive("city", weather=weather, gain=1.0 - 0.3 * number)
        unpaired.drive("city", weather=weather, seed=number)
    (one, few), (other, more) = (contact_sheet(read_streams(made.recording)) for made in (paired, unpaired))
    assert few == more == 3
    tiles = [_number_of_tiles(_picture(png)) for png in (one, other)]
    assert tiles == [4, 6]


def _number_of_tiles(picture: npt.NDArray[np.uint8]) -> int:
    """Tiles in the first line: columns of the sheet whose top row is no paper."""
    row = picture[28 + 4 + 5]
    return sum(not (row[4 + column * 324 + 100] == 250).all() for column in range(6))


def test_many_scenarios_are_thinned_out(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    for number in range(MAX_SCENARIOS + 6):
        made.drive(f"drive{number:02d}", frames=range(1), seed=number)
    _, decoded = contact_sheet(read_streams(made.recording))
    assert decoded == MAX_SCENARIOS


def test_odd_shapes_fit(new_recording: Callable[..., Any]) -> None:
    """A tower, a ribbon, one pixel, and names that are too long for their place."""
    made = new_recording()
    for number, (height, width) in enumerate(((300, 10), (10, 900), (1, 1))):
        sample = made.sample(0)
        tags = np.ones((height, width), np.uint8)
        made.add(
            [replace(sample, rgb=np.full((height, width, 3), 90, np.uint8), tags=tags)],
            scenario=f"{'very_long_name_' * 5}{number}",
            town="",
            weather="W" * 60,
        )
    assert _picture(contact_sheet(read_streams(made.recording))[0]).shape[1] == 1948
