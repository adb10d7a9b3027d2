"""A drive source and a net to reason about: the red channel holds the class, and bad weather hides some of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.labels import CARLA_29, LabelSet
from harness.carla_client.observation import CameraPair, Gap, Observation
from harness.scoring.plan import ScorePlan, make_plan
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import Weather
from sim_scenarios.weather_grid import parse_weather_grid

Image = NDArray[np.uint8]
POSE = (0.0,) * 6


class RedChannelNet:
    """Predicts the class that the red channel holds."""

    label_set: LabelSet = CARLA_29
    origin: Mapping[str, Any] = {"weights_sha256": "0" * 64}

    def predict(self, rgb: Image) -> Image:
        return np.ascontiguousarray(rgb[..., 0])


@dataclass(kw_only=True)
class PaintedDrive:
    """Frames painted from a seed: tags of 8 x 8 blocks, and an image whose red channel holds the same ids.

    ``wetness`` percent of the columns show class 1 (Roads) in the image whatever is there.
    """

    scenario: Scenario
    replays: list[str]
    broken: Mapping[str, Callable[[], Exception]] = field(default_factory=dict)
    """What to raise in the middle of a replay, by the ``scenario/fog density`` it happens in."""
    lost_ticks: frozenset[int] = frozenset()

    @property
    def num_frames(self) -> int:
        return self.scenario.num_frames

    def replay(self, weather: Weather, cameras: Sequence[CameraSpec]) -> Generator[Observation, None, None]:
        key = f"{self.scenario.name}/{weather.fog_density:g}"
        self.replays.append(key)
        for tick in range(self.num_frames):
            if tick == 2 and key in self.broken:
                raise self.broken[key]()
            pairs = {camera.name: self._pair(tick, weather, camera) for camera in cameras}
            lost = tick in self.lost_ticks
            yield Observation(
                frame=1000 + tick,
                tick=tick,
                timestamp_s=tick * 0.05,
                cameras={} if lost else pairs,
                ego_transform=POSE,
                ego_speed=0.0,
                gaps=tuple(Gap(frame=1000 + tick, camera=name, reason="lost") for name in pairs) if lost else (),
            )

    def _pair(self, tick: int, weather: Weather, camera: CameraSpec) -> CameraPair:
        rng = np.random.default_rng([self.scenario.seed, tick])
        blocks = rng.integers(0, CARLA_29.num_classes, (camera.height // 8 + 1, camera.width // 8 + 1), dtype=np.uint8)
        tags = blocks.repeat(8, axis=0).repeat(8, axis=1)[: camera.height, : camera.width].copy()
        rgb = np.dstack([tags, tags, tags])
        rgb[:, : int(camera.width * weather.wetness / 100), 0] = 1
        depth = rng.integers(0, 2**22, tags.shape, dtype=np.uint32) if "depth" in camera.planes else None
        return CameraPair(rgb=rgb, tags=tags, transform=POSE, depth=depth)


@dataclass(kw_only=True)
class PaintedDrives:
    """Opens painted drives, and notes what was opened, replayed and closed."""

    broken: Mapping[str, Callable[[], Exception]] = field(default_factory=dict)
    """What to raise, by scenario (when its drive is opened) or by ``scenario/fog density`` (in that replay)."""
    lost_ticks: frozenset[int] = frozenset()
    opened: list[str] = field(default_factory=list)
    replays: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    @contextmanager
    def __call__(self, scenario: Scenario) -> Iterator[PaintedDrive]:
        self.opened.append(scenario.name)
        if scenario.name in self.broken:
            raise self.broken[scenario.name]()
        try:
            yield PaintedDrive(scenario=scenario, replays=self.replays, broken=self.broken, lost_ticks=self.lost_ticks)
        finally:
            self.closed.append(scenario.name)


@pytest.fixture
def net() -> RedChannelNet:
    return RedChannelNet()


@pytest.fixture
def make_drives() -> type[PaintedDrives]:
    return PaintedDrives


@pytest.fixture
def scenarios() -> tuple[Scenario, ...]:
    return tuple(
        Scenario(name=name, split="test", seed=seed, duration_s=0.3, fixed_delta_seconds=0.05)
        for seed, name in enumerate(("alpha", "beta"))
    )


@pytest.fixture
def plan(scenarios: tuple[Scenario, ...]) -> ScorePlan:
    grid = parse_weather_grid("ClearNoon,ClearNoon:wetness=50:fog_density=60")
    return make_plan(scenarios, grid, [(32, 24), (64, 48)], models=["net"])
