"""Asks a policy, and lives with whatever it does: an error, nonsense, or no answer at all.

Decisions:

- The policy runs in one thread of its own, so that one that never returns can be left behind. Its thread is a daemon:
  the process can end. Nothing is asked of it again, nor of one that failed in another way.
- What went wrong is a value with the name of the episode's end, never an exception: the car has to be stopped, and the
  other episodes have nothing to do with it. A message holds no folder of a machine, because it goes into the log.
- What cannot be logged is nonsense at once: found at the end, it would cost the log of the whole episode.
"""

from __future__ import annotations

import numbers
import queue
import re
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.labels import LabelSet
from harness.closed_loop.episode_log import Reason
from harness.closed_loop.policy import (
    DriverState,
    DrivingObservation,
    EpisodeFacts,
    Explanation,
    Policy,
    Sense,
    VehicleControl,
)
from harness.errors import HarnessError

BEGIN_TIMEOUT_S = 120.0
"""Wall time for ``begin`` and for the first decision, in which nets are loaded and kernels compiled [s]."""
_MAX_MESSAGE = 300
_FOLDERS = re.compile(r"(?<!\w)/(?:[^\s/'\"]+/)+")
_FACTS: dict[str, tuple[type, str]] = {
    "corridor_width_m": (numbers.Real, "a number"),
    "hazard_distance_m": (numbers.Real, "a number"),
    "hazard_class": (numbers.Integral, "a class id"),
    "state": (DriverState, "a DriverState"),
    "reason": (str, "text"),
    "target_speed": (numbers.Real, "a number"),
}
"""Of an explanation, what each must be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyFailure:
    """Why a policy cannot go on."""

    reason: Reason
    message: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Decision:
    """What a policy decided, and what that rested on."""

    control: VehicleControl
    explanation: Explanation | None


class PolicyGuard:
    """Between a rollout and its policy."""

    def __init__(self, policy: Policy, *, act_timeout_s: float, begin_timeout_s: float = BEGIN_TIMEOUT_S) -> None:
        """Start the policy's thread.

        Args:
            policy: Whom to ask.
            act_timeout_s: Wall time for a decision [s].
            begin_timeout_s: Wall time for ``begin`` and for the first decision, unless ``act_timeout_s`` is longer [s].
        """
        self._policy = policy
        self._act_timeout_s = act_timeout_s
        self._begin_timeout_s = max(begin_timeout_s, act_timeout_s)
        self._has_decided = False
        self._calls: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="policy", daemon=True)
        self._thread.start()
        self.failure: PolicyFailure | None = None
        """Set once and for all."""
        self.label_set: LabelSet | None = None
        """Of the policy's masks; known once it has begun."""

    def begin(self, episode: EpisodeFacts) -> PolicyFailure | None:
        """Begin the episode; None: all is well."""
        answer = self._ask(lambda: self._begin(episode), timeout_s=self._begin_timeout_s, doing="begin")
        if isinstance(answer, PolicyFailure):
            return answer
        if not isinstance(answer, LabelSet | None):
            problem = f"label_set is {type(answer).__name__}, expected a LabelSet or None"
            return self._fail("policy returned nonsense", problem)
        self.label_set = answer
        return None

    def act(self, observation: DrivingObservation) -> Decision | PolicyFailure:
        """Ask for a decision, and what it rested on."""
        timeout_s = self._act_timeout_s if self._has_decided else self._begin_timeout_s
        answer = self._ask(lambda: self._decide(observation), timeout_s=timeout_s, doing="act")
        self._has_decided = True
        if isinstance(answer, PolicyFailure):
            return answer
        problem = _problem(answer, observation, self.label_set)
        return answer if problem is None else self._fail("policy returned nonsense", problem)

    def close(self) -> None:
        """Let the thread end, if it still listens."""
        self._calls.put(None)

    def _begin(self, episode: EpisodeFacts) -> LabelSet | None:
        self._policy.begin(episode)
        return self._policy.label_set

    def _decide(self, observation: DrivingObservation) -> Decision:
        control = self._policy.act(observation)
        return Decision(control=control, explanation=self._policy.explain())

    def _ask(self, call: Callable[[], Any], *, timeout_s: float, doing: str) -> Any:
        if self.failure is not None:
            return self.failure
        self._calls.put(call)
        try:
            answer = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            return self._fail("policy hung", f"no answer to {doing} within {timeout_s:g} s")
        return self._fail("policy raised", _told(answer)) if isinstance(answer, BaseException) else answer

    def _fail(self, reason: Reason, message: str) -> PolicyFailure:
        self.failure = PolicyFailure(reason=reason, message=message[:_MAX_MESSAGE])
        return self.failure

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                answer = call()
            except BaseException as error:  # whatever it is, it is the policy's
                answer = error
            self._answers.put(answer)


def senses_problem(policy: Policy) -> str | None:
    """What keeps a policy from being shown anything."""
    if isinstance(policy.senses, frozenset) and all(isinstance(each, Sense) for each in policy.senses):
        return None
    return f"{type(policy).__name__}.senses is {policy.senses!r}, expected a frozenset of Sense"


def _problem(decision: Decision, observation: DrivingObservation, label_set: LabelSet | None) -> str | None:
    """What keeps a decision from being applied and logged."""
    control, explanation = decision.control, decision.explanation
    if not isinstance(control, VehicleControl):
        return f"act returned {type(control).__name__}, expected a VehicleControl"
    problem = control.problem()
    if problem is not None or explanation is None:
        return problem
    if not isinstance(explanation, Explanation):
        return f"explain returned {type(explanation).__name__}, expected an Explanation or None"
    return _mask_problem(explanation.mask, observation, label_set) or _facts_problem(explanation)


def _mask_problem(mask: Any, observation: DrivingObservation, label_set: LabelSet | None) -> str | None:
    picture = observation.rgb if observation.rgb is not None else observation.tags
    if mask is None:
        return None
    if not isinstance(mask, np.ndarray):
        return f"explain gave a mask of {type(mask).__name__}, expected an array"
    if picture is not None and (mask.shape != picture.shape[:2] or mask.dtype.name != "uint8"):
        return f"explain gave a mask of {mask.dtype} {mask.shape}, expected uint8 {picture.shape[:2]} as the picture"
    if label_set is not None and mask.size and mask.max() >= label_set.num_classes:
        return (
            f"explain gave a mask with class id {mask.max()}, but {label_set.name} has {label_set.num_classes} classes"
        )
    return None


def _facts_problem(explanation: Explanation) -> str | None:
    """What is not of the type that it is declared to be."""
    for name, (kind, what) in _FACTS.items():
        value = getattr(explanation, name)
        if not isinstance(value, kind):
            return f"explain gave {name} {value!r}, expected {what}"
    line = explanation.center_line
    if not isinstance(line, np.ndarray) or line.dtype.kind != "f":
        return f"explain gave a center_line of type {type(line).__name__}, expected an array of floats (P, 2)"
    if line.ndim != 2 or line.shape[1] != 2:
        return f"explain gave a center_line of {line.dtype} {line.shape}, expected (P, 2)"
    return None


def _told(error: BaseException) -> str:
    """What an error says: ours to the user, another with its last place in a file; files by their names alone."""
    if isinstance(error, HarnessError):
        return _FOLDERS.sub("", str(error))
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return _FOLDERS.sub("", f"{type(error).__name__}: {error}{place}")
