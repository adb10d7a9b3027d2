"""What a supervisor and its workers say to each other: one JSON object a line, both ways.

To a worker: one ``Setup``, then one job at a time: of a score, drives and passes; of a closed loop, episodes. From it:
what it is doing (``Started``, ``Waiting``, ``Frame``, ``Note``) and how each thing ended (``Ready`` or ``Refused``;
``DriveDone``, ``PassDone``, ``EpisodeDone`` or ``Failed``; ``Lost``). A job says all that is needed to do it, so that
any worker can do any job, also after another one was lost with it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from harness.closed_loop.episode_log import EpisodeKey
from harness.closed_loop.episode_names import episode_text
from harness.closed_loop.rules import RolloutRules
from harness.scoring.plan import Pass
from harness.workers.status import Status
from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather_timeline import WeatherTimeline


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Setup(_Message):
    """The server and the nets of one worker."""

    kind: Literal["setup"] = "setup"
    host: str | None
    """None, as the port: the embedded simulator, which the worker starts."""
    port: int | None
    seed: int
    """Of the embedded simulator."""
    threads: int
    """With which the embedded simulator renders; 0: one for each core."""
    wait_s: float
    """How long to wait for a named server that does not answer [s]."""
    tick_timeout_s: float
    """How long one tick may take [s of wall clock]."""
    actors: tuple[int, ...] | None
    """Ids of the actors that were there before the first worker: others are what a worker that was killed has left
    over. None: this is the first worker."""
    models: dict[str, str]
    """Folder of the training run of each net, by the net's name; empty where no job needs a net."""
    checkpoint: str
    device: str
    scenarios: tuple[Scenario, ...]
    """What the server must be able to run."""
    sizes: tuple[tuple[int, int], ...]
    """(width, height) [px] of the pictures that the nets must be able to take."""
    policies: tuple[str, ...] = ()
    """What drives the episodes: names, or ``path.py:Name``; each must be possible to make."""


class DriveJob(_Message):
    """Drive a scenario without cameras and keep the log."""

    kind: Literal["drive"] = "drive"
    scenario: Scenario
    log: str
    """Where the log goes."""

    def __str__(self) -> str:
        return f"the drive of {self.scenario.name}"

    @property
    def num_frames(self) -> int:
        """``Frame`` events until it is done."""
        return self.scenario.num_frames


class PassJob(_Message):
    """Replay a scenario under a weather and score every model on every picture."""

    kind: Literal["pass"] = "pass"
    scenario: Scenario
    weather: str
    """Its name."""
    timeline: WeatherTimeline
    repeat: int
    sizes: tuple[tuple[int, int], ...]
    fovs: tuple[float, ...]
    warmup_frames: int
    log: str
    """Of the drive."""
    out: str
    """The score folder."""
    file: str
    """Where the counts go, relative to the score folder."""

    def __str__(self) -> str:
        return str(self.of)

    @property
    def num_frames(self) -> int:
        """``Frame`` events until it is done."""
        return self.scenario.num_frames

    @property
    def of(self) -> Pass:
        """Which pass of the plan this is."""
        return Pass(scenario=self.scenario.name, weather=self.weather, repeat=self.repeat)


class EpisodeJob(_Message):
    """Let a policy drive through a scenario and keep everything that happens."""

    kind: Literal["episode"] = "episode"
    key: EpisodeKey
    scenario: Scenario
    """With the seed of this repeat."""
    timeline: WeatherTimeline
    camera: CameraSpec
    """The one that looks."""
    rules: RolloutRules
    policy: str
    """A name, or ``path.py:Name``; ``key`` has what it is called in tables."""
    out: str
    """The output folder."""
    file: str
    """Where the episode log goes, relative to the output folder."""

    def __str__(self) -> str:
        return episode_text(self.key)

    @property
    def num_frames(self) -> int:
        """``Frame`` events until it is done, if it goes on to its time limit."""
        return self.rules.max_ticks(self.scenario)


class Started(_Message):
    """The server is there, and this process has to end with the worker."""

    kind: Literal["started"] = "started"
    pid: int | None
    """Of the embedded simulator, leader of a process group of its own; None: a named server."""


class Waiting(_Message):
    """The named server does not answer yet."""

    kind: Literal["waiting"] = "waiting"


class Ready(_Message):
    """The worker can take jobs."""

    kind: Literal["ready"] = "ready"
    server: dict[str, str | int | bool]
    """host, port, version, embedded."""
    description: str
    """The server in one line."""
    labels: dict[str, Any]
    """The label set of all nets, of the server's tags where there is none: ``LabelSet.to_json``."""
    models: dict[str, dict[str, Any]]
    """Where each net comes from."""
    actors: tuple[int, ...]
    """Ids of the actors that are there."""
    notes: tuple[str, ...]
    """What a user should know about server and nets."""


class Refused(_Message):
    """The server or the nets cannot be used."""

    kind: Literal["refused"] = "refused"
    message: str
    exit_code: int


class Frame(_Message):
    """One more frame was received, or one more tick driven."""

    kind: Literal["frame"] = "frame"
    done: int
    """Of this job, so far."""


class Note(_Message):
    """Something that a user should know."""

    kind: Literal["note"] = "note"
    text: str


class DriveDone(_Message):
    """The log is written."""

    kind: Literal["drive done"] = "drive done"


class PassDone(_Message):
    """The counts are written."""

    kind: Literal["pass done"] = "pass done"
    status: Status
    message: str
    seconds: float
    sha256: str
    """Of the file of the counts."""
    labels: dict[str, str]
    """As in ``JournalEntry.labels``."""


class EpisodeDone(_Message):
    """The episode log is written, and so is all that goes with it."""

    kind: Literal["episode done"] = "episode done"
    status: Literal["done", "failed"]
    """failed: the policy could not go on; what was driven until then is in the log."""
    message: str
    seconds: float
    sha256: str
    """Of the file of the log."""
    ends_worker: bool = False
    """Whether the worker ends now: the policy hangs in one of its threads."""


class Failed(_Message):
    """The job cannot be done: an error of the scenario, the model or the data, which another try would meet again."""

    kind: Literal["failed"] = "failed"
    message: str


class Lost(_Message):
    """The server is gone or hangs. The worker ends."""

    kind: Literal["lost"] = "lost"
    message: str
    hung: bool


ResultJob: TypeAlias = PassJob | EpisodeJob
"""What a row of a table is made from; a drive only prepares passes."""
Job: TypeAlias = DriveJob | ResultJob
ResultDone: TypeAlias = PassDone | EpisodeDone
Event: TypeAlias = Started | Waiting | Ready | Refused | Frame | Note | DriveDone | ResultDone | Failed | Lost

_TO_WORKER: TypeAdapter[Setup | Job] = TypeAdapter(Annotated[Setup | Job, Field(discriminator="kind")])
_FROM_WORKER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def to_line(message: Setup | Job | Event) -> bytes:
    """One line, with its end."""
    return message.model_dump_json().encode() + b"\n"


def read_order(line: bytes) -> Setup | Job:
    """What the supervisor wrote."""
    return _TO_WORKER.validate_json(line)


def read_event(line: bytes) -> Event:
    """What a worker wrote.

    Raises:
        ValueError: it is none of the events.
    """
    return _FROM_WORKER.validate_json(line)
