"""What ``harness record`` says and refuses without a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datasets.codec import COMPRESSIONS
from harness.cli import harness
from harness.cli.record_options import JPEG_QUALITY, read_options
from harness.cli.recorded_rows import print_rows
from harness.errors import ScenarioFileError, UsageError
from harness.recording.plan import RecordingOptions
from harness.recording.rows import RecordRow
from harness.recording.scenario_recorder import RECORDED_BEFORE
from harness.recording.thinning import TURN_DEG

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``harness record smoke -o out ...`` in an empty folder: (exit code, what was printed)."""
    monkeypatch.chdir(tmp_path)

    def run(*options: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            harness(["record", "smoke", "-o", "out", *options])
        printed = capsys.readouterr()
        assert list(tmp_path.iterdir()) == []
        return int(ended.value.code or 0), printed.out + printed.err

    return run


def test_a_dry_run_counts_and_touches_nothing(run: Run) -> None:
    code, printed = run(
        "--dry-run", "--weather", "ClearNoon,ClearNoon->DenseFog", "--cameras", "front,rear", "--every", "2"
    )
    assert code == 0
    lines = [line.split() for line in printed.splitlines()]
    assert ["smoke-train", "train", "4", "80", "4"] in [line[:5] for line in lines]
    assert ["total", "8", "160", "8"] in [line[:4] for line in lines]
    assert "estimated" in printed


def test_a_dry_run_with_thinning_says_that_it_is_an_upper_bound(run: Run) -> None:
    assert "there will be fewer" in run("--dry-run", "--min-motion", "0.5")[1]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--weather", "ClearNon"], ScenarioFileError.exit_code, "did you mean ClearNoon?"),
        (["--weather", "WetNoon, WetNoon"], ScenarioFileError.exit_code, "listed twice"),
        (["--weather", "ClearNoon,ClearNoon:fog_density=2"], UsageError.exit_code, "both ClearNoon"),
        (["--cameras", "frnt"], ScenarioFileError.exit_code, "did you mean front?"),
        (["--cameras", "front", "--rig", "rig.yaml"], UsageError.exit_code, "give one of them"),
        (["--rig", "rig.yaml"], ScenarioFileError.exit_code, "rig.yaml"),
        (["--size", "big"], ScenarioFileError.exit_code, "WIDTHxHEIGHT"),
        (["--fov", "200"], ScenarioFileError.exit_code, "outside"),
        (["--planes", "lidar"], ScenarioFileError.exit_code, "Known: depth, instance"),
        (["--every", "0"], UsageError.exit_code, "--every"),
        (["--min-motion", "0"], UsageError.exit_code, "--min-motion"),
        (["--shard-size", "0"], UsageError.exit_code, "--shard-size"),
        (["--compression", "lzma"], UsageError.exit_code, "residual"),
        (["--jpeg-quality", "80"], UsageError.exit_code, "goes with --compression jpeg"),
        (["--resume", "--overwrite"], UsageError.exit_code, "overwrite"),
        (["--seed", "-1"], UsageError.exit_code, "not in the range"),
        (["--seed", str(2**31)], UsageError.exit_code, "is too large"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_hint(run: Run, options: list[str], code: int, message: str) -> None:
    seen, printed = run(*options)
    assert (seen, message in printed) == (code, True), printed


def test_the_help_says_what_is_lossy_and_how_durable_durable_is(run: Run) -> None:
    code, printed = run("--help")
    words = " ".join(printed.split())
    assert code == 0
    assert all(f"{compression}:" in words for compression in COMPRESSIONS)
    assert "LOSSY" in words
    assert "after every 10 frames" in words
    assert f"turned less than {TURN_DEG:g} degrees" in words


def test_options_become_those_of_the_library() -> None:
    nothing: dict[str, None] = dict.fromkeys(("jpeg_quality", "shard_size", "min_motion", "durable_every"))
    assert read_options(compression="residual", durable=False, **nothing) == RecordingOptions()
    assert read_options(compression="residual", durable=True, **nothing).durable_every == 10
    assert read_options(compression="jpeg", durable=True, **(nothing | {"durable_every": 3})) == RecordingOptions(
        compression="jpeg", jpeg_quality=JPEG_QUALITY, durable_every=3
    )


def row(weather: str = "ClearNoon", **changes: object) -> RecordRow:
    return RecordRow(
        **({"scenario": "a", "weather": weather, "split": "train", "status": "done", "frames": 9} | changes)
    )


def test_columns_that_say_nothing_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows("recorded", Path("out"), [row(), row("DenseFog")])
    plain = capsys.readouterr().out
    assert not any(word in plain for word in ("idle", "quarantined", "differ", "jsonl", "before"))

    print_rows(
        "recorded",
        Path("out"),
        [row(note=RECORDED_BEFORE), row("DenseFog", idle=2, quarantined=3, gaps=4, other_labels=5)],
    )
    full = capsys.readouterr().out
    for word in (
        "idle",
        "quarantined",
        "differ",
        "out/gaps.jsonl",
        "out/quarantine.jsonl",
        "1 of 2 were recorded before",
    ):
        assert word in full


def test_a_note_names_its_scenario_and_weather(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows("recorded", Path("out"), [row("DenseFog", status="failed", note="no room for the ego")])
    assert "a in DenseFog: no room for the ego" in capsys.readouterr().out
