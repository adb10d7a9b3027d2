"""Where the scene gets its shapes and materials from: the real models, or a handful of boxes in a test."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model
from sim_scenarios.embedded_simulator.road.town import Lot
from sim_scenarios.embedded_simulator.world.prop_catalogue import PROPS, PropSpec
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES, VehicleSpec
from sim_scenarios.embedded_simulator.world.walker_catalogue import WALKERS, WalkerSpec


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Textures:
    """The baked materials as the kernels read them, in the layout of ``materials.MaterialAtlas``."""

    texels: NDArray[np.uint8]
    """(N, 4) sRGB + gloss (leaves: coverage) of all materials and mip levels, end to end."""
    offsets: NDArray[np.int64]
    """(M, 10) first texel of each mip level."""
    sizes: NDArray[np.int32]
    """(M,) side of level 0 [px], a power of two."""
    noise: NDArray[np.uint8]
    """(4, 512, 512) tileable noise: clouds, cloud detail, grain, wide patches."""
    window_grid: NDArray[np.float32]
    """(M, 2) windows in a tile (across, up)."""
    is_leaf: NDArray[np.bool_]
    """(M,) whether the fourth channel is coverage."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ModelSource:
    """Everything a scene is put together from."""

    vehicles: tuple[VehicleSpec, ...] = VEHICLES
    walkers: tuple[WalkerSpec, ...] = WALKERS
    vehicle: Callable[[VehicleSpec], Model]
    walker: Callable[..., Model]
    """Of a ``WalkerSpec``; ``in_wheelchair=True`` seats it."""
    props: tuple[PropSpec, ...] = PROPS
    prop: Callable[[PropSpec], Model]
    placement: Callable[[str], Model]
    traffic_light: Callable[[float], Model]
    building: Callable[[Lot], Mesh]
    material_index: Callable[[str], int]
    tile_m: Callable[[str], float]
    """Side of one tile of a ground material [m]."""
    textures: Textures


@functools.cache
def procedural_models() -> ModelSource:
    """The product's own models and materials: made once, since each town loaded in a process shows the same ones."""
    from sim_scenarios.embedded_simulator.render.materials import MATERIALS, bake_materials

    atlas = bake_materials()
    noise = np.ascontiguousarray(np.moveaxis(atlas.noise, 2, 0))
    noise.flags.writeable = False  # like all of the atlas: kernels are compiled for one or the other
    textures = Textures(
        texels=atlas.texels, offsets=atlas.offsets, sizes=atlas.sizes, noise=noise,
        window_grid=np.array([material.window_grid for material in MATERIALS], np.float32),
        is_leaf=np.array([material.alpha for material in MATERIALS]),
    )  # fmt: skip
    return replace(unpainted_models(), textures=textures)


@functools.cache
def unpainted_models() -> ModelSource:
    """The same models in one grey: what suffices where nobody looks at the picture, without baking textures."""
    from sim_scenarios.embedded_simulator.render.materials import MATERIALS, MAX_LEVELS, NOISE_SIZE_PX, material_index
    from sim_scenarios.embedded_simulator.render.models.buildings import building_mesh
    from sim_scenarios.embedded_simulator.render.models.placements import placement_model
    from sim_scenarios.embedded_simulator.render.models.props import prop_model
    from sim_scenarios.embedded_simulator.render.models.traffic_lights import traffic_light_model
    from sim_scenarios.embedded_simulator.render.models.vehicles import vehicle_model
    from sim_scenarios.embedded_simulator.render.models.walkers import walker_model

    count = len(MATERIALS)
    textures = Textures(
        texels=np.full((count, 4), 128, np.uint8), sizes=np.ones(count, np.int32),
        offsets=np.repeat(np.arange(count)[:, None], MAX_LEVELS, axis=1),
        noise=np.full((4, NOISE_SIZE_PX, NOISE_SIZE_PX), 128, np.uint8),
        window_grid=np.zeros((count, 2), np.float32), is_leaf=np.zeros(count, bool),
    )  # fmt: skip
    for array in (textures.texels, textures.offsets, textures.sizes, textures.noise):
        array.flags.writeable = False  # like the baked ones: kernels are compiled for one or the other
    return ModelSource(
        vehicle=functools.cache(vehicle_model), walker=functools.cache(walker_model), prop=functools.cache(prop_model),
        placement=functools.cache(placement_model), traffic_light=functools.cache(traffic_light_model),
        building=building_mesh, material_index=material_index,
        tile_m=lambda name: MATERIALS[material_index(name)].tile_m, textures=textures,
    )  # fmt: skip
