"""A camera's attributes as its client set them, read once into what the renderer takes."""

from __future__ import annotations

import math
from dataclasses import fields

from sim_scenarios.embedded_simulator.render.camera_stages import Shot
from sim_scenarios.embedded_simulator.render.exposure import Eye
from sim_scenarios.embedded_simulator.render.optics import CARLA_OPTICS, PINHOLE, FilmCurve, LensShape, Optics
from sim_scenarios.embedded_simulator.render.view import Sighting
from sim_scenarios.embedded_simulator.world.actors import PICTURE_KINDS, Sensor

_LARGEST = 1e6
"""Numbers beyond mean nothing more to any effect."""


class CameraSettings:
    """How a camera is set, and the eye of one that meters: made when it is spawned, gone with it."""

    def __init__(self, camera: Sensor) -> None:
        self.lens = lens_of(camera)
        self.optics = optics_of(camera) if camera.kind in PICTURE_KINDS else CARLA_OPTICS
        self._eye = Eye() if self.optics.meters else None

    def shot(self, before: Sighting | None) -> Shot:
        """What a picture depends on, with what was seen in the tick before."""
        return Shot(optics=self.optics, eye=self._eye, before=before)


def lens_of(camera: Sensor) -> LensShape:
    """The distortion of a camera of any kind."""
    return LensShape(**{each.name: _number(camera, each.name, getattr(PINHOLE, each.name)) for each in fields(PINHOLE)})


def optics_of(camera: Sensor) -> Optics:
    """The picture attributes of an RGB camera."""
    default = CARLA_OPTICS
    numbers = {
        each.name: _number(camera, each.name, getattr(default, each.name))
        for each in fields(default)
        if each.type == "float"
    }
    film = {each.name: _number(camera, each.name, getattr(default.film, each.name)) for each in fields(default.film)}
    effects = camera.description.attribute("enable_postprocess_effects", "True")
    return Optics(
        enable_postprocess_effects=effects.strip().lower() in ("true", "1"),
        exposure_mode=camera.description.attribute("exposure_mode", default.exposure_mode),
        blade_count=int(_number(camera, "blade_count", default.blade_count)),
        film=FilmCurve(**film),
        **numbers,
    )


def _number(camera: Sensor, name: str, default: float) -> float:
    value = camera.number(name, default)
    return min(_LARGEST, max(-_LARGEST, value)) if math.isfinite(value) else default
