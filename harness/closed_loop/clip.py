"""The end of an episode as a short film: what the camera saw, with what the driver made of it drawn in.

Decisions:

- Animated WebP by Pillow: every browser plays it in an ``<img>``, also one that is read from disk, and it needs no
  codec that wheels lack. Equal pictures give equal files.
- Only the last seconds are kept, small and already drawn, so that an episode of any length takes the same memory and
  nobody has to know beforehand how it ends.
- The mask lies lightly over the picture in the colours of its label set; the corridor is white with dark edges, which
  stands out from all of them. What can be said in words stands below the picture and covers nothing of it.
"""

from __future__ import annotations

import io
import math
from collections import deque
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from datasets.labels import LabelSet
from harness.carla_client.observation import Image
from harness.carla_client.route_plan import Command
from harness.closed_loop.ego_view import EgoView, Floats, ego_view
from harness.closed_loop.policy import DriverState, Explanation, VehicleControl
from harness.errors import DataError
from harness.run_dir import write_bytes
from sim_scenarios.camera import CameraSpec

MASK_SHARE = 0.35
"""Weight of the mask's colours; the rest is the picture."""
CORRIDOR_SHARE = 0.28
"""Weight of the corridor's white."""
BAND_PX = 44
"""Height of the band with words."""
LAST_FRAME_S = 2.0
"""The last picture stands still for so long."""

_QUALITY = 70
_SUBPIXEL_BITS = 4
_WHITE, _EDGE, _HAZARD = (255, 255, 255), (20, 24, 32), (255, 96, 32)
_BAND_COLOR, _WORDS, _ALERT = (20, 24, 29), (229, 233, 239), (255, 165, 102)
_FAR_PX = 1e5
"""Points farther out are cut off: OpenCV counts pixels in 16.4 fixed point here."""


class ClipMaker:
    """Keeps the last seconds of one episode.

    Args:
        camera: whose pictures are added.
        label_set: of the masks; without one no mask is drawn.
        seconds: how much is kept.
        frames_per_s: how many pictures of each simulated second.
        width: of the film [px]; its height follows from the camera.
        front_m: from the ego's origin to its front bumper, from which distances of hazards count.
    """

    def __init__(
        self,
        camera: CameraSpec,
        label_set: LabelSet | None,
        *,
        seconds: float = 12.0,
        frames_per_s: float = 5.0,
        width: int = 480,
        front_m: float = 2.4,
    ) -> None:
        self._camera = camera
        self._size = (width, max(1, round(width * camera.height / camera.width)))
        self._palette = None if label_set is None else np.ascontiguousarray(label_set.palette)
        self._frames_per_s = frames_per_s
        self._frames: deque[Image] = deque(maxlen=max(1, round(seconds * frames_per_s)))
        self._front_m = front_m
        self._last_slot = -1

    def add(
        self,
        *,
        tick: int,
        time_s: float,
        rgb: Image,
        explanation: Explanation | None,
        control: VehicleControl,
        speed: float,
        command: Command | None = None,
        pitch_deg: float = 0.0,
        roll_deg: float = 0.0,
    ) -> None:
        """One tick; it is drawn if it is the first of its stretch of ``1 / frames_per_s`` seconds.

        Args:
            tick: from 0.
            time_s: simulated time since the beginning.
            rgb: (H, W, 3) uint8 of the camera.
            explanation: what the decision in force rested on, if the policy says so.
            control: in force.
            speed: [m/s]
            command: of the route, if it is to be shown.
            pitch_deg: of the body, nose up positive.
            roll_deg: of the body, clockwise seen from behind positive.

        Raises:
            DataError: the picture is not of the camera's size.
        """
        slot = math.floor(time_s * self._frames_per_s + 1e-6)
        if slot <= self._last_slot:
            return
        if rgb.shape != (self._camera.height, self._camera.width, 3):
            raise DataError(
                f"a picture of shape {rgb.shape} was added to the clip of camera {self._camera.name!r}, expected "
                f"{(self._camera.height, self._camera.width, 3)}"
            )
        self._last_slot = slot
        picture = np.asarray(cv2.resize(rgb, self._size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        if explanation is not None:
            picture = self._with_mask(picture, explanation.mask)
            view = ego_view(self._camera.model_copy(update=self._scaled()), pitch_deg=pitch_deg, roll_deg=roll_deg)
            draw_corridor(picture, view, explanation.center_line, explanation.corridor_width_m)
            draw_hazard(picture, view, explanation, front_m=self._front_m)
        above = f"{time_s:5.1f} s   {speed * 3.6:3.0f} km/h{_command_words(command)}   {_control_words(control)}"
        below, is_alert = _state_words(explanation)
        self._frames.append(np.vstack([picture, _band(self._size[0], above, below, is_alert=is_alert)]))

    @property
    def num_frames(self) -> int:
        """Pictures that are kept."""
        return len(self._frames)

    @property
    def frames(self) -> tuple[Image, ...]:
        """The pictures that are kept, (h, w, 3) uint8 sRGB each, the oldest first."""
        return tuple(self._frames)

    def save(self, path: Path) -> None:
        """Write the film; it appears under its name only when it is complete.

        Raises:
            DataError: nothing was added.
        """
        if not self._frames:
            raise DataError(f"{path} would be a clip without a picture: the episode ended before its first tick")
        pictures = [PillowImage.fromarray(frame) for frame in self._frames]
        durations = [round(1000 / self._frames_per_s)] * len(pictures)
        durations[-1] = round(1000 * LAST_FRAME_S)
        content = io.BytesIO()
        pictures[0].save(
            content, "WEBP", save_all=True, append_images=pictures[1:], duration=durations, loop=0, quality=_QUALITY,
            method=0, minimize_size=False,
        )  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content.getvalue())

    def _scaled(self) -> dict[str, int]:
        return dict(zip(("width", "height"), self._size, strict=True))

    def _with_mask(self, picture: Image, mask: Image | None) -> Image:
        if mask is None or self._palette is None:
            return picture
        small = cv2.resize(mask, self._size, interpolation=cv2.INTER_NEAREST)
        colors = self._palette.take(small, axis=0)
        return np.asarray(cv2.addWeighted(picture, 1 - MASK_SHARE, colors, MASK_SHARE, 0), dtype=np.uint8)


def draw_corridor(picture: Image, view: EgoView, center_line: npt.ArrayLike, width_m: float) -> None:
    """Draw a corridor on the ground into a picture, in place.

    Args:
        picture: (H, W, 3) uint8 of the size of the view.
        view: the camera.
        center_line: (P, 2) ego frame [m], from near to far; fewer than two points, or ones that are not finite, draw
            nothing.
        width_m: of the corridor; 0 draws the middle alone.
    """
    middle = np.asarray(center_line, np.float64).reshape(-1, 2)
    middle = middle[np.isfinite(middle).all(axis=1)]
    if len(middle) < 2:
        return
    if width_m > 0:
        left, right = corridor_sides(middle, width_m)
        area = _inside(view.polygon(_on_ground(np.vstack([left, right[::-1]]))))
        if len(area) > 2:
            layer = picture.copy()
            cv2.fillPoly(layer, [_fixed(area)], _WHITE, cv2.LINE_AA, _SUBPIXEL_BITS)
            cv2.addWeighted(layer, CORRIDOR_SHARE, picture, 1 - CORRIDOR_SHARE, 0, dst=picture)
        for side in (left, right):
            _draw_line(picture, view, side, thickness=1)
    _draw_line(picture, view, middle, thickness=1)


def draw_hazard(picture: Image, view: EgoView, explanation: Explanation, *, front_m: float) -> None:
    """Draw a bar across the corridor where the nearest thing in it stands, in place; nothing where there is none."""
    distance, middle = explanation.hazard_distance_m, np.asarray(explanation.center_line, np.float64).reshape(-1, 2)
    middle = middle[np.isfinite(middle).all(axis=1)]
    if not math.isfinite(distance) or len(middle) < 2:
        return
    from_bumper = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(middle, axis=0), axis=1))])
    from_bumper += middle[0, 0] - front_m
    place = np.array([np.interp(distance, from_bumper, middle[:, axis]) for axis in (0, 1)])
    end = min(max(int(np.searchsorted(from_bumper, distance)), 1), len(middle) - 1)
    ahead = middle[end] - middle[end - 1]
    to_the_right = np.array([-ahead[1], ahead[0]]) / max(float(np.linalg.norm(ahead)), 1e-9)
    half = max(explanation.corridor_width_m, 1.0) / 2
    bar = np.stack([place - half * to_the_right, place + half * to_the_right])
    _draw_line(picture, view, bar, thickness=2, color=_HAZARD)


def corridor_sides(middle: Floats, width_m: float) -> tuple[Floats, Floats]:
    """Left and right side, (P, 2) each, of a corridor around a (P, 2) line [m] on left-handed axes."""
    ahead = np.gradient(middle, axis=0)
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    to_the_right = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    return middle - width_m / 2 * to_the_right, middle + width_m / 2 * to_the_right


def _draw_line(
    picture: Image, view: EgoView, points: Floats, *, thickness: int, color: tuple[int, int, int] = _WHITE
) -> None:
    """A line on the ground with a dark edge, so that it is seen on white markings, too."""
    pieces = [_fixed(_inside(piece)) for piece in view.line(_on_ground(points))]
    cv2.polylines(picture, pieces, False, _EDGE, thickness + 2, cv2.LINE_AA, _SUBPIXEL_BITS)
    cv2.polylines(picture, pieces, False, color, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def _on_ground(points: Floats) -> Floats:
    return np.column_stack([points, np.zeros(len(points))])


def _inside(pixels: Floats) -> Floats:
    return np.clip(pixels, -_FAR_PX, _FAR_PX)


def _fixed(pixels: Floats) -> npt.NDArray[np.int32]:
    """As OpenCV takes them: fixed point, the middle of the first pixel at 0, 0."""
    fixed: npt.NDArray[np.int32] = np.round((pixels - 0.5) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    return fixed


def _band(width: int, above: str, below: str, *, is_alert: bool) -> Image:
    """Two lines of words, ``(BAND_PX, width, 3)``."""
    band = PillowImage.new("RGB", (width, BAND_PX), _BAND_COLOR)
    draw = ImageDraw.Draw(band)
    draw.text((8, 4), above, _WORDS, font=_FONT)
    draw.text((8, 23), below, _ALERT if is_alert else _WORDS, font=_FONT)
    return np.asarray(band)


_FONT = ImageFont.load_default(13)


def _control_words(control: VehicleControl) -> str:
    steer = f"{abs(control.steer):.2f} {'left' if control.steer < 0 else 'right'}"
    pedal = f"brake {control.brake:.2f}" if control.brake > 0 else f"throttle {control.throttle:.2f}"
    return f"steer {steer}   {pedal}"


def _command_words(command: Command | None) -> str:
    return "" if command is None else f"   {command.name.lower()}"


def _state_words(explanation: Explanation | None) -> tuple[str, bool]:
    """What the driver is doing, and whether that is worth an alert."""
    if explanation is None:
        return "the policy explains nothing", False
    words = explanation.state.name.lower().replace("_", " ")
    if explanation.reason:
        words += f": {explanation.reason}"
    if math.isfinite(explanation.hazard_distance_m):
        words += f"   hazard at {explanation.hazard_distance_m:.1f} m"
    if len(explanation.center_line) < 2:
        words += "   no way seen"
    return words, explanation.state is not DriverState.DRIVING
