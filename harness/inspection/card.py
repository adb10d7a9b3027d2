"""The data card: a page in Markdown that says what the data are, how they came about and what is wrong with them.

Decisions: written anew each time, without a date or a machine's name, so that equal data have equal cards. What stands
below `OWN_WORDS` belongs to the user, licence included, and is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from datasets.shard import ShardHeader
from harness.inspection import markdown as md
from harness.inspection.class_shares import ClassShares, Shares
from harness.inspection.survey import StreamRow, Survey
from harness.streams import Stream

CARD_NAME = "data_card.md"
FIGURE_NAME = "data_card.png"
SHEET_NAME = "contact_sheet.png"

OWN_WORDS = "<!-- What stands below this line is yours: harness inspect keeps it. -->"
_FIRST_WORDS = """
## Licence

To be filled in by who publishes these data.
"""

LOADING = """\
from pathlib import Path
from datasets.recording_dir import RecordingDir
from datasets.shard import ShardReader
for entry in RecordingDir.open(Path("DIR")).shards("{split}"):
    with ShardReader(entry.path) as shard:
        sample = shard[0]  # .rgb (H, W, 3), .tags (H, W), .frame, .timestamp_s, .camera_transform
"""
"""A program of six lines; `{split}` is filled in."""

_MAX_SHARDS_LISTED = 64
_MAX_LINES = 40
"""Faults that are listed."""


def data_card(survey: Survey, streams: Sequence[Stream], *, sampled_frames: int, earlier: str | None = None) -> str:
    """The card as Markdown.

    Args:
        survey: Of the recording.
        streams: The same that were surveyed.
        sampled_frames: How many frames were decoded for the brightness of the figure.
        earlier: The card that lies there already, if any: its user's words are kept.
    """
    parts = (
        _summary(survey, streams),
        _pictures(streams),
        _recorded(survey, streams),
        _content(survey),
        *(_classes(table) for table in survey.classes),
        _motion(survey),
        _repetitions(survey),
        _faults(survey),
        _loading(survey),
        _provenance(survey, streams, sampled_frames),
    )
    return "\n\n".join(parts) + f"\n\n{OWN_WORDS}\n{_own_words(earlier)}"


def _own_words(earlier: str | None) -> str:
    if earlier is None or OWN_WORDS not in earlier:
        return _FIRST_WORDS
    return earlier.split(OWN_WORDS, 1)[1].removeprefix("\n")


def _summary(survey: Survey, streams: Sequence[Stream]) -> str:
    suites = md.listed(str(stream.header.extra.get("suite", "")) for stream in streams)
    splits = ", ".join(f"{frames:,} {split}" for split, frames in survey.frames_by("split").items())
    tables = " and ".join(f"{table.labels.name} ({table.labels.num_classes} classes)" for table in survey.classes)
    stored = sum(row.stored_bytes for row in survey.rows)
    planes = md.listed(plane for row in survey.rows for plane in row.planes)
    return (
        f"# Data card{': ' + suites if suites else ''}\n\n"
        f"{survey.frames:,} street frames with a class for each pixel, from "
        f"{md.count(len(survey.frames_by('scenario')), 'scenario')}. Frames by split: {splits}. "
        f"Planes: {planes}. Labels: {tables}. {stored / 1e6:,.1f} MB."
    )


def _pictures(streams: Sequence[Stream]) -> str:
    has_drives = any(stream.index["camera_transform"].any() for stream in streams)
    drives = "Drives are seen from above, y downwards, and numbered as in the table below. " if has_drives else ""
    return (
        f"![Class shares, brightness and drives]({FIGURE_NAME})\n\n{drives}"
        f"A few frames of each scenario: [{SHEET_NAME}]({SHEET_NAME})."
    )


def _recorded(survey: Survey, streams: Sequence[Stream]) -> str:
    headers = [stream.header for stream in streams]
    steps = sorted({_step_s(stream) for stream in streams} - {None}, key=lambda step: step or 0.0)
    facts = {
        "imported from": md.listed(map(_importer, headers)),
        "server": md.listed(map(_server, headers)),
        "written by": md.listed(f"carla-loop-harness {header.harness_version}" for header in headers),
        "towns": md.listed(survey.frames_by("town")),
        "weathers": md.listed(survey.frames_by("weather")),
        "step of the simulation": md.listed(f"{step:g} s" for step in steps),
        "ticks recorded": md.listed(_every(row.holes.every) for row in survey.rows) if steps else "",
        "left out on purpose": md.listed(map(_thinning, headers)),
        "seeds": md.shortened(sorted({header.seed for header in headers})),
    }
    lines = [f"- {name}: {fact}" for name, fact in facts.items() if fact]
    cameras = {(stream.camera, stream.size): stream for stream in streams}
    table = md.table(
        ("camera", "size [px]", "field of view [deg]", "x, y, z [m]", "pitch, yaw, roll [deg]"),
        [
            (
                name,
                size,
                md.number(stream.header.camera.get("fov")),
                ", ".join(md.number(stream.header.camera.get(axis)) for axis in "xyz"),
                ", ".join(md.number(stream.header.camera.get(angle)) for angle in ("pitch", "yaw", "roll")),
            )
            for (name, size), stream in cameras.items()
        ],
    )
    is_mounted = any("x" in header.camera for header in headers)
    axes = "\n\nMounting poses are relative to the vehicle on CARLA's left-handed axes: x forward, y right, z up."
    return "## How it came about\n\n" + "\n".join(lines) + "\n\n" + table + (axes if is_mounted else "")


def _content(survey: Survey) -> str:
    counts = [
        ("split", "split"), ("town", "town"), ("weather", "weather"), ("camera", "camera"), ("size", "size"),
    ]  # fmt: skip
    lines = []
    for title, name in counts:
        found = survey.frames_by(name)
        lines.append(f"- by {title}: " + ", ".join(f"{md.text(key)} {frames:,}" for key, frames in found.items()))
    rows = [
        (number, *_scenario_cells(list(group)))
        for number, (_, group) in enumerate(groupby(_by_scenario(survey.rows), key=lambda row: row.scenario), start=1)
    ]
    table = md.table(("#", "scenario", "split", "town", "weathers", "cameras", "frames", "seconds", "metres"), rows)
    return "## What is in it\n\nFrames:\n\n" + "\n".join(lines) + "\n\n" + table


def _by_scenario(rows: Sequence[StreamRow]) -> list[StreamRow]:
    order = list(dict.fromkeys(row.scenario for row in rows))
    return sorted(rows, key=lambda row: order.index(row.scenario))


def _scenario_cells(rows: Sequence[StreamRow]) -> tuple[object, ...]:
    first = rows[0]
    return (
        first.scenario,
        first.split,
        first.town,
        md.listed(row.weather for row in rows),
        md.listed(row.camera for row in rows),
        f"{sum(row.frames for row in rows):,}",
        f"{first.motion.last_s - first.motion.first_s:.1f}",
        f"{first.motion.metres:.0f}",
    )


def _classes(table: ClassShares) -> str:
    names = [table.labels.names[number] for number in table.present]

    def rows(shares: Shares) -> list[tuple[object, ...]]:
        cells = [
            (name, *(md.share(float(shares.labelled[group, number])) for group in range(len(shares.groups))))
            for name, number in zip(names, table.present, strict=True)
        ]
        return [*cells, ("*unlabelled, of all pixels*", *(md.share(float(void)) for void in shares.void))]

    absent = [
        label.name
        for number, label in enumerate(table.labels.classes)
        if number not in table.present and number not in table.labels.ignored
    ]
    text = (
        f"## Classes: {table.labels.name}\n\nShare of the labelled pixels, by weather:\n\n"
        + md.table(("class", *table.by_weather.groups), rows(table.by_weather))
        + "\n\nBy split:\n\n"
        + md.table(("class", *table.by_split.groups), rows(table.by_split))
    )
    return text + (f"\n\nClasses that never occur: {', '.join(map(md.text, absent))}." if absent else "")


def _motion(survey: Survey) -> str:
    seen: dict[str, StreamRow] = {}
    for row in survey.rows:
        seen.setdefault(row.scenario, row)
    rows = list(seen.values())
    metres = sum(row.motion.metres for row in rows)
    if not metres:
        return "## Motion\n\nThe frames have no poses, or the camera never moved."
    steps = sum(row.frames - 1 for row in rows)
    still = sum((row.motion.still_share or 0.0) * (row.frames - 1) for row in rows) / max(steps, 1)
    largest = max(rows, key=lambda row: row.motion.largest_step_m)
    seconds = sum(row.motion.last_s - row.motion.first_s for row in rows)
    return (
        f"## Motion\n\nEach drive counted once: {metres:,.0f} m in {seconds:,.1f} s of simulated "
        f"time; the camera stands still in {still:.1%} of the steps from frame to frame. The largest step is "
        f"{largest.motion.largest_step_m:.2f} m in {largest.motion.largest_step_s:.2f} s, to frame "
        f"{largest.motion.largest_step_frame} of {largest.scenario}."
    )


def _repetitions(survey: Survey) -> str:
    found = survey.duplicates
    lines = [
        f"- pictures that occur again: {found.rgb:,} of {survey.frames:,} frames ({found.within_streams:,} in the same "
        f"stream, as when the car waits; {found.across_streams:,} in another), {found.rgb_and_tags:,} of them with "
        "equal tags",
        f"- in more than one split: {found.leaked_rgb:,} frames by their picture, {found.leaked_tags:,} by their tags"
        + (" (**a leak: what is tested on is trained on**)" if found.is_leaking else ""),
    ]
    lines += [f"  - {first} = {other}" for first, other in (*found.examples, *found.tags_examples)]
    if survey.pairings:
        frames, equal = (sum(getattr(each, name) for each in survey.pairings) for name in ("frames", "equal_tags"))
        lines.append(
            f"- drives in several weathers: tags are identical in all of them in {equal:,} of {frames:,} frames"
        )
    lines += [
        f"  - {md.text(each.scenario)}, {md.text(each.camera)}: only in {each.equal_tags:,} of {each.frames:,}"
        for each in survey.pairings
        if each.equal_tags < each.frames
    ]
    return "## Repetitions\n\nBy the hashes of all frames.\n\n" + "\n".join(lines)


def _faults(survey: Survey) -> str:
    lines = [f"- {_place(each)}: {each.frames:,} × {md.text(each.kind)}" for each in survey.omissions]
    lines += [
        f"- {_place(row)}: {row.holes.missing:,} frame numbers are missing, the longest row of {row.holes.longest:,} "
        f"after frame {row.holes.longest_after}"
        for row in survey.rows
        if row.holes.missing
    ]
    lines += [
        f"- {each.file} is unfinished: {each.frames:,} frames are not counted here; `harness recover` brings them back"
        for each in survey.unfinished
    ]
    if len(lines) > _MAX_LINES:
        lines = [*lines[:_MAX_LINES], f"- … and {len(lines) - _MAX_LINES} more: see `harness inspect`"]
    return "## Known faults\n\n" + ("\n".join(lines) or "None: no frame was left out and no frame number is missing.")


def _loading(survey: Survey) -> str:
    split = next(iter(survey.frames_by("split")))
    code = LOADING.format(split=split)
    return f"## How to load it\n\n```python\n{code}```\n\n`harness verify DIR` checks every frame."


def _provenance(survey: Survey, streams: Sequence[Stream], sampled_frames: int) -> str:
    mean, std = (", ".join(f"{level:.4f}" for level in levels) for levels in (survey.colours.mean, survey.colours.std))
    storage = md.table(
        ("compression", "shards", "frames", "bytes a frame", "of decoded"),
        [
            (
                row.compression if row.is_lossless else f"{row.compression} (pictures are lossy)",
                row.shards,
                f"{row.frames:,}",
                f"{row.bytes_per_frame:,.0f}",
                f"1/{row.ratio:.2f}",
            )
            for row in survey.storage
        ],
    )
    shards = [shard for stream in streams for shard in stream.shards]
    listed = md.table(
        ("shard", "frames", "SHA-256 of its header"),
        [(shard.entry.path.name, f"{len(shard.index):,}", f"`{shard.header_digest}`") for shard in shards],
    )
    return (
        f"## Storage and digests\n\n{storage}\n\n"
        f"Mean of red, green, blue (0..1): {mean}; standard deviation: {std}.\n\n"
        f"Digest of headers and frame indexes: `{survey.digest}`\n\n"
        + (listed if len(shards) <= _MAX_SHARDS_LISTED else f"{len(shards)} shards, not listed here.")
        + f"\n\nCounts, shares and repetitions are over all frames; the brightness in the figure is judged from "
        f"{md.count(sampled_frames, 'frame')}."
    )


def _place(each: object) -> str:
    return ", ".join(md.text(getattr(each, name)) for name in ("scenario", "weather", "camera"))


def _step_s(stream: Stream) -> float | None:
    definition = stream.header.extra.get("definition")
    step = definition.get("fixed_delta_seconds") if isinstance(definition, Mapping) else None
    return float(step) if isinstance(step, (int, float)) else None


def _importer(header: ShardHeader) -> str:
    origin = header.extra.get("imported_from")
    return str(origin.get("importer", "")) if isinstance(origin, Mapping) else ""


def _server(header: ShardHeader) -> str:
    is_embedded = header.extra.get("embedded_simulator") is True
    return f"embedded simulator ({header.server_version})" if is_embedded else header.server_version


def _thinning(header: ShardHeader) -> str:
    options = header.extra.get("recording")
    metres = options.get("min_motion_m") if isinstance(options, Mapping) else None
    is_thinned = isinstance(metres, (int, float)) and metres > 0
    return f"ticks at which the ego had moved less than {metres:g} m since the last one" if is_thinned else ""


def _every(ticks: int) -> str:
    return "all" if ticks == 1 else f"one in {ticks}"
