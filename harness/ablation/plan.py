"""Which runs an ablation is made of, decided before the first one: factors and seeds in, cells out.

Decisions:

* **One at a time from a baseline.** Each cell differs from the baseline in one factor, or, with the full grid, in any
  combination. A cell has a value of *every* factor, so that effects are computed in the same way from both.
* **A factor is a field of ``TrainConfig``, ``net``, or an option of the net;** values are text as on the command line.
  The baseline's own value is always among them, first, and is what the others are compared with.
* **What does not change a net is no factor** (where it runs, what is logged), nor is the label set, whose scores could
  not be compared, nor the seed, which has its own option.
"""

from __future__ import annotations

import difflib
import itertools
import re
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from harness.errors import UsageError
from harness.net_cost import build_on_meta
from harness.training.config import TrainConfig
from nets import NetError, net_notation, net_options, parse_net
from sim_scenarios.camera import MIN_SIDE_PX, parse_size

BASELINE = "baseline"
"""What stands for the factor of the baseline's own cells."""

NO_FACTORS = ("net_options", "label_set", "seed", "device", "workers", "cache", "track", "corrupt")
"""Fields of ``TrainConfig`` that cannot be varied."""

_YES_NO = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One setting that is varied."""

    name: str
    """A field of ``TrainConfig``, ``net``, or an option of the net."""

    values: tuple[str, ...]
    """As text; the baseline's first, each once."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One run."""

    settings: dict[str, str] = field(hash=False)
    """Its value of every factor, the baseline's where it is not changed: also of options that another net has not."""

    changed: dict[str, str] = field(hash=False)
    """Those that are not the baseline's; empty for the baseline itself."""

    config: TrainConfig = field(hash=False)
    """All settings, the seed included."""

    @property
    def factor(self) -> str:
        """Names of what is changed; ``"baseline"`` where nothing is."""
        return ", ".join(self.changed) or BASELINE

    @property
    def value(self) -> str:
        """The changed values."""
        return ", ".join(self.changed.values())

    @property
    def name(self) -> str:
        """Of its folder: such as ``skip_connections=false-seed0``."""
        words = ",".join(f"{name}={value}" for name, value in self.changed.items()) or BASELINE
        return f"{re.sub(r'[^A-Za-z0-9_.=,+-]', '_', words)}-seed{self.config.seed}"


def parse_factor(text: str, baseline: TrainConfig) -> Factor:
    """Return the factor of ``NAME=V1,V2,...``, its values checked and the baseline's put first.

    Raises:
        UsageError: no such setting, a value that it cannot have, or none that differs from the baseline's.
    """
    name, _, listed = text.partition("=")
    if not listed:
        raise UsageError(f"--vary {text!r} has no values; expected NAME=V1,V2 such as base_channels=8,16.")
    return make_factor(name.strip().replace("-", "_"), [value.strip() for value in listed.split(",")], baseline)


def make_factor(name: str, values: Sequence[str], baseline: TrainConfig) -> Factor:
    """Return a factor with ``values`` in the notation of the command line, the baseline's own value first."""
    found = [value_text(with_value(baseline, name, value), name) for value in values]
    own = value_text(baseline, name)
    others = tuple(dict.fromkeys(value for value in found if value != own))
    if not others:
        raise UsageError(f"{name}={','.join(values)} is what the baseline has already: name a value to compare with.")
    return Factor(name=name, values=(own, *others))


def default_factors(baseline: TrainConfig) -> tuple[Factor, ...]:
    """Return the six questions: skip connections, class weighting, loss, resolution, width and augmentation.

    Args:
        baseline: with a ``size``. Of a net without skip connections to switch, that question is left out, and of
            frames that are too small to be halved the one about resolution.
    """
    assert baseline.size is not None
    width, height = baseline.size
    parts = [part for part in (1, 2, 4) if min(width, height) // part >= MIN_SIDE_PX]
    options = net_options(baseline.net) | baseline.net_options
    base_channels = options["base_channels"]
    wanted = {
        "skip_connections": ["true", "false"],
        "class_weights": ["none", "median-frequency", "inverse-sqrt"],
        "loss": ["cross-entropy", "focal", "cross-entropy+dice"],
        "size": [f"{width // part}x{height // part}" for part in parts],
        "base_channels": [str(max(1, base_channels // 2)), str(2 * base_channels)],
        "augment": ["true", "false"],
    }
    if "skip_connections" not in options:
        del wanted["skip_connections"]
    if len(parts) == 1:
        del wanted["size"]
    return tuple(make_factor(name, values, baseline) for name, values in wanted.items())


def plan_cells(
    baseline: TrainConfig, factors: Sequence[Factor], *, seeds: Sequence[int], full_grid: bool = False
) -> tuple[Cell, ...]:
    """Return every run, all seeds of the baseline first.

    Args:
        baseline: what everything is compared with; its own seed does not count.
        factors: what is varied, each once.
        seeds: of weights, order and augmentation; every cell is run with each.
        full_grid: all combinations, instead of one change at a time.

    Raises:
        UsageError: something is named twice, or a combination cannot be.
    """
    for what, given in (("factor", [factor.name for factor in factors]), ("seed", seeds)):
        repeated = [each for number, each in enumerate(given) if each in given[:number]]
        if repeated:
            raise UsageError(f"{what} {repeated[0]} is given twice; each must be there once.")
    if not seeds:
        raise UsageError("there is no seed: give at least one, better three, to see what is chance.")
    names = {factor.name for factor in factors}
    options = sorted(names - set(_fields()))
    if full_grid and "net" in names and options:
        raise UsageError(
            f"each net has options of its own, so net and {', '.join(options)} cannot be combined in a full grid: "
            "write them as net=unet,unet:base_channels=16,..."
        )
    own = {factor.name: factor.values[0] for factor in factors}
    combinations = list(_grid(factors) if full_grid else _one_at_a_time(factors))
    return tuple(_cell(baseline, own, {**own, **changed}, seed) for changed in combinations for seed in seeds)


def with_value(config: TrainConfig, name: str, text: str) -> TrainConfig:
    """Return ``config`` with one setting changed.

    Raises:
        UsageError: no such setting, or a value that it cannot have.
    """
    try:
        if name == "net":
            net, options = parse_net(text)
            return replace(config, net=net, net_options=options)
        if name in _fields():
            return replace(config, **{name: _typed(name, text)})
        options = parse_net(f"{config.net}:{name}={text}")[1]
        return replace(config, net_options=config.net_options | {name: options[name]})
    except NetError as error:
        if name in net_options(config.net) or name == "net":
            raise UsageError(str(error)) from error
        known = [*_fields(), *net_options(config.net)]
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        raise UsageError(f"{name!r} cannot be varied{hint} There are: {', '.join(sorted(known))}.") from error


def value_text(config: TrainConfig, name: str) -> str:
    """Return the value of one setting as text; ``with_value`` is the way back."""
    if name == "net":
        return net_notation(config.net, config.net_options)
    value = getattr(config, name) if name in _fields() else (net_options(config.net) | config.net_options)[name]
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "x".join(str(number) for number in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fields() -> list[str]:
    return [setting.name for setting in fields(TrainConfig) if setting.name not in NO_FACTORS]


def _typed(name: str, text: str) -> Any:
    """``text`` as a value of the field ``name``; choices among words are checked by ``TrainConfig`` itself."""
    kind = typing.get_type_hints(TrainConfig)[name]
    kinds = typing.get_args(kind) or (kind,)
    if type(None) in kinds and text == "none":
        return None
    try:
        if bool in kinds:
            return _YES_NO[text.lower()]
        if int in kinds:
            return int(text)
        if float in kinds:
            return float(text)
    except (KeyError, ValueError) as error:
        expected = "true or false" if bool in kinds else "a whole number" if int in kinds else "a number"
        raise UsageError(f"{name} is {text!r}; it must be {expected}.") from error
    return parse_size(text) if name in ("size", "crop") else text


def _one_at_a_time(factors: Sequence[Factor]) -> Iterator[dict[str, str]]:
    """What is changed in each cell: nothing, then one value after the other."""
    yield {}
    for factor in factors:
        for value in factor.values[1:]:
            yield {factor.name: value}


def _grid(factors: Sequence[Factor]) -> Iterator[dict[str, str]]:
    names = [factor.name for factor in factors]
    for values in itertools.product(*(factor.values for factor in factors)):
        yield dict(zip(names, values, strict=True))


def _cell(baseline: TrainConfig, own: dict[str, str], settings: dict[str, str], seed: int) -> Cell:
    changed = {name: value for name, value in settings.items() if value != own[name]}
    config = replace(baseline, seed=seed)
    for name, value in changed.items():
        config = with_value(config, name, value)
    _check(config, changed)
    return Cell(settings=settings, changed=changed, config=config.resolved())


def _check(config: TrainConfig, changed: dict[str, str]) -> None:
    """Refuse, before hours are spent, what would fail in its run."""
    words = ", ".join(f"{name}={value}" for name, value in changed.items()) or "the baseline"
    try:
        build_on_meta(config.net, config.label_set.num_classes, config.net_options)
    except NetError as error:
        raise UsageError(f"{words}: {error}") from error
    if config.crop and config.size and any(c > s for c, s in zip(config.crop, config.size, strict=True)):
        raise UsageError(
            f"{words}: the crop {value_text(config, 'crop')} is larger than the frames, {value_text(config, 'size')}. "
            "Leave --crop out, or give a --vary size=... of your own."
        )
