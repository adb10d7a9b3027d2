"""Doing one episode on a server: a policy drives, and everything that happened is written down.

What a job writes is whole before it is told to be done: the drive log, timings and the clip, then the episode log.

Decisions:

- A policy is made anew for each episode, from a net that is loaded once: what a user's policy keeps by mistake cannot
  reach the next episode.
- A policy that cannot go on costs nothing but its episode. What was driven until then is kept and has its metrics; the
  episode is "failed". One that hangs costs the worker too, since its thread cannot be ended.
- A clip shows the pictures of the camera, also where the policy is shown only their tags; one that does not look at all
  has none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from datasets.labels import LabelSet
from harness.carla_client.observation import Image, Observation
from harness.closed_loop.clip import ClipMaker
from harness.closed_loop.episode_files import clip_file, drive_log_file, save_timing, timing_file
from harness.closed_loop.policies import PolicyContext, make_policy
from harness.closed_loop.policy import DrivingObservation, Explanation, Policy, VehicleControl
from harness.closed_loop.policy_guard import senses_problem
from harness.closed_loop.rollout import run_episode
from harness.errors import HarnessError, UsageError
from harness.run_dir import digest_input
from harness.scoring.live import Net
from harness.workers.attempt import attempt
from harness.workers.protocol import EpisodeDone, EpisodeJob, Event, Failed, Frame, Note
from harness.workers.simulator import Simulator
from sim_scenarios.camera import CameraSpec

HUNG = "policy hung"


class EpisodeRunner:
    """Drives episodes, one after the other."""

    def __init__(
        self, simulator: Simulator, nets: Mapping[str, Net], tag_set: LabelSet, *, on_event: Callable[[Event], None]
    ) -> None:
        """Take over the tools.

        Args:
            simulator: the server.
            nets: the one net that policies may drive by, or none.
            tag_set: the tags that the server writes.
            on_event: told about every tick.
        """
        self._simulator = simulator
        self._nets = nets
        self._tag_set = tag_set
        self._on_event = on_event

    def check_policies(self, policies: Iterable[str]) -> None:
        """Make each policy once, so that one that cannot be is known before the first tick.

        Raises:
            UsageError: there is no such policy, it cannot be made, or it needs a net and has none.
            CheckpointError: the net cannot be driven by.
        """
        for policy in policies:
            self._make(policy)

    def run(self, job: EpisodeJob) -> EpisodeDone | Failed:
        """Drive one episode and say how it ended.

        Raises:
            ServerLostError: the server is gone or hangs.
        """
        return attempt(lambda: self._drive(job), self._simulator)

    def _drive(self, job: EpisodeJob) -> EpisodeDone:
        started = time.perf_counter()
        policy = self._make(job.policy)
        film = _Film(job.camera, policy)
        result = run_episode(
            self._simulator.session_with(job.scenario.fixed_delta_seconds),
            job.scenario,
            policy,
            key=job.key,
            timeline=job.timeline,
            camera=job.camera,
            rules=job.rules,
            tag_set=self._tag_set,
            on_tick=lambda tick: self._on_event(Frame(done=tick + 1)),
            on_look=film.look,
            on_pictures=film.receive,
        )
        for note in result.notes:
            self._on_event(Note(text=f"{job}: {note}"))
        out, log = Path(job.out), result.log
        drive_log = out / drive_log_file(job.key)
        drive_log.parent.mkdir(parents=True, exist_ok=True)
        result.drive_log.save(drive_log)
        save_timing(out / timing_file(job.key), result.timing)
        film.save(out / clip_file(job.key))
        log.save(out / job.file)
        has_failed = log.ending == "aborted"
        return EpisodeDone(
            status="failed" if has_failed else "done",
            message=f"{log.reason}: {log.message}".removesuffix(": ") if has_failed else "",
            seconds=time.perf_counter() - started,
            sha256=digest_input(out / job.file),
            ends_worker=log.reason == HUNG,
        )

    def _make(self, policy: str) -> Policy:
        try:
            made = make_policy(policy, context=PolicyContext(load_net=lambda: self._net_of(policy)))
        except HarnessError:
            raise
        except Exception as error:  # whatever a user's class does
            raise UsageError(f"the policy {policy} cannot be made: {type(error).__name__}: {error}") from error
        problem = senses_problem(made)
        if problem is not None:
            raise UsageError(f"the policy {policy} cannot drive: {problem}")
        return made

    def _net_of(self, policy: str) -> Net:
        for net in self._nets.values():
            return net
        raise UsageError(f"the policy {policy} asks for a net: name the folder of a training run in place of 'none'")


class _Film:
    """The clip of one episode."""

    def __init__(self, camera: CameraSpec, policy: Policy) -> None:
        self._camera = camera
        self._policy = policy
        self._maker: ClipMaker | None = None
        self._rgb: Image | None = None

    def receive(self, observation: Observation) -> None:
        """The pictures of the next decision."""
        pair = observation.cameras.get(self._camera.name)
        self._rgb = None if pair is None else pair.rgb

    def look(self, observation: DrivingObservation, control: VehicleControl, explanation: Explanation | None) -> None:
        """The policy has decided."""
        if self._rgb is None:
            return
        if self._maker is None:  # not before: the classes of its masks are known once the episode has begun
            self._maker = ClipMaker(self._camera, self._policy.label_set)
        self._maker.add(
            tick=observation.tick,
            time_s=observation.time_s,
            rgb=self._rgb,
            explanation=explanation,
            control=control,
            speed=observation.speed,
            command=observation.command,
            pitch_deg=observation.pitch_deg,
            roll_deg=observation.roll_deg,
        )

    def save(self, path: Path) -> None:
        """Write it, if there was anything to see; else remove what an earlier try has left."""
        if self._maker is None:
            path.unlink(missing_ok=True)
        else:
            self._maker.save(path)
