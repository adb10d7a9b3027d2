"""Lens distortion: the law, cv2.remap as a reference, and labels that go exactly with the picture."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.lens import bend, bend_labels, bend_light, pinhole_behind, source_places
from sim_scenarios.embedded_simulator.render.optics import PINHOLE, LensShape
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.view import View
from sim_scenarios.embedded_simulator.world.snapshot import Pose

LEADERBOARD = LensShape(lens_circle_multiplier=3.0, lens_circle_falloff=3.0)
PINCUSHION = LensShape(lens_circle_multiplier=2.0, lens_k=1.0)
CUBIC = LensShape(lens_circle_multiplier=1.5, lens_kcube=0.6, lens_x_size=0.1, lens_y_size=0.04)


def view(lens: LensShape, width: int = 160, height: int = 90) -> View:
    return View(pose=Pose(), width=width, height=height, fov_deg=90.0, lens=lens)


def test_carlas_defaults_bend_nothing() -> None:
    assert not PINHOLE.bends
    assert not LensShape(lens_circle_multiplier=3.0, lens_k=0.0).bends
    assert LEADERBOARD.bends


def test_a_corner_moves_by_multiplier_times_size() -> None:
    x, y = bend(LEADERBOARD, np.array([80.0, 0.0]), np.array([45.0, 0.0]), math.hypot(80.0, 45.0))
    np.testing.assert_allclose(x, [80.0 * 1.24, 0.0])
    np.testing.assert_allclose(y, [45.0 * 1.24, 0.0])
    inward, _ = bend(PINCUSHION, np.array([80.0]), np.array([45.0]), math.hypot(80.0, 45.0))
    assert inward[0] == pytest.approx(80.0 * (1.0 - 0.16))


@pytest.mark.parametrize("lens", [LEADERBOARD, PINCUSHION, CUBIC])
def test_the_pinhole_holds_all_that_the_lens_shows_at_the_same_scale(lens: LensShape) -> None:
    wanted, pinhole = view(lens), pinhole_behind(view(lens))
    assert not pinhole.lens.bends
    focal = [v.width / (2.0 * math.tan(math.radians(v.fov_deg) / 2.0)) for v in (wanted, pinhole)]
    assert focal[0] == pytest.approx(focal[1])
    places = source_places(lens, (90, 160), (pinhole.height, pinhole.width))
    x, y = np.meshgrid(np.arange(160) + 0.5 - 80.0, np.arange(90) + 0.5 - 45.0)
    bent_x, bent_y = bend(lens, x, y, math.hypot(80.0, 45.0))
    np.testing.assert_allclose(places[..., 0], bent_x + pinhole.width / 2.0, atol=1e-3)
    np.testing.assert_allclose(places[..., 1], bent_y + pinhole.height / 2.0, atol=1e-3)


def test_a_lens_beyond_reason_repeats_the_border() -> None:
    absurd = LensShape(lens_circle_multiplier=1000.0, lens_circle_falloff=0.5)
    pinhole = pinhole_behind(view(absurd))
    assert pinhole.width <= 1.6 * 160 + 2
    places = source_places(absurd, (90, 160), (pinhole.height, pinhole.width))
    assert places.min() >= 0.0
    assert (places < (pinhole.width, pinhole.height)).all()
    wide = View(pose=Pose(), width=160, height=90, fov_deg=179.0, lens=LEADERBOARD)
    assert pinhole_behind(wide).fov_deg <= 179.0


@pytest.mark.parametrize("lens", [LEADERBOARD, PINCUSHION, CUBIC])
def test_bending_is_cv2_remap(lens: LensShape) -> None:
    pinhole = pinhole_behind(view(lens))
    shape = (pinhole.height, pinhole.width)
    places = source_places(lens, (90, 160), shape)
    maps = places - 0.5  # cv2 counts from pixel centres
    rng = np.random.default_rng(3)
    tag, instance = rng.integers(0, 29, shape, np.uint8), rng.integers(0, 1 << 16, shape, np.uint16)
    depth_m = rng.random(shape).astype(np.float32)
    out = [np.zeros((90, 160), image.dtype) for image in (tag, instance, depth_m)]
    bend_labels(0, 1, places, tag, instance, depth_m, *out)
    for image, bent in zip((tag, instance, depth_m), out, strict=True):
        expected = cv2.remap(image, maps, None, cv2.INTER_NEAREST)
        ties = (np.abs(places - np.round(places)) < 0.04).any(axis=2)  # cv2 rounds to a 32nd first
        np.testing.assert_array_equal(bent[~ties], expected[~ties])
    light = cv2.GaussianBlur(rng.random((*shape, 4)).astype(np.float32), (0, 0), 2.0)
    bent_light = np.zeros((90, 160, 4), np.float32)
    bend_light(0, 1, places, np.zeros_like(tag), np.zeros_like(instance), light, bent_light)
    expected = cv2.remap(light, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    assert np.abs(bent_light - expected)[..., :3].max() < 0.01


def test_colours_never_mix_over_an_edge_of_the_tag_image() -> None:
    """Left black, right white: no pixel is grey, and each is the colour of its label."""
    pinhole = pinhole_behind(view(LEADERBOARD))
    shape = (pinhole.height, pinhole.width)
    places = source_places(LEADERBOARD, (90, 160), shape)
    tag, instance = np.zeros(shape, np.uint8), np.zeros(shape, np.uint16)
    tag[:, 110:] = 7
    light = np.repeat((tag > 0).astype(np.float32)[..., None], 4, axis=2)
    out = [np.zeros((90, 160), kind) for kind in (np.uint8, np.uint16, np.float32)]
    bend_labels(0, 1, places, tag, instance, np.ones(shape, np.float32), *out)
    bent_light = np.zeros((90, 160, 4), np.float32)
    bend_light(0, 1, places, tag, instance, light, bent_light)
    np.testing.assert_allclose(bent_light[..., 0], out[0] == 7)


@pytest.mark.parametrize("lens", [LEADERBOARD, PINCUSHION])
def test_a_bent_picture_is_the_pinholes_seen_through_the_law(renderer: Renderer, stage: Any, lens: LensShape) -> None:
    """All images of a bent view against those of the wider pinhole view, sampled in numpy."""
    scene = stage.snapshot(stage.car(10.0, 3.0), stage.walker(6.0, -2.0))
    bent_view = View(pose=stage.view().pose, width=160, height=90, fov_deg=90.0, lens=lens)
    pinhole = renderer.render(pinhole_behind(bent_view), scene, color=False)
    places = source_places(lens, (90, 160), pinhole.tag.shape)
    columns, rows = np.floor(places[..., 0]).astype(int), np.floor(places[..., 1]).astype(int)
    expected = {name: getattr(pinhole, name)[rows, columns] for name in ("tag", "instance", "depth_m")}
    with_color = renderer.render(bent_view, scene, color=True)
    assert with_color.rgb is not None
    assert with_color.rgb.shape == (90, 160, 3)
    for name, image in expected.items():
        np.testing.assert_array_equal(getattr(with_color, name), image, err_msg=name)
    straight = renderer.render(stage.view(), scene, color=False)
    assert (straight.tag != expected["tag"]).mean() > 0.005
