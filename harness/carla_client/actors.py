"""Actors that are destroyed again, whatever happens in between."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import carla

from harness.carla_client.drive_log import LoggedActor
from harness.carla_client.observation import Pose
from harness.errors import ScenarioFileError
from sim_scenarios.errors import unknown_name

_log = logging.getLogger(__name__)


class ActorScope:
    """Spawns actors, and destroys them in the opposite order: sensors before controllers before who carries them."""

    def __init__(self, client: carla.Client, world: carla.World, *, server_is_alive: Callable[[], bool]) -> None:
        self._client = client
        self._world = world
        self._server_is_alive = server_is_alive
        self._library: carla.BlueprintLibrary = world.get_blueprint_library()  # a long answer: asked for once
        self._ids: list[int] = []
        self._before_destroying: list[Callable[[], None]] = []

    def __enter__(self) -> ActorScope:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def spawn(
        self, made_as: LoggedActor, transform: carla.Transform, *, attach_to: carla.Actor | None = None
    ) -> carla.Actor | None:
        """Spawn one actor; None where it has no room.

        Raises:
            ScenarioFileError: the server has no such blueprint.
        """
        actor = self._world.try_spawn_actor(self.blueprint(made_as), transform, attach_to=attach_to)
        if actor is not None:
            self._ids.append(actor.id)
        return actor

    def spawn_all(
        self, cast: Sequence[tuple[LoggedActor, carla.Transform]], *, attach_to: Sequence[int] | None = None
    ) -> list[carla.Actor | None]:
        """Spawn many in one call, in order; None for each that has no room.

        Args:
            cast: What, and where (relative to its parent if it has one).
            attach_to: Ids of the parents, one each.
        """
        commands = [
            carla.command.SpawnActor(
                self.blueprint(made_as), transform, *(() if attach_to is None else (attach_to[i],))
            )
            for i, (made_as, transform) in enumerate(cast)
        ]
        # Never with a tick in it: that would tick while holding the GIL, which sensor callbacks may be waiting for.
        answers = self._client.apply_batch_sync(commands, False)
        ids = [None if answer.has_error() else int(answer.actor_id) for answer in answers]
        self._ids += [each for each in ids if each is not None]
        found = {actor.id: actor for actor in self._world.get_actors([each for each in ids if each is not None])}
        return [None if each is None else found[each] for each in ids]

    def blueprint(self, made_as: LoggedActor) -> carla.ActorBlueprint:
        """A blueprint of the server with these attributes.

        Raises:
            ScenarioFileError: the server has no such blueprint; with the nearest one that it has.
        """
        try:
            blueprint = self._library.find(made_as.blueprint)
        except IndexError:
            family = made_as.blueprint.partition(".")[0]
            known = sorted(each.id for each in self.blueprints(f"{family}.*"))
            raise ScenarioFileError(str(unknown_name("blueprint", made_as.blueprint, known))) from None
        for name, value in made_as.attributes.items():
            blueprint.set_attribute(name, value)
        return blueprint

    def blueprints(self, pattern: str) -> list[carla.ActorBlueprint]:
        """Those whose id matches ``vehicle.*`` or the like, sorted by id."""
        return sorted(self._library.filter(pattern), key=lambda each: str(each.id))

    def before_destroying(self, action: Callable[[], None]) -> None:
        """Call ``action`` before the actors are destroyed, the latest first; also when the server is gone."""
        self._before_destroying.append(action)

    def close(self) -> None:
        """Destroy what was spawned. A second call does nothing; a server that is gone is left alone; never raises."""
        while self._before_destroying:
            action = self._before_destroying.pop()
            try:
                action()
            except RuntimeError as error:
                _log.warning("clean-up: %s", error)
        if self._ids and self._server_is_alive():
            try:
                self._client.apply_batch_sync([carla.command.DestroyActor(each) for each in self._ids[::-1]], False)
            except RuntimeError as error:
                _log.warning("%d actors could not be destroyed: %s", len(self._ids), error)
        self._ids.clear()


def pose_of(transform: carla.Transform) -> Pose:
    """(x, y, z [m], pitch, yaw, roll [deg])."""
    location, rotation = transform.location, transform.rotation
    return location.x, location.y, location.z, rotation.pitch, rotation.yaw, rotation.roll


def to_transform(pose: Sequence[float]) -> carla.Transform:
    """The inverse of ``pose_of``."""
    x, y, z, pitch, yaw, roll = (float(value) for value in pose)
    return carla.Transform(carla.Location(x, y, z), carla.Rotation(pitch, yaw, roll))
