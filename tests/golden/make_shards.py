"""Makes the golden shards of the version that the code writes: ``python tests/golden/make_shards.py FOLDER``.

The files that are checked in are never made again: they stand for every shard that users have. A new format version
adds files, with the old ones left as they are.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from datasets.labels import CARLA_29
from datasets.sample import Sample
from datasets.shard import COMPRESSIONS, ShardHeader, ShardWriter

HEADER = ShardHeader(
    scenario="golden",
    split="val",
    town="Town10HD",
    seed=42,
    weather={"preset": "HardRainNight", "cloudiness": 100.0, "sun_altitude_angle": -90.0},
    camera={"name": "front", "width": 13, "height": 7, "fov": 90.0, "x": 1.5, "z": 2.4},
    server_version="0.9.16",
    tag_table=CARLA_29,
    harness_version="0.1.0",
    extra={"note": "für immer"},
)


def sample(number: int) -> Sample:
    """Pixels by a formula that needs no random numbers."""
    y, x, channel = np.indices((7, 13, 3))
    return Sample(
        frame=100 + 3 * number,
        timestamp_s=5.0 + 0.15 * number,
        rgb=((y * 31 + x * x * 7 + channel * 85 + number * 11) % 256).astype(np.uint8),
        tags=((y[:, :, 0] + x[:, :, 0] // 3 + number) % 29).astype(np.uint8),
        camera_transform=(10.0 + number, -20.5, 2.4, 0.0, 90.0, -0.125),
    )


if __name__ == "__main__":
    for name in COMPRESSIONS:
        with ShardWriter(Path(sys.argv[1]) / f"shard_v1_{name}.h5", HEADER, compression=name) as writer:
            for number in range(4):
                writer.append(sample(number))
