"""Output folders: who may write into one, what lies where in a training run, and where a result came from.

Decisions:

* **A folder is used once.** ``prepare_output`` refuses a folder that holds anything, unless told to resume or to
  overwrite. It touches only what the harness itself made, known by the marker file ``.harness-output``: a mistyped
  ``-o ~ --overwrite`` deletes nothing.
* **One writer.** ``lock_output`` holds an advisory lock on the marker while a command writes; it dies with its process,
  so nothing stale is ever left behind.
* **Whole files only.** Every file is written beside its place, flushed to the disk and renamed; a reader, or a crash,
  sees the old file or the new one.
* **The manifest is a list of sessions.** A resumed run adds an entry, so that each command line, version and input
  digest that had a part in the result is there.

This module must start fast: it imports neither torch nor carla.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import harness
from harness.errors import DataError, OutputInUseError, UsageError

MARKER = ".harness-output"
"""Name of the empty file that says "this folder was made by the harness"; also the lock."""

MANIFEST_SCHEMA = 1

PACKAGES = ("carla", "torch", "numpy", "h5py", "opencv-python-headless", "pandas", "numba", "safetensors")
"""Packages whose version can change a result."""


@dataclass(frozen=True)
class RunDir:
    """The files of one training run."""

    path: Path
    """The folder itself."""

    @classmethod
    def create(cls, path: Path, *, resume: bool = False, overwrite: bool = False) -> RunDir:
        """Make the folder ready for writing; see ``prepare_output`` for the rules and errors."""
        return cls(prepare_output(path, resume=resume, overwrite=overwrite))

    @property
    def config(self) -> Path:
        """The resolved ``TrainConfig``."""
        return self.path / "config.json"

    @property
    def manifest(self) -> Path:
        """Where the run came from: see ``write_manifest``."""
        return self.path / "manifest.json"

    @property
    def metrics(self) -> Path:
        """One row an epoch."""
        return self.path / "metrics.csv"

    @property
    def training_state(self) -> Path:
        """All that ``resume`` needs, in one file, so that no two files can disagree after a crash."""
        return self.path / "last_state.safetensors"

    @property
    def tensorboard(self) -> Path:
        """TensorBoard event files."""
        return self.path / "tensorboard"

    @property
    def curves(self) -> Path:
        """Loss, validation scores, learning rate and speed by epoch, drawn from ``metrics``."""
        return self.path / "curves.png"

    @property
    def panels(self) -> Path:
        """A few validation frames as the best epoch's net saw them: input, truth, prediction."""
        return self.path / "panels.png"

    @property
    def confusion(self) -> Path:
        """Validation pixels of the best epoch, a row for each true and a column for each predicted class."""
        return self.path / "confusion.csv"

    @property
    def confusion_figure(self) -> Path:
        """The same as shares of each true class."""
        return self.path / "confusion.png"

    @property
    def pictures(self) -> tuple[Path, ...]:
        """Those of the pictures that are there."""
        return tuple(path for path in (self.curves, self.panels, self.confusion_figure) if path.is_file())

    @property
    def trackers(self) -> Path:
        """Ids of this run in experiment trackers, so that a resumed run goes on in the same ones."""
        return self.path / "trackers.json"

    def weights(self, checkpoint: str) -> Path:
        """Weights of ``"best"`` or ``"last"``, self-describing safetensors."""
        return self.path / f"{checkpoint}.safetensors"

    def description(self, checkpoint: str) -> Path:
        """The same checkpoint's description as JSON, for people and other programs."""
        return self.path / f"{checkpoint}.json"


def prepare_output(path: Path, *, resume: bool = False, overwrite: bool = False, inputs: Iterable[Path] = ()) -> Path:
    """Make sure that ``path`` is a folder that may be written to, and return it.

    A folder that does not exist or is empty is fine. One that holds something must be one that the harness made (to
    resume in another would mark it as ours, to be emptied the next time), and needs ``resume`` (it is left as it is) or
    ``overwrite`` (it is emptied). The marker file itself does not count as content.
    Call it once everything that is needed is known to be there (``check_output`` before): what it deletes is gone.

    Raises:
        UsageError: both ``resume`` and ``overwrite``, or one of them in a folder that an input lies in.
        OutputInUseError: the folder is used, is not ours to empty, is a file, or another process writes to it.
    """
    content = check_output(path, resume=resume, overwrite=overwrite, inputs=inputs)
    try:
        if content and not resume:
            _empty(path, content)
        path.mkdir(parents=True, exist_ok=True)
        (path / MARKER).touch()
    except OSError as error:
        raise OutputInUseError(f"Cannot write to {path}: {error.strerror}. Choose another folder with -o.") from error
    return path


def check_output(
    path: Path, *, resume: bool = False, overwrite: bool = False, inputs: Iterable[Path] = ()
) -> list[str]:
    """Refuse what ``prepare_output`` would refuse, and change nothing.

    Args:
        path: the folder.
        resume: whether it may hold what an earlier run left.
        overwrite: whether it may be emptied.
        inputs: what the command reads, which must not lie in a folder that is emptied or gone on in.

    Returns:
        Names of what the folder holds.

    Raises:
        UsageError: both ``resume`` and ``overwrite``, or one of them in a folder that an input lies in.
        OutputInUseError: the folder is used, is not ours to empty, or is a file.
    """
    if resume and overwrite:
        raise UsageError("--resume keeps what is there and --overwrite deletes it: give one of them.")
    inside = [each for each in inputs if each.resolve().is_relative_to(path.resolve())]
    if inside and (overwrite or resume):
        what = "delete" if overwrite else "mix with what it writes"
        option = "overwrite" if overwrite else "resume"
        raise UsageError(f"--{option} would {what} {inside[0]}, which is read: choose another folder with -o.")
    if path.exists() and not path.is_dir():
        raise OutputInUseError(f"{path} is a file; an output must be a folder. Choose another name with -o.")
    content = _content(path)
    if content and not (path / MARKER).is_file():
        raise OutputInUseError(
            f"{path} holds {_listing(content)} and was not made by the harness (it has no {MARKER}). "
            "Choose another folder with -o, or empty it yourself."
        )
    if content and not resume and not overwrite:
        raise OutputInUseError(
            f"{path} already holds {_listing(content)}. Choose another folder with -o, "
            "go on with --resume, or delete what is there with --overwrite."
        )
    return content


@contextmanager
def lock_output(path: Path) -> Iterator[None]:
    """Hold a prepared folder for one writer; the lock ends with the block or the process, whichever is first.

    Half-written files that a killed writer left (see ``replacing``) are removed.

    Raises:
        OutputInUseError: another process holds it.
    """
    with (path / MARKER).open("a") as marker:
        if not _try_lock(marker.fileno()):
            raise OutputInUseError(f"Another process is writing to {path}. Wait for it, or choose another folder.")
        for leftover in path.rglob(".*.part"):
            leftover.unlink()
        yield


def write_manifest(
    path: Path,
    *,
    seeds: Mapping[str, int],
    inputs: Mapping[str, Path],
    command: Sequence[str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Add one session to the manifest at ``path``: what ran, with what, on what.

    Args:
        path: the JSON file; an earlier one keeps its sessions.
        seeds: every seed that the result depends on, by name.
        inputs: what was read, by role; each is stored as path and SHA-256 (see ``digest_input``).
        command: the command line; the process's own when omitted.
        extra: anything else that belongs to this session, JSON values only.
    """
    session = {
        "started_utc": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": list(sys.argv if command is None else command),
        "harness_version": harness.__version__,
        "git_commit": git_commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "seeds": dict(seeds),
        "inputs": {role: {"path": str(source), "sha256": digest_input(source)} for role, source in inputs.items()},
        **(extra or {}),
    }
    write_json(path, {"schema": MANIFEST_SCHEMA, "sessions": [*_sessions(path), session]})


def digest_input(path: Path) -> str:
    """Return the SHA-256 of a file, or of the ``manifest.json`` of a folder, which in turn names its files' digests.

    Raises:
        DataError: there is no such file, or the folder has no manifest.
    """
    source = path / "manifest.json" if path.is_dir() else path
    try:
        with source.open("rb") as file:
            return _sha256(file)
    except FileNotFoundError as error:
        raise DataError(f"{source} is missing; expected a file, or a folder that the harness wrote.") from error


def folder_name(name: str) -> str:
    """A name that every file system takes: itself where it is safe, else with a short digest in place of what is not.

    Weathers may be notations such as ``ClearNoon:fog_density=60``.
    """
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip(".-")
    return safe if safe == name else f"{safe[:60]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def git_commit() -> str | None:
    """Return the commit that the harness's own code is at, with ``+changes`` when files differ; None outside git.

    Only a checkout whose root is the project's own counts: a package installed into some other repository does not
    take that repository's commit for its own.
    """
    root = Path(harness.__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}+changes" if changes else commit


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` atomically as indented JSON; NaN is refused, since it is not JSON."""
    write_bytes(path, (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], *, columns: Sequence[str] | None = None) -> None:
    """Write rows atomically as CSV; columns are those of the first row unless given."""
    text = io.StringIO()
    names = list(columns if columns is not None else rows[0] if rows else ())
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(path, text.getvalue().encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that at every moment the old or the new content is there, whole, even after a power cut."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; when the block ends well, what was written there takes its place.

    On an exception, Ctrl-C included, the temporary file is removed and ``path`` stays as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        _flush_to_disk(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _flush_to_disk(path.parent)


def _content(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir() if entry.name != MARKER) if path.is_dir() else []


def _listing(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def _empty(path: Path, content: Sequence[str]) -> None:
    """Delete what a folder of ours holds; links are removed, never followed."""
    with lock_output(path):
        for name in content:
            entry = path / name
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def _try_lock(descriptor: int) -> bool:
    """Take an exclusive advisory lock without waiting."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _flush_to_disk(path: Path) -> None:
    """Flush a file or folder; folders cannot be opened on Windows, which flushes their entries itself."""
    if sys.platform == "win32" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sessions(path: Path) -> list[Any]:
    """Return the sessions of an earlier manifest; a damaged one is an error, since it would be lost by writing."""
    if not path.exists():
        return []
    try:
        sessions = json.loads(path.read_text())["sessions"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not a manifest of the harness ({error}). Move it away.") from error
    if not isinstance(sessions, list):
        raise DataError(f"{path} is not a manifest of the harness: 'sessions' is not a list. Move it away.")
    return sessions


def _sha256(file: io.BufferedReader) -> str:
    """What ``hashlib.file_digest`` does from Python 3.11 on."""
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=10).stdout.strip()
