"""The stream that every client follows: where all actors are, how they move, and what state they are in."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.wire.sensor_data import (
    TRAFFIC_LIGHT_TIMES_BYTES,
    FailureState,
    SensorHeader,
    SensorType,
    SimulationState,
    pack_actor_record,
    pack_episode_header,
    pack_header,
    pack_traffic_light_times,
    pack_vehicle_record,
    pack_walker_record,
)
from sim_scenarios.embedded_simulator.world.actors import Actor, TrafficLight, TrafficSign, Vehicle, Walker
from sim_scenarios.embedded_simulator.world.snapshot import Pose, TrafficLightState, Vector
from sim_scenarios.embedded_simulator.world.world import World


class EpisodeStatePacker:
    """Packs the states of one world; remembers the records of what stands still, so that they are not packed again."""

    def __init__(self) -> None:
        self._episode_id = 0
        self._still: dict[int, tuple[Pose, bytes]] = {}

    def pack(self, world: World) -> bytes:
        """The world after its last tick.

        The platform timestamp is simulated time, so that equal runs give equal bytes.
        """
        if world.episode_id != self._episode_id:
            self._episode_id = world.episode_id
            self._still.clear()
        header = SensorHeader(type_id=SensorType.WORLD_OBSERVER, frame=world.frame, timestamp_s=world.elapsed_s)
        episode = pack_episode_header(
            episode_id=world.episode_id,
            platform_timestamp_s=world.elapsed_s,
            delta_s=world.settings.delta_s,
            state=SimulationState.LIGHTS_CHANGED if world.lights_updated else SimulationState.NONE,
        )
        return b"".join([pack_header(header), episode, *map(self._record, world.actors.values())])

    def _record(self, actor: Actor) -> bytes:
        if isinstance(actor, TrafficSign):
            return self._still_record(actor, actor.sign_id)
        if isinstance(actor, TrafficLight):
            return self._still_record(actor, actor.site.opendrive_id)[:-TRAFFIC_LIGHT_TIMES_BYTES] + _light_state(actor)
        if isinstance(actor, Walker):
            return _walker_record(actor)
        if isinstance(actor, Vehicle):
            return _vehicle_record(actor)
        return pack_actor_record(
            actor_id=actor.id,
            pose=actor.pose,
            velocity=actor.velocity,
            angular_velocity=actor.angular_velocity,
            acceleration=actor.acceleration,
        )

    def _still_record(self, actor: Actor, sign_id: str) -> bytes:
        """Of a light or sign, which are many and stand where they stood unless a client puts them elsewhere."""
        known = self._still.get(actor.id)
        if known is not None and known[0] is actor.pose:
            return known[1]
        record = pack_actor_record(
            actor_id=actor.id,
            pose=actor.pose,
            velocity=Vector(),
            angular_velocity=Vector(),
            acceleration=Vector(),
            state=sign_id.encode(),
        )
        self._still[actor.id] = actor.pose, record
        return record


def _walker_record(walker: Walker) -> bytes:
    control = walker.control
    return pack_walker_record(
        actor_id=walker.id,
        pose=walker.pose,
        velocity=walker.velocity,
        angular_velocity=walker.angular_velocity,
        acceleration=walker.acceleration,
        direction=control.direction,
        speed=control.speed,
        jump=control.jump,
    )


def _vehicle_record(vehicle: Vehicle) -> bytes:
    light = vehicle.traffic_light
    return pack_vehicle_record(
        actor_id=vehicle.id,
        pose=vehicle.pose,
        velocity=vehicle.velocity,
        angular_velocity=vehicle.angular_velocity,
        acceleration=vehicle.acceleration,
        control=vehicle.control,
        gear=vehicle.gear,
        speed_limit_kmh=vehicle.speed_limit_kmh,
        traffic_light_state=TrafficLightState.GREEN if light is None else light.state,
        traffic_light_id=None if light is None else light.id,
        failure=FailureState.ROLLOVER if vehicle.has_rolled else FailureState.NONE,
    )


def _light_state(light: TrafficLight) -> bytes:
    return pack_traffic_light_times(
        green_s=light.green_s,
        yellow_s=light.yellow_s,
        red_s=light.red_s,
        elapsed_s=light.elapsed_s,
        pole_index=light.pole_index,
        frozen=light.frozen,
        state=light.state,
    )
