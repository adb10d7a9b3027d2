"""Asks a policy, and lives with whatever it does: an error, nonsense, or no answer at all.

Decisions:

- The policy runs in one thread of its own, so that one that never returns can be left behind. Its thread is a daemon:
  the process can end. Nothing is asked of it again, nor of one that failed in another way.
- What went wrong is a value with the name of the episode's end, never an exception: the car has to be stopped, and the
  other episodes have nothing to do with it. A message holds no path of a machine, because it goes into the log.
"""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.closed_loop.episode_log import Reason
from harness.closed_loop.policy import DrivingObservation, EpisodeFacts, Explanation, Policy, VehicleControl

BEGIN_TIMEOUT_S = 120.0
"""Wall time for ``begin``, in which a net may be loaded and compiled [s]; or that of a decision, if it is longer."""
_MAX_MESSAGE = 300


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

    def __init__(self, policy: Policy, *, act_timeout_s: float) -> None:
        """Start the policy's thread."""
        self._policy = policy
        self._act_timeout_s = act_timeout_s
        self._calls: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="policy", daemon=True)
        self._thread.start()
        self.failure: PolicyFailure | None = None
        """Set once and for all."""

    def begin(self, episode: EpisodeFacts) -> PolicyFailure | None:
        """Begin the episode; None: all is well."""
        answer = self._ask(
            lambda: self._policy.begin(episode), timeout_s=max(BEGIN_TIMEOUT_S, self._act_timeout_s), doing="begin"
        )
        return answer if isinstance(answer, PolicyFailure) else None

    def act(self, observation: DrivingObservation) -> Decision | PolicyFailure:
        """Ask for a decision, and what it rested on."""
        answer = self._ask(lambda: self._decide(observation), timeout_s=self._act_timeout_s, doing="act")
        if isinstance(answer, PolicyFailure):
            return answer
        problem = _problem(answer, observation)
        return answer if problem is None else self._fail("policy returned nonsense", problem)

    def close(self) -> None:
        """Let the thread end, if it still listens."""
        self._calls.put(None)

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


def _problem(decision: Decision, observation: DrivingObservation) -> str | None:
    """What keeps a decision from being applied and logged."""
    control, explanation = decision.control, decision.explanation
    if not isinstance(control, VehicleControl):
        return f"act returned {type(control).__name__}, expected a VehicleControl"
    problem = control.problem()
    if problem is not None:
        return problem
    if explanation is None:
        return None
    if not isinstance(explanation, Explanation):
        return f"explain returned {type(explanation).__name__}, expected an Explanation or None"
    picture = observation.rgb if observation.rgb is not None else observation.tags
    mask = explanation.mask
    if mask is not None and picture is not None and (mask.shape != picture.shape[:2] or mask.dtype.name != "uint8"):
        return f"explain gave a mask of {mask.dtype} {mask.shape}, expected uint8 {picture.shape[:2]} as the picture"
    return None


def _told(error: BaseException) -> str:
    """An error with the last place in a file of its own, by the file's name."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
