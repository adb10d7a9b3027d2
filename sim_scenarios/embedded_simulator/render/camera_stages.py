"""From the light of a scene to a camera's picture, in the order in which light goes through a real camera.

``defocus``, ``motion_blur``  on the pinhole's picture, where distances and motions are known
``lens``                      the distortion, of labels, too
``lens_drops``, ``fringe``    the glass: rain on it, colours apart
``bloom``                     light that strays in it
``exposure``                  shutter, aperture and sensitivity, or the camera's own meter
``film``                      stray light and vignette, white balance, the film's curve, gamma
``post``                      smoothed edges, rain in front, grain

Each stage that is not in use is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render import exposure
from sim_scenarios.embedded_simulator.render.bloom import blur_both_ways, scatter_light, shrink
from sim_scenarios.embedded_simulator.render.canvas import Canvas
from sim_scenarios.embedded_simulator.render.defocus import blur_by_distance, disc_sizes
from sim_scenarios.embedded_simulator.render.exposure import Eye
from sim_scenarios.embedded_simulator.render.film import develop, film_record, table_for
from sim_scenarios.embedded_simulator.render.flow import LARGEST_FLOW
from sim_scenarios.embedded_simulator.render.fringe import fringe
from sim_scenarios.embedded_simulator.render.jit import Records, Workers
from sim_scenarios.embedded_simulator.render.lens import bend_labels, bend_light, bend_vectors, source_places
from sim_scenarios.embedded_simulator.render.lens_drops import OUT_OF_FOCUS, wet_lens
from sim_scenarios.embedded_simulator.render.motion_blur import blur_motion, shutter_share
from sim_scenarios.embedded_simulator.render.optics import CARLA_OPTICS, Optics
from sim_scenarios.embedded_simulator.render.post import finish_picture
from sim_scenarios.embedded_simulator.render.quality import Quality
from sim_scenarios.embedded_simulator.render.view import Sighting, View
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot

Stage = Callable[[str], AbstractContextManager[None]]
"""Names and times what is done within."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """What a picture depends on besides the view and the world."""

    optics: Optics = CARLA_OPTICS
    eye: Eye | None = None
    """Of a camera that meters; without one, a metering camera sees as if for the first time."""
    before: Sighting | None = None
    """What the camera saw in the tick before, for motion blur; without it, nothing has moved."""


PLAIN_SHOT = Shot()


class CameraStages:
    """Takes pictures; one at a time."""

    def __init__(self, workers: Workers, stage: Stage, *, lens_drops: bool, quality: Quality) -> None:
        self._workers = workers
        self._stage = stage
        self._lens_drops, self._quality = lens_drops, quality

    def bend_labels(self, view: View, drawn: Canvas, bent: Canvas) -> None:
        """Fill the labels of ``bent``, a canvas of the view's size, from those of the pinhole's picture."""
        with self._stage("lens"):
            places = source_places(view.lens, bent.tag.shape, drawn.tag.shape)
            self._workers.run(
                bend_labels, places, drawn.tag, drawn.instance, drawn.depth_m, bent.tag, bent.instance, bent.depth_m
            )

    def bend_vectors(self, view: View, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """(H, W, C) for the view of what the pinhole shows as (h, w, C)."""
        out = np.empty((view.height, view.width, image.shape[2]), np.float32)
        places = source_places(view.lens, out.shape[:2], image.shape[:2])
        self._workers.run(bend_vectors, places, image, out)
        return out

    def bend_flow(self, view: View, flow: NDArray[np.float32]) -> NDArray[np.float32]:
        """As ``bend_vectors``, in the unit of a flow of the view's size."""
        scale = np.array([flow.shape[1] / view.width, flow.shape[0] / view.height], np.float32)
        return np.asarray(np.clip(self.bend_vectors(view, flow) * scale, -LARGEST_FLOW, LARGEST_FLOW))

    def take(
        self, camera: Records, look: Records, seed: int, drawn: Canvas, light: NDArray[np.float32], *,
        motion: NDArray[np.float32] | None, view: View, final: Canvas, snapshot: Snapshot, shot: Shot,
    ) -> None:  # fmt: skip
        """Fill ``final.rgb`` from the scene's light, which is one of the two light buffers of ``drawn``.

        ``motion`` is the flow since ``shot.before``; ``drawn`` and ``final`` are the same if no lens bends the view.
        """
        light = self._in_the_pinhole(camera, drawn, light, motion, snapshot, shot)
        if view.lens.bends:
            with self._stage("lens light"):
                places = source_places(view.lens, final.tag.shape, drawn.tag.shape)
                self._workers.run(bend_light, places, drawn.tag, drawn.instance, light, final.light)
            light = final.light
        light = self._behind_the_glass(camera, look, final, light, shot.optics)
        with self._stage("exposure"):
            ev = exposure_value(shot, float(look["exposure"][0]), light, snapshot.elapsed_s)
        with self._stage("film"):
            film = film_record(shot.optics, exposure.exposure_of(ev))
            self._workers.run(develop, film, table_for(shot.optics), final.glow.small, light, final.toned)
        with self._stage("post"):
            grain = np.float32(float(look["grain"][0]) * grain_gain(shot.optics))
            smooths_edges = self._quality.smooths_edges
            self._workers.run(finish_picture, look, seed, grain, smooths_edges, final.toned, final.rgb)

    def _in_the_pinhole(
        self, camera: Records, drawn: Canvas, light: NDArray[np.float32], motion: NDArray[np.float32] | None,
        snapshot: Snapshot, shot: Shot,
    ) -> NDArray[np.float32]:  # fmt: skip
        optics, width = shot.optics, drawn.tag.shape[1]
        discs = disc_sizes(optics, width, float(camera["focal_px"][0]))
        if optics.enable_postprocess_effects and discs.is_seen:
            with self._stage("defocus"):
                out = drawn.other_light(light)
                blur_by_distance(self._workers, optics, discs, drawn.nearness, light, out)
            light = out
        if motion is not None and shot.before is not None:
            with self._stage("motion blur"):
                out = drawn.other_light(light)
                share = shutter_share(optics, snapshot.elapsed_s - shot.before.snapshot.elapsed_s)
                longest = optics.motion_blur_max_distortion / 100.0 * width
                self._workers.run(blur_motion, np.float32(share), np.float32(longest), motion, light, out)
            light = out
        return light

    def _behind_the_glass(
        self, camera: Records, look: Records, canvas: Canvas, light: NDArray[np.float32], optics: Optics
    ) -> NDArray[np.float32]:
        if self._lens_drops and look["rain"][0] > 0.0:
            with self._stage("lens drops"):
                glow = canvas.glow
                self._workers.run(shrink, light, glow.small)
                blur_both_ways(self._workers, OUT_OF_FOCUS, glow.small, glow.between)
                self._workers.run(wet_lens, camera, look["rain"][0], glow.small, light)
        if not optics.enable_postprocess_effects:
            return light
        if optics.chromatic_aberration_intensity != 0.0:
            with self._stage("fringe"):
                out = canvas.other_light(light)
                self._workers.run(
                    fringe, np.float32(optics.chromatic_aberration_intensity),
                    np.float32(optics.chromatic_aberration_offset), light, out,
                )  # fmt: skip
            light = out
        if optics.bloom_intensity > 0.0 or optics.lens_flare_intensity > 0.0:
            with self._stage("bloom"):
                scatter_light(self._workers, optics, light, canvas.glow)
        return light


def exposure_value(shot: Shot, weather_exposure: float, light: NDArray[np.float32], elapsed_s: float) -> float:
    """EV of a picture (see ``exposure.py``), less the compensation."""
    optics = shot.optics
    if not optics.enable_postprocess_effects:
        return exposure.NOON_EV
    if optics.exposure_mode == "manual":
        ev = exposure.manual_ev(optics)
    elif optics.meters:
        ev = (shot.eye or Eye()).look(optics, light, elapsed_s)
    else:
        ev = exposure.ev_of(weather_exposure)
    return ev - optics.exposure_compensation


def grain_gain(optics: Optics) -> float:
    """How much the grain grows: by hand, with the square root of ``iso``; none without effects."""
    if not optics.enable_postprocess_effects:
        return 0.0
    return math.sqrt(max(0.0, optics.iso) / 100.0) if optics.exposure_mode == "manual" else 1.0
