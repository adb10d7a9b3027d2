"""Options of the commands whose work several servers share: where they are, and with how much patience."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from harness.cli.options import Command, apply_options
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.workers.servers import Servers


def several_servers_options(*, retries: int, what: str) -> Callable[[Command], Command]:
    """Where, besides ``--host`` and ``--port``, and with how much patience.

    Args:
        retries: how often work is tried again that was lost with its server, unless the user says otherwise.
        what: such work, for the help.
    """

    def add(command: Command) -> Command:
        return apply_options(
            command,
            click.option(
                "--server", "named", multiple=True, metavar="HOST:PORT", help="Server to use; several share the work."
            ),
            click.option(
                "--servers",
                "num_servers",
                default=1,
                type=click.IntRange(1, 64),
                help="Embedded simulators to share the work.",
            ),
            click.option(
                "--retries",
                default=retries,
                type=click.IntRange(0),
                help=f"Of {what} whose server or process was lost.",
            ),
            click.option(
                "--tick-timeout", default=60.0, type=click.FloatRange(0.5), help="For one tick of a server [s]."
            ),
            click.option(
                "--hang-timeout", default=180.0, type=click.FloatRange(1), help="Without a sign of a process [s]."
            ),
            click.option(
                "--reconnect", default=30.0, type=click.FloatRange(0), help="To wait for a named server's return [s]."
            ),
        )

    return add


def choose_servers(
    host: str | None, port: int | None, named: tuple[str, ...], num_servers: int, *, seed: int, retries: int,
    tick_timeout: float, hang_timeout: float, reconnect: float,
) -> Servers:  # fmt: skip
    """The servers that the options mean.

    Raises:
        UsageError: a server that is no HOST:PORT or given twice, or servers of both kinds.
    """
    from harness.workers.servers import Servers
    from harness.workers.supervisor import Patience

    return Servers(
        named=read_servers(host, port, named, num_servers),
        num_embedded=num_servers,
        seed=seed,
        tick_timeout_s=tick_timeout,
        patience=Patience(retries=retries, hang_timeout_s=hang_timeout, reconnect_s=reconnect),
    )


def read_servers(
    host: str | None, port: int | None, named: tuple[str, ...], num_servers: int
) -> tuple[tuple[str, int], ...]:
    """Host and port of each server that is named; none: embedded simulators.

    Raises:
        UsageError: a server that is no HOST:PORT or given twice, or servers of both kinds.
    """
    from harness.carla_client.endpoint import DEFAULT_HOST, DEFAULT_PORT

    addresses = [_address(text) for text in named]
    if addresses and (host is not None or port is not None):
        raise UsageError("--server stands for --host and --port: use one or the other")
    if host is not None or port is not None:
        addresses = [(host or DEFAULT_HOST, port or DEFAULT_PORT)]
    if addresses and num_servers > 1:
        raise UsageError("--servers is the number of embedded simulators: repeat --server to use several servers")
    if len(set(addresses)) != len(addresses):
        raise UsageError("a server is named twice: one server can do one thing at a time")
    return tuple(addresses)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (host and port.isdecimal() and 0 < int(port) < 65536):
        raise UsageError(f"--server {text!r} is not HOST:PORT, as in localhost:2000")
    return host, int(port)
