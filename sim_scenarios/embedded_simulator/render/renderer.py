"""A town, a view and a snapshot in; images out."""

from __future__ import annotations

import copy
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.actors import ActorPoser
from sim_scenarios.embedded_simulator.render.camera_stages import PLAIN_SHOT, CameraStages, Shot
from sim_scenarios.embedded_simulator.render.canvas import Canvas, CanvasStore
from sim_scenarios.embedded_simulator.render.culling import Culler
from sim_scenarios.embedded_simulator.render.flow import FlowPass
from sim_scenarios.embedded_simulator.render.halos import add_halos, lamps_in_view
from sim_scenarios.embedded_simulator.render.jit import Real, Records, Workers
from sim_scenarios.embedded_simulator.render.lamps import headlights
from sim_scenarios.embedded_simulator.render.lens import pinhole_behind
from sim_scenarios.embedded_simulator.render.lighting import light_pixels
from sim_scenarios.embedded_simulator.render.model_source import ModelSource, procedural_models
from sim_scenarios.embedded_simulator.render.occlusion import (
    CONTACT_CELL_M,
    CONTACT_PX,
    crease_occlusion,
    darken_footprints,
)
from sim_scenarios.embedded_simulator.render.post import scene_seed
from sim_scenarios.embedded_simulator.render.quality import HIGH, Quality
from sim_scenarios.embedded_simulator.render.raster import label_pixels
from sim_scenarios.embedded_simulator.render.ray_caster import RayCaster
from sim_scenarios.embedded_simulator.render.reflection import mirror_light, soften_light
from sim_scenarios.embedded_simulator.render.scene import build_scene
from sim_scenarios.embedded_simulator.render.shadows import ShadowCaster, StandingShadows
from sim_scenarios.embedded_simulator.render.signal_lamps import signals_in_view
from sim_scenarios.embedded_simulator.render.surface import resolve_surfaces
from sim_scenarios.embedded_simulator.render.surface_normals import VEGETATION_TAG, copy_normals
from sim_scenarios.embedded_simulator.render.view import Frame, Sighting, View, camera_record
from sim_scenarios.embedded_simulator.render.visibility import VisibilityPass, Visible
from sim_scenarios.embedded_simulator.render.weather_look import look_of
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot

_T = TypeVar("_T")


class Renderer:
    """Draws one town; every buffer is kept for the next frame, so one renderer serves one thread at a time.

    ``side_by_side`` has several draw at once.
    """

    def __init__(
        self, town: Town, *, threads: int, models: ModelSource | None = None, lens_drops: bool = False,
        quality: Quality = HIGH,
    ) -> None:  # fmt: skip
        """Build the scene.

        ``models`` replaces the product's own shapes and materials, for tests. With ``lens_drops`` rain wets the lenses.
        """
        models = models or procedural_models()
        self._textures, self._quality = models.textures, quality
        self._scene = build_scene(town, models)
        self._poser = ActorPoser(self._scene, {spec.id: spec.height_m for spec in models.walkers})
        workers, self._lens_drops = Workers(threads), lens_drops
        self._standing_shadows = StandingShadows(
            self._scene, self._textures, workers, Culler(self._scene.models), quality
        )
        self._equip(workers, CanvasStore())
        self._crew = ThreadPoolExecutor(threads, thread_name_prefix="camera")

    def _equip(self, workers: Workers, canvases: CanvasStore) -> None:
        """Give this renderer what it cannot share with one that draws at the same time."""
        self._workers = workers
        self._culler = Culler(self._scene.models)
        self._picture = VisibilityPass(self._scene.models.library, self._textures, workers)
        self._shadows = ShadowCaster(
            self._standing_shadows, self._scene, self._textures, workers, self._culler, self._quality
        )
        self._ground_open = np.ones((CONTACT_PX, CONTACT_PX), np.float32)
        self._canvases = canvases
        self._camera = CameraStages(workers, self._stage, lens_drops=self._lens_drops, quality=self._quality)
        self.stage_seconds: dict[str, float] = {}
        """Wall-clock seconds of each stage of the last ``render``, in order."""

    @property
    def threads(self) -> int:
        """How many can draw at the same time."""
        return self._workers.count

    def side_by_side(self, works: Sequence[Callable[[Renderer], _T]], snapshot: Snapshot) -> list[_T]:
        """The results of works that draw ``snapshot``, each on a thread of its own; at most ``threads`` of them.

        So no thread waits for others after every kernel. The pictures are those that ``render`` makes.
        """
        assert len(works) <= self.threads
        objects, _ = self._poser.pose(snapshot)  # what all share is made before they begin
        self._poser.standing.lamps(objects, snapshot, float(look_of(snapshot.weather)["lamp_power"][0]))
        results = [self._crew.submit(work, hand) for work, hand in zip(works, self._hands, strict=False)]
        return [result.result() for result in results]

    @functools.cached_property
    def _hands(self) -> list[Renderer]:
        """Renderers of the same scene, one a thread; the first draws on this one's canvases."""
        hands = []
        for number in range(self.threads):
            hand = copy.copy(self)
            hand.__dict__.pop("_flow", None)
            hand._equip(Workers(1), self._canvases if number == 0 else CanvasStore())
            hands.append(hand)
        return hands

    @functools.cached_property
    def rays(self) -> RayCaster:
        """Casts rays through what is drawn; its trees are built when first asked for."""
        return RayCaster(self._scene, self._textures, self._poser, self._workers)

    @functools.cached_property
    def _flow(self) -> FlowPass:
        return FlowPass(self._scene.models.library, self._poser.twin(), self._workers)

    def render(
        self, view: View, snapshot: Snapshot, *, color: bool, normals: bool = False, earlier: Sequence[Sighting] = (),
        shot: Shot = PLAIN_SHOT,
    ) -> Frame:  # fmt: skip
        """Draw what ``view`` sees of ``snapshot``, and how it has moved since each ``earlier`` sighting.

        All but the colours depend on the geometry and the lens alone; with ``color=False`` nothing is shaded.
        ``shot`` is how the camera takes the colours.
        """
        self.stage_seconds = {}
        pinhole = pinhole_behind(view) if view.lens.bends else view
        camera = camera_record(pinhole)
        canvas = self._canvases.canvas(pinhole.height, pinhole.width)
        with self._stage("pose"):
            objects, joints = self._poser.pose(snapshot)
        with self._stage("cull"):
            draws = self._culler.draws(objects, camera)
        with self._stage("visibility"):
            visible = self._picture.run(
                camera, draws, objects, joints, nearness=canvas.nearness, slot_at=canvas.slot_at, leaves_hidden_out=True
            )
        with self._stage("labels"):
            self._workers.run(
                label_pixels, visible.slots, visible.draws, objects, self._scene.models.library.triangle_info,
                canvas.nearness, canvas.slot_at, canvas.tag, canvas.instance, canvas.depth_m,
            )  # fmt: skip
        flows = []
        for sighting in earlier:
            with self._stage("flow"):
                flows.append(self._flow.run(camera, canvas.slot_at, visible, snapshot, sighting))
        if color or normals:
            with self._stage("surfaces"):
                every_pixel = normals or self._quality.shades_every_pixel
                self._resolve(camera, canvas, visible, objects, joints, every_pixel=every_pixel)
        normal = None
        if normals:
            normal = np.empty((pinhole.height, pinhole.width, 3), np.float32)
            with self._stage("normals"):
                self._workers.run(
                    copy_normals, camera, canvas.slot_at, canvas.tag, canvas.surface, VEGETATION_TAG, normal
                )
        final = canvas
        if pinhole is not view:
            final = self._canvases.canvas(view.height, view.width)
            self._camera.bend_labels(view, canvas, final)
            normal = None if normal is None else self._camera.bend_vectors(view, normal)
            flows = [self._camera.bend_flow(view, flow) for flow in flows]
        if color:
            look, seed = look_of(snapshot.weather), scene_seed(camera, objects[self._poser.num_static :])
            light = self._shade(camera, look, seed, canvas, objects, joints, snapshot)
            motion = None
            if shot.optics.blurs_motion and shot.before is not None:
                with self._stage("motion"):
                    motion = self._flow.run(camera, canvas.slot_at, visible, snapshot, shot.before)
            self._camera.take(
                camera, look, seed, canvas, light, motion=motion, view=view, final=final, snapshot=snapshot, shot=shot
            )
        return Frame(
            rgb=final.rgb if color else None, tag=final.tag, instance=final.instance, depth_m=final.depth_m,
            normal=normal, flows=tuple(flows),
        )  # fmt: skip

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.stage_seconds[name] = time.perf_counter() - start

    def _resolve(
        self, camera: Records, canvas: Canvas, visible: Visible, objects: Records, joints: NDArray[np.float32],
        *, every_pixel: bool,
    ) -> None:  # fmt: skip
        """Fill ``canvas.surface`` from what is visible."""
        library, textures = self._scene.models.library, self._textures
        self._workers.run(
            resolve_surfaces, camera, visible.slots, canvas.slot_at, visible.draws, objects, joints, visible.corners,
            library.first_vertex, library.triangles, library.triangle_info, library.attributes, library.joints,
            textures.texels, textures.offsets, textures.sizes, textures.window_grid, every_pixel, canvas.surface,
        )  # fmt: skip

    def _shade(
        self, camera: Records, look: Records, seed: int, canvas: Canvas, objects: Records, joints: NDArray[np.float32],
        snapshot: Snapshot,
    ) -> NDArray[np.float32]:  # fmt: skip
        """Returns the light of the surfaces, in one of the canvas's light buffers."""
        textures = self._textures
        with self._stage("shadows"):
            shadows = self._shadows.maps(look, camera, objects, joints, hidden=snapshot.hidden_objects)
        with self._stage("occlusion"):
            if self._quality.darkens_creases:
                self._workers.run(crease_occlusion, camera, canvas.nearness, canvas.surface, canvas.open_sky)
            corner = self._darken_ground(camera, objects)
        lamp_record, lamp_cells, lamps = self._poser.standing.lamps(objects, snapshot, float(look["lamp_power"][0]))
        with self._stage("lighting"):
            self._workers.run(
                light_pixels, camera, look, canvas.slot_at, canvas.nearness, canvas.tag, textures.noise,
                shadows.records, shadows.moving, shadows.near, shadows.town, canvas.open_sky, self._ground_open,
                corner[0], corner[1], lamp_record, lamp_cells, lamps,
                headlights(snapshot, camera["eye"][0]), seed, self._quality.shades_every_pixel, canvas.surface,
                canvas.light,
            )  # fmt: skip
        if look["lamp_power"][0] > 0.0:
            with self._stage("halos"):
                signals = signals_in_view(self._scene.signal_heads, snapshot, camera, objects)
                shining = np.concatenate([lamps_in_view(snapshot, camera, lamps), signals])
                self._workers.run(add_halos, camera, look, shining, canvas.nearness, canvas.light)
        if look["film"][0] == 0.0:  # nothing is wet
            return canvas.light
        with self._stage("reflection"):
            self._workers.run(soften_light, canvas.light, canvas.soft_light)
            self._workers.run(
                mirror_light, camera, look, textures.noise, seed, self._quality.mirror_steps, canvas.nearness,
                canvas.surface, canvas.light, canvas.soft_light, canvas.spare_light,
            )  # fmt: skip
        return canvas.spare_light

    def _darken_ground(self, camera: Records, objects: Records) -> tuple[Real, Real]:
        """Draw the footprints near the camera; returns the world place of the map's corner."""
        side = CONTACT_PX * CONTACT_CELL_M
        middle = camera["eye"][0, :2] + camera["forward"][0, :2] * (0.4 * side)
        corner = np.floor((middle - side / 2.0) / CONTACT_CELL_M) * CONTACT_CELL_M
        shown = objects["num_levels"][self._scene.footprint_rows] > 0
        footprints = np.concatenate([self._scene.footprints[shown], self._poser.footprints])
        darken_footprints(footprints, float(corner[0]), float(corner[1]), self._ground_open)
        return np.float32(corner[0]), np.float32(corner[1])
