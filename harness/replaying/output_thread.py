"""Writing beside the simulator: while one frame is encoded, the next is simulated."""

from __future__ import annotations

import queue
import threading
from types import TracebackType
from typing import Protocol

from harness.carla_client.observation import Observation

MAX_WAITING = 4
"""Observations; then the simulator waits, so that a slow disk does not fill the memory."""


class PictureOutput(Protocol):
    """Where the pictures of one camera go; a context, which counts as complete when it ended well."""

    camera: str
    num_frames: int
    """Pictures that are there."""

    @property
    def is_complete(self) -> bool:
        """Whether all pictures of the drive are there."""

    def __enter__(self) -> object: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def add(self, observation: Observation) -> None:
        """Take one tick."""


class OutputThread:
    """Hands observations to one output in a thread of its own, in their order."""

    def __init__(self, output: PictureOutput) -> None:
        self._output = output
        self._waiting: queue.Queue[Observation | None] = queue.Queue(MAX_WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._write, name=f"output {output.camera}", daemon=True)

    def __enter__(self) -> OutputThread:
        self._output.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write what waits, then end the output; raises what went wrong in it, unless something else did before."""
        self._waiting.put(None)
        self._thread.join()
        if kind is None and self._error is not None:
            self._output.__exit__(type(self._error), self._error, self._error.__traceback__)
            raise self._error
        self._output.__exit__(kind, error, traceback)

    def put(self, observation: Observation) -> None:
        """Hand over one tick; waits while too many wait. Its arrays must not change afterwards.

        Raises:
            Exception: what the output raised for an earlier tick; it gets no more.
        """
        if self._error is not None:
            raise self._error
        self._waiting.put(observation)

    def _write(self) -> None:
        """Every observation to the end; after an error they are only taken off the queue."""
        while (observation := self._waiting.get()) is not None:
            if self._error is None:
                try:
                    self._output.add(observation)
                except BaseException as error:
                    self._error = error
