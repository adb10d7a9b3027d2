"""How vehicles move: drive train, tyres, springs and gravity, all vehicles of a tick in one compiled call.

The model, and where it is from:

* **Body**: six degrees of freedom. In the plane, semi-implicit Euler; the sideways forces of the tyres, which are stiff
  at low speed, enter the step implicitly, so that one model serves from standstill to top speed and at any time step.
* **Tyres**: a brush (Pacejka, Tire and Vehicle Dynamics, ch. 3) within the friction circle; grip is
  ``FRICTION_TO_GRIP`` times ``tire_friction``, of which 3.5 is dry asphalt. Driving never spins a wheel and the foot
  brake never locks one; the hand brake does, and a locked wheel only slides.
* **Drive train**: torque curve, clutch, gears, one share for each wheel. A wheel's speed follows from its slip.
* **Springs** carry the body over the ground's height at each wheel; loads, and with them grip, follow.
* **Rest** is exact: brakes and rolling resistance hold what they can hold, and a vehicle at rest falls asleep.
* **Two-wheelers** lean into their turns and do not fall.

Left and right are the same to the last bit, and no vehicle knows of another. All kernels are in this one file, because
numba's cache does not notice changes in others.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics.wheel_slip import report_wheels

FRICTION_TO_GRIP = 0.3
"""Grip of a tyre (force over load) for each unit of ``tire_friction``."""
SUBSTEP_S = 0.01
STEER_RATE = 6.0
"""Full locks in a second: from straight to full lock in a sixth of a second."""
GRAVITY = 9.81
_AIR_DENSITY = 1.225
_CREEP = 0.6
"""[m/s] below which slip is no longer relative to speed."""
_BUMP_STOP_M, _BUMP_STOP = 0.10, 8.0
"""Travel of the springs, and how much stiffer they are beyond it."""
_FLOOR_M, _LEAN_S = 0.25, 0.15
_TIPPED = 0.75
"""Cosine of the roll from which a body lies on its edges instead of its wheels."""
_BODY_GRIP = 0.5
_STEADY = 0.8
"""Share of the grip that brakes and drive leave for turning if that needs it, as stability control does."""
_UNDERSTEER = 0.93
_STILL = 1e-3
"""[m/s, rad/s, m/s^2] of heave, pitch and roll at which what is held is at rest."""
_HELD = 0.02

_kernel = njit(cache=True, nogil=True, error_model="numpy")
Floats = NDArray[np.float64]
Rows = NDArray[Any]


def advance(
    state: Rows, parameters: Rows, commands: Rows, ground: Floats, *, delta_s: float, substep_s: float = SUBSTEP_S
) -> None:
    """Moves all vehicles by ``delta_s``, in place.

    Args:
        state: (N,) of ``STATE``, with ``parameters`` of ``PARAMETERS`` and ``commands`` of ``COMMANDS``.
        parameters: (N,).
        commands: (N,).
        ground: (N, 2, 4) heights [m] under the wheels, at the start and where they will be at the end.
        delta_s: The tick [s].
        substep_s: The tick is divided into equal steps no longer than this.
    """
    substeps = max(1, math.ceil(delta_s / substep_s - 1e-9))
    _advance_all(state, parameters, commands, ground, delta_s, substeps)
    report_wheels(state, parameters, commands, FRICTION_TO_GRIP, delta_s)


@_kernel  # type: ignore[untyped-decorator]
def _advance_all(state: Rows, parameters: Rows, commands: Rows, ground: Floats, delta_s: float, substeps: int) -> None:
    work = np.zeros((18, 4))
    for i in range(state.shape[0]):
        s, p, c, heights = state[i], parameters[i], commands[i], ground[i]
        h, first, held = delta_s / substeps, 0, False
        if s.asleep == 1 and _is_undisturbed(s, c, heights):
            if c.throttle == 0.0 and s.held_by[0] == c.brake and s.held_by[1] == c.hand_brake:
                _turn_wheel(s, p, c, delta_s)
                _change_gear(s, p, c, 0.0, delta_s)
                continue
            place = (s.x, s.y, s.z, s.yaw, s.pitch, s.roll)
            if _substep(s, p, c, heights, work, h, 0.0, delta_s):  # other pedals, but they hold it, too
                s.x, s.y, s.z, s.yaw, s.pitch, s.roll = place
                _sleep(s, c, heights)
                continue
            first = 1
        s.asleep = 0
        for step in range(first, substeps):
            held = _substep(s, p, c, heights, work, h, step / substeps, delta_s)
        if held and abs(s.vz) + abs(s.pitch_rate) + abs(s.roll_rate) + s.unrest < _STILL:
            _sleep(s, c, heights)
        s.rolled = 1 if p.wheels > 2 and math.cos(s.roll) < 0.5 else 0


@_kernel  # type: ignore[untyped-decorator]
def _is_undisturbed(s: Any, c: Any, heights: Floats) -> bool:
    """Whether all is as when it fell asleep, but perhaps for the pedals."""
    for axis in range(3):
        if c.force[axis] != 0.0 or c.torque[axis] != 0.0:
            return False
    ground = (heights[0, 0] + heights[0, 1]) + (heights[0, 2] + heights[0, 3])
    held = s.held_by
    return bool(c.keeps_velocity == 0 and held[2] == c.friction and held[3] == c.gravity and held[4] == ground)


@_kernel  # type: ignore[untyped-decorator]
def _sleep(s: Any, c: Any, heights: Floats) -> None:
    s.asleep, s.vz, s.pitch_rate, s.roll_rate = 1, 0.0, 0.0, 0.0
    s.held_by[0], s.held_by[1], s.held_by[2], s.held_by[3] = c.brake, c.hand_brake, c.friction, c.gravity
    s.held_by[4] = (heights[0, 0] + heights[0, 1]) + (heights[0, 2] + heights[0, 3])


@_kernel  # type: ignore[untyped-decorator]
def _sampled(curve: Floats, share: float) -> float:
    """A curve of evenly spaced samples at 0..1; the ends go on."""
    last = curve.shape[0] - 1
    place = min(max(share, 0.0), 1.0) * last
    index = min(int(place), last - 1)
    return float(curve[index] + (curve[index + 1] - curve[index]) * (place - index))


@_kernel  # type: ignore[untyped-decorator]
def _turn_wheel(s: Any, p: Any, c: Any, h: float) -> None:
    """Moves the steering towards its command and sets the wheels by Ackermann's geometry."""
    step = STEER_RATE * h
    s.steer = min(c.steer, s.steer + step) if s.steer < c.steer else max(c.steer, s.steer - step)
    speed = math.sqrt(s.vx * s.vx + s.vy * s.vy)
    lock = s.steer * _sampled(p.steering, speed / p.steering_top)
    s.steer_angle = lock * p.max_steer[0]
    for k in range(p.wheels):
        tangent = math.tan(lock * p.max_steer[k])
        along = p.wheel_x[k] - p.pivot_x
        inwards = 1.0 - p.wheel_y[k] * tangent / along if along > 0.1 else 1.0
        s.wheel_angle[k] = math.atan(tangent / max(inwards, 0.05))


@_kernel  # type: ignore[untyped-decorator]
def _change_gear(s: Any, p: Any, c: Any, wheel_omega: float, h: float) -> None:
    s.switch_left = max(0.0, s.switch_left - h)
    gear = s.gear
    if c.manual == 1:
        gear = min(max(c.gear, -1), p.gears)
    elif c.reverse == 1:
        gear = -1
    elif gear < 1:
        gear = 1
    elif p.autobox == 1 and s.switch_left == 0.0:
        omega = wheel_omega * p.ratios[gear + 1]
        if omega > p.up[gear + 1] and gear < p.gears:
            gear += 1
        elif omega < p.down[gear + 1] and gear > 1:
            gear -= 1
    if gear != s.gear:
        if gear > 0 and s.gear > 0:
            s.switch_left = p.switch_s
        s.gear = gear


@_kernel  # type: ignore[untyped-decorator]
def _drive(s: Any, p: Any, c: Any, wheel_omega: float, h: float) -> float:
    """Torque of the drive train on all wheels together [N m]; engine speed follows."""
    ratio = p.ratios[s.gear + 1]
    omega, coupled = s.engine_omega, wheel_omega * ratio
    over = min(max((omega / p.max_omega - 1.0) / 0.02, 0.0), 1.0)  # the limiter fades in
    available = _sampled(p.torque, omega / p.max_omega)
    full = available * (1.0 - over)
    is_open = s.gear == 0 or s.switch_left > 0.0 or (c.throttle == 0.0 and coupled < p.idle_omega)
    if is_open:
        throttle = 0.0 if s.switch_left > 0.0 else c.throttle
        damping = p.damping_open + (p.damping_full - p.damping_open) * throttle
        omega = (omega + h * throttle * full / p.engine_inertia) / (1.0 + h * damping / p.engine_inertia)
        if s.switch_left > 0.0:
            omega += (coupled - omega) * min(1.0, 8.0 * h)
        s.engine_omega = min(max(omega, p.idle_omega), 1.02 * p.max_omega)
        return 0.0
    damping = p.damping_engaged + (p.damping_full - p.damping_engaged) * c.throttle
    torque = c.throttle * full - damping * omega
    arm = p.radius[0] / ratio
    yielding = 1.0 / p.engine_inertia + 1.0 / (p.mass * arm * arm)
    clutch = p.clutch * (omega + h * torque / p.engine_inertia - coupled) / (1.0 + h * p.clutch * yielding)
    if coupled < p.idle_omega:
        clutch = min(clutch, c.throttle * available)
    elif c.throttle == 0.0:
        clutch = min(clutch, 0.0)
    omega += h * (torque - clutch) / p.engine_inertia
    s.engine_omega = min(max(omega, p.idle_omega), max(1.02 * p.max_omega, coupled))
    return float(clutch * ratio)


@_kernel  # type: ignore[untyped-decorator]
def _springs(s: Any, p: Any, heights: Floats, share: float, delta_s: float, load: Floats) -> float:
    """Fills ``load`` (4,) [N] of the wheels; returns the mean height of the ground below [m]."""
    rise, turn = math.sin(s.pitch), math.sin(s.roll)
    slant = math.cos(s.pitch)
    for k in range(p.wheels):
        x, y = p.wheel_x[k], p.wheel_y[k]
        level = heights[0, k] + (heights[1, k] - heights[0, k]) * share
        travel = level - (s.z + (x * rise - y * slant * turn))
        closing = (heights[1, k] - heights[0, k]) / delta_s - (s.vz + (x * slant * s.pitch_rate - y * s.roll_rate))
        mass = p.static_load[k] / GRAVITY
        force = p.static_load[k] + mass * p.spring * (travel + (_BUMP_STOP - 1.0) * max(0.0, travel - _BUMP_STOP_M))
        load[k] = max(0.0, force + mass * p.damper * closing) if force > 0.0 else 0.0
    first, last = heights[0], heights[1]
    start, end = first[0] + first[1], last[0] + last[1]
    if p.wheels == 2:
        return float(0.5 * (start + (end - start) * share))
    start, end = start + (first[2] + first[3]), end + (last[2] + last[3])
    return float(0.25 * (start + (end - start) * share))


@_kernel  # type: ignore[untyped-decorator]
def _sideways(stiffness: float, slipping: float, speed: float, most: float) -> float:
    """The brush's sideways force over the sideways speed [N s/m], at most ``most`` [N] in all."""
    if most == 0.0:
        return 0.0
    reference = max(speed, _CREEP)
    used = stiffness * slipping / (3.0 * most * reference)
    if used < 1.0:
        return stiffness / reference * (1.0 - used + used * used / 3.0)
    return most / slipping


@_kernel  # type: ignore[untyped-decorator]
def _total(values: Floats, count: int) -> float:
    """A sum over the wheels that is the same to the last bit when left and right change places."""
    first = values[0] + values[1]
    return float(first if count == 2 else first + (values[2] + values[3]))


@_kernel  # type: ignore[untyped-decorator]
def _dot(a: Floats, b: Floats, count: int) -> float:
    """As ``_total``, of products."""
    first = a[0] * b[0] + a[1] * b[1]
    return float(first if count == 2 else first + (a[2] * b[2] + a[3] * b[3]))


@_kernel  # type: ignore[untyped-decorator]
def _substep(s: Any, p: Any, c: Any, heights: Floats, work: Floats, h: float, share: float, delta_s: float) -> bool:
    """One step of one vehicle; whether its brakes hold it where it is."""
    load, cos_d, sin_d, arm_x, arm_y = work[0], work[1], work[2], work[3], work[4]
    grip, brake, along, across, turning = work[5], work[6], work[7], work[8], work[9]
    nr, tr, damping, most, force = work[10], work[11], work[12], work[13], work[14]
    room, stiffness = work[16], work[17]
    n = p.wheels
    _turn_wheel(s, p, c, h)
    level = _springs(s, p, heights, share, delta_s, load)
    if p.wheels > 2 and math.cos(s.roll) < _TIPPED:
        load[:] = 0.0
    total_load = _total(load, n)
    # The body's own axes, at the centre of mass.
    cy, sy = math.cos(s.yaw), math.sin(s.yaw)
    u = cy * s.vx + sy * s.vy - s.yaw_rate * p.com_y
    w = cy * s.vy - sy * s.vx + s.yaw_rate * p.com_x
    r, steered = s.yaw_rate, 0.5 * min(1.0, abs(s.steer_angle) / 0.1)
    for k in range(n):
        arm_x[k], arm_y[k] = p.wheel_x[k] - p.com_x, p.wheel_y[k] - p.com_y
        cos_d[k], sin_d[k] = math.cos(s.wheel_angle[k]), math.sin(s.wheel_angle[k])
        nr[k] = arm_y[k] * sin_d[k] + arm_x[k] * cos_d[k]
        tr[k] = arm_x[k] * sin_d[k] - arm_y[k] * cos_d[k]
        along[k] = cos_d[k] * u + sin_d[k] * w + tr[k] * r
        friction = c.friction if c.friction >= 0.0 else p.friction[k]
        grip[k] = FRICTION_TO_GRIP * friction * load[k]
        turning[k] = along[k] / p.radius[k]
        stiffness[k] = p.lateral_stiffness[k] * load[k] * max(0.3, 1.0 - 0.5 * load[k] / p.full_load[k])
        slipping = abs(cos_d[k] * w - sin_d[k] * u + nr[k] * r)
        hand = c.hand_brake * p.hand_brake_torque[k] / p.radius[k]
        s.locked[k] = 1 if hand >= grip[k] and abs(along[k]) + slipping > _CREEP else 0
        reserved = max(_sideways(stiffness[k], slipping, abs(along[k]), grip[k]) * slipping, steered * grip[k])
        reserved = min(reserved, _STEADY * grip[k])
        room[k] = 0.0 if s.locked[k] == 1 else math.sqrt(grip[k] * grip[k] - reserved * reserved)
    mean_speed = _dot(p.drive_share, turning, n)
    _change_gear(s, p, c, mean_speed, h)
    torque = _drive(s, p, c, mean_speed, h)
    # Forces that are known beforehand: drive train, air, slope, clients.
    for k in range(n):
        s.wheel_torque[k] = torque * p.drive_share[k] - p.wheel_damping[k] * turning[k]
        force[k] = min(max(s.wheel_torque[k] / p.radius[k], -room[k]), room[k])
    fx, fy = _dot(cos_d, force, n), _dot(sin_d, force, n)
    if n == 2:
        slope_x = (heights[0, 0] - heights[0, 1]) / (p.wheel_x[0] - p.wheel_x[1])
        slope_y = 0.0
    else:
        first = heights[0]
        slope_x = ((first[0] + first[1]) - (first[2] + first[3])) / (2.0 * (p.wheel_x[0] - p.wheel_x[2]))
        slope_y = ((first[1] + first[3]) - (first[0] + first[2])) / (2.0 * (p.wheel_y[1] - p.wheel_y[0]))
    slope_x, slope_y = min(max(slope_x, -1.0), 1.0), min(max(slope_y, -1.0), 1.0)
    air = 0.5 * _AIR_DENSITY * p.drag_area * math.sqrt(u * u + w * w)
    ax = (fx - air * u - total_load * slope_x / (1.0 + slope_x * slope_x) + cy * c.force[0] + sy * c.force[1]) / p.mass
    ay = (fy - air * w - total_load * slope_y / (1.0 + slope_y * slope_y) + cy * c.force[1] - sy * c.force[0]) / p.mass
    u, w, r = u + h * ax, w + h * ay, r + h * (_dot(tr, force, n) + c.torque[2]) / p.yaw_inertia
    # Brakes and rolling resistance take speed away and never give any.
    holds = total_load > 0.0
    for k in range(n):
        along[k] = cos_d[k] * u + sin_d[k] * w + tr[k] * r
        across[k] = cos_d[k] * w - sin_d[k] * u + nr[k] * r
        hand = c.hand_brake * p.hand_brake_torque[k] / p.radius[k]
        foot = c.brake * p.brake_torque[k] / p.radius[k] + p.rolling_resistance * load[k]
        brake[k] = min(hand + foot, max(0.0, room[k] - abs(force[k])))
        left = grip[k] * grip[k] - (brake[k] + abs(force[k])) ** 2
        most[k] = math.sqrt(max(left, 0.01 * grip[k] * grip[k]))
        if s.locked[k] == 1:  # friction is against the way it slides
            speed = max(math.sqrt(along[k] * along[k] + across[k] * across[k]), 1e-9)
            brake[k], most[k] = grip[k] * abs(along[k]) / speed, grip[k] * max(0.05, abs(across[k]) / speed)
    _keep_the_tail_in(s, p, arm_x, most)
    for k in range(n):
        damping[k] = _sideways(stiffness[k], abs(across[k]), abs(along[k]), most[k])
    available = _total(brake, n)
    for k in range(n):
        needed = p.mass * abs(along[k]) / (h * available) if available > 0.0 else 0.0
        holds = holds and needed <= 1.0
        brake[k] *= -math.copysign(min(1.0, needed), along[k])
    u, w = u + h * _dot(cos_d, brake, n) / p.mass, w + h * _dot(sin_d, brake, n) / p.mass
    r += h * _dot(tr, brake, n) / p.yaw_inertia
    free_u, free_w, free_r = u, w, r
    for _ in range(3):
        u, w, r = _grip_sideways(p, work, free_u, free_w, free_r, h)
        beyond = False
        for k in range(n):
            slipping = abs(cos_d[k] * w - sin_d[k] * u + nr[k] * r)
            if damping[k] * slipping > 1.02 * most[k]:
                damping[k] = most[k] / slipping
                beyond = True
        if not beyond:
            break
    for k in range(n):
        s.load[k] = load[k]
        s.lateral_force[k] = -damping[k] * (cos_d[k] * w - sin_d[k] * u + nr[k] * r)
        s.longitudinal_force[k] = force[k] + brake[k]
        holds = holds and abs(s.lateral_force[k]) <= 0.98 * most[k]
    held = holds and abs(u) < _HELD and abs(w) < _HELD and abs(r) < _HELD
    if held:
        u = w = r = 0.0
    if c.keeps_velocity == 1:
        u, w = c.kept[0] - r * p.com_y, c.kept[1] + r * p.com_x
    _integrate(s, p, u, w, r, h)
    _balance(s, p, c, work, level, h)
    return bool(held)


@_kernel  # type: ignore[untyped-decorator]
def _keep_the_tail_in(s: Any, p: Any, arm_x: Floats, most: Floats) -> None:
    """Lets the front give way first, as cars are tuned to: it turns the body no harder than the rear can hold."""
    half = p.wheels // 2
    front = rear = 0.0
    for k in range(half):
        front, rear = front + most[k] * arm_x[k], rear - most[k + half] * arm_x[k + half]
        if s.locked[k + half] == 1:
            return
    if front > _UNDERSTEER * rear:
        for k in range(half):
            most[k] *= max(0.0, _UNDERSTEER * rear / front)


@_kernel  # type: ignore[untyped-decorator]
def _grip_sideways(p: Any, work: Floats, u: float, w: float, r: float, h: float) -> tuple[float, float, float]:
    """Speeds after the tyres' sideways forces, which act against the speeds after the step."""
    cos_d, sin_d, nr, damping, aside, ahead = work[1], work[2], work[10], work[12], work[15], work[9]
    n = p.wheels
    for k in range(n):
        aside[k], ahead[k] = h * damping[k] * cos_d[k], -h * damping[k] * sin_d[k]
    axx, axy, axr = p.mass - _dot(ahead, sin_d, n), _dot(ahead, cos_d, n), _dot(ahead, nr, n)
    ayy, ayr = p.mass + _dot(aside, cos_d, n), _dot(aside, nr, n)
    for k in range(n):
        ahead[k] = h * damping[k] * nr[k]
    arr = p.yaw_inertia + _dot(ahead, nr, n)
    bx, by, br = p.mass * u, p.mass * w, p.yaw_inertia * r
    ly, lr = axy / axx, axr / axx
    ayy, ayr, arr = ayy - ly * axy, ayr - ly * axr, arr - lr * axr
    by, br = by - ly * bx, br - lr * bx
    lr = ayr / ayy
    r = (br - lr * by) / (arr - lr * ayr)
    w = (by - ayr * r) / ayy
    return (bx - axy * w - axr * r) / axx, w, r


@_kernel  # type: ignore[untyped-decorator]
def _integrate(s: Any, p: Any, u: float, w: float, r: float, h: float) -> None:
    """Moves the body in the plane by its new speeds at the centre of mass; the state is about the origin."""
    cy, sy = math.cos(s.yaw), math.sin(s.yaw)
    vx, vy = cy * u - sy * w, sy * u + cy * w
    before_x, before_y = cy * p.com_x - sy * p.com_y, sy * p.com_x + cy * p.com_y
    s.yaw += h * r
    cy, sy = math.cos(s.yaw), math.sin(s.yaw)
    after_x, after_y = cy * p.com_x - sy * p.com_y, sy * p.com_x + cy * p.com_y
    s.x += h * vx + (before_x - after_x)
    s.y += h * vy + (before_y - after_y)
    s.vx, s.vy, s.yaw_rate = vx + r * after_y, vy - r * after_x, r


@_kernel  # type: ignore[untyped-decorator]
def _balance(s: Any, p: Any, c: Any, work: Floats, level: float, h: float) -> None:
    """Heave, pitch and roll: loads and forces of the tyres against weight and what clients push."""
    load, cos_d, sin_d, arm_x, arm_y = work[0], work[1], work[2], work[3], work[4]
    n = p.wheels
    cy, sy = math.cos(s.yaw), math.sin(s.yaw)
    s.vz += h * ((_total(load, n) + c.force[2]) / p.mass - c.gravity)
    if c.keeps_velocity == 1 and c.kept[2] != 0.0:
        s.vz = c.kept[2]
    s.z += h * s.vz
    if s.z < level - _FLOOR_M:
        s.z, s.vz = level - _FLOOR_M, max(s.vz, 0.0)
    ahead = _dot(cos_d, s.longitudinal_force, n) - _dot(sin_d, s.lateral_force, n)
    aside = _dot(sin_d, s.longitudinal_force, n) + _dot(cos_d, s.lateral_force, n)
    turning = _dot(load, arm_x, n) + ahead * p.com_height + sy * c.torque[0] - cy * c.torque[1]
    s.pitch_rate += h * turning / p.pitch_inertia
    s.unrest = abs(_total(load, n) / p.mass - c.gravity) + abs(turning / p.pitch_inertia)
    s.pitch += h * s.pitch_rate
    if abs(s.pitch) > 1.2:
        s.pitch, s.pitch_rate = math.copysign(1.2, s.pitch), 0.0
    if n == 2:
        lean = math.atan(aside / (p.mass * GRAVITY))
        before = s.roll
        s.roll = (s.roll + h / _LEAN_S * lean) / (1.0 + h / _LEAN_S)
        s.roll_rate = (s.roll - before) / h
        return
    turning = -_dot(load, arm_y, n) - aside * p.com_height - cy * c.torque[0] - sy * c.torque[1]
    s.roll_rate += h * turning / p.roll_inertia
    s.unrest += abs(turning / p.roll_inertia)
    s.roll += h * s.roll_rate
    if math.cos(s.roll) < _TIPPED:
        _tumble(s, p, c, level, h)


@_kernel  # type: ignore[untyped-decorator]
def _tumble(s: Any, p: Any, c: Any, level: float, h: float) -> None:
    """A box that has tipped over: gravity turns it about its lowest edge, the ground slows it down."""
    if abs(s.roll) > math.pi:
        s.roll -= math.copysign(2.0 * math.pi, s.roll)
    turn, upright = math.sin(s.roll), math.cos(s.roll)
    edge_y = math.copysign(p.half_width, turn)
    edge_z = 0.0 if upright > 0.0 else p.height
    lowest = edge_z * upright - edge_y * turn
    if s.z + lowest > level:
        return
    s.z, s.vz = level - lowest, max(s.vz, 0.0)
    aside = edge_y * upright + (edge_z - p.com_height) * turn
    reach = edge_y * edge_y + (edge_z - p.com_height) ** 2
    s.roll_rate -= h * p.mass * c.gravity * aside / (p.roll_inertia + p.mass * reach)
    s.roll_rate /= 1.0 + 4.0 * h
    quarter = 0.5 * math.pi * round(s.roll / (0.5 * math.pi))
    if abs(s.roll - quarter) < 0.03 and abs(s.roll_rate) < 0.5:
        s.roll, s.roll_rate = quarter, 0.0
    speed = math.sqrt(s.vx * s.vx + s.vy * s.vy)
    kept = max(0.0, 1.0 - h * _BODY_GRIP * c.gravity / speed) if speed > 0.0 else 0.0
    s.vx, s.vy, s.yaw_rate = s.vx * kept, s.vy * kept, s.yaw_rate * kept
