"""Where clients run their traffic managers: a register, no traffic logic."""

from __future__ import annotations

from typing import Any

from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.wire.structs import fields, integer, text


def is_traffic_manager_running(context: Context, port: Any) -> bool:
    """Whether a client runs one at the port."""
    return integer(port) in context.traffic_managers


def get_traffic_manager_running(context: Context, port: Any) -> list[Any]:
    """Address and port, empty when there is none."""
    number = integer(port)
    return [context.traffic_managers[number], number] if number in context.traffic_managers else ["", 0]


def add_traffic_manager_running(context: Context, address: Any) -> bool:
    """False when the port is taken."""
    host, port = fields("a traffic manager's address", address, 2)
    if integer(port) in context.traffic_managers:
        return False
    context.traffic_managers[integer(port)] = text(host)
    return True


def destroy_traffic_manager(context: Context, port: Any) -> bool:
    """False when there was none."""
    return context.traffic_managers.pop(integer(port), None) is not None
