"""What a camera is set to: the lens and picture attributes of CARLA 0.9.16, under CARLA's names.

Defaults are CARLA's (Carla/Actor/ActorBlueprintFunctionLibrary.cpp, Docs/ref_sensors.md). What each of them does is
written where it is done; ``camera_stages.py`` has the order. This module decides only which effects are in use, so that
one that is not costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

VIGNETTE = 0.4
"""Unreal's ``VignetteIntensity``, which CARLA leaves as it is and has no attribute for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LensShape:
    """How a lens bends the picture: CARLA's distortion attributes, which every kind of camera has."""

    lens_circle_falloff: float = 5.0
    lens_circle_multiplier: float = 0.0
    lens_k: float = -1.0
    lens_kcube: float = 0.0
    lens_x_size: float = 0.08
    lens_y_size: float = 0.08

    @property
    def bends(self) -> bool:
        """Whether the picture is another one than the pinhole's."""
        strength = max(abs(self.lens_x_size), abs(self.lens_y_size)) * self.lens_circle_multiplier
        return strength != 0.0 and (self.lens_k != 0.0 or self.lens_kcube != 0.0)


PINHOLE = LensShape()


@dataclass(frozen=True, kw_only=True, slots=True)
class FilmCurve:
    """The film's answer to light: Unreal's ``FilmSlope`` and so on, and the gamma of the picture."""

    slope: float = 0.88
    toe: float = 0.55
    shoulder: float = 0.26
    black_clip: float = 0.0
    white_clip: float = 0.04
    gamma: float = 2.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Optics:
    """An RGB camera's picture attributes. The tags, instances and depths of a camera never depend on them."""

    enable_postprocess_effects: bool = True
    exposure_mode: str = "histogram"
    exposure_compensation: float = 0.0
    exposure_min_bright: float = 10.0  # [EV at ISO 100], as are the next ones
    exposure_max_bright: float = 12.0
    exposure_speed_up: float = 3.0  # [EV/s]
    exposure_speed_down: float = 1.0
    iso: float = 100.0
    shutter_speed: float = 200.0  # [1/s]
    fstop: float = 1.4
    min_fstop: float = 1.2
    blade_count: int = 5
    focal_distance: float = 1000.0  # [cm]
    blur_amount: float = 1.0  # [km] at which the haze's blur is half of what it becomes
    blur_radius: float = 0.0  # [px] of a picture 1920 px wide
    film: FilmCurve = field(default_factory=FilmCurve)
    temp: float = 6500.0  # [K]
    tint: float = 0.0
    bloom_intensity: float = 0.675
    lens_flare_intensity: float = 0.1
    chromatic_aberration_intensity: float = 0.0
    chromatic_aberration_offset: float = 0.0
    motion_blur_intensity: float = 0.45
    motion_blur_max_distortion: float = 0.35  # [% of the picture's width]

    @property
    def meters(self) -> bool:
        """Whether the camera measures its own pictures and adapts to them.

        At CARLA's defaults it does not: a camera is then taken to have adapted to the weather, so that a picture
        depends on no other one, and a drive, its replay and a resumed recording show the same.
        """
        if not self.enable_postprocess_effects or self.exposure_mode == "manual":
            return False
        chosen = (
            self.exposure_min_bright, self.exposure_max_bright, self.exposure_speed_up, self.exposure_speed_down,
        )  # fmt: skip
        return chosen != (10.0, 12.0, 3.0, 1.0)

    @property
    def blurs_motion(self) -> bool:
        """Whether what moves is blurred.

        CARLA's defaults allow a blur of 0.35 % of the width, 2 px of 640. So little is left out: edges stay those of
        the tag image, and a first picture is no other than the same one later.
        """
        if not self.enable_postprocess_effects or min(self.motion_blur_intensity, self.motion_blur_max_distortion) <= 0:
            return False
        return (self.motion_blur_intensity, self.motion_blur_max_distortion) != (0.45, 0.35)


CARLA_OPTICS = Optics()
