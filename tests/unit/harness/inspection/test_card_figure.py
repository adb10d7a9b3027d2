from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from datasets.labels import LabelClass, LabelSet
from harness.inspection.card_figure import card_figure
from harness.inspection.paths import driven_paths
from harness.inspection.sampling import brightness
from harness.inspection.survey import open_streams, survey


def _figure(root: Path) -> bytes:
    recording, streams = open_streams(root)
    weathers = dict.fromkeys(stream.weather for stream in streams)
    hills = {name: brightness([each for each in streams if each.weather == name])[0] for name in weathers}
    return card_figure(survey(recording, streams).classes, driven_paths(streams), hills)


def _pixels(png: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))


def _area(png: bytes, colour: tuple[int, int, int]) -> int:
    return int((_pixels(png) == colour).all(axis=-1).sum())


def test_bars_have_the_colours_and_widths_of_the_classes(new_recording: Callable[..., Any]) -> None:
    table = LabelSet(
        name="two", classes=(LabelClass(name="a", color=(200, 30, 60)), LabelClass(name="b", color=(9, 160, 60)))
    )
    made = new_recording()
    sample = made.sample(0)
    sample.tags[:] = 0
    sample.tags[:6] = 1
    made.add([sample], tag_table=table)
    png = _figure(made.root)
    assert _area(png, (200, 30, 60)) / _area(png, (9, 160, 60)) > 2.5


def test_equal_data_give_equal_bytes_and_no_metadata(new_recording: Callable[..., Any]) -> None:
    figures = []
    for _ in range(2):
        made = new_recording()
        made.drive("one")
        figures.append(_figure(made.root))
    assert figures[0] == figures[1]
    assert b"matplotlib" not in figures[0]


def test_without_poses_there_is_no_plan(new_recording: Callable[..., Any]) -> None:
    made, still = new_recording(), new_recording()
    made.drive("one", frames=range(2))
    still.add([_without_pose(made.sample(frame)) for frame in range(2)])
    assert _pixels(_figure(made.root)).shape[0] > _pixels(_figure(still.root)).shape[0] + 400


def _without_pose(sample: Any) -> Any:
    from dataclasses import replace

    return replace(sample, camera_transform=(0.0,) * 6)


def test_many_towns_weathers_and_tables_and_names_with_dollars(new_recording: Callable[..., Any]) -> None:
    made = new_recording()
    for number in range(5):
        table = LabelSet(
            name=f"table ${number}$",
            classes=tuple(LabelClass(name=f"$class_{k}^{number}$", color=(k, k, 9)) for k in range(40)),
            ignored=frozenset(range(12)) if number == 1 else frozenset(),
        )
        town, weather = f"$Town$ {number}", f"$frac{{{number}$"
        made.drive(f"drive{number}", frames=range(1), seed=number, town=town, weather=weather, tag_table=table)
    assert _pixels(_figure(made.root)).shape[1] == 1560
