"""``harness mine``: the frames of a drive that are worth learning from, as a list, and as a recording to train on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.driven_recording import check_recording_folder, record_driven
from harness.cli.options import INPUT_DIRECTORY, OUTPUT, SPLITS, address_options, check_output_file, resume_option
from harness.cli.output import OutputTable, notes_to, print_formatted
from harness.cli.report_options import format_option
from harness.errors import DataError, UsageError

if TYPE_CHECKING:
    from harness.mining.criteria import Criterion
    from harness.mining.mine import Mined, MinedFrame

CRITERIA = ("infraction", "iou")
"""They stand here a second time, because importing `harness.mining` would make ``--help`` slow."""
MAX_LISTED = 20
"""Rows of the table; files and other formats have all."""
TO_LEARN_FROM = ("train", "val")


@click.command(short_help="List the worst frames of a drive; make a recording of them.")
@click.argument("drive", type=INPUT_DIRECTORY)
@click.option("-o", "--output", type=OUTPUT, metavar="FILE", help="Write the whole list as CSV.")
@click.option("--to", type=OUTPUT, metavar="DIR", help="Record the frames into this folder, by replaying the drives.")
@resume_option
@click.option("--overwrite", is_flag=True, help="Replace the file of -o, and delete what the folder of --to holds.")
@click.option(
    "--by",
    "criteria",
    multiple=True,
    type=click.Choice(CRITERIA),
    help="infraction: soon before something went wrong. iou: the poorest masks. [default: both, in turns]",
)
@click.option("--class", "class_name", metavar="NAME", help="Whose IoU counts. [default: road and lines together]")
@click.option("--limit", default=300, type=click.IntRange(1), help="Frames at most.")
@click.option("--before", "before_s", default=3.0, type=click.FloatRange(0), help="Time before an infraction [s].")
@click.option("--min-gap", "min_gap_s", default=0.5, type=click.FloatRange(0), help="Between frames of an episode [s].")
@click.option(
    "--min-motion",
    "min_motion_m",
    default=0.5,
    type=click.FloatRange(0),
    help="Of the ego between frames of an episode, unless it turned by 5 degrees [m].",
)
@click.option("--policy", "policies", metavar="A,B,...", help="Whose episodes. [default: everybody's]")
@click.option(
    "--split",
    "splits",
    multiple=True,
    type=click.Choice(SPLITS),
    help="Of the scenarios. [default: all for a list, train and val for --to]",
)
@address_options
@format_option
def mine(
    drive: Path, output: Path | None, to: Path | None, resume: bool, overwrite: bool, criteria: tuple[Criterion, ...],
    class_name: str | None, limit: int, before_s: float, min_gap_s: float, min_motion_m: float, policies: str | None,
    splits: tuple[str, ...], host: str | None, port: int | None, output_format: str,
) -> None:  # fmt: skip
    """List the frames of DRIVE, a folder of `harness drive`, that a net has most to learn from, the worst first.

    The list comes from the stored logs. With --to the frames become a recording: each episode is replayed, and what the
    driving camera saw at the chosen ticks is written as shards. `harness train RECORDING --add DIR` learns from both.
    Frames keep the split of their scenario, so that nothing that a suite tests by is ever trained on.
    """
    from harness.mining.mine import MiningRules
    from harness.mining.mine import mine as mine_frames

    note = notes_to(output_format)
    check_output_file(output, overwrite=overwrite)
    if to is not None:
        check_recording_folder(to, drive, resume=resume, overwrite=overwrite)
    elif resume:
        raise UsageError("--resume goes on with the folder of --to: give that, too")
    rules = MiningRules(
        criteria=tuple(dict.fromkeys(criteria or CRITERIA)),  # type: ignore[arg-type]
        class_name=class_name,
        limit=limit,
        before_s=before_s,
        min_gap_s=min_gap_s,
        min_motion_m=min_motion_m,
        policies=tuple(name.strip() for name in (policies or "").split(",") if name.strip()),
        splits=splits or (TO_LEARN_FROM if to is not None else ()),
    )
    mined = mine_frames(drive, rules)
    _print_frames(mined, output_format)
    _tell_left_out(mined, note)
    if output is not None:
        _save(mined.frames, output)
        note(str(output))
    if to is not None:
        _record(drive, mined, to, host=host, port=port, resume=resume, overwrite=overwrite, note=note)


def _record(
    drive: Path, mined: Mined, to: Path, *, host: str | None, port: int | None, resume: bool, overwrite: bool,
    note: Callable[[str], None],
) -> None:  # fmt: skip
    from harness.mining.episode_drives import driven_suite

    if not mined.frames:
        raise DataError(f"{drive} has no frame that these options choose, so there is nothing to record into {to}")
    record_driven(
        driven_suite(drive, mined.frames), to, frames=mined.frames, host=host, port=port, resume=resume,
        overwrite=overwrite, note=note,
    )  # fmt: skip


def _print_frames(mined: Mined, output_format: str) -> None:
    from harness.mining.table import frame_table

    shown = mined.frames[:MAX_LISTED] if output_format == "table" else mined.frames
    if output_format in ("csv", "json"):
        table = frame_table(shown)
        columns, rows = tuple(table.columns), tuple(table.itertuples(index=False, name=None))
    else:
        columns = ("scenario", "weather", "size", "policy", "repeat", "split", "time s", "IoU", "why")
        rows = tuple(
            (
                each.key.scenario, each.key.weather, f"{each.key.width}x{each.key.height}", each.key.policy,
                each.key.repeat, each.split, f"{each.time_s:.2f}", each.iou, each.reason,
            )
            for each in shown
        )  # fmt: skip
    episodes = len({each.key for each in mined.frames})
    title = f"frames: {len(mined.frames)} of {episodes} episodes" + (
        f"; the first {len(shown)}" if len(shown) < len(mined.frames) else ""
    )
    print_formatted([OutputTable(name="frames", title=title, columns=columns, rows=rows)], output_format)


def _tell_left_out(mined: Mined, note: Callable[[str], None]) -> None:
    for split, number in sorted(mined.other_splits.items()):
        note(f"note: episodes of split {split} left out: {number} (--split {split} takes them)")
    if mined.not_driven:
        note(f"note: planned episodes without a log: {mined.not_driven}")


def _save(frames: tuple[MinedFrame, ...], output: Path) -> None:
    from harness.mining.table import frame_table
    from harness.scoring.spreadsheet import write_table

    write_table(output, frame_table(frames))
