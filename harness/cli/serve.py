"""``harness serve``: the embedded simulator on a port, for any CARLA 0.9.16 client script."""

from __future__ import annotations

import json
import subprocess
import sys

import click

from harness.cli.output import say

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command(short_help="Run the embedded simulator for any CARLA client.")
@click.option("--port", default=2000, type=click.IntRange(1024, 65534), help="RPC port; streams use the next one.")
@click.option("--bind", "--host", "host", default="127.0.0.1", help="Address to listen on.")
@click.option("--town", default="Town10HD", help="Town to start in.")
@click.option("--seed", default=0, help="Of everything random in the simulator.")
@click.option("--threads", default=0, type=click.IntRange(0), help="Threads that draw; 0 means one a core.")
@click.option("--quality", default="high", type=click.Choice(["low", "high"]), help="Of RGB images: low is quicker.")
@click.option("--lens-drops", is_flag=True, help="Rain leaves drops on the lenses of RGB cameras.")
def serve(port: int, host: str, town: str, seed: int, threads: int, quality: str, lens_drops: bool) -> None:
    """Run the embedded simulator until Ctrl-C, so that any CARLA 0.9.16 client script can connect to it."""
    if host not in LOOPBACK:
        say(f"note: CARLA's protocol has no authentication: whoever reaches {host}:{port} controls this simulator")
    # The child ends when its standard input does, so that it cannot outlive this process, however this one dies.
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sim_scenarios.embedded_simulator",
            "--exit-with-stdin",
            "--host",
            host,
            "--port",
            str(port),
            "--town",
            town,
            "--seed",
            str(seed),
            "--threads",
            str(threads),
            "--quality",
            quality,
            *(["--lens-drops"] if lens_drops else []),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        ready = child.stdout.readline()
        if ready:
            event = json.loads(ready)
            say(
                f"embedded simulator, CARLA {event['version']} protocol, {event['town']}, ready on "
                f"{event['host']}:{event['port']} (streams on {event['port'] + 1}); Ctrl-C stops it"
            )
        code = child.wait()
    except KeyboardInterrupt:
        # The terminal has sent the same signal to the child, which is ending.
        say("stopped")
        return
    finally:
        child.stdin.close()
        child.wait()
    if code != 0:
        # It has said on stderr, which it shares with us, what is wrong; its exit codes are those of harness.errors.
        raise SystemExit(code)
