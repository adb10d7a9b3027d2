"""The options of ``harness record`` that say what is recorded and how, and what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import COMPRESSIONS, Command, apply_options
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.recording.plan import RecordingOptions
    from sim_scenarios.scenario import Suite
    from sim_scenarios.weather_timeline import WeatherTimeline

JPEG_QUALITY = 95
DURABLE_EVERY = 10
"""Frames between two flushes to the disk when a user asks for durability and names no number."""

CAMERA_OPTIONS = (
    click.option(
        "--cameras",
        metavar="NAMES",
        help="Some of front,rear,left,right, with the size, angle and planes of the scenario's own if those agree. "
        "[default: the scenario's]",
    ),
    click.option("--rig", metavar="FILE", type=click.Path(path_type=Path), help="YAML file with cameras of your own."),
    click.option("--size", metavar="WxH,...", help="Image sizes; each of several makes a camera."),
    click.option("--fov", metavar="DEG,...", help="Horizontal fields of view; each of several makes a camera."),
)

planes_option = click.option(
    "--planes", metavar="PLANES", help="Record these as well: depth, instance or depth,instance."
)

_OPTIONS = (
    click.option(
        "--weather",
        metavar="A,B,'C->D'",
        help="Drive each scenario once, then replay it in each of these weathers: other pictures, the same labels. "
        "'C->D' changes during the drive; fog_density=0..100..20 are six; or a YAML file with a list. "
        "[default: drive live, in the scenario's own weather]",
    ),
    *CAMERA_OPTIONS,
    planes_option,
    click.option(
        "--every",
        metavar="N",
        type=click.IntRange(1, 1000),
        help="Record every n-th tick. [default: as the scenario has it]",
    ),
    click.option(
        "--min-motion",
        metavar="METRES",
        type=click.FloatRange(0.0, min_open=True),
        help="Leave out ticks at which the ego has moved less since the last one kept, and turned less than 5 degrees.",
    ),
    click.option(
        "--compression",
        type=click.Choice(COMPRESSIONS),
        default="residual",
        help="residual: lossless, smallest. plain: lossless, pixels as they are. gzip: lossless, for any HDF5 without "
        "plugins. jpeg: LOSSY pictures, lossless labels.",
    ),
    click.option(
        "--jpeg-quality",
        metavar="Q",
        type=click.IntRange(1, 100),
        help=f"1 to 100, with --compression jpeg. [default: {JPEG_QUALITY}]",
    ),
    click.option(
        "--shard-size",
        metavar="FRAMES",
        type=click.IntRange(min=1),
        help="Begin a new shard after so many frames. [default: one shard a stream]",
    ),
    click.option(
        "--durable",
        is_flag=True,
        help=f"Flush to the disk after every {DURABLE_EVERY} frames, so that a power cut costs no more than those. A "
        "killed recorder loses none either way.",
    ),
    click.option("--durable-every", metavar="K", type=click.IntRange(min=1), help="The same, after every K frames."),
)


def camera_options(command: Command) -> Command:
    """``--cameras``, ``--rig``, ``--size`` and ``--fov``."""
    return apply_options(command, *CAMERA_OPTIONS)


def recording_options(command: Command) -> Command:
    """All of the above."""
    return apply_options(command, *_OPTIONS)


def read_options(
    *,
    compression: str,
    jpeg_quality: int | None,
    shard_size: int | None,
    min_motion: float | None,
    durable: bool,
    durable_every: int | None,
) -> RecordingOptions:
    """How frames become shards.

    Raises:
        UsageError: a JPEG quality for what is not JPEG.
    """
    from harness.recording.plan import RecordingOptions

    if jpeg_quality is not None and compression != "jpeg":
        raise UsageError(f"--jpeg-quality goes with --compression jpeg, not with {compression}")
    return RecordingOptions(
        compression=compression,
        jpeg_quality=jpeg_quality or JPEG_QUALITY,
        shard_frames=shard_size or 0,
        min_motion_m=min_motion or 0.0,
        durable_every=durable_every or (DURABLE_EVERY if durable else 0),
    )


def read_weathers(text: str | None) -> tuple[WeatherTimeline, ...]:
    """The weathers of ``--weather``; none where it is not given."""
    from sim_scenarios.weather_grid import parse_weather_grid

    return tuple(parse_weather_grid(text).timelines.values()) if text is not None else ()


def adapt_suite(
    suite: Suite,
    *,
    cameras: str | None,
    rig: Path | None,
    size: str | None,
    fov: str | None,
    planes: str | None,
    every: int | None,
) -> Suite:
    """``suite`` with what the options say in place of its own definitions.

    Raises:
        UsageError: cameras are named twice over.
        ScenarioError: one of the texts cannot be meant.
    """
    from harness.recording.plan import adapted
    from sim_scenarios.camera import parse_planes, parse_sizes
    from sim_scenarios.rig import load_rig, parse_cameras, parse_fovs

    if cameras is not None and rig is not None:
        raise UsageError("--cameras and --rig both say which cameras there are: give one of them")
    return adapted(
        suite,
        named=parse_cameras(cameras) if cameras is not None else (),
        rig=load_rig(rig) if rig is not None else (),
        sizes=parse_sizes(size) if size is not None else (),
        fovs=parse_fovs(fov) if fov is not None else (),
        planes=parse_planes(planes) if planes is not None else (),
        every=every,
    )
