"""Nets that take no training: what they predict is written in the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datasets.labels import CARLA_29, LabelSet
from harness.carla_client.observation import Image


class ReadingNet:
    """Says that the class of a pixel is its red value, or what is left of that."""

    origin: Mapping[str, Any] = {}

    def __init__(self, label_set: LabelSet = CARLA_29) -> None:
        self.label_set = label_set

    def predict(self, rgb: Image) -> Image:
        """(H, W) uint8"""
        ids: Image = rgb[..., 0] % self.label_set.num_classes
        return ids
