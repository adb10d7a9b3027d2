"""What the vehicle kernel reads and writes: one row a vehicle of parameters, state and commands.

SI units and radians throughout. Axes are CARLA's (x forward, y right, z up): yaw is positive to the right, pitch with
the nose up, roll with the right side down. Wheels are front left, front right, rear left, rear right; of two, front and
rear.
"""

from __future__ import annotations

import numpy as np

MAX_WHEELS = 4
MAX_GEARS = 16
"""Forward gears; ``ratios``, ``up`` and ``down`` begin with reverse and neutral."""
CURVE_SAMPLES = 65

PARAMETERS = np.dtype(
    [
        ("mass", "f8"),
        ("yaw_inertia", "f8"),
        ("pitch_inertia", "f8"),
        ("roll_inertia", "f8"),
        ("com_x", "f8"),  # centre of mass from the origin
        ("com_y", "f8"),
        ("com_height", "f8"),
        ("half_width", "f8"),
        ("height", "f8"),
        ("drag_area", "f8"),  # drag coefficient times cross-section [m^2]
        ("spring", "f8"),  # square of the body's natural frequency [1/s^2]
        ("damper", "f8"),  # [1/s]
        ("wheels", "i8"),
        ("wheel_x", "f8", MAX_WHEELS),  # from the origin
        ("wheel_y", "f8", MAX_WHEELS),
        ("radius", "f8", MAX_WHEELS),
        ("static_load", "f8", MAX_WHEELS),  # [N] on level ground
        ("friction", "f8", MAX_WHEELS),  # carla's tire_friction
        ("lateral_stiffness", "f8", MAX_WHEELS),  # [1/rad] per load
        ("full_load", "f8", MAX_WHEELS),  # [N]: cornering stiffness no longer grows with the load
        ("longitudinal_stiffness", "f8", MAX_WHEELS),  # [N] per unit of slip at the static load
        ("max_steer", "f8", MAX_WHEELS),
        ("brake_torque", "f8", MAX_WHEELS),
        ("hand_brake_torque", "f8", MAX_WHEELS),
        ("wheel_damping", "f8", MAX_WHEELS),  # [N m s/rad]
        ("drive_share", "f8", MAX_WHEELS),
        ("pivot_x", "f8"),  # the axle that does not steer: turns go about a point beside it
        ("rolling_resistance", "f8"),  # force per load
        ("torque", "f8", CURVE_SAMPLES),  # [N m] at full throttle, from 0 to max_omega
        ("max_omega", "f8"),
        ("idle_omega", "f8"),
        ("engine_inertia", "f8"),
        ("damping_full", "f8"),  # [N m s/rad] of the engine
        ("damping_engaged", "f8"),
        ("damping_open", "f8"),
        ("clutch", "f8"),  # [N m s/rad]
        ("autobox", "i8"),
        ("switch_s", "f8"),
        ("gears", "i8"),
        ("ratios", "f8", MAX_GEARS + 2),  # engine over wheel, final drive included; reverse is negative
        ("up", "f8", MAX_GEARS + 2),  # engine speeds at which the autobox changes
        ("down", "f8", MAX_GEARS + 2),
        ("steering", "f8", CURVE_SAMPLES),  # share of max_steer at full lock, from 0 to steering_top
        ("steering_top", "f8"),  # [m/s]
    ]
)

STATE = np.dtype(
    [
        ("x", "f8"),  # of the origin: on the ground, under the middle of the wheelbase
        ("y", "f8"),
        ("z", "f8"),
        ("yaw", "f8"),
        ("pitch", "f8"),
        ("roll", "f8"),
        ("vx", "f8"),  # of the origin, in the world
        ("vy", "f8"),
        ("vz", "f8"),
        ("yaw_rate", "f8"),
        ("pitch_rate", "f8"),
        ("roll_rate", "f8"),
        ("steer", "f8"),  # wheel position reached, in full locks
        ("steer_angle", "f8"),  # of the front axle
        ("gear", "i8"),
        ("switch_left", "f8"),  # [s] until the clutch closes again
        ("engine_omega", "f8"),
        ("asleep", "i8"),
        ("rolled", "i8"),  # on its side or roof
        ("unrest", "f8"),  # [m/s^2, rad/s^2] of heave, pitch and roll
        ("held_by", "f8", 5),  # brakes, friction, gravity, ground when it fell asleep
        ("locked", "i8", MAX_WHEELS),
        ("wheel_angle", "f8", MAX_WHEELS),  # steering
        ("rotation", "f8", MAX_WHEELS),  # about the axle
        ("omega", "f8", MAX_WHEELS),
        ("load", "f8", MAX_WHEELS),
        ("lateral_slip", "f8", MAX_WHEELS),
        ("longitudinal_slip", "f8", MAX_WHEELS),
        ("wheel_torque", "f8", MAX_WHEELS),
        ("lateral_force", "f8", MAX_WHEELS),
        ("longitudinal_force", "f8", MAX_WHEELS),
    ]
)

COMMANDS = np.dtype(
    [
        ("throttle", "f8"),
        ("steer", "f8"),
        ("brake", "f8"),
        ("hand_brake", "f8"),
        ("reverse", "i8"),
        ("manual", "i8"),
        ("gear", "i8"),
        ("gravity", "f8"),  # [m/s^2]
        ("friction", "f8"),  # of a friction trigger around the vehicle, in place of its own; below 0: none
        ("keeps_velocity", "i8"),
        ("kept", "f8", 3),  # [m/s] in the vehicle's frame, while keeps_velocity
        ("force", "f8", 3),  # [N] in the world, during this tick
        ("torque", "f8", 3),  # [N m] about the world's axes through the centre of mass, during this tick
    ]
)
