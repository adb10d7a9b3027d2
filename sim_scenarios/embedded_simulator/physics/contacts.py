"""What happens to bodies that touch during a tick, seen from above: Chipmunk's solver, through pymunk.

Each call is a space of its own, filled in the order given, so that nothing but the arguments decides the result. Bodies
go their way at constant velocity; what they do by themselves (engine, tyres, legs) has happened before. Steps are
short enough that nobody gets deeper than ``_DEEPEST_M`` into anything, whatever the speed; overlap is worked off
without adding speed. Bodies above one another do not touch.

Chipmunk multiplies the friction and the restitution of the two that touch. Two boxes rub like rubber on paint and give
back little, as crumpling steel does; round bodies (people) slide along what they run into.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pymunk
from pymunk import batch

from sim_scenarios.embedded_simulator.physics.broad_phase import SLOP_M
from sim_scenarios.embedded_simulator.physics.footprints import Footprint

_FRICTION, _RESTITUTION = 0.6, 0.3
_DEEPEST_M = 0.05
_LONGEST_STEP_S = 0.01
_MOST_STEPS = 400
_WORKED_OFF = 0.3
"""Share of an overlap that goes away in one step."""
_ITERATIONS = 20
_BUFFER = batch.Buffer()
"""One for all, because pymunk 7.3 never frees one; it is read and cleared between two steps."""
_FIELDS = batch.ArbiterFields.BODY_A_ID | batch.ArbiterFields.BODY_B_ID | batch.ArbiterFields.TOTAL_IMPULSE


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """A body at the start of a tick."""

    box: Footprint
    """``half_length`` is the radius of a round body."""
    yaw: float
    """[rad], without wrapping."""
    velocity_x: float
    """Of the box's middle [m/s]."""
    velocity_y: float
    yaw_rate: float
    """[rad/s]."""
    mass_kg: float
    is_free: bool
    """Others do not move what is not free: it goes its way and takes them along."""
    is_round: bool = False
    """A round body does not turn."""
    group: int
    """Bodies of one group do not touch each other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyAfter:
    """A touched body at the tick's end."""

    x: float
    y: float
    yaw: float
    velocity_x: float
    velocity_y: float
    yaw_rate: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Touch:
    """Two that touched."""

    body: int
    other: int | None
    """Number of the other body; None when it was an obstacle."""
    obstacle: int | None
    impulse_x: float
    """[kg m/s] on ``body`` during the whole tick, friction included."""
    impulse_y: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a tick of contact did."""

    after: dict[int, BodyAfter]
    """By number of body: the free ones that touched something."""
    touches: tuple[Touch, ...]
    """In order of bodies; each pair once, as seen by the lower number."""


def collide(
    bodies: Sequence[Body], obstacles: Sequence[Footprint], *, closing_m: float, passes: bool, delta_s: float
) -> Outcome:
    """Lets bodies go their way for ``delta_s`` among obstacles.

    Args:
        bodies: In a fixed order, which decides between equals.
        obstacles: Immovable.
        closing_m: How far any two come closer at most.
        passes: Whether some must not touch, by height or group.
        delta_s: Duration [s].
    """
    space = pymunk.Space()
    space.iterations = _ITERATIONS
    space.collision_slop = SLOP_M
    space.collision_persistence = 1
    steps = max(math.ceil(delta_s / _LONGEST_STEP_S), math.ceil(closing_m / _DEEPEST_M), 1)
    steps = min(steps, _MOST_STEPS)
    space.collision_bias = max(1e-300, (1.0 - _WORKED_OFF) ** (steps / delta_s))
    dynamics = [_add_body(space, body) for body in bodies]
    standing = [_add_obstacle(space, box) for box in obstacles]
    ids = {body.id: number for number, body in enumerate([*dynamics, *standing])}
    missed: set[tuple[int, int]] = set()
    if passes:
        boxes = [(body.box, body.group) for body in bodies] + [(box, 0) for box in obstacles]
        _let_pass(space, ids, boxes, missed)
    impulses = _run(space, ids, missed, steps=steps, step_s=delta_s / steps)
    space.remove(*space.shapes, *space.bodies)  # or it would wait for the garbage collector
    touched = {number for pair in impulses for number in pair if number < len(bodies) and bodies[number].is_free}
    return Outcome(
        after={number: _after(dynamics[number]) for number in sorted(touched)},
        touches=tuple(
            Touch(
                body=body,
                other=other if other < len(bodies) else None,
                obstacle=other - len(bodies) if other >= len(bodies) else None,
                impulse_x=x,
                impulse_y=y,
            )
            for (body, other), (x, y) in sorted(impulses.items())
        ),
    )


def _add_body(space: pymunk.Space, body: Body) -> pymunk.Body:
    box = body.box
    length, width = 2.0 * box.half_length, 2.0 * box.half_width
    if not body.is_free:
        made = pymunk.Body(body_type=pymunk.Body.KINEMATIC)
    elif body.is_round:
        made = pymunk.Body(body.mass_kg, math.inf)
    else:
        made = pymunk.Body(body.mass_kg, pymunk.moment_for_box(body.mass_kg, (length, width)))
    made.position = box.x, box.y
    made.angle = body.yaw
    made.velocity = body.velocity_x, body.velocity_y
    made.angular_velocity = body.yaw_rate
    shape = pymunk.Circle(made, box.half_length) if body.is_round else pymunk.Poly.create_box(made, (length, width))
    shape.friction = 0.0 if body.is_round else _FRICTION
    shape.elasticity = _RESTITUTION
    space.add(made, shape)
    return made


def _add_obstacle(space: pymunk.Space, box: Footprint) -> pymunk.Body:
    made = pymunk.Body(body_type=pymunk.Body.STATIC)
    made.position = box.x, box.y
    made.angle = math.atan2(box.sin_yaw, box.cos_yaw)
    shape = pymunk.Poly.create_box(made, (2.0 * box.half_length, 2.0 * box.half_width))
    shape.friction = _FRICTION
    shape.elasticity = _RESTITUTION
    space.add(made, shape)
    return made


def _let_pass(
    space: pymunk.Space, ids: dict[int, int], boxes: Sequence[tuple[Footprint, int]], missed: set[tuple[int, int]]
) -> None:
    """Makes bodies miss each other that are above one another or of one group; notes the pairs in ``missed``."""

    def begin(arbiter: pymunk.Arbiter, space: pymunk.Space, data: object) -> None:
        first, second = sorted(ids[body.id] for body in arbiter.bodies)
        (a, group), (b, other_group) = boxes[first], boxes[second]
        if a.top <= b.bottom or b.top <= a.bottom or group == other_group:
            arbiter.process_collision = False
            missed.add((first, second))

    space.on_collision(begin=begin)


def _run(
    space: pymunk.Space, ids: dict[int, int], missed: set[tuple[int, int]], *, steps: int, step_s: float
) -> dict[tuple[int, int], tuple[float, float]]:
    """Steps, and sums the impulse on the lower number of each pair that touched."""
    impulses: dict[tuple[int, int], tuple[float, float]] = {}
    for _ in range(steps):
        space.step(step_s)
        _BUFFER.clear()
        batch.get_space_arbiters(space, _FIELDS, _BUFFER)
        pairs = memoryview(_BUFFER.int_buf()).cast("P").tolist()
        parts = memoryview(_BUFFER.float_buf()).cast("d").tolist()
        for i in range(0, len(pairs), 2):
            a, b = ids[pairs[i]], ids[pairs[i + 1]]
            sign = 1.0 if a < b else -1.0
            pair = (a, b) if a < b else (b, a)
            if pair not in missed:
                x, y = impulses.get(pair, (0.0, 0.0))
                impulses[pair] = (x + sign * parts[i], y + sign * parts[i + 1])
    return impulses


def _after(body: pymunk.Body) -> BodyAfter:
    (x, y), (velocity_x, velocity_y) = body.position, body.velocity
    return BodyAfter(
        x=x, y=y, yaw=body.angle, velocity_x=velocity_x, velocity_y=velocity_y, yaw_rate=body.angular_velocity
    )
