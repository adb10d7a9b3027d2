"""Clients write into one folder and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim_scenarios.embedded_simulator.recorder.scratch import Scratch
from sim_scenarios.embedded_simulator.world.errors import WorldError


def test_a_name_is_a_file_of_the_folder(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    assert scratch.path_of("drive.log") == tmp_path / "drive.log"
    assert scratch.path_of("runs/drive.log") == tmp_path / "runs" / "drive.log"


def test_the_path_that_was_answered_can_be_handed_back(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    path = scratch.path_of("drive.log")
    assert scratch.path_of(str(path)) == path


@pytest.mark.parametrize("name", ["../drive.log", "/etc/passwd", "a/../../drive.log", "/", ".", "~/../.."])
def test_what_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WorldError, match=r"scratch folder|cannot be called"):
        Scratch(tmp_path / "scratch").path_of(name)


def test_the_refusal_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match=r"/home/you/drive\.log.*plain file name.*--scratch"):
        Scratch(tmp_path).path_of("/home/you/drive.log")


@pytest.mark.parametrize("name", ["", "a\0b", "C:\\drive.log", "x" * 256, "\udcff" * 256, "runs/"])
def test_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WorldError, match="expected a file name"):
        Scratch(tmp_path).path_of(name)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    with pytest.raises(WorldError, match="outside"):
        Scratch(folder).path_of("out/drive.log")


def test_a_private_folder_goes_and_a_named_one_stays(tmp_path: Path) -> None:
    private, named = Scratch(), Scratch(tmp_path)
    path = private.path_of("drive.log")
    path.write_text("x")
    assert path.parent.stat().st_mode & 0o077 == 0
    named.path_of("drive.log").write_text("x")
    private.close()
    named.close()
    assert not path.parent.exists()
    assert (tmp_path / "drive.log").exists()
