"""Not a test: a program that records shard after shard and kills each recorder at a random moment.

``recorder_to_kill.py FOLDER NUM_KILLS SEED`` writes ``FOLDER/<n>.h5.part`` for n = 0 .. NUM_KILLS - 1 and prints the
number of frames that each recorder had acknowledged, one a line. Recorders are forked from one process that has the
libraries loaded, so that a kill costs milliseconds.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from datasets.labels import CARLA_29
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardWriter

HEADER = ShardHeader(
    scenario="killed",
    split="train",
    town="Town10HD",
    seed=0,
    weather={},
    camera={},
    server_version="0.9.16",
    tag_table=CARLA_29,
    harness_version="0.1.0",
)


def sample(number: int) -> Sample:
    """Cheap pixels that differ from frame to frame."""
    rgb = (np.arange(12 * 20 * 3, dtype=np.int64) * (number + 1)).astype(np.uint8).reshape(12, 20, 3)
    return Sample(
        frame=number, timestamp_s=0.05 * number, rgb=rgb, tags=rgb[:, :, 0] % 29, camera_transform=(float(number),) * 6
    )


def record_for_ever(path: Path, acknowledgements: int) -> None:
    """Append frames and report each, until killed."""
    writer = ShardWriter(path, HEADER)
    for number in range(1 << 30):
        writer.append(sample(number))
        os.write(acknowledgements, b".")


def killed_recorder(path: Path, delay_s: float) -> int:
    """Frames that a recorder had acknowledged when SIGKILL met it `delay_s` after its first."""
    reading, writing = os.pipe()
    recorder = os.fork()
    if recorder == 0:
        os.close(reading)
        record_for_ever(path, writing)
    os.close(writing)
    acknowledged = len(os.read(reading, 1))
    time.sleep(delay_s)
    os.kill(recorder, signal.SIGKILL)
    while content := os.read(reading, 1 << 16):
        acknowledged += len(content)
    os.close(reading)
    os.waitpid(recorder, 0)
    return acknowledged


def main(folder: Path, num_kills: int, seed: int) -> None:
    """Kill `num_kills` recorders."""
    with ShardWriter(folder / "warm.h5", HEADER) as writer:  # kernels are compiled before the first kill
        writer.append(sample(0))
    delays = np.random.default_rng(seed).uniform(0, 0.08, num_kills)
    for number, delay_s in enumerate(delays):
        print(killed_recorder(folder / f"{number}.h5", float(delay_s)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
