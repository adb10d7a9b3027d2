"""The predicted mask drives: what the net sees in the picture, and nothing else of the world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from datasets.labels import LabelSet
from harness.closed_loop.mask_driver.driver import MaskDriver, warm_up
from harness.closed_loop.mask_driver.roles import require_road, roles_of
from harness.closed_loop.mask_driver.sense import require_ground
from harness.closed_loop.policy import DrivingObservation, EpisodeFacts, Explanation, Policy, Sense, VehicleControl
from harness.scoring.live import Net


class MaskPolicy(Policy):
    """A net and the mask driver."""

    senses = frozenset({Sense.CAMERA})

    def __init__(self, net: Net) -> None:
        """Take a net.

        Raises:
            CheckpointError: it has no class for the road.
        """
        self._net = net
        self._roles = roles_of(net.label_set)
        require_road(self._roles, net.label_set)
        self._driver: MaskDriver | None = None

    @property
    def label_set(self) -> LabelSet:
        """Of the net."""
        return self._net.label_set

    @property
    def origin(self) -> Mapping[str, Any]:
        """Where the net comes from."""
        return self._net.origin

    def begin(self, episode: EpisodeFacts) -> None:
        """Start anew.

        Raises:
            ScenarioFileError: the camera does not see the ground in front of the car.
        """
        require_ground(episode.camera)
        # The first prediction and decision may compile or allocate: here they have more time than a decision.
        self._net.predict(np.zeros((episode.camera.height, episode.camera.width, 3), np.uint8))
        warm_up(episode, self._roles)
        self._driver = MaskDriver(episode, self._roles)

    def act(self, observation: DrivingObservation) -> VehicleControl:
        """By what the net predicts for the picture."""
        assert self._driver is not None
        assert observation.rgb is not None
        return self._driver.act(self._net.predict(observation.rgb), observation)

    def explain(self) -> Explanation | None:
        """What the driver made of the mask."""
        return None if self._driver is None else self._driver.explanation
