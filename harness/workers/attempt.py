"""Doing one job so that what is wrong with it costs this job alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from harness.errors import HarnessError, ServerLostError
from harness.workers.protocol import Failed
from harness.workers.simulator import Simulator

Done = TypeVar("Done")


def attempt(do: Callable[[], Done], simulator: Simulator) -> Done | Failed:
    """Do a job and say how it ended; after an error the next job begins with a session of its own.

    Raises:
        ServerLostError: the server is gone or hangs.
    """
    try:
        return do()
    except ServerLostError:
        raise
    except Exception as error:  # whatever it is, it costs this job and is told in its rows
        simulator.close_session()
        message = str(error) if isinstance(error, HarnessError) else f"{type(error).__name__}: {error}"
        return Failed(message=message)
