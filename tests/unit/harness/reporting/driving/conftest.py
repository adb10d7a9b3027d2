"""A small drive folder that is right in itself: invented drives along real routes, with all files of ``harness drive``.

Episodes and ticks are invented here, by the list of files of a drive (schema version 1). The two tables that are made
from them are made by the product, so that a column that moves there is missed here.
"""

from __future__ import annotations

import itertools
import json
import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image as PillowImage

from harness.closed_loop.drive_summary import drive_summary
from harness.closed_loop.episode_log import (
    ENDING_OF,
    NUM_CENTER_POINTS,
    EpisodeActor,
    EpisodeKey,
    EpisodeLog,
    StopLine,
)
from harness.closed_loop.episode_names import episode_name
from harness.closed_loop.iou_link import iou_vs_driving
from harness.scoring.spreadsheet import write_table

KEY = ["scenario", "weather", "width", "height", "fov", "policy", "repeat"]
SWEEP = "ClearNoon:fog_density"
WEATHERS = ("ClearNoon", "HardRainNoon", *(f"{SWEEP}={value:g}" for value in (0, 50, 100)))
BLUR = {"ClearNoon": 0.05, "HardRainNoon": 0.3, f"{SWEEP}=0": 0.04, f"{SWEEP}=50": 0.35, f"{SWEEP}=100": 0.6}
"""How much of the IoU is lost, by weather."""
DT = 0.1
LANE_M = 3.5
EVENTS = ("collision vehicle", "collision static", "red light", "solid lane invasion", "lane invasion", "outside lanes")
INCOMPLETE = {
    ("bend", "HardRainNoon", "mask", 1): ("failed", "policy raised", "<script>alert(1)</script>"),
    ("bend", "HardRainNoon", "truth", 1): ("crashed", "", "the server ended 2 times"),
    ("turn", f"{SWEEP}=100", "mask", 1): ("not run", "", ""),
}
"""Status, reason and message by scenario, weather, policy and repeat."""
MEASURES = (
    "duration_s", "route_length_m", "driven_m", "completion", "driving_score_1_0", "driving_score_2_0",
    "driving_score_2_1", "collisions_pedestrian", "collisions_vehicle", "collisions_static", "red_lights", "stop_signs",
    "lane_invasions", "solid_lane_invasions", "outside_lanes_share", "off_road_share", "wheels_off_road_share",
    "wrong_way_share", "lateral_error_mean_m", "lateral_error_p95_m", "heading_error_mean_deg",
    "heading_error_p95_deg", "comfort_share", "max_abs_jerk", "max_abs_lateral_acceleration", "min_ttc_s",
    "mean_speed_mps", "safe_stops", "safe_stop_share", "emergency_brakes", "decisions", "iou_road", "iou_lines",
    "iou_road_lines", "miou",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is in the folder."""

    scenarios: Sequence[str] = ("bend", "turn")
    weathers: Sequence[str] = WEATHERS
    sizes: Sequence[tuple[int, int]] = ((320, 180), (160, 90))
    policies: Sequence[str] = ("mask", "truth", "route")
    repeats: int = 1
    incomplete: Mapping[tuple[str, str, str, int], tuple[str, str, str]] | None = None
    route_m: float = 90.0

    @property
    def keys(self) -> list[EpisodeKey]:
        """All of them, in the order of the rows."""
        return [
            EpisodeKey(
                scenario=scenario, weather=weather, width=width, height=height, fov=90.0, policy=policy, repeat=repeat
            )
            for scenario, weather, (width, height), policy, repeat in itertools.product(
                self.scenarios, self.weathers, self.sizes, self.policies, range(1, self.repeats + 1)
            )
        ]


def write_drive_folder(path: Path, **plan: Any) -> Path:
    """Write a whole drive folder; ``plan`` changes fields of :class:`Plan`."""
    made = Plan(**{"incomplete": INCOMPLETE, **plan})
    path.mkdir(parents=True, exist_ok=True)
    rows, ticks, events = [], [], []
    for key in made.keys:
        row, episode_ticks, found = drive_of(path, made, key)
        rows.append(row)
        ticks.append(episode_ticks)
        events += found
    episodes = pd.DataFrame(rows)
    write_table(path / "episodes.csv", episodes)
    write_table(path / "infractions.csv", pd.DataFrame(events, columns=[*KEY, "tick", "kind", "x", "y", "what"]))
    write_table(path / "drive_summary.csv", drive_summary(episodes))
    write_table(path / "iou_vs_driving.csv", iou_vs_driving(episodes))
    pd.concat(ticks, ignore_index=True).to_parquet(path / "ticks.parquet", index=False)
    (path / "drive.json").write_text(json.dumps(describe(made)))
    (path / "manifest.json").write_text(json.dumps(MANIFEST))
    return path


def route_of(scenario: str, length_m: float) -> tuple[np.ndarray, np.ndarray]:
    """(R, 2) points 1 m apart and (R,) yaws [deg]: straight for a third, then an arc to the right of 30 m radius."""
    s = np.arange(0.0, length_m + 0.5)
    radius = 30.0 if scenario == "bend" else 12.0
    into = np.clip(s - length_m / 3, 0.0, radius * np.pi / 2)
    yaw = into / radius
    points = np.concatenate([[[0.0, 0.0]], np.cumsum(np.stack([np.cos(yaw), np.sin(yaw)], axis=1)[:-1], axis=0)])
    return points + np.array([20.0, -40.0]), np.degrees(yaw)


def drive_of(folder: Path, plan: Plan, key: EpisodeKey) -> tuple[dict[str, Any], pd.DataFrame, list[dict[str, Any]]]:
    """Row, ticks and infractions of one invented episode; its log and clip are written."""
    rng = np.random.default_rng(zlib.crc32(episode_name(key).encode()))
    known = (plan.incomplete or {}).get((key.scenario, key.weather, key.policy, key.repeat))
    status, failure, message = known or ("done", "", "")
    base = {
        **asdict(key), "group": "lane" if key.scenario == "bend" else "junction", "town": "Town10HD",
        "seed": key.repeat,
        "status": status, "retries": int(status == "crashed"), "message": message, "ending": "", "reason": "",
    }  # fmt: skip
    empty = pd.DataFrame(columns=[*KEY, "tick", "x", "y", "lateral_error_m"])
    if status in ("crashed", "not run"):
        return {**base, "success": np.nan, "completed": np.nan, **dict.fromkeys(MEASURES, np.nan)}, empty, []
    points, yaws = route_of(key.scenario, plan.route_m)
    iou = 1 - BLUR.get(key.weather, 0.2) - 0.1 * (key.width < 200) + rng.normal(0, 0.02) if key.policy == "mask" else 1
    iou = float(min(iou, 1.0))
    reached = 1.0 if rng.random() < iou else float(rng.uniform(0.2, 0.9))
    num = max(20, int(len(points) * reached / 8.0 / DT))
    place = np.linspace(0, reached * (len(points) - 1), num)
    lateral = np.cumsum(rng.normal(0, 0.02 + 0.05 * (1 - iou), num)) if key.policy != "route" else np.zeros(num)
    yaw = np.radians(np.interp(place, np.arange(len(yaws)), yaws))
    x = np.interp(place, np.arange(len(points)), points[:, 0]) - np.sin(yaw) * lateral
    y = np.interp(place, np.arange(len(points)), points[:, 1]) + np.cos(yaw) * lateral
    kinds = [kind for kind in EVENTS if rng.random() < 0.4 * (1 - iou)]
    events = [
        {**asdict(key), "tick": tick, "kind": kind, "x": x[tick], "y": y[tick], "what": "=made up"}
        for tick, kind in sorted((int(rng.integers(0, num)), kind) for kind in kinds)
    ]
    reason = failure or ("goal" if reached == 1.0 else str(rng.choice(["off road", "blocked", "collision"])))
    counts = {kind: float(kinds.count(kind)) for kind in EVENTS}
    factor = 0.6 ** counts["collision vehicle"] * 0.65 ** counts["collision static"] * 0.7 ** counts["red light"]
    divisor = 1 + 0.7 * counts["collision vehicle"] + 0.6 * counts["collision static"] + 0.4 * counts["red light"]
    row = {
        **base,
        "ending": ENDING_OF[reason],
        "reason": reason,
        "success": float(reason == "goal" and factor == 1.0),
        "completed": float(reason == "goal"),
        **dict.fromkeys(MEASURES, 0.0),
        "duration_s": num * DT,
        "route_length_m": plan.route_m,
        "driven_m": plan.route_m * reached,
        "completion": 100 * reached,
        "driving_score_1_0": 100 * reached * factor,
        "driving_score_2_0": 100 * reached * factor,
        "driving_score_2_1": 100 * reached / divisor,
        "collisions_vehicle": counts["collision vehicle"],
        "collisions_static": counts["collision static"],
        "red_lights": counts["red light"],
        "lane_invasions": counts["solid lane invasion"] + counts["lane invasion"],
        "lateral_error_mean_m": np.abs(lateral).mean(),
        "lateral_error_p95_m": np.quantile(np.abs(lateral), 0.95),
        "comfort_share": 0.9,
        "min_ttc_s": np.nan,
        "mean_speed_mps": 8.0,
        "decisions": num,
        **dict.fromkeys(("iou_road", "iou_lines", "iou_road_lines", "miou"), iou if key.policy == "mask" else np.nan),
    }
    frame = pd.DataFrame(
        {
            **{name: pd.Categorical([value] * num) for name, value in asdict(key).items()},
            "tick": np.arange(num, dtype=np.int32),
            "x": x.astype(np.float32),
            "y": y.astype(np.float32),
            "lateral_error_m": lateral.astype(np.float32),
        }
    )
    log_of(key, points, yaws, reason, num).save(folder / "logs" / f"{episode_name(key)}.npz")
    if key.policy == "mask":
        write_clip(folder / "clips" / f"{episode_name(key)}.webp")
    return row, frame, events


def log_of(key: EpisodeKey, points: np.ndarray, yaws: np.ndarray, reason: Any, num: int) -> EpisodeLog:
    """A log that has a route and a stop line, and nothing else of interest."""
    size = len(points)
    zeros = {name: np.zeros((num, *shape), np.float32) for name, shape in {
        "velocities": (3,), "yaw_rates": (), "controls": (3,), "speed_limits": (), "route_progress_m": (),
        "lane_centers": (3,), "lane_widths_m": (), "actor_transforms": (1, 6),
    }.items()}  # fmt: skip
    return EpisodeLog(
        key=key, scenario={}, weather_keys=[], policy={}, rules={}, server={}, fixed_delta_seconds=DT, reason=reason,
        message="", classes=(),
        actors=(EpisodeActor(blueprint="ego", kind="vehicle", half_extents_m=(2, 1, 1), center_m=(0, 0, 0)),),
        stop_lines=(StopLine(kind="light", x=points[20, 0], y=points[20, 1], yaw_deg=0.0, width_m=LANE_M, light=0),),
        collisions=(), lane_invasions=(),
        route_points=np.column_stack([points, np.zeros(size)]), route_yaws_deg=yaws,
        route_s_m=np.arange(size, dtype=np.float64), route_lane_widths_m=np.full(size, LANE_M),
        route_commands=np.full(size, 4, np.uint8), route_junctions=np.zeros(size, np.bool_),
        lanes=np.zeros((num, 3), np.int32), in_junction=np.zeros(num, np.bool_),
        on_lane_types=np.zeros((num, 5), np.int32), light_states=np.zeros((num, 1), np.uint8),
        decision_ticks=np.zeros(0, np.int32), center_lines=np.zeros((0, NUM_CENTER_POINTS, 2), np.float32),
        corridor_widths_m=np.zeros(0, np.float32), hazards=np.zeros((0, 2), np.float32),
        states=np.zeros(0, np.uint8), target_speeds=np.zeros(0, np.float32), mask_digests=np.zeros(0, np.uint64),
        counts=np.zeros((0, 0, 3), np.int64), **zeros,
    )  # fmt: skip


def write_clip(path: Path) -> None:
    """A film of two small pictures."""
    path.parent.mkdir(exist_ok=True)
    dark, light = (PillowImage.new("RGB", (32, 24), color) for color in ("black", "white"))
    dark.save(path, "WEBP", save_all=True, append_images=[light], duration=200)


MANIFEST = {
    "schema": 1,
    "sessions": [
        {"started_utc": "2026-01-01T00:00:00+00:00", "command": ["harness", "drive"], "harness_version": "0",
         "git_commit": None, "python": "3.11", "platform": "test", "packages": {"numpy": "2"}},
    ],
}  # fmt: skip


def describe(plan: Plan) -> dict[str, Any]:
    """``drive.json``."""
    return {
        "schema_version": 1,
        "suite": "<b>tiny & odd</b>",
        "definitions": {"episode": "one drive of one policy"},
        "episodes": [asdict(key) for key in plan.keys],
        "scenarios": [{"name": name} for name in plan.scenarios],
        "seeds": {name: index for index, name in enumerate(plan.scenarios)},
        "policies": {name: {"name": name} for name in plan.policies},
        "rules": {"time_limit_s": 60},
        "models": {"net": {"net": "unet"}},
        "labels": {"name": "two", "classes": [{"id": 0, "name": "road", "color": [128, 64, 128]}]},
        "server": {"version": "0.9.16", "embedded": True},
    }


@pytest.fixture(scope="session")
def whole_drive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drive folder to read only: all tests share it."""
    return write_drive_folder(tmp_path_factory.mktemp("drive") / "out")


@pytest.fixture
def drive_folder(tmp_path: Path, whole_drive: Path) -> Path:
    """A drive folder of one's own, to change at will."""
    return Path(shutil.copytree(whole_drive, tmp_path / "out"))


@pytest.fixture
def rewrite(drive_folder: Path) -> Callable[[str, Callable[[str], str]], None]:
    """Change the text of one file of the drive folder."""

    def change(name: str, how: Callable[[str], str]) -> None:
        path = drive_folder / name
        path.write_text(how(path.read_text()))

    return change
