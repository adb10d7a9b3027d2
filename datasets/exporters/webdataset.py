"""Tar files for the WebDataset library: consecutive members of one key are one sample.

::

    <split>-<number, 6 digits>.tar
        <key>.rgb.png        RGB
        <key>.tags.png       class ids
        <key>.depth.png      codes of CARLA's depth camera, R + 256 G + 65536 B, where recorded
        <key>.instance.png   16-bit ids of objects, where recorded
        <key>.json           scenario, weather, camera, tick, time and pose

The same recording gives the same bytes: members carry no time, owner or permission of this machine.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from datasets.exporters.png import codes_png, ids_png, rgb_png
from datasets.exporters.source import ExportFrame, ExportSource, Relabelling

MAX_SAMPLES = 1000
"""Frames in a tar file: some hundred MB."""


def write_webdataset(
    source: ExportSource, relabelling: Relabelling, folder: Path, *, max_samples: int = MAX_SAMPLES
) -> None:
    """Write all frames of `source` into tar files in `folder`; ShardError at the first damaged one."""
    for split in source.num_frames:
        samples = source.made(split, lambda frame: (frame.key, list(_members(frame, relabelling))))
        for number, first in enumerate(samples):
            with tarfile.open(folder / f"{split}-{number:06d}.tar", "w", format=tarfile.USTAR_FORMAT) as tar:
                for key, members in chain([first], islice(samples, max_samples - 1)):
                    for extension, content in members:
                        member = tarfile.TarInfo(f"{key}.{extension}")
                        member.size = len(content)
                        tar.addfile(member, io.BytesIO(content))


def _members(frame: ExportFrame, relabelling: Relabelling) -> Iterator[tuple[str, bytes]]:
    sample = frame.sample
    yield "rgb.png", rgb_png(sample.rgb)
    yield "tags.png", ids_png(relabelling.ids(frame))
    if sample.depth is not None:
        yield "depth.png", codes_png(sample.depth)
    if sample.instance is not None:
        yield "instance.png", ids_png(sample.instance)
    yield "json", json.dumps(_facts(frame, relabelling), sort_keys=True).encode()


def _facts(frame: ExportFrame, relabelling: Relabelling) -> dict[str, Any]:
    entry, header, sample = frame.entry, frame.header, frame.sample
    pose = ("x_m", "y_m", "z_m", "pitch_deg", "yaw_deg", "roll_deg")
    return {
        "scenario": entry.scenario,
        "split": entry.split,
        "town": header.town,
        "weather": header.weather_name,
        "weather_parameters": dict(header.weather),
        "weather_timeline": [dict(key) for key in header.weather_timeline],
        "camera": header.camera_name,
        "camera_parameters": dict(header.camera),
        "camera_transform": dict(zip(pose, sample.camera_transform, strict=True)),
        "frame": sample.frame,
        "timestamp_s": sample.timestamp_s,
        "label_set": relabelling.labels.name,
    }
