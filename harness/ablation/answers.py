"""Answers in words, made from the numbers: what each factor does to what it is asked about, and what that costs.

A sentence names the difference, both values and the spread of seeds, so that a reader can judge it without the table;
where the difference is not larger than that spread, it says so instead of which is better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.ablation.effects import Effect, Measure, effect_of
from harness.ablation.plan import Factor
from harness.ablation.results import RARE_SHARE, Run, RunResult


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked about a factor."""

    title: str
    """In words."""

    measures: tuple[str, ...]
    """Keys of ``MEASURES``, the one that is asked about first."""

    has_costs: bool = False
    """Whether the answer is one of gain for cost."""

    of_class: str = "iou"
    """``iou`` or ``boundary_iou``: by which the most changed classes are named."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the runs say about one factor."""

    factor: Factor
    """What was varied."""

    question: Question
    """What was asked."""

    sentences: tuple[str, ...]
    """The answer; at least one."""


MEASURES: dict[str, tuple[str, Measure]] = {
    "miou": ("mIoU", lambda result: _of(result, "miou")),
    "boundary_iou": ("boundary IoU", lambda result: _of(result, "boundary_iou")),
    "rare_miou": ("mean IoU of rare classes", lambda result: result.rare_miou),
    "pixel_accuracy": ("pixel accuracy", lambda result: _of(result, "pixel_accuracy")),
    "frequency_weighted_iou": ("frequency-weighted IoU", lambda result: _of(result, "frequency_weighted_iou")),
}
"""Name in words, and the number, of each measure."""

COSTS: dict[str, Measure] = {
    "parameters": lambda result: float(result.parameters),
    "operations": lambda result: result.gflop,
    "latency": lambda result: result.latency_ms,
    "training time": lambda result: result.train_seconds,
}

QUESTIONS = {
    "skip_connections": Question(
        title="What do skip connections do at boundaries?",
        measures=("boundary_iou", "miou"),
        has_costs=True,
        of_class="boundary_iou",
    ),
    "class_weights": Question(
        title="What does class weighting do for rare classes?", measures=("rare_miou", "miou", "pixel_accuracy")
    ),
    "loss": Question(title="What does the loss change?", measures=("miou", "rare_miou", "boundary_iou")),
    "size": Question(title="What does resolution buy?", measures=("miou", "boundary_iou", "rare_miou"), has_costs=True),
    "base_channels": Question(
        title="What does a larger model buy for its cost?", measures=("miou", "boundary_iou"), has_costs=True
    ),
    "augment": Question(title="What does augmentation do?", measures=("miou", "pixel_accuracy")),
    "net": Question(title="Which net, at what cost?", measures=("miou", "boundary_iou"), has_costs=True),
}

_NOUNS = {"skip_connections": "skip connections", "augment": "augmentation", "flip": "mirroring"}
"""Of settings that are on or off."""

_NAMED_CLASSES = 4

_SMALLEST_SHOWN = 0.0005
"""A smaller change is 0.000 in a sentence."""

_SAME_COST = 0.01
"""Costs that differ by a smaller share are not mentioned."""


def answers(runs: Sequence[Run], factors: Sequence[Factor]) -> tuple[Answer, ...]:
    """Answer one question for each factor, in their order."""
    found = []
    for factor in factors:
        question = QUESTIONS.get(factor.name) or Question(
            title=f"What does {factor.name} change?", measures=("miou", "boundary_iou")
        )
        sentences = [
            sentence
            for before, after in comparisons(factor)
            for sentence in _compared(runs, factor, question, before, after)
        ]
        if factor.name == "class_weights":
            sentences.append(_rare_named(runs))
        found.append(Answer(factor=factor, question=question, sentences=tuple(sentences)))
    return tuple(found)


def comparisons(factor: Factor) -> list[tuple[str, str]]:
    """Pairs (before, after) of values: the baseline's with each other one; from off to on and from small to large."""
    own, *others = factor.values
    return [(other, own) if _order(own) > _order(other) else (own, other) for other in others]


def in_order(factor: Factor) -> list[str]:
    """The values from off to on and from small to large; words as they were given."""
    return sorted(factor.values, key=_order)


def _compared(runs: Sequence[Run], factor: Factor, question: Question, before: str, after: str) -> list[str]:
    """Two sentences at the most: what changes, and for which classes."""
    subject = _subject(factor.name, before, after)
    clauses = [
        _clause(name, effect)
        for name, measure in (MEASURES[key] for key in question.measures)
        if (effect := effect_of(runs, factor.name, before, after, measure)) is not None
    ]
    if not clauses:
        return [f"{subject}: not measured, since no pair of runs finished."]
    cost = _costs(runs, factor.name, before, after) if question.has_costs else ""
    sentences = [f"{subject}, {'; '.join(clauses)}{cost}."]
    classes = _most_changed(runs, factor.name, before, after, question.of_class)
    if classes:
        what = "IoU" if question.of_class == "iou" else "boundary IoU"
        sentences.append(f"The classes whose {what} changes most: {classes}.")
    return sentences


def _subject(name: str, before: str, after: str) -> str:
    if (before, after) == ("false", "true") and name in _NOUNS:
        return f"With {_NOUNS[name]}"
    return f"With {name} {after} instead of {before}"


def _clause(name: str, effect: Effect) -> str:
    if not effect.is_more_than_seeds_do:
        return (
            f"{name} shows no difference beyond the spread of seeds ({effect.change:+.3f}, spread {effect.spread:.3f})"
        )
    if abs(effect.change) < _SMALLEST_SHOWN:
        return f"{name} stays at {effect.after:.3f}"
    verb = "rises" if effect.change > 0 else "falls"
    seeds = "one seed, so what chance does is not known" if math.isnan(effect.spread) else f"spread {effect.spread:.3f}"
    return f"{name} {verb} by {abs(effect.change):.3f}, from {effect.before:.3f} to {effect.after:.3f} ({seeds})"


def _costs(runs: Sequence[Run], factor: str, before: str, after: str) -> str:
    effects = {name: effect_of(runs, factor, before, after, cost) for name, cost in COSTS.items()}
    ratios = {name: e.after / e.before for name, e in effects.items() if e is not None and e.before}
    times = [f"{ratio:.3g} times the {name}" for name, ratio in ratios.items() if abs(ratio - 1) >= _SAME_COST]
    return f"; at {', '.join(times)}" if times else "; at the same cost"


def _most_changed(runs: Sequence[Run], factor: str, before: str, after: str, measure: str) -> str:
    """The classes that change most, each with its change, of those that change beyond the spread of seeds."""
    names = next((tuple(each.name for each in run.result.classes) for run in runs if run.result.classes), ())
    effects = {
        name: effect_of(runs, factor, before, after, class_measure(index, measure)) for index, name in enumerate(names)
    }
    real = {name: e.change for name, e in effects.items() if e is not None and e.change and e.is_more_than_seeds_do}
    largest = sorted(real, key=lambda name: -abs(real[name]))[:_NAMED_CLASSES]
    return ", ".join(f"{name} {real[name]:+.3f}" for name in largest)


def class_measure(index: int, name: str) -> Measure:
    """The measure ``name`` of the class ``index``."""

    def of_class(result: RunResult) -> float:
        value: float = getattr(result.classes[index], name)
        return value

    return of_class


def _rare_named(runs: Sequence[Run]) -> str:
    rare = next((run.result.rare_classes for run in runs if run.result.measures is not None), ())
    if not rare:
        return f"No class of the scored frames has less than {RARE_SHARE:.0%} of the training pixels: none is rare."
    return f"Rare, with less than {RARE_SHARE:.0%} of the training pixels and in the scored frames: {', '.join(rare)}."


def _of(result: RunResult, name: str) -> float:
    value: float = math.nan if result.measures is None else getattr(result.measures, name)
    return value


def _order(value: str) -> float:
    """Where a value stands between small and large; 0 for words, which have no order."""
    if value in ("true", "false"):
        return float(value == "true")
    try:
        return math.prod(float(number) for number in value.split("x"))
    except ValueError:
        return 0.0
