"""The simulator's own tags drive: the mask driver with a mask that cannot be wrong."""

from __future__ import annotations

from datasets.labels import LabelSet
from harness.closed_loop.mask_driver.driver import MaskDriver, warm_up
from harness.closed_loop.mask_driver.roles import roles_of
from harness.closed_loop.mask_driver.sense import require_ground
from harness.closed_loop.policy import DrivingObservation, EpisodeFacts, Explanation, Policy, Sense, VehicleControl


class TruthPolicy(Policy):
    """What the mask policy would do with a perfect net."""

    senses = frozenset({Sense.TAGS})

    def __init__(self) -> None:
        """Nothing is needed before ``begin``."""
        self._driver: MaskDriver | None = None
        self._label_set: LabelSet | None = None

    @property
    def label_set(self) -> LabelSet | None:
        """The tags of the server."""
        return self._label_set

    def begin(self, episode: EpisodeFacts) -> None:
        """Start anew.

        Raises:
            ScenarioFileError: the camera does not see the ground in front of the car.
        """
        require_ground(episode.camera)
        self._label_set = episode.tag_set
        roles = roles_of(episode.tag_set)
        warm_up(episode, roles)  # here there is more time than in a decision
        self._driver = MaskDriver(episode, roles)

    def act(self, observation: DrivingObservation) -> VehicleControl:
        """By the tags."""
        assert self._driver is not None
        assert observation.tags is not None
        return self._driver.act(observation.tags, observation)

    def explain(self) -> Explanation | None:
        """What the driver made of the tags."""
        return None if self._driver is None else self._driver.explanation
