"""What ``harness preview`` refuses without a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import harness


@pytest.mark.parametrize(
    ("output", "options", "code", "hint"),
    [
        ("there.png", (), 9, "--overwrite"),
        ("no/folder.png", (), 2, "PNG file in a folder that exists"),
        (".", (), 2, "PNG file"),
        ("new.png", ("--weather", "ClearNon"), 6, "ClearNoon"),
        ("new.png", ("--size", "640"), 6, "640"),
        ("new.png", ("--split", "train", "--seconds", "0"), 2, "--seconds"),
    ],
)
def test_what_cannot_be_drawn_is_said_before_a_server_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str, options: tuple[str, ...], code: int, hint: str
) -> None:
    (tmp_path / "there.png").write_bytes(b"kept")
    with pytest.raises(SystemExit) as ended:
        harness(["preview", "smoke", "-o", str(tmp_path / output), *options])
    assert (ended.value.code, hint in capsys.readouterr().err) == (code, True)
    assert [path.name for path in tmp_path.iterdir()] == ["there.png"]
    assert (tmp_path / "there.png").read_bytes() == b"kept"
