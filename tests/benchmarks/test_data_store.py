"""What the recorded data costs: writing, room, verified reading, against PNG files and gzip in HDF5.

Prints its table (``pytest -m benchmark -s``) and fails on wrong results only, never on time. Frames are 640x480 pairs
of the embedded simulator, at clear noon and in hard rain at night. All sides take turns, frame by frame, on one core;
times are processor time of this process (with the kernel's part), which other load on the machine hardly touches.
Files stay in the page cache; nobody calls ``fsync`` while frames are written.
"""

from __future__ import annotations

import dataclasses
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import h5py
import numpy as np
import numpy.typing as npt
import pytest

from datasets.frame_index import INDEX_DTYPE, index_row
from datasets.labels import CARLA_29
from datasets.sample import Sample
from datasets.shard import ShardHeader, ShardReader, ShardWriter, encode_sample
from harness.carla_client.drive import drive
from harness.carla_client.endpoint import Endpoint
from harness.carla_client.session import open_session
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Ego, Scenario, Traffic
from sim_scenarios.weather import parse_weather

pytestmark = pytest.mark.benchmark

WEATHERS = ("ClearNoon", "HardRainNight")
EVERY_N = 15
FEW = 2_000
BLOCK = 250
"""Frames between two readings of the clock where frames are tiny."""
RAW_BYTES = 640 * 480 * 4

Pixels = npt.NDArray[np.uint8]

HEADER = ShardHeader(
    scenario="benchmark",
    split="test",
    town="Town10HD",
    seed=1,
    weather={},
    camera={},
    server_version="0.9.16",
    tag_table=CARLA_29,
    harness_version="0",
)


class Store(Protocol):
    """One way to keep pairs."""

    def write(self, number: int, sample: Sample) -> None: ...

    def finish(self) -> None: ...

    def read(self, number: int) -> tuple[Pixels, Pixels]: ...

    def close(self) -> None: ...

    @property
    def num_bytes(self) -> int: ...


class Shard:
    """Ours: every read is verified by Fletcher32 and by the hash of the pixels."""

    def __init__(self, folder: Path) -> None:
        self._writer = ShardWriter(folder / "a.h5", HEADER)
        self._rgb, self._tags = np.empty((480, 640, 3), np.uint8), np.empty((480, 640), np.uint8)

    def write(self, number: int, sample: Sample) -> None:
        self._writer.append(dataclasses.replace(sample, frame=number))

    def finish(self) -> None:
        self._writer.close()
        self._reader = ShardReader(self._writer.path)

    def read(self, number: int) -> tuple[Pixels, Pixels]:
        return self._reader.rgb(number, self._rgb), self._reader.tags(number, self._tags)

    def close(self) -> None:
        self._reader.close()

    @property
    def num_bytes(self) -> int:
        return self._writer.path.stat().st_size


class PngFolder:
    """A file for each image, as most recorders write them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, number: int, sample: Sample) -> None:
        level = (cv2.IMWRITE_PNG_COMPRESSION, 3)
        bgr = cv2.cvtColor(sample.rgb, cv2.COLOR_RGB2BGR)
        assert cv2.imwrite(str(self._folder / f"{number}.rgb.png"), bgr, level)
        assert cv2.imwrite(str(self._folder / f"{number}.tags.png"), sample.tags, level)

    def finish(self) -> None:
        pass

    def read(self, number: int) -> tuple[Pixels, Pixels]:
        bgr = cv2.imread(str(self._folder / f"{number}.rgb.png"))
        tags = cv2.imread(str(self._folder / f"{number}.tags.png"), cv2.IMREAD_UNCHANGED)
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=bgr), tags

    def close(self) -> None:
        pass

    @property
    def num_bytes(self) -> int:
        return sum(path.stat().st_size for path in self._folder.iterdir())


class GzipHdf5:
    """HDF5's usual compression, one frame a chunk, through h5py's usual calls."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "a.h5"
        self._file = h5py.File(self._path, "w")
        for name, shape in (("rgb", (480, 640, 3)), ("tags", (480, 640))):
            self._file.create_dataset(
                name,
                (0, *shape),
                np.uint8,
                maxshape=(None, *shape),
                chunks=(1, *shape),
                compression="gzip",
                compression_opts=4,
            )

    def write(self, number: int, sample: Sample) -> None:
        for name, image in (("rgb", sample.rgb), ("tags", sample.tags)):
            self._file[name].resize(number + 1, axis=0)
            self._file[name][number] = image

    def finish(self) -> None:
        self._file.close()
        self._file = h5py.File(self._path, "r")

    def read(self, number: int) -> tuple[Pixels, Pixels]:
        return self._file["rgb"][number], self._file["tags"][number]

    def close(self) -> None:
        self._file.close()

    @property
    def num_bytes(self) -> int:
        return self._path.stat().st_size


@dataclass(frozen=True)
class Measured:
    """Of one side."""

    write_ms: float
    read_ms: float
    bytes_a_pair: float


@contextmanager
def one_core() -> Iterator[None]:
    """Libraries with threads of their own get no second core."""
    cores, threads = os.sched_getaffinity(0), cv2.getNumThreads()
    os.sched_setaffinity(0, {min(cores)})
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        cv2.setNumThreads(threads)


def processor_ms(action: Callable[[], object]) -> float:
    started = time.process_time_ns()
    action()
    return (time.process_time_ns() - started) / 1e6


@pytest.fixture(scope="module")
def samples(simulator: Endpoint, is_full: bool) -> list[Sample]:
    """Half of them by day, half by night."""
    found: list[Sample] = []
    frames = 12 if is_full else 4
    for weather in WEATHERS:
        scenario = Scenario(
            name="benchmark",
            split="test",
            seed=1,
            duration_s=frames * EVERY_N * 0.05,
            ego=Ego(spawn_point=3),
            traffic=Traffic(vehicles=30, walkers=30),
            cameras=(CameraSpec(width=640, height=480),),
            record_every_n=EVERY_N,
            weather=parse_weather(weather),
        )
        with open_session(simulator, fixed_delta_seconds=scenario.fixed_delta_seconds) as session:
            for observation in drive(session, scenario, cameras=scenario.cameras):
                (pair,) = observation.cameras.values()
                found.append(
                    Sample(
                        frame=len(found),
                        timestamp_s=observation.timestamp_s,
                        rgb=pair.rgb,
                        tags=pair.tags,
                        camera_transform=pair.transform,
                    )
                )
    assert len(found) == 2 * frames
    return found


def measured(stores: Sequence[Store], samples: Sequence[Sample], *, rounds: int) -> list[Measured]:
    """All sides in turn: for each frame one after the other, in another order each time."""
    rng = np.random.default_rng(1)
    count = rounds * len(samples)
    writes: list[list[float]] = [[] for _ in stores]
    reads: list[list[float]] = [[] for _ in stores]
    for number in range(count):
        for side in rng.permutation(len(stores)):
            sample = samples[number % len(samples)]
            writes[side].append(processor_ms(lambda: stores[side].write(number, sample)))  # noqa: B023  # called here
    for store in stores:
        store.finish()
    for number in rng.permutation(count):
        for side in rng.permutation(len(stores)):
            reads[side].append(processor_ms(lambda: stores[side].read(int(number))))  # noqa: B023  # called here
            rgb, tags = stores[side].read(int(number))
            assert np.array_equal(rgb, samples[number % len(samples)].rgb)
            assert np.array_equal(tags, samples[number % len(samples)].tags)
    for store in stores:
        store.close()
    warm = len(samples)  # the first round compiles, and makes pages that later ones use again
    return [
        Measured(statistics.median(write[warm:]), statistics.median(read[warm:]), store.num_bytes / count)
        for store, write, read in zip(stores, writes, reads, strict=True)
    ]


def test_against_png_and_gzip(samples: list[Sample], tmp_path: Path, is_full: bool) -> None:
    folders = [tmp_path / name for name in ("shard", "png", "gzip")]
    for folder in folders:
        folder.mkdir()
    with one_core():
        stores = [Shard(folders[0]), PngFolder(folders[1]), GzipHdf5(folders[2])]
        ours, png, gzip = measured(stores, samples, rounds=4 if is_full else 3)
    print("\n640x480 RGB + tags, half ClearNoon, half HardRainNight; median processor time of a pair on one core")
    for name, side in (("shard", ours), ("PNG-3 folder", png), ("gzip-4 HDF5", gzip)):
        print(
            f"  {name:13} encode + write {side.write_ms:6.2f} ms   random read {side.read_ms:5.2f} ms   "
            f"{side.bytes_a_pair / 1e3:6.1f} kB"
        )
    for what, value, target in (
        ("encode + write over PNG-3", png.write_ms / ours.write_ms, 10),
        ("encode + write over gzip-4", gzip.write_ms / ours.write_ms, 6),
        ("raw bytes over ours", RAW_BYTES / ours.bytes_a_pair, 3.6),
        ("bytes of gzip-4 over ours", gzip.bytes_a_pair / ours.bytes_a_pair, 1.25),
        ("bytes of PNG-3 over ours", png.bytes_a_pair / ours.bytes_a_pair, 1.15),
        ("verified random read over PNG-3", png.read_ms / ours.read_ms, 5),
        ("verified random read over gzip-4", gzip.read_ms / ours.read_ms, 3),
    ):
        print(f"  {what:33} {value:5.2f}   target >= {target}")


class TinyFrames:
    """A shard of 32x24 frames with equal pixels: what is left is what a frame costs beside its pixels."""

    def __init__(self, path: Path) -> None:
        y, x = np.mgrid[:24, :32]
        rgb = np.stack([y * 9, x * 7, x + y], axis=-1).astype(np.uint8)
        self._sample = Sample(frame=0, timestamp_s=0.0, rgb=rgb, tags=rgb[:, :, 2] % 29, camera_transform=(0.0,) * 6)
        self._encoded = encode_sample(self._sample, tag_table=CARLA_29)
        row = np.frombuffer(self._encoded.index_row, INDEX_DTYPE)[0]
        self._hashes = {plane: int(row[f"{plane}_xxh64"]) for plane in ("rgb", "tags")}
        self.writer = ShardWriter(path, HEADER)

    def append(self, count: int) -> float:
        """Processor time of a frame [ms], without its compression."""
        first = len(self.writer)
        frames = [
            dataclasses.replace(
                self._encoded,
                frame=frame,
                index_row=index_row(dataclasses.replace(self._sample, frame=frame), self._hashes),
            )
            for frame in range(first, first + count)
        ]
        return processor_ms(lambda: [self.writer.append_encoded(frame) for frame in frames]) / count


def test_the_last_frame_costs_what_the_first_did(tmp_path: Path, is_full: bool) -> None:
    rng = np.random.default_rng(2)
    num_frames = 200_000 if is_full else 20_000
    many, few = TinyFrames(tmp_path / "many.h5"), TinyFrames(tmp_path / "few.h5")
    few.append(FEW // 2)
    blocks = FEW // 2 // BLOCK
    while len(many.writer) < num_frames - blocks * BLOCK:
        many.append(BLOCK)
    writes = [(many.append(BLOCK), few.append(BLOCK)) for _ in range(blocks)]
    closes = [processor_ms(side.writer.close) / len(side.writer) for side in (many, few)]
    opens = [processor_ms(lambda: ShardReader(side.writer.path).close()) for side in (many, few)]  # noqa: B023
    reads = []
    with ShardReader(many.writer.path) as large, ShardReader(few.writer.path) as small:
        assert (len(large), len(small)) == (num_frames, FEW)
        for _ in range(40):
            numbers = [rng.integers(0, len(reader), BLOCK) for reader in (large, small)]
            reads.append(
                tuple(
                    processor_ms(lambda: [reader[number] for number in drawn]) / BLOCK  # noqa: B023  # called here
                    for reader, drawn in zip((large, small), numbers, strict=True)
                )
            )
    print(f"\n32x24 frames, median processor time of a frame in a shard of {num_frames} and in one of {FEW}")
    for what, pairs, target in (("append", writes, 1.05), ("verified random read", reads, 1.1)):
        ratio = statistics.median(large / small for large, small in pairs)
        large, small = (1e3 * statistics.median(side) for side in zip(*pairs, strict=True))
        print(f"  {what:21} {large:6.1f} us   {small:6.1f} us   median ratio {ratio:.3f}   target <= {target}")
    print(f"  closing, a frame      {1e3 * closes[0]:6.1f} us   {1e3 * closes[1]:6.1f} us")
    print(f"  opening, all of it    {opens[0]:6.1f} ms   {opens[1]:6.1f} ms")
