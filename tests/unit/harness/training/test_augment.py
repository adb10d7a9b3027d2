"""Augmentation: a pixel never parts from its label, and labels never change colour."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from harness.training.augment import LARGEST_HUE_TURN, RGB_TO_YIQ, BatchTransform, jitter_colors
from harness.training.pixels import CENTER, SPREAD

HEIGHT, WIDTH = 24, 31
NUM_IDS = 200


def transform(
    *,
    crop: tuple[int, int] | None = (16, 12),
    flip: bool = True,
    scale_jitter: float = 0.0,
    color_jitter: float = 0.0,
    is_random: bool = True,
) -> BatchTransform:
    return BatchTransform(
        crop=crop,
        flip=flip,
        scale_jitter=scale_jitter,
        color_jitter=color_jitter,
        is_random=is_random,
        ignore_id=255,
    )


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures_that_encode_their_labels(batch: int) -> tuple[Tensor, Tensor]:
    """``rgb (B, 3, H, W)`` whose red is the label, green the row and blue the column, and the labels."""
    labels = torch.randint(0, NUM_IDS, (batch, HEIGHT, WIDTH), generator=generator(5), dtype=torch.uint8)
    rows = torch.arange(HEIGHT, dtype=torch.uint8)[:, None].expand(batch, HEIGHT, WIDTH)
    columns = torch.arange(WIDTH, dtype=torch.uint8)[None].expand(batch, HEIGHT, WIDTH)
    return torch.stack((labels, rows, columns), dim=1), labels


def to_bytes(images: Tensor) -> Tensor:
    """Undo the scaling of ``pixels``."""
    return ((images * SPREAD + CENTER) * 255.0).round().to(torch.uint8)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    width=st.integers(1, WIDTH),
    height=st.integers(1, HEIGHT),
    flip=st.booleans(),
    is_random=st.booleans(),
)
def test_crop_and_mirror_move_image_and_labels_as_one(
    seed: int, width: int, height: int, flip: bool, is_random: bool
) -> None:
    rgb, labels = pictures_that_encode_their_labels(4)
    change = transform(crop=(width, height), flip=flip, is_random=is_random)
    images, moved = change(rgb, labels, generator(seed))
    found = to_bytes(images)
    assert moved.shape == (4, height, width)
    assert torch.equal(found[:, 0], moved)
    # Every output pixel names the place that it came from: the label there must be the one it carries.
    picture = torch.arange(4)[:, None, None]
    assert torch.equal(labels[picture, found[:, 1].long(), found[:, 2].long()], moved)


def test_the_whole_range_of_crops_is_drawn_and_half_are_mirrored() -> None:
    rgb, labels = pictures_that_encode_their_labels(1)
    images, _ = transform(crop=(30, 24))(rgb.expand(400, -1, -1, -1), labels.expand(400, -1, -1), generator())
    left, right = to_bytes(images)[:, 2, 0, 0].tolist(), to_bytes(images)[:, 2, 0, -1].tolist()
    starts = {min(ends) for ends in zip(left, right, strict=True)}
    assert starts == {0, 1}
    mirrored = sum(a > b for a, b in zip(left, right, strict=True))
    assert 160 < mirrored < 240


def test_zoom_moves_image_and_labels_as_one() -> None:
    """On areas of even colour, away from their edges, colour and label must still agree."""
    labels = torch.zeros(16, HEIGHT, WIDTH, dtype=torch.uint8)
    labels[:, 8:, :] = 80
    labels[:, :, 17:] += 100
    rgb = labels[:, None].expand(-1, 3, -1, -1)
    images, moved = transform(crop=(20, 14), scale_jitter=0.8)(rgb, labels, generator(1))
    found = to_bytes(images)[:, 0]
    is_even = torch.isin(found, torch.tensor([0, 80, 100, 180], dtype=torch.uint8)) & (moved != 255)
    assert torch.equal(found[is_even], moved[is_even])
    assert is_even.float().mean() > 0.6
    assert len({tuple(label.flatten().tolist()) for label in moved}) > 10


def test_zooming_out_leaves_pixels_without_a_label_and_zooming_in_none() -> None:
    rgb, labels = pictures_that_encode_their_labels(64)
    _, moved = transform(crop=(WIDTH, HEIGHT), scale_jitter=1.0)(rgb, labels, generator(2))
    ignored = (moved == 255).flatten(1).float().mean(dim=1)
    assert (ignored == 0).any()
    assert (ignored > 0.3).any()


def test_colours_change_and_labels_do_not() -> None:
    rgb, labels = pictures_that_encode_their_labels(3)
    plain, _ = transform(crop=None, flip=False)(rgb, labels, generator())
    images, same = transform(crop=None, flip=False, color_jitter=0.5)(rgb, labels, generator())
    assert torch.equal(same, labels)
    assert (images - plain).abs().mean() > 0.05


def test_each_image_gets_its_own_colours_and_the_range_is_kept() -> None:
    unit = torch.rand((1, 3, 8, 8), generator=generator(3)).expand(6, -1, -1, -1)
    changed = jitter_colors(unit, 0.6, torch.rand((5, 6), generator=generator(4)))
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert len({tuple(image.flatten().tolist()) for image in changed}) == 6


def test_no_strength_and_the_middle_of_the_range_mean_no_change() -> None:
    unit = torch.rand((2, 3, 8, 8), generator=generator(3))
    torch.testing.assert_close(jitter_colors(unit, 0.0, torch.rand((5, 2), generator=generator(4))), unit)
    torch.testing.assert_close(jitter_colors(unit, 1.0, torch.full((5, 2), 0.5)), unit)


@settings(max_examples=30, deadline=None)
@given(
    uniform=st.lists(st.floats(0, 1, width=32), min_size=5, max_size=5),
    strength=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_colours_are_those_of_one_change_after_the_other(uniform: list[float], strength: float, seed: int) -> None:
    """Brightness, saturation, hue, contrast, gamma, in double precision: what the one matrix stands for."""
    image = np.random.default_rng(seed).random((7, 5, 3)).astype(np.float32)
    found = jitter_colors(torch.from_numpy(image).permute(2, 0, 1)[None], strength, torch.tensor(uniform)[:, None])
    expected = changed_in_turn(image.astype(np.float64), strength, 2 * np.asarray(uniform) - 1)
    # A power below one is steep at black: 1e-7 beside zero is sqrt(1e-7) after a gamma of 0.5.
    np.testing.assert_allclose(found[0].permute(1, 2, 0).numpy(), expected, atol=1e-3)
    is_clear = expected > 0.05
    np.testing.assert_allclose(found[0].permute(1, 2, 0).numpy()[is_clear], expected[is_clear], atol=2e-5)


def changed_in_turn(rgb: NDArray[np.float64], strength: float, signed: NDArray[np.float64]) -> NDArray[np.float64]:
    """The second implementation: an (H, W, 3) image of 0..1, and how far each change goes, -1..1."""
    to_yiq = np.asarray(RGB_TO_YIQ)
    brightness, contrast, saturation = 1 + strength * signed[:3]
    yiq = (rgb * brightness) @ to_yiq.T
    colour = (yiq[..., 1] + 1j * yiq[..., 2]) * saturation * np.exp(1j * LARGEST_HUE_TURN * strength * signed[3])
    turned = np.stack((yiq[..., 0], colour.real, colour.imag), axis=-1) @ np.linalg.inv(to_yiq).T
    mean_grey = yiq[..., 0].mean()
    contrasted = mean_grey + contrast * (turned - mean_grey)
    unclipped: NDArray[np.float64] = contrasted.clip(0, 1) ** ((1 + strength) ** signed[4])
    return unclipped


def test_the_hue_turns_and_the_grey_stays() -> None:
    """By the angle asked for, up to 36 degrees either way, and each turned red is as bright as the first."""
    red = torch.tensor([0.5, 0.3, 0.3])[None, :, None, None]
    turns = torch.linspace(-1, 1, 9)
    uniform = torch.full((5, 9), 0.5)
    uniform[3] = (1 + turns) / 2
    turned = jitter_colors(red.expand(9, -1, 4, 4), 1.0, uniform)[:, :, 0, 0]
    torch.testing.assert_close(turned @ torch.tensor(RGB_TO_YIQ[0]), torch.full((9,), 0.3598))
    i, q = (turned @ torch.tensor(RGB_TO_YIQ[axis]) for axis in (1, 2))
    angles = torch.atan2(q, i) - torch.atan2(q[4], i[4])
    torch.testing.assert_close(angles, turns * math.radians(36), atol=1e-4, rtol=0)


@pytest.mark.parametrize("is_random", [True, False])
def test_zoom_of_strength_one_is_from_half_to_twice(is_random: bool) -> None:
    """A ramp of one grey level a column shows in its slope how much each image was zoomed."""
    ramp = torch.arange(WIDTH, dtype=torch.uint8).expand(300, 3, HEIGHT, WIDTH)
    labels = torch.zeros(300, HEIGHT, WIDTH, dtype=torch.uint8)
    images, moved = transform(crop=(8, 6), flip=False, scale_jitter=1.0, is_random=is_random)(
        ramp, labels, generator(6)
    )
    columns = (images[:, 0, 0] * SPREAD + CENTER) * 255
    zooms = 7 / (columns[:, -1] - columns[:, 0])
    assert (moved == 0).all()  # a crop this small lies inside the frame at any zoom
    if not is_random:
        torch.testing.assert_close(zooms, torch.ones(300))
        return
    assert zooms.min() == pytest.approx(0.5, abs=0.02)
    assert zooms.max() == pytest.approx(2.0, abs=0.05)
    assert ((zooms > 1).sum() - 150).abs() < 30


@pytest.mark.parametrize("scale_jitter", [0.0, 1.0])
def test_parts_of_a_batch_are_changed_as_in_the_whole_batch(scale_jitter: float) -> None:
    rgb, labels = pictures_that_encode_their_labels(5)
    change = transform(scale_jitter=scale_jitter, color_jitter=0.4)
    images, moved = change(rgb, labels, generator(7))
    for part in (slice(0, 2), slice(2, 5)):
        some, some_labels = change(rgb[part], labels[part], generator(7), part=part, batch_size=5)
        torch.testing.assert_close(some, images[part])
        assert torch.equal(some_labels, moved[part])


@pytest.mark.parametrize("scale_jitter", [0.0, 0.5])
def test_equal_generators_give_equal_batches_and_others_do_not(scale_jitter: float) -> None:
    rgb, labels = pictures_that_encode_their_labels(4)
    change = transform(scale_jitter=scale_jitter, color_jitter=0.3)
    first, again, other = (change(rgb, labels, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[1], other[1])


def test_switched_off_it_takes_the_middle() -> None:
    rgb, labels = pictures_that_encode_their_labels(2)
    images, moved = transform(crop=(11, 10), scale_jitter=0.5, color_jitter=0.5, is_random=False)(
        rgb, labels, generator()
    )
    assert torch.equal(moved, labels[:, 7:17, 10:21])
    assert torch.equal(to_bytes(images), rgb[:, :, 7:17, 10:21])


def test_the_result_is_what_a_net_wants() -> None:
    rgb, labels = pictures_that_encode_their_labels(2)
    for color_jitter in (0.0, 0.3):
        images, moved = transform(color_jitter=color_jitter)(rgb, labels, generator())
        assert images.dtype == torch.float32
        assert images.is_contiguous(memory_format=torch.channels_last)
        assert moved.dtype == torch.uint8
