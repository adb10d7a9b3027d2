"""Several cameras in one tick: who draws when, and that it makes no difference to what they see."""

from __future__ import annotations

from collections.abc import Sequence

from sim_scenarios.embedded_simulator.render.model_source import unpainted_models
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.sensors.camera import CameraJob, Exposure
from sim_scenarios.embedded_simulator.sensors.jobs import perform_shift, shifts
from sim_scenarios.embedded_simulator.sensors.warm_up import _stage
from sim_scenarios.embedded_simulator.world.actors import CameraShape, SensorKind
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Snapshot, Vector, Weather

WEATHERS = (Weather(), Weather(sun_altitude_angle=20.0, wetness=90.0, precipitation=60.0))
COLOR = (SensorKind.RGB, SensorKind.SEMANTIC, SensorKind.DEPTH)


def jobs(count: int, *, width: int = 64, kinds: Sequence[SensorKind] = COLOR) -> list[CameraJob]:
    return [
        CameraJob(
            pose=Pose(Vector(-8.0, 0.0, 2.0), Rotation(yaw=40.0 * number)),
            shape=CameraShape(width=width, height=36, fov_deg=90.0),
            exposures=tuple(Exposure(kind=kind, stream_id=10 * number + side) for side, kind in enumerate(kinds)),
        )
        for number in range(count)
    ]


def test_as_many_cameras_as_threads_draw_at_once_and_the_rest_alone() -> None:
    planned = jobs(7)
    assert [len(shift) for shift in shifts(planned, 3)] == [3, 3, 1]
    assert [len(shift) for shift in shifts(planned, 1)] == [1] * 7
    assert [len(shift) for shift in shifts(planned, 8)] == [1] * 7
    assert [job for shift in shifts(planned, 3) for job in shift] == planned


def test_only_cameras_that_take_as_long_draw_at_once() -> None:
    (small, other), (large,), (labels,) = jobs(2), jobs(1, width=640), jobs(1, kinds=[SensorKind.SEMANTIC])
    assert shifts([small, large, labels, other], 2) == [(small, other), (large,), (labels,)]


def test_cameras_that_draw_at_once_see_what_they_see_one_by_one() -> None:
    seen = []
    for threads in (1, 3):
        renderer = Renderer(_stage(), threads=threads, models=unpainted_models())
        messages = {}
        for frame, weather in enumerate(WEATHERS):
            snapshot = Snapshot(
                frame=frame, elapsed_s=0.05 * frame, delta_s=0.05, weather=weather, actors=(), traffic_lights={}
            )
            for shift in shifts(jobs(7), threads):
                for message in perform_shift(renderer, shift, snapshot):
                    messages[frame, message.stream_id] = b"".join(bytes(part) for part in message.parts)
        seen.append(messages)
    assert len(seen[0]) == 2 * 7 * 3
    assert seen[0] == seen[1]
