"""``harness verify``: whether a recording, or one shard, is what was recorded."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from harness.cli.output import print_table, progress_bar, say
from harness.errors import DataError

if TYPE_CHECKING:
    from datasets.verification import Verdict

SHOWN_DIGITS = 12
"""Of a checksum in the table; ``--json`` has all 64."""


@click.command(short_help="Check every checksum, pixel, pair and index of a recording or shard.")
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--strict", is_flag=True, help="Warnings count as errors, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.pass_context
def verify(ctx: click.Context, path: Path, strict: bool, as_json: bool) -> None:
    """Look through PATH, a recording or one shard, whole, and say what is damaged, missing or left over.

    Every stored byte is held against its checksum, every decoded image against the hash taken when it was recorded.
    Where a drive was recorded under several weathers, their tags are compared frame by frame; equal tags have equal
    tags checksums.

    The exit code is 0 when there is no error (with --strict: no warning either), and 7 otherwise.
    """
    from datasets.verification import verify as verify_recording

    with progress_bar() as progress:
        verdict = verify_recording(path, progress=progress)
    if as_json:
        click.echo(json.dumps(_content(path, verdict), indent=1))
    else:
        _print(path, verdict)
    if not verdict.is_whole or (strict and verdict.findings):
        ctx.exit(DataError.exit_code)


def _print(path: Path, verdict: Verdict) -> None:
    print_table(
        f"{path}: {sum(shard.num_frames for shard in verdict.shards)} frames",
        ("shard", "frames", "planes", "tags checksum", "verdict"),
        [
            (
                escape(_printable(shard.file)),
                shard.num_frames,
                " ".join(shard.planes),
                shard.tags_sha256[:SHOWN_DIGITS] or None,
                _shard_verdict(shard.file, verdict),
            )
            for shard in verdict.shards
        ],
    )
    for finding in verdict.findings:
        place = finding.file if finding.frame is None else f"{finding.file}, frame {finding.frame}"
        say(f"{finding.severity}: {_printable(f'{place}: {finding.detail}')}")
    for line in _paired_lines(verdict):
        say(line)
    say(f"verdict: {_summary(verdict)}")


def _printable(text: str) -> str:
    """`text` on one line, without what would steer a terminal or cannot be encoded: files may have any name."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def _shard_verdict(file: str, verdict: Verdict) -> str:
    severities = {finding.severity for finding in verdict.findings if finding.file == file}
    return "damaged" if "error" in severities else "warning" if severities else "whole"


def _paired_lines(verdict: Verdict) -> list[str]:
    """One line for each number of weathers that scenarios were recorded under."""
    lines = []
    for count in sorted({len(pair.weathers) for pair in verdict.paired}):
        pairs = [pair for pair in verdict.paired if len(pair.weathers) == count]
        compared = sum(pair.frames_compared for pair in pairs)
        identical: Counter[str] = Counter()
        for pair in pairs:
            identical.update(pair.identical)
        shares = [f"{frames:,} of {compared:,} frames with identical {plane}" for plane, frames in identical.items()]
        scenarios = _number(len({pair.scenario for pair in pairs}), "scenario")
        lines.append(f"paired weather: {scenarios} x {count} weathers, {', '.join(shares)}")
    return lines


def _summary(verdict: Verdict) -> str:
    counts = [
        _number(count, what)
        for count, what in ((verdict.num_errors, "error"), (verdict.num_warnings, "warning"))
        if count
    ]
    return ", ".join(["whole" if verdict.is_whole else "damaged", *counts])


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _content(path: Path, verdict: Verdict) -> dict[str, Any]:
    """The verdict for scripts; `FORMAT.md` has no part in it, names stay as they are."""
    return {
        "path": str(path),
        "verdict": "whole" if verdict.is_whole else "damaged",
        "errors": verdict.num_errors,
        "warnings": verdict.num_warnings,
        "frames": sum(shard.num_frames for shard in verdict.shards),
        "shards": [
            {
                "file": shard.file,
                "frames": shard.num_frames,
                "planes": list(shard.planes),
                "tags_sha256": shard.tags_sha256,
                "verdict": _shard_verdict(shard.file, verdict),
            }
            for shard in verdict.shards
        ],
        "streams": [
            {
                "scenario": stream.scenario,
                "weather": stream.weather,
                "camera": stream.camera,
                "frames": stream.num_frames,
                "tags_sha256": stream.tags_sha256,
            }
            for stream in verdict.streams
        ],
        "paired_weather": [
            {
                "scenario": pair.scenario,
                "camera": pair.camera,
                "weathers": list(pair.weathers),
                "frames_compared": pair.frames_compared,
                "frames_identical": dict(pair.identical),
            }
            for pair in verdict.paired
        ],
        "findings": [
            {"severity": finding.severity, "file": finding.file, "frame": finding.frame, "detail": finding.detail}
            for finding in verdict.findings
        ],
    }
