"""``harness import``: public data sets, and folders of images and masks, as recordings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import COMPRESSIONS, INPUT_DIRECTORY, SPLITS, output_options
from harness.cli.output import print_table, progress_bar, say
from harness.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from datasets.importers.source import Source
    from datasets.importers.summary import ImportSummary

NAMES = ("camvid", "cityscapes", "carvana", "lyft-udacity", "ipl-carla", "folder")
_SHOWN_PROBLEMS = 10


@click.command("import", short_help="Bring a public data set, or images with masks, into recorded form.")
@click.argument("name", type=click.Choice(NAMES), metavar="NAME")
@click.argument("source", type=INPUT_DIRECTORY)
@output_options
@click.option("--dry-run", is_flag=True, help="Only say, from the heads of files, what it would become.")
@click.option("--limit", type=click.IntRange(min=1), help="Import only the first so many pairs of each split.")
@click.option("--compression", type=click.Choice(COMPRESSIONS), default="residual", help="Of the shards.")
@click.option("--allow-missing", is_flag=True, help="End well even if files had to be left out.")
@click.option("--seed", default=0, help="Of the split, where the data set has no official one.")
@click.option("--val-fraction", type=click.FloatRange(0, 1), help="Share for val, where there is no official split.")
@click.option("--test-fraction", type=click.FloatRange(0, 1), help="Share for test, likewise.")
@click.option("--split-file", "split_files", multiple=True, metavar="SPLIT=FILE", help="camvid: frames of a split.")
@click.option("--ego-bonnet", is_flag=True, help="lyft-udacity: relabel the ego vehicle's bonnet None.")
@click.option(
    "--images", default="", show_default=False, metavar="GLOB", help="folder: images, such as 'town*/rgb/*.png'."
)
@click.option(
    "--masks", default="", show_default=False, metavar="GLOB", help="folder: masks; its wildcards stand for the same."
)
@click.option(
    "--label-set", default="", show_default=False, metavar="NAME|YAML", help="folder, ipl-carla: what the masks hold."
)
@click.pass_context
def import_data(
    context: click.Context,
    /,
    name: str,
    source: Path,
    output: Path,
    resume: bool,
    overwrite: bool,
    dry_run: bool,
    limit: int | None,
    compression: str,
    allow_missing: bool,
    split_files: tuple[str, ...],
    **options: Any,
) -> None:
    """Import the data set NAME from the folder SOURCE into a recording that train, evaluate and inspect read.

    NAME is camvid, cityscapes, carvana, lyft-udacity, ipl-carla or folder (images with index masks). Files without a
    partner, files that cannot be read, and masks with unknown colours are listed and left out; import_report.json in
    the output folder has the full lists. Sizes and class ids stay as they are.
    """
    from datasets.importers.catalog import IMPORTERS
    from datasets.importers.import_run import import_source
    from datasets.importers.options import ImportOptions
    from datasets.importers.plan import plan_import
    from datasets.importers.summary import summarise
    from harness import __version__
    from harness.run_dir import check_output, lock_output, prepare_output

    chosen = ImportOptions(split_files=_split_files(split_files), **options)
    _refuse_unused(context, name, IMPORTERS[name].options)
    if name == "folder" and not chosen.label_set:
        raise UsageError("The numbers in the masks have no meaning without --label-set NAME|YAML.")
    if not dry_run:
        check_output(output, resume=resume, overwrite=overwrite, inputs=[source])
    found = IMPORTERS[name].find(source, chosen)
    with progress_bar() as progress:
        plan = plan_import(found, limit=limit, progress=progress)
        if dry_run:
            summary = summarise(plan, {}, plan.problems)
        else:
            prepare_output(output, resume=resume, overwrite=overwrite)
            with lock_output(output):  # against --overwrite of another one
                summary = import_source(
                    plan, output, harness_version=__version__, compression=compression, resume=resume, progress=progress
                )
    _print_account(found, summary, title=f"{name}: would be imported" if dry_run else f"{name}: imported into {output}")
    if summary.problems and not allow_missing and not dry_run:
        raise IncompleteError(
            f"{len(summary.problems)} files were left out; the others are imported. {output / 'import_report.json'} "
            "lists them all. Mend them and import anew with --overwrite, or accept it with --allow-missing."
        )


def _split_files(texts: tuple[str, ...]) -> Mapping[str, Path]:
    files: dict[str, Path] = {}
    for text in texts:
        split, separator, path = text.partition("=")
        if not separator or split not in SPLITS or split in files:
            raise UsageError(f"--split-file {text!r}: expected train=FILE, val=FILE or test=FILE, each once.")
        files[split] = Path(path)
    return files


def _refuse_unused(context: click.Context, name: str, used: frozenset[str]) -> None:
    """UsageError for an option that the importer would not listen to."""
    from datasets.importers.options import ImportOptions

    known = {field.name for field in fields(ImportOptions)}
    for parameter in context.command.params:
        is_given = context.get_parameter_source(str(parameter.name)) is not click.core.ParameterSource.DEFAULT
        if is_given and parameter.name in known - used:
            raise UsageError(f"{parameter.opts[0]} means nothing to {name}; leave it out.")


def _print_account(source: Source, summary: ImportSummary, *, title: str) -> None:
    from datasets.importers.summary import PROBLEM_KINDS

    kinds = [kind for kind in PROBLEM_KINDS if any(kind in row.problems for row in summary.rows)]
    has_skipped = any(row.skipped for row in summary.rows)
    print_table(
        f"{title} (labels {source.label_set.name})",
        ("split", "scenario", "size", "frames", *kinds, *(["skipped"] if has_skipped else [])),
        [
            (
                row.split or None,
                row.scenario or None,
                row.sizes or None,
                row.frames,
                *(row.problems.get(kind, 0) for kind in kinds),
                *([row.skipped] if has_skipped else []),
            )
            for row in summary.rows
        ],
    )
    say(f"{summary.num_frames} frames")
    for note in source.notes:
        say(note)
    for reason in dict.fromkeys(each.reason for each in source.skipped):
        say(f"skipped: {sum(each.frames for each in source.skipped if each.reason == reason)} frames, {reason}")
    for label in summary.unknown_labels[:_SHOWN_PROBLEMS]:
        say(f"unknown label {label.value}: {label.pixels} pixels in {label.files} files, such as {label.example}")
    for problem in summary.problems[:_SHOWN_PROBLEMS]:
        say(f"{problem.kind}: {problem.file}: {problem.detail}")
    if len(summary.problems) > _SHOWN_PROBLEMS:
        say(f"and {len(summary.problems) - _SHOWN_PROBLEMS} more")
