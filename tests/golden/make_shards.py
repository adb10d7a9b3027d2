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
from datasets.shard_header import WEATHER_FIELDS
from datasets.shard_layout import FORMAT_VERSION

HEADER = ShardHeader(
    scenario="golden",
    split="val",
    town="Town10HD",
    seed=42,
    weather={"name": "HardRainNight", "cloudiness": 100.0, "sun_altitude_angle": -90.0},
    camera={"name": "front", "width": 13, "height": 7, "fov": 90.0, "x": 1.5, "z": 2.4},
    server_version="0.9.16",
    tag_table=CARLA_29,
    harness_version="0.1.0",
    sequence=2,
    weather_timeline=tuple({"at_s": at_s, **dict.fromkeys(WEATHER_FIELDS, 2 * at_s)} for at_s in (0.0, 1.5)),
    extra={"note": "für immer"},
)


def sample(number: int, *, has_geometry: bool = False) -> Sample:
    """Pixels by a formula that needs no random numbers."""
    y, x, channel = np.indices((7, 13, 3))
    rows, columns = y[:, :, 0], x[:, :, 0]
    geometry = {
        "depth": ((rows * 1_300_021 + columns * columns * 90_001 + number * 7) % 2**24).astype(np.uint32),
        "instance": ((rows // 2 * 300 + columns // 4 + number) % 2**16).astype(np.uint16),
    }
    return Sample(
        frame=3 * number,
        timestamp_s=5.0 + 0.15 * number,
        rgb=((y * 31 + x * x * 7 + channel * 85 + number * 11) % 256).astype(np.uint8),
        tags=((rows + columns // 3 + number) % 29).astype(np.uint8),
        camera_transform=(10.0 + number, -20.5, 2.4, 0.0, 90.0, -0.125),
        **(geometry if has_geometry else {}),
    )


def main(folder: Path) -> None:
    """One finished shard for each compression, with depth and instance in one, and one unfinished."""
    for name in COMPRESSIONS:
        with ShardWriter(folder / f"shard_v{FORMAT_VERSION}_{name}.h5", HEADER, compression=name) as writer:
            for number in range(4):
                writer.append(sample(number, has_geometry=name == "residual"))
    unfinished = ShardWriter(folder / f"shard_v{FORMAT_VERSION}_unfinished.h5", HEADER)
    for number in range(4):
        unfinished.append(sample(number, has_geometry=True))
    unfinished.leave_part()
    unfinished.part_path.rename(folder / f"shard_v{FORMAT_VERSION}_unfinished.log")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
