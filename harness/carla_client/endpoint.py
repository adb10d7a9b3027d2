"""Which server a command talks to: the one that was named, or the embedded simulator that comes with the program.

From here on both are the same: a host, a port and CARLA's protocol.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.carla_client.embedded import EmbeddedServer, start_embedded
from harness.carla_client.lifeline import Lifeline
from harness.carla_client.probe import ask_version, is_listening, require_supported
from harness.carla_client.process_state import holding_failing_threads
from harness.errors import ServerLostError, ServerNotFoundError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 2000


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A server that answered and has the right version."""

    host: str
    port: int
    version: str
    embedded: bool
    seed: int | None = None
    """Of the embedded simulator that was started for this program: its towns depend on it. None: a named server."""
    cache_dir: Path | None = None
    """Where the carla client keeps files it fetches from the server; None: its own place in the home folder."""
    child: EmbeddedServer | None = None
    lifeline: Lifeline | None = None
    """Tells when the server is gone."""

    def describe(self) -> str:
        """One line: which server this is."""
        kind = "the embedded simulator" if self.embedded else "a server"
        return f"CARLA {self.version} at {self.host}:{self.port} ({kind})"

    def is_alive(self) -> bool:
        """Whether something still listens at the port."""
        return not self.is_known_lost() and is_listening(self.host, self.port)

    def is_known_lost(self) -> bool:
        """Whether the server was seen to end, or was given up; costs nothing."""
        return self.lifeline is not None and self.lifeline.lost.is_set()

    def give_up(self) -> None:
        """Count the server as lost from now on: it listens and does not answer."""
        if self.lifeline is not None:
            self.lifeline.lost.set()

    def last_words(self) -> str:
        """Why the server is gone, where that is known; otherwise empty."""
        return self.child.last_words() if self.child is not None else ""


@contextlib.contextmanager
def open_endpoint(
    host: str | None,
    port: int | None,
    *,
    seed: int = 0,
    threads: int = 0,
    timeout_s: float = 240.0,
    log_dir: Path | None = None,
) -> Iterator[Endpoint]:
    """Find the server named by ``host`` and ``port``; with neither, run the embedded simulator while the block lasts.

    Args:
        host: Name or address; None with a port means this machine.
        port: RPC port; None with a host means 2000.
        seed: For the embedded simulator.
        threads: With which the embedded simulator renders; 0: one for each core.
        timeout_s: For the embedded simulator to become ready [s]; the first time on a machine it compiles its kernels,
            for about a minute. A named server has at most 10 s to answer.
        log_dir: Keeps the embedded simulator's log; None: a temporary folder, which stays only after an error.

    Raises:
        ServerNotFoundError: nothing usable answers.
        ServerVersionError: it answers with another version.
    """
    if host is None and port is None:
        with _scratch_folder(keep_after_error=log_dir is None) as scratch:
            log_path = (log_dir or scratch) / "embedded_simulator.log"
            with start_embedded(seed=seed, timeout_s=timeout_s, log_path=log_path, threads=threads) as child:
                require_supported(child.version, where=f"{child.host}:{child.port}")
                with Lifeline(child.host, child.port) as lifeline:
                    endpoint = Endpoint(
                        host=child.host,
                        port=child.port,
                        version=child.version,
                        embedded=True,
                        seed=seed,
                        cache_dir=scratch,
                        child=child,
                        lifeline=lifeline,
                    )
                    with holding_failing_threads(lambda: not endpoint.is_alive()):
                        yield endpoint
        return
    host, port = host or DEFAULT_HOST, port or DEFAULT_PORT
    version = ask_version(host, port, timeout_s=min(timeout_s, 10.0))
    require_supported(version, where=f"{host}:{port}")
    with Lifeline(host, port) as lifeline:
        named = Endpoint(host=host, port=port, version=version, embedded=False, lifeline=lifeline)
        with holding_failing_threads(lambda: not named.is_alive()):
            yield named


@contextlib.contextmanager
def _scratch_folder(*, keep_after_error: bool) -> Iterator[Path]:
    """A temporary folder that stays only where an error message may have named the log in it."""
    folder = Path(tempfile.mkdtemp(prefix="harness-"))
    is_kept = False
    try:
        yield folder
    except (ServerNotFoundError, ServerLostError):
        is_kept = keep_after_error
        raise
    finally:
        if not is_kept:
            shutil.rmtree(folder, ignore_errors=True)
