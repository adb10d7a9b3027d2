"""The loop of driving, mining and training on the embedded simulator: what is recorded is what the policy saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from datasets.labels import CARLA_29
from datasets.recording_dir import RecordingDir
from datasets.shard_reader import ShardReader
from datasets.verification import verify
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.observation import Observation
from harness.carla_client.session import open_session
from harness.cli import harness
from harness.closed_loop.episode_files import log_file
from harness.closed_loop.episode_log import EpisodeKey, EpisodeLog
from harness.closed_loop.policies.truth import TruthPolicy
from harness.closed_loop.rollout import run_episode
from harness.closed_loop.rules import RolloutRules
from harness.mining.episode_drives import driven_suite, recorded_name
from harness.mining.mine import MinedFrame
from harness.mining.record import record_episodes
from sim_scenarios.load import load_suite
from sim_scenarios.weather_grid import parse_weather_grid

pytestmark = pytest.mark.integration

SUITE = """
name: short
defaults: {duration_s: 1.5, warmup_ticks: 5, record_every_n: 5, traffic: {vehicles: 2, walkers: 2}}
scenarios:
  - {name: learn, split: train, seed: 3, ego: {spawn_point: 99, route: [{x: 218.2, y: 20.0}]},
     staged: [{kind: lead_vehicle, ahead_m: 12.0, speed: 4.0, at_s: 1.0}]}
  - {name: proof, split: test, seed: 4, ego: {spawn_point: 99, route: [{x: 218.2, y: 20.0}]}}
"""
POOR = """
import numpy as np
from datasets.labels import CARLA_29
from harness.closed_loop.policy import Explanation, Policy, Sense, VehicleControl


class Poor(Policy):
    '''Takes the upper half of what it sees for something else.'''

    senses = frozenset({Sense.TAGS})
    label_set = CARLA_29

    def begin(self, episode):
        pass

    def act(self, observation):
        self.mask = observation.tags.copy()
        self.mask[: 60 + observation.tick % 7] = 0
        return VehicleControl(throttle=0.8)

    def explain(self):
        return Explanation(mask=self.mask)
"""
NIGHT = parse_weather_grid("HardRainNight").timelines["HardRainNight"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mining")
    (folder / "short.yaml").write_text(SUITE)
    (folder / "poor.py").write_text(POOR)
    return folder


def run_harness(simulator: Endpoint, *arguments: object) -> int:
    address = ("--host", simulator.host, "--port", simulator.port)
    with pytest.raises(SystemExit) as ended:
        harness([str(each) for each in (*arguments, *address)])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def driven(simulator: Endpoint, folder: Path) -> Path:
    """A drive of two episodes with decisions in every second tick, and its recording beside it."""
    code = run_harness(
        simulator, "drive", "none", folder / "short.yaml", "-o", folder / "drive", "--policy",
        f"{folder / 'poor.py'}:Poor", "--size", "160x90", "--decide-every", 2, "--split", "train", "--split", "test",
        "--record", folder / "recorded", "--no-report",
    )  # fmt: skip
    assert code == 0
    return folder / "drive"


def keys(driven: Path) -> list[EpisodeKey]:
    return [EpisodeLog.load(path).key for path in sorted((driven / "logs").iterdir())]


def stream(folder: Path, key: EpisodeKey) -> tuple[list[int], list[Any]]:
    """Frame numbers and samples of an episode in a recording."""
    (entry,) = [each for each in RecordingDir.open(folder).shards() if each.scenario == recorded_name(key)]
    with ShardReader(entry.path) as reader:
        samples = [reader[number] for number in range(len(reader))]
    return [sample.frame for sample in samples], samples


def test_everything_that_was_seen_is_recorded(folder: Path, driven: Path) -> None:
    recorded = RecordingDir.open(folder / "recorded")
    assert sorted(entry.split for entry in recorded.shards()) == ["test", "train"]
    for key in keys(driven):
        log = EpisodeLog.load(driven / log_file(key))
        frames, _ = stream(folder / "recorded", key)
        assert frames == list(range(0, log.num_ticks, 2))
        assert set(log.decision_ticks.tolist()) <= set(frames)
    verdict = verify(folder / "recorded")
    assert verdict.findings == ()


def test_the_recorded_pixels_are_those_of_the_drive(simulator: Endpoint, tmp_path: Path, folder: Path) -> None:
    """A rollout whose pictures are kept, against the recording of the same episode, made by another command."""
    scenario = load_suite(folder / "short.yaml").scenarios[0]
    key = EpisodeKey(
        scenario="learn", weather="HardRainNight", width=160, height=90, fov=90.0, policy="truth", repeat=1
    )
    out = tmp_path / "truth"
    options = ("--policy", "truth", "--weather", "HardRainNight", "--size", "160x90", "--split", "train", "--no-report")
    arguments = ("drive", "none", folder / "short.yaml", "-o", out, *options, "--record", tmp_path / "shards")
    assert run_harness(simulator, *arguments) == 0
    seen: list[Observation] = []
    camera = scenario.cameras[0].with_size(160, 90)
    with open_session(simulator, fixed_delta_seconds=scenario.fixed_delta_seconds) as session:
        run_episode(
            session, scenario, TruthPolicy(), key=key, timeline=NIGHT, camera=camera,
            rules=RolloutRules(), tag_set=CARLA_29, on_pictures=seen.append,
        )  # fmt: skip
    frames, samples = stream(tmp_path / "shards", key)
    assert (len(seen), len(frames)) == (29, 30), "after the last tick nothing is decided any more"
    for observation, sample in zip(seen, samples[:-1], strict=True):
        pair = observation.cameras[camera.name]
        assert observation.tick == sample.frame
        np.testing.assert_array_equal(pair.tags, sample.tags)
        np.testing.assert_array_equal(pair.rgb, sample.rgb)


def test_the_worst_frames_become_training_data_without_those_of_the_test(
    simulator: Endpoint, folder: Path, driven: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--by", "iou", "--limit", 6, "--min-gap", 0.1, "--min-motion", 0)
    arguments = ("mine", driven, "--to", folder / "mined", "-o", folder / "frames.csv", *options)
    assert run_harness(simulator, *arguments) == 0
    printed = capsys.readouterr().out
    assert "episodes of split test left out: 1" in printed
    assert "6 frames of 1 of 1 episodes; by split: train 6" in printed
    table = pd.read_csv(folder / "frames.csv")
    assert (folder / "mined" / "mined.csv").read_bytes() == (folder / "frames.csv").read_bytes()
    assert set(table["scenario"]) == {"learn"}
    assert list(table["iou"]) == sorted(table["iou"])
    key = next(each for each in keys(driven) if each.scenario == "learn")
    frames, samples = stream(folder / "mined", key)
    assert frames == sorted(table["tick"])
    whole = dict(zip(*stream(folder / "recorded", key), strict=True))
    for frame, sample in zip(frames, samples, strict=True):
        np.testing.assert_array_equal(sample.rgb, whole[frame].rgb)
    assert verify(folder / "mined").findings == ()
    again = run_harness(simulator, *arguments, "--resume", "--overwrite")
    assert again == 2
    assert run_harness(simulator, "mine", driven, "--to", folder / "mined", *options, "--resume") == 0
    assert "6 frames of 1 of 1 episodes" in capsys.readouterr().out
    assert run_harness(simulator, "mine", driven, "--to", folder / "mined", *options[:2], "--limit", 2, "--resume") == 9
    assert "begun with other frames" in capsys.readouterr().err


def test_a_net_learns_from_the_recording_and_the_mined_frames(folder: Path, driven: Path, tmp_path: Path) -> None:
    small = ("--net", "unet:base_channels=4:depth=1", "--epochs", "1", "--batch-size", "4", "--device", "cpu")
    with pytest.raises(SystemExit) as ended:
        harness(
            ["train", str(folder / "recorded"), "--add", str(folder / "mined"), "-o", str(tmp_path / "run"), *small]
        )
    assert not ended.value.code


def test_what_was_stopped_goes_on_with_the_first_frame_that_is_missing(
    simulator: Endpoint, folder: Path, driven: Path, tmp_path: Path
) -> None:
    key = next(each for each in keys(driven) if each.scenario == "learn")
    chosen = [MinedFrame(key=key, split="train", tick=t, time_s=t * 0.05, iou=0.5, reason="") for t in (4, 10, 12, 22)]
    suite = driven_suite(driven, chosen)

    def stop(_what: str, done: int, _total: int) -> None:
        if done > 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record_episodes(simulator, suite, tmp_path / "mined", progress=stop)
    recording = RecordingDir.open(tmp_path / "mined")
    assert (len(recording.shards()), len(recording.parts())) == (0, 1)
    rows = record_episodes(simulator, suite, tmp_path / "mined").rows
    assert [(row.status, row.frames) for row in rows] == [("done", 4)]
    frames, samples = stream(tmp_path / "mined", key)
    assert frames == [4, 10, 12, 22]
    whole = dict(zip(*stream(folder / "recorded", key), strict=True))
    for frame, sample in zip(frames, samples, strict=True):
        np.testing.assert_array_equal(sample.rgb, whole[frame].rgb)
