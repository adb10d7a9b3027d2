"""Output folders: nothing is lost by a mistyped option, and every file is whole."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness import run_dir
from harness.errors import DataError, OutputInUseError, UsageError
from harness.run_dir import (
    MARKER,
    RunDir,
    folder_name,
    lock_output,
    prepare_output,
    replacing,
    write_csv,
    write_json,
    write_manifest,
)

HOLD_LOCK = """
import sys
from pathlib import Path
from harness.run_dir import lock_output
with lock_output(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


class TestPrepareOutput:
    def test_a_new_folder_is_made_with_its_parents(self, tmp_path: Path) -> None:
        out = prepare_output(tmp_path / "a" / "b")
        assert out.is_dir()

    def test_preparing_twice_is_fine_while_nothing_was_written(self, tmp_path: Path) -> None:
        prepare_output(tmp_path / "out")
        assert prepare_output(tmp_path / "out").is_dir()

    def test_a_used_folder_is_refused_and_the_message_says_what_and_how_on(self, tmp_path: Path) -> None:
        prepare_output(tmp_path)
        for name in "dcba":
            (tmp_path / name).touch()
        with pytest.raises(OutputInUseError, match=r"holds a, b, c and 1 more\..*-o.*--resume.*--overwrite"):
            prepare_output(tmp_path)

    def test_resume_keeps_everything(self, tmp_path: Path) -> None:
        prepare_output(tmp_path)
        (tmp_path / "metrics.csv").write_text("epoch")
        prepare_output(tmp_path, resume=True)
        assert (tmp_path / "metrics.csv").read_text() == "epoch"

    def test_overwrite_empties_what_the_harness_made(self, tmp_path: Path) -> None:
        outside = tmp_path / "precious"
        outside.mkdir()
        (outside / "thesis.txt").touch()
        out = prepare_output(tmp_path / "out")
        (out / "metrics.csv").touch()
        (out / "shards").mkdir()
        (out / "shards" / "a.h5").touch()
        (out / "link").symlink_to(outside)
        prepare_output(out, overwrite=True)
        assert [entry.name for entry in out.iterdir()] == [MARKER]
        assert (outside / "thesis.txt").exists()

    @pytest.mark.parametrize("wish", [{}, {"resume": True}, {"overwrite": True}])
    def test_a_folder_that_is_not_ours_stays_as_it_is(self, tmp_path: Path, wish: dict[str, bool]) -> None:
        (tmp_path / "thesis.txt").touch()
        with pytest.raises(OutputInUseError, match="was not made by the harness"):
            prepare_output(tmp_path, **wish)
        assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]

    def test_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "out").touch()
        with pytest.raises(OutputInUseError, match="is a file"):
            prepare_output(tmp_path / "out", overwrite=True)

    def test_a_place_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(OutputInUseError, match=r"Cannot write to .*file/out"):
            prepare_output(tmp_path / "file" / "out")

    @pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
    def test_what_cannot_be_emptied_is_named(self, tmp_path: Path) -> None:
        out = prepare_output(tmp_path / "out")
        (out / "metrics.csv").touch()
        (out / MARKER).unlink()
        (out / MARKER).symlink_to("/proc/version")  # a file that nobody can write
        with pytest.raises(OutputInUseError, match=r"Cannot write to .*out"):
            prepare_output(out, overwrite=True)
        assert (out / "metrics.csv").exists()

    def test_resume_and_overwrite_contradict(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="give one of them"):
            prepare_output(tmp_path, resume=True, overwrite=True)

    @pytest.mark.parametrize("wish", [{"overwrite": True}, {"resume": True}])
    def test_what_is_read_is_not_emptied_or_mixed_with(self, tmp_path: Path, wish: dict[str, bool]) -> None:
        out = prepare_output(tmp_path / "out")
        (out / "drives").mkdir()
        for read in (out, out / "drives", tmp_path / "out/../out"):
            with pytest.raises(UsageError, match="choose another folder"):
                prepare_output(out, inputs=[tmp_path / "elsewhere", read], **wish)
        assert (out / "drives").exists()
        prepare_output(out, inputs=[tmp_path / "out2", tmp_path], **wish)


class TestLockOutput:
    def test_a_second_process_is_refused_until_the_first_is_gone(self, tmp_path: Path) -> None:
        out = prepare_output(tmp_path / "out")
        (out / "data").touch()
        command = [sys.executable, "-c", HOLD_LOCK, str(out)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(run_dir.__file__).parent.parent
        ) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"locked\n"
            with pytest.raises(OutputInUseError, match="Another process is writing"), lock_output(out):
                pass
            with pytest.raises(OutputInUseError, match="Another process is writing"):
                prepare_output(out, overwrite=True)
            other.kill()
        with lock_output(out):
            assert (out / "data").exists()

    def test_what_a_killed_writer_left_is_removed(self, tmp_path: Path) -> None:
        out = prepare_output(tmp_path / "out")
        (out / "cells").mkdir()
        leftovers = [out / ".best.safetensors.4711.part", out / "cells/.one.npz.4711.part"]
        for leftover in leftovers:
            leftover.touch()
        with lock_output(out):
            assert not any(leftover.exists() for leftover in leftovers)


class TestAtomicWrites:
    def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(self, tmp_path: Path) -> None:
        path = tmp_path / "best.json"
        path.write_text("old")

        def interrupted() -> None:
            with replacing(path) as temporary:
                temporary.write_text("ne")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert path.read_text() == "old"
        assert [entry.name for entry in tmp_path.iterdir()] == ["best.json"]

    def test_json_refuses_nan_and_keeps_the_old_file(self, tmp_path: Path) -> None:
        path = tmp_path / "a.json"
        write_json(path, {"miou": 0.5})
        with pytest.raises(ValueError, match="JSON"):
            write_json(path, {"miou": float("nan")})
        assert json.loads(path.read_text()) == {"miou": 0.5}

    def test_csv_quotes_what_needs_it(self, tmp_path: Path) -> None:
        write_csv(tmp_path / "a.csv", [{"name": "a, b", "n": 1}, {"name": 'say "x"', "n": 2}])
        assert (tmp_path / "a.csv").read_text() == 'name,n\n"a, b",1\n"say ""x""",2\n'

    def test_csv_without_rows_still_has_its_header(self, tmp_path: Path) -> None:
        write_csv(tmp_path / "a.csv", [], columns=("epoch", "miou"))
        assert (tmp_path / "a.csv").read_text() == "epoch,miou\n"


class TestManifest:
    def test_it_says_where_a_result_came_from(self, tmp_path: Path) -> None:
        recording = tmp_path / "recording"
        recording.mkdir()
        (recording / "manifest.json").write_text("abc")
        (tmp_path / "suite.yaml").write_text("")
        write_manifest(
            tmp_path / "out.json",
            seeds={"seed": 3},
            inputs={"recording": recording, "suite": tmp_path / "suite.yaml"},
            command=["harness", "train"],
            extra={"device": "cpu"},
        )
        (session,) = json.loads((tmp_path / "out.json").read_text())["sessions"]
        assert session["command"] == ["harness", "train"]
        assert session["seeds"] == {"seed": 3}
        assert session["device"] == "cpu"
        assert session["packages"]["torch"]
        # SHA-256 of "abc" and of nothing, from FIPS 180-2 and everyone's memory.
        assert session["inputs"]["recording"]["sha256"].startswith("ba7816bf8f01cfea")
        assert session["inputs"]["suite"]["sha256"].startswith("e3b0c44298fc1c14")

    def test_a_resumed_run_adds_a_session(self, tmp_path: Path) -> None:
        for seed in (1, 2):
            write_manifest(tmp_path / "m.json", seeds={"seed": seed}, inputs={})
        sessions = json.loads((tmp_path / "m.json").read_text())["sessions"]
        assert [session["seeds"]["seed"] for session in sessions] == [1, 2]

    @pytest.mark.parametrize("content", ["{", "[]", '{"sessions": 3}'])
    def test_a_damaged_manifest_is_not_overwritten(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "m.json").write_text(content)
        with pytest.raises(DataError, match="is not a manifest"):
            write_manifest(tmp_path / "m.json", seeds={}, inputs={})
        assert (tmp_path / "m.json").read_text() == content

    def test_a_missing_input_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="nowhere is missing"):
            write_manifest(tmp_path / "m.json", seeds={}, inputs={"recording": tmp_path / "nowhere"})

    def test_no_commit_is_claimed_for_code_outside_a_checkout(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(harness, "__file__", str(tmp_path / "harness" / "__init__.py"))
        assert run_dir.git_commit() is None


def test_the_names_of_a_runs_files(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "run")
    assert [run.weights("best").name, run.description("last").name] == ["best.safetensors", "last.json"]


def test_importing_it_does_not_import_torch() -> None:
    code = "import sys, harness.run_dir; sys.exit('torch' in sys.modules or 'carla' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(run_dir.__file__).parent.parent)


@pytest.mark.parametrize("name", ["ClearNoon", "WetCloudySunset", "a-b_c.d"])
def test_safe_names_are_folder_names(name: str) -> None:
    assert folder_name(name) == name


def test_other_names_become_safe_and_stay_apart() -> None:
    names = ["ClearNoon:fog_density=60", "ClearNoon:fog_density=61", "../../x", "..", "a/b", "a b", ".hidden"]
    folders = [folder_name(name) for name in names]
    assert len(set(folders)) == len(names)
    for folder in folders:
        assert "/" not in folder
        assert ":" not in folder
        assert not folder.startswith(".")
