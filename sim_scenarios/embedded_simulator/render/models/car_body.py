"""The skin of a car, lofted: cross-sections follow three curves (roof line, belt line, plan) from tail to nose.

Decisions:

- One skin for body and greenhouse. A window is a cell of the skin with another material, so that glass lies flush and
  every silhouette stays smooth.
- A section has nine points a side, from the sill over door, belt and roof edge to the middle of the roof. On the
  bonnet the upper ones simply come to lie on it. Coarser levels of detail leave out points and stations.
- Wheel arches are cut: the sill of a station inside an arch lies on the arch's circle.
- Tail and nose are closed by plates with a grid of their own: grille, lamps, intake and number plate are its fields.

Frame: the model's. Along a body, x runs from -1 at the tail to +1 at the nose; heights are fractions of the roof's.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.models.curves import Curve, MonotoneCurve

Interval = tuple[float, float]

SILL, LOWER_DOOR, DOOR, SHOULDER, BELT, GLASS_TOP, ROOF_EDGE, ROOF, MIDDLE = range(9)
"""The points of half a section, from below to the middle of the roof."""

_BEVEL = 0.045
"""How far the belt lies inside the widest, as a share of the half-width."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyShape:
    """The lines of a body; see the module for the units."""

    top: Curve
    """Height of the middle line: boot, rear window, roof, windscreen, bonnet."""
    belt: Curve
    """Height of the line under the windows, carried on along bonnet and boot."""
    plan: Curve
    """Half-width, 1 at the widest."""
    sill: Curve
    """Height of the lower edge."""
    windscreen: Interval
    """x of its (upper, lower) edge; equal when the windscreen is in the nose plate."""
    rear_window: Interval
    """x of its (lower, upper) edge; equal for none."""
    side_windows: tuple[Interval, ...]
    tumblehome: float = 0.22
    """How far the roof edge lies inside the belt, as a share of the half-width."""
    seams: tuple[float, ...] = ()
    """x of door gaps."""
    nose_bow: float = 0.02
    """How far the middle of nose and tail stand out, as a share of the length."""
    nose_glass: bool = False
    """The windscreen is part of the nose plate, as on a bus."""
    tail_glass: bool = False
    """A window in the tail plate, as on a van."""
    cladding: bool = False
    """Unpainted sills and arches."""
    bulge: float = 1.0
    """How round the flanks are; 0 for flat sheets."""
    crease_deg: float = 48.0
    """Sharper turns of the skin are edges."""
    upper_color: Color | None = None
    """Everything above the belt in this colour instead of the actor's paint."""
    door_color: Color | None = None
    """The doors in this colour instead of the actor's paint."""
    stripe_color: Color | None = None
    """A band along the flank, under the belt."""
    wheel_radius_m: float = 0.33
    grille: bool = True
    head_lamps: bool = True
    tail_lamps: bool = True
    light_bars: bool = False
    """Head and tail lamps are thin lines across the whole width."""
    has_spare_wheel: bool = False
    """On the tail."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyDetail:
    """What a level of detail keeps."""

    rows: tuple[int, ...]
    """The points of half a section, ``SILL`` first and ``MIDDLE`` last."""
    arch_steps: tuple[float, ...]
    """Stations over a wheel, in arch radii from the axle; empty for no arches."""
    largest_gap: float
    """Longest stretch between stations along x."""
    columns: tuple[float, ...]
    """Grid lines across nose and tail, 0 left to 1 right."""


NEAR = BodyDetail(
    rows=tuple(range(9)),
    arch_steps=(-1.0, -0.94, -0.72, -0.38, 0.0, 0.38, 0.72, 0.94, 1.0),
    largest_gap=0.16,
    columns=(0.0, 0.14, 0.24, 0.32, 0.5, 0.68, 0.76, 0.86, 1.0),
)
MIDDLE_DISTANCE = BodyDetail(
    rows=(SILL, LOWER_DOOR, DOOR, BELT, ROOF_EDGE, MIDDLE),
    arch_steps=(-1.0, -0.7, 0.7, 1.0),
    largest_gap=1.0,
    columns=(0.0, 0.24, 0.76, 1.0),
)
FAR = BodyDetail(
    rows=(SILL, DOOR, BELT, ROOF_EDGE, MIDDLE), arch_steps=(), largest_gap=2.0, columns=(0.0, 0.24, 0.76, 1.0)
)


class BodySkin:
    """A `BodyShape` at its true size."""

    def __init__(
        self, shape: BodyShape, *, tail_m: float, nose_m: float, half_width_m: float, height_m: float,
        axles_m: tuple[float, ...],
    ) -> None:  # fmt: skip
        self.shape = shape
        self.tail_m, self.nose_m = tail_m, nose_m
        self.half_width_m, self.height_m = half_width_m, height_m
        self.axles_m = axles_m
        self.arch_radius_m = shape.wheel_radius_m + 0.055
        self._top, self._belt = MonotoneCurve(shape.top), MonotoneCurve(shape.belt)
        self._plan, self._sill = MonotoneCurve(shape.plan), MonotoneCurve(shape.sill)

    def x_m(self, x: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the place [m] of a station -1..1."""
        middle, half = (self.nose_m + self.tail_m) / 2, (self.nose_m - self.tail_m) / 2
        return np.asarray(middle + half * np.asarray(x, np.float64))

    def station(self, x_m: float) -> float:
        """Return the station -1..1 of a place [m]."""
        return (x_m - self.tail_m) / (self.nose_m - self.tail_m) * 2.0 - 1.0

    def sections(self, stations: NDArray[np.float64], rows: tuple[int, ...], *, arches: bool) -> NDArray[np.float64]:
        """Return (S, 2 R - 1, 3) points, each section from the left sill over the roof to the right sill."""
        x = self.x_m(stations)
        half, height = self.half_width_m, self.height_m
        wide = self._plan(stations) * half
        top = self._top(stations) * height
        belt = np.minimum(self._belt(stations) * height, top - 0.004)
        low = self._sill(stations) * height
        if arches:
            low = np.maximum(low, self._arch_height(x))
        low = np.minimum(low, belt - 0.03)
        rise, door = top - belt, belt - low
        tallest = float(rise.max())
        bulge = self.shape.bulge
        bevel = 1.0 - bulge * _BEVEL
        lean = self.shape.tumblehome * np.clip(rise / max(tallest, 1e-6), 0.0, 1.0)
        belt_y, roof_edge = wide * bevel, wide * (bevel - 0.04 * bulge - lean)
        round_off = 1.0 - 0.015 * bulge
        y = [wide * (1.0 - 0.06 * bulge), wide * round_off, wide, wide * round_off, belt_y,
             belt_y + 0.78 * (roof_edge - belt_y), roof_edge, 0.62 * roof_edge, 0.0 * wide]  # fmt: skip
        z = [low, low + 0.22 * door, low + 0.60 * door, low + 0.93 * door, belt, belt + 0.80 * rise, belt + 0.94 * rise,
             belt + 0.99 * rise, top]  # fmt: skip
        left = [np.stack([x, -y[row], z[row]], axis=1) for row in rows]
        right = [np.stack([x, y[row], z[row]], axis=1) for row in rows[-2::-1]]
        return np.stack([*left, *right], axis=1)

    def _arch_height(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        height: NDArray[np.float64] = np.zeros_like(x)
        for axle in self.axles_m:
            offset = np.abs(x - axle) / self.arch_radius_m
            inside = offset < 0.999
            rise = self.arch_radius_m * np.sqrt(np.clip(1.0 - offset**2, 0.0, 1.0))
            height = np.where(inside, np.maximum(height, self.shape.wheel_radius_m + rise), height)
        return height

    def cabin(self) -> tuple[float, ...]:
        """Return what is behind the glass, in the columns of ``render/cabin.py``: seats under the roof's front edge."""
        shape = self.shape
        upper, lower = shape.windscreen
        seat_x = float(self.x_m(upper)) - (1.0 if shape.nose_glass else 0.08)
        seat_at = np.array([self.station(seat_x)])
        roof = float(self._top(seat_at)[0]) * self.height_m
        seat_z = min(roof - 0.98, float(self._belt(seat_at)[0]) * self.height_m - 0.20)
        rear = shape.rear_window[1]
        if rear == -1.0:
            rear = min((x for x, _ in shape.side_windows), default=0.0)
        back = float(self.x_m(rear))
        bench = 0.85 if seat_x - back > 0.8 else 0.0
        return (
            seat_x, min(0.38, 0.42 * self.half_width_m), seat_z, bench, back - 0.2 if bench else seat_x - 0.45,
            float(self.x_m(lower)), 0.88 * self.half_width_m, 0.97 * roof,
        )  # fmt: skip

    def stations(self, detail: BodyDetail) -> NDArray[np.float64]:
        """Return where sections stand, ascending: at every break of a line, at window edges and over the wheels."""
        shape = self.shape
        marks = {-1.0, 1.0, *shape.windscreen, *shape.rear_window}
        if detail.largest_gap < 2.0:
            marks |= {edge for window in shape.side_windows for edge in window}
        if detail.largest_gap < 1.0:
            marks |= {x for curve in (shape.top, shape.plan) for x, _ in curve}
        elif detail.largest_gap < 2.0:
            marks |= {-0.94, 0.93}
        arches = {self.station(axle + step * self.arch_radius_m) for axle in self.axles_m for step in detail.arch_steps}
        ordered = _thinned(sorted(marks), sorted(arches), closest=0.012 if detail.largest_gap < 1.0 else 0.02)
        filled = [ordered[0]]
        for mark in ordered[1:]:
            pieces = int(np.ceil((mark - filled[-1]) / detail.largest_gap - 1e-9))
            filled += list(np.linspace(filled[-1], mark, pieces + 1)[1:])
        return np.asarray(np.clip(filled, -1.0, 1.0), np.float64)


def _thinned(marks: list[float], arches: list[float], *, closest: float) -> list[float]:
    """Return both lists as one, without marks that nearly coincide with an arch station or with one another."""
    kept = [x for x in arches if -1.0 < x < 1.0]
    for mark in sorted(marks, key=lambda x: -abs(x)):  # the ends first: they must stay
        if all(abs(mark - other) > closest for other in kept):
            kept.append(mark)
    return sorted(kept)


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyFinishes:
    """The finishes of a body, all of one vehicle's tag."""

    tag: int

    def table(self, shape: BodyShape) -> tuple[Finish, ...]:
        """Return them in the order of the constants below."""
        paint = Finish(material="car_paint", tag=self.tag, part=Part.PAINT)
        black = Finish(material="rubber", tag=self.tag, color=(0.75, 0.75, 0.78))
        glass = Finish(material="vehicle_glass", tag=self.tag, part=Part.CABIN)
        shiny = Finish(material="car_paint", tag=self.tag)
        return (
            paint,
            glass,
            black,
            shiny.but(color=(0.74, 0.78, 0.82), part=Part.HEADLIGHT),
            shiny.but(color=(0.62, 0.05, 0.05), part=Part.TAIL_LIGHT),
            shiny.but(color=(0.85, 0.50, 0.16), part=Part.BLINKER_LEFT),
            shiny.but(color=(0.85, 0.50, 0.16), part=Part.BLINKER_RIGHT),
            shiny.but(color=(0.66, 0.66, 0.68), part=Part.REVERSE_LIGHT),
            paint if shape.upper_color is None else shiny.but(color=shape.upper_color),
            black.but(color=(0.45, 0.45, 0.47)),
            paint if shape.door_color is None else shiny.but(color=shape.door_color),
            paint if shape.stripe_color is None else shiny.but(color=shape.stripe_color),
        )


PAINT, GLASS, BLACK, HEADLIGHT, TAIL, BLINK_LEFT, BLINK_RIGHT, REVERSE, UPPER, GRILLE, DOORS, STRIPE = range(12)


def add_skin(builder: MeshBuilder, skin: BodySkin, detail: BodyDetail, tag: int) -> None:
    """Add body, nose and tail of ``skin``."""
    stations = skin.stations(detail)
    points = skin.sections(stations, detail.rows, arches=bool(detail.arch_steps))
    positions, triangles, choice = _hull(skin, detail, stations, points)
    for end, section in ((-1, points[0]), (1, points[-1])):
        plate, faces, chosen = _end_plate(skin, detail, section, end)
        triangles = np.concatenate([triangles, faces + len(positions)])
        positions = np.concatenate([positions, plate])
        choice = np.concatenate([choice, chosen])
    builder.patchwork(
        positions, triangles, choice, BodyFinishes(tag=tag).table(skin.shape), crease_deg=skin.shape.crease_deg
    )


def _hull(
    skin: BodySkin, detail: BodyDetail, stations: NDArray[np.float64], points: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return (positions, triangles, choice) of the loft between the sections."""
    count, around = points.shape[:2]
    row, column = np.meshgrid(np.arange(count - 1), np.arange(around - 1), indexing="ij")
    a = (row * around + column).ravel()
    b, c, d = a + around, a + around + 1, a + 1
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    half = _kinds(detail)
    spans = list(itertools.pairwise(stations.tolist()))
    cells = np.array([[_cell(skin, span, kind) for kind in (*half, *half[::-1])] for span in spans])
    return points.reshape(-1, 3), triangles, np.tile(cells.ravel(), 2)


def _kinds(detail: BodyDetail) -> tuple[int, ...]:
    """Return, for each gap between the rows of half a section, the point whose finish it takes.

    Where a coarse level joins sill and door, the door wins: a flank or a bumper all in black would change the look.
    """
    return tuple(
        LOWER_DOOR if low == SILL and high != LOWER_DOOR else low for low, high in itertools.pairwise(detail.rows)
    )


def _cell(skin: BodySkin, span: Interval, point: int) -> int:
    """Return what the skin is made of between two stations, from section point ``point`` to the next."""
    shape = skin.shape
    x = (span[0] + span[1]) / 2
    if point == SILL and shape.cladding:
        return BLACK
    if point < DOOR:
        return DOORS if shape.door_color and shape.seams[0] < x < shape.seams[-1] else PAINT
    if point < BELT:
        return _corner_lamp(skin, x)
    upper, lower = shape.windscreen
    rear_lower, rear_upper = shape.rear_window
    over_belt = UPPER if rear_lower < x < lower else PAINT
    if point in (BELT, GLASS_TOP):
        # A coarse cell takes in the pillars: it is glass if most of it is.
        glazed = sum(max(0.0, min(span[1], high) - max(span[0], low)) for low, high in shape.side_windows)
        return GLASS if point == BELT and glazed > 0.5 * (span[1] - span[0]) else over_belt
    is_glass = upper < x < lower or rear_lower < x < rear_upper
    return GLASS if is_glass else over_belt


def _corner_lamp(skin: BodySkin, x: float) -> int:
    """Return the lamp that wraps round the corner at station ``x``, or the flank's stripe."""
    length = skin.nose_m - skin.tail_m
    from_nose, from_tail = (1 - x) * length / 2, (1 + x) * length / 2
    if from_nose < 0.13 and skin.shape.head_lamps:
        return HEADLIGHT
    if from_tail < 0.13 and skin.shape.tail_lamps:
        return TAIL
    return STRIPE if skin.shape.stripe_color else PAINT


def _end_plate(
    skin: BodySkin, detail: BodyDetail, section: NDArray[np.float64], end: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return (positions, triangles, choice) of the nose (``end`` 1) or tail (-1) plate."""
    lit = skin.shape.head_lamps if end > 0 else skin.shape.tail_lamps
    rows, columns = len(detail.rows), np.array(detail.columns if lit else (0.0, 1.0))
    left, right = section[:rows], section[::-1][:rows]
    grid = left[:, None, :] + columns[None, :, None] * (right - left)[:, None, :]
    bow = skin.shape.nose_bow * (skin.nose_m - skin.tail_m) * (1.0 - (2.0 * columns - 1.0) ** 2)
    # The plate bows out most at bumper height and not at all along its upper edge.
    fade = np.array([0.7, 1.0, 1.0, 0.6, 0.3, 0.1, 0.0, 0.0, 0.0])[list(detail.rows)]
    grid[:, :, 0] += end * fade[:, None] * bow[None, :]
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(len(columns) - 1), indexing="ij")
    a = (row * len(columns) + column).ravel()
    b, c, d = a + 1, a + 1 + len(columns), a + len(columns)
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    if end < 0:
        triangles = triangles[:, ::-1]
    across = (columns[:-1] + columns[1:]) / 2
    fields = [[_field(skin, end, kind, float(t)) for t in across] for kind in _kinds(detail)]
    return grid.reshape(-1, 3), triangles, np.tile(np.array(fields).ravel(), 2)


def _field(skin: BodySkin, end: int, point: int, across: float) -> int:
    """Return what nose or tail are made of, from section point ``point`` up, at ``across`` 0 left to 1 right."""
    outer = abs(across - 0.5)
    if point == SILL:
        return BLACK
    if point >= BELT and end > 0 and skin.shape.nose_glass:
        return GLASS if point == BELT else GRILLE if point == GLASS_TOP else UPPER
    if point == BELT and end < 0 and skin.shape.tail_glass and outer < 0.36:
        return GLASS
    if point >= BELT:
        return UPPER
    if not (skin.shape.head_lamps if end > 0 else skin.shape.tail_lamps):
        return PAINT
    if point == LOWER_DOOR and end > 0 and outer > 0.40:
        return BLINK_LEFT if across < 0.5 else BLINK_RIGHT
    if point == SHOULDER and skin.shape.light_bars:
        return HEADLIGHT if end > 0 else TAIL
    if point != DOOR:
        return PAINT
    if end > 0:
        return HEADLIGHT if outer > 0.26 else GRILLE if skin.shape.grille else PAINT
    if outer > 0.36:
        return TAIL
    if outer > 0.26:
        return BLINK_LEFT if across < 0.5 else BLINK_RIGHT
    return REVERSE if outer > 0.18 else PAINT
