"""Who can drive: by a short name, or a class of the user's own as ``path.py:Name``.

| name | drives by | what it is for |
|---|---|---|
| mask | the net's prediction | what is asked about |
| truth | the simulator's tags, with the same driver | the upper bound: a perfect mask |
| autopilot | CARLA's TrafficManager | how a driver that knows everything does here |
| route | pure pursuit on the map | what geometry alone allows; it sees nobody |
| straight | nothing | the lower bound |

A policy of the user's own is a subclass of :class:`harness.closed_loop.policy.Policy` without arguments, or with one,
the :class:`PolicyContext`.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.closed_loop.policies.autopilot import AutopilotPolicy
from harness.closed_loop.policies.mask import MaskPolicy
from harness.closed_loop.policies.route import RoutePolicy
from harness.closed_loop.policies.straight import StraightPolicy
from harness.closed_loop.policies.truth import TruthPolicy
from harness.closed_loop.policy import Policy
from harness.errors import UsageError
from harness.scoring.live import Net
from sim_scenarios.errors import unknown_name


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyContext:
    """What a policy may need to be made."""

    load_net: Callable[[], Net]
    """Loads the net of the run, or hands out the one that is loaded."""
    options: Mapping[str, str] = field(default_factory=dict)
    """For policies of the user's own."""


_MAKERS: dict[str, Callable[[PolicyContext], Policy]] = {
    "mask": lambda context: MaskPolicy(context.load_net()),
    "truth": lambda context: TruthPolicy(),
    "autopilot": lambda context: AutopilotPolicy(),
    "route": lambda context: RoutePolicy(),
    "straight": lambda context: StraightPolicy(),
}
NEED_NET = ("mask",)
"""Policies that cannot be made without a trained net."""


def known_policies() -> tuple[str, ...]:
    """The short names."""
    return tuple(_MAKERS)


def make_policy(name: str, *, context: PolicyContext) -> Policy:
    """Make the policy that ``name`` means.

    Raises:
        UsageError: nobody has that name, or the user's file or class cannot be used.
        CheckpointError: its net cannot be loaded, or has no class for the road.
    """
    if name in _MAKERS:
        return _MAKERS[name](context)
    made = policy_class(name)
    takes_context = len(inspect.signature(made).parameters) > 0
    policy: Policy = made(context) if takes_context else made()
    return policy


def check_policy(name: str) -> None:
    """Refuse a name that means no policy; nothing is made, no net is loaded.

    Raises:
        UsageError: as `make_policy`.
    """
    if name not in _MAKERS:
        policy_class(name)


def policy_class(name: str) -> Callable[..., Policy]:
    """The class that ``path.py:Name`` means.

    Raises:
        UsageError: another notation, no such file, an error in it, or no such subclass of `Policy` in it.
    """
    file, colon, wanted = name.rpartition(":")
    if not colon or not file.endswith(".py"):
        raise UsageError(f"{unknown_name('policy', name, known_policies())}; one of your own is path.py:Name")
    path = Path(file)
    if not path.is_file():
        raise UsageError(f"policy {name!r}: the file {file} does not exist")
    spec = importlib.util.spec_from_file_location(f"user_policy_{path.stem}", path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UsageError(f"policy {name!r}: {file} cannot be imported: {type(error).__name__}: {error}") from error
    made = getattr(module, wanted, None)
    if not (inspect.isclass(made) and issubclass(made, Policy)) or inspect.isabstract(made):
        raise UsageError(
            f"policy {name!r}: {file} has no class {wanted} that is a complete subclass of "
            "harness.closed_loop.policy.Policy (with begin and act)"
        )
    found: Callable[..., Policy] = made
    return found
