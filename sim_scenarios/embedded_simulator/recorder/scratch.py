"""The one folder that clients may have files written to, and nothing outside it.

CARLA lets a client name any path of the server's machine. Here a name means a file in the scratch folder. An absolute
path is taken only if it lies in there: what ``start_recorder`` answers can be handed back, and a program that insists
on a folder of its own works once the server was started with ``--scratch`` for that folder.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from sim_scenarios.embedded_simulator.world.errors import WorldError

_LONGEST_NAME = 255
"""Bytes of one part of a path that file systems take."""


class Scratch:
    """A folder that was named, or a private temporary one, made when it is first needed and removed by ``close``."""

    def __init__(self, folder: Path | None = None) -> None:
        self._named = folder
        self._private: Path | None = None

    def path_of(self, name: str) -> Path:
        """Where a file that a client calls ``name`` lies or will lie.

        Raises:
            WorldError: The name leaves the folder or cannot be one; says what to do.
        """
        folder = self._folder()
        parts = name.split("/")
        if (
            not parts[-1]
            or "\0" in name
            or "\\" in name
            or any(len(p.encode(errors="replace")) > _LONGEST_NAME for p in parts)
        ):
            raise WorldError(f"a recording cannot be called {name[:80]!r}: expected a file name such as 'drive.log'")
        path = Path(folder, name).resolve()
        if not path.is_relative_to(folder) or path == folder:
            raise WorldError(
                f"recording {name[:200]!r} refused: it lies outside this server's scratch folder {folder}, and clients "
                "may write nowhere else; give a plain file name, or start the server with --scratch FOLDER"
            )
        return path

    def close(self) -> None:
        """Removes the folder if it is a private one."""
        if self._private is not None:
            shutil.rmtree(self._private, ignore_errors=True)
            self._private = None

    def _folder(self) -> Path:
        if self._named is not None:
            return self._named.resolve()
        if self._private is None:
            self._private = Path(tempfile.mkdtemp(prefix="embedded-simulator-")).resolve()
        return self._private
