"""The losses a second time, from their definitions: one pixel after the other, in float64, however slowly."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from harness.training.losses.boundary import BORDER_WEIGHT, RADIUS_PX
from harness.training.losses.focal import GAMMA
from harness.training.losses.ohem import MAX_PROBABILITY, MIN_KEPT

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]

IGNORE = 255


def probabilities_of(logits: Floats) -> Floats:
    """(B, K, H, W) probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def labelled(labels: Labels) -> list[tuple[int, int, int]]:
    return [(b, y, x) for b, y, x in np.ndindex(labels.shape) if labels[b, y, x] != IGNORE]


def weighted_mean(pairs: list[tuple[float, float]]) -> float:
    """Of (weight, value)."""
    weight = math.fsum(weight for weight, _ in pairs)
    return math.fsum(weight * value for weight, value in pairs) / weight if weight else 0.0


def cross_entropy(logits: Floats, labels: Labels, weights: Floats) -> float:
    p = probabilities_of(logits)
    return weighted_mean([(weights[k := labels[b, y, x]], -math.log(p[b, k, y, x])) for b, y, x in labelled(labels)])


def focal(logits: Floats, labels: Labels, weights: Floats) -> float:
    p = probabilities_of(logits)
    pairs = []
    for b, y, x in labelled(labels):
        right = p[b, labels[b, y, x], y, x]
        pairs.append((weights[labels[b, y, x]], -((1 - right) ** GAMMA) * math.log(right)))
    return weighted_mean(pairs)


def ohem(logits: Floats, labels: Labels, weights: Floats) -> float:
    p = probabilities_of(logits)
    right = {(b, y, x): float(p[b, labels[b, y, x], y, x]) for b, y, x in labelled(labels)}
    worst_first = sorted(right, key=lambda pixel: right[pixel])
    num_kept = math.ceil(MIN_KEPT * labels.size)
    kept = [pixel for rank, pixel in enumerate(worst_first) if rank < num_kept or right[pixel] <= MAX_PROBABILITY]
    return weighted_mean([(weights[labels[pixel]], -math.log(right[pixel])) for pixel in kept])


def near_border(labels: Labels) -> npt.NDArray[np.bool_]:
    """(B, H, W): whether the square around a pixel holds two classes."""
    near = np.zeros(labels.shape, bool)
    for b, y, x in np.ndindex(labels.shape):
        top, left = max(0, y - RADIUS_PX), max(0, x - RADIUS_PX)
        around = labels[b, top : y + RADIUS_PX + 1, left : x + RADIUS_PX + 1]
        near[b, y, x] = len(set(around.ravel().tolist()) - {IGNORE}) > 1
    return near


def boundary(logits: Floats, labels: Labels, weights: Floats) -> float:
    p, near = probabilities_of(logits), near_border(labels)
    pairs = []
    for b, y, x in labelled(labels):
        k = labels[b, y, x]
        pairs.append((weights[k] * (BORDER_WEIGHT if near[b, y, x] else 1.0), -math.log(p[b, k, y, x])))
    return weighted_mean(pairs)


def dice(logits: Floats, labels: Labels, weights: Floats) -> float:
    del weights
    p, pixels = probabilities_of(logits), labelled(labels)
    losses = []
    for k in sorted({int(labels[pixel]) for pixel in pixels}):
        overlap = math.fsum(p[b, k, y, x] for b, y, x in pixels if labels[b, y, x] == k)
        predicted = math.fsum(p[b, k, y, x] for b, y, x in pixels)
        losses.append(1 - 2 * overlap / (predicted + sum(labels[pixel] == k for pixel in pixels)))
    return float(np.mean(losses)) if losses else 0.0


def lovasz(logits: Floats, labels: Labels, weights: Floats) -> float:
    """The Lovász extension of the Jaccard loss, by its definition as a set function of the wrong pixels."""
    del weights
    p, pixels = probabilities_of(logits), labelled(labels)
    losses = []
    for k in sorted({int(labels[pixel]) for pixel in pixels}):
        truth = {pixel for pixel in pixels if labels[pixel] == k}
        errors = {(b, y, x): abs(float((b, y, x) in truth) - p[b, k, y, x]) for b, y, x in pixels}
        wrong: set[tuple[int, int, int]] = set()
        loss = before = 0.0
        for pixel in sorted(errors, key=lambda pixel: -errors[pixel]):
            wrong.add(pixel)
            jaccard_loss = len(wrong) / len(truth | wrong)
            loss += errors[pixel] * (jaccard_loss - before)
            before = jaccard_loss
        losses.append(loss)
    return float(np.mean(losses)) if losses else 0.0


REFERENCES: dict[str, Callable[[Floats, Labels, Floats], float]] = {
    "cross-entropy": cross_entropy,
    "focal": focal,
    "dice": dice,
    "lovasz": lovasz,
    "ohem": ohem,
    "boundary": boundary,
}
