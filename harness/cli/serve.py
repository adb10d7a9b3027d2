"""``harness serve``: the embedded simulator on a port, for any CARLA 0.9.16 client program."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from harness.cli.output import say

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"


@click.command(short_help="Run the embedded simulator for any CARLA client.")
@click.option("--town", default="Town10HD", help="Town to start in.")
@click.option("--seed", default=0, type=click.IntRange(0), help="Of everything random in the simulator.")
@click.option(
    "--port", default=2000, type=click.IntRange(0, 65534), help="RPC port; streams use the next; 0: free ones."
)
@click.option("--threads", default=0, type=click.IntRange(0), help="Threads that draw; 0: one a core.")
@click.option("--bind", default=LOOPBACK, metavar="ADDRESS", help=f"To listen at; {EVERYWHERE} for all there are.")
@click.option(
    "--scratch",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where clients' recordings are kept; without it they are gone at the end.",
)
def serve(town: str, seed: int, port: int, threads: int, bind: str, scratch: Path | None) -> None:
    """Run the embedded simulator until Ctrl-C, so that any CARLA 0.9.16 client program can connect to it.

    It is a process of its own, which ends with this one, however this one ends. When it can be connected to, one line
    says where.
    """
    from harness.carla_client.embedded import ServeOptions, serve_embedded

    options = ServeOptions(host=bind, port=port, town=town, seed=seed, threads=threads, scratch=scratch)
    with serve_embedded(options, pass_on=lambda line: click.echo(line, err=True)) as server, stop_signals() as stop:
        if not is_loopback(bind):
            say(f"note: CARLA's protocol has no authentication: whoever reaches port {server.port} controls it")
        address = LOOPBACK if server.host == EVERYWHERE else server.host
        say(
            f"{server.town} ready at {server.host}:{server.port}, CARLA {server.version} protocol (streams: "
            f"{server.port + 1}); connect with carla.Client({address!r}, {server.port}); Ctrl-C stops it"
        )
        server.wait(stop)
    say("stopped")


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach an address."""
    return address == "localhost" or address.startswith("127.")


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM ask to stop, which is no error here; asking again while it stops changes nothing."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    yield stop
