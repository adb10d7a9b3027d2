"""Videos: as many frames as recorded ticks, at the drive's own pace, whole or not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.carla_client.observation import CameraPair, Observation
from harness.prediction.video import read_video, video_facts
from harness.replaying.video_file import VideoFile

MakeObservation = Callable[..., Observation]
TICKS = (0, 3, 6, 9)


def even_grey(make_observation: MakeObservation, tick: int, level: int) -> Observation:
    """A picture that the codec keeps nearly as it is."""
    observation = make_observation(tick)
    pair = CameraPair(
        rgb=np.full((32, 48, 3), level, np.uint8), tags=np.zeros((32, 48), np.uint8), transform=(0.0,) * 6
    )
    observation.cameras["front"] = pair
    return observation


@pytest.mark.parametrize("fps", [20.0, 20 / 3, 1 / 0.03, 0.5])
def test_it_lasts_as_long_as_the_drive(tmp_path: Path, make_observation: MakeObservation, fps: float) -> None:
    path = tmp_path / "one.ClearNoon.front_33x18.mp4"
    with VideoFile(path, camera="front", fps=fps) as video:
        for tick in TICKS:
            video.add(make_observation(tick))
    count, rate = video_facts(path)
    assert count == len(TICKS)
    assert rate == pytest.approx(fps, rel=1e-3)
    assert next(iter(read_video(path))).shape == (18, 32, 3)
    again = VideoFile(path, camera="front", fps=fps)
    assert (again.is_complete, again.num_frames) == (True, len(TICKS))
    assert list(tmp_path.iterdir()) == [path]


def test_at_a_gap_the_picture_before_stands_still(tmp_path: Path, make_observation: MakeObservation) -> None:
    path = tmp_path / "a.mp4"
    with VideoFile(path, camera="front", fps=4.0) as video:
        video.add(make_observation(0, gap="missing: before the first picture there is none to stand still"))
        video.add(even_grey(make_observation, 3, 200))
        video.add(make_observation(6, gap="missing: no image"))
        video.add(even_grey(make_observation, 9, 50))
    assert video.num_frames == 2
    levels = [float(frame.mean()) for frame in read_video(path)]
    assert levels == pytest.approx([200, 200, 50], abs=8)


def test_a_video_that_was_left_is_not_there(tmp_path: Path, make_observation: MakeObservation) -> None:
    video = VideoFile(tmp_path / "a.mp4", camera="front", fps=4.0)

    def stop_after_one() -> None:
        with video:
            video.add(make_observation(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_after_one()
    assert not video.is_complete
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_of_a_video_goes(tmp_path: Path, make_observation: MakeObservation) -> None:
    (tmp_path / ".a.77.part.mp4").write_bytes(b"half")
    (tmp_path / ".ab.77.part.mp4").write_bytes(b"of another video")
    with VideoFile(tmp_path / "a.mp4", camera="front", fps=4.0) as video:
        video.add(make_observation(0))
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4", ".ab.77.part.mp4"}
