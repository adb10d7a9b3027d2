"""What a usual car does on its tyres and springs when it is accelerated: it drifts, needs more lock, and leans.

All of it is proportional to the acceleration, as it is for small ones (Gillespie, Fundamentals of Vehicle Dynamics,
ch. 6 and 7). The driver knows no car's own figures but its measures, so these are usual ones of passenger cars; what a
car differs by, sight and filters have to make good.
"""

from __future__ import annotations

REAR_SLIP = 0.007
"""[rad per m/s^2] by which the rear axle drifts out of a bend, against its heading: 4 degrees for 1 g."""
UNDERSTEER = 0.0015
"""[rad per m/s^2] of the front wheels that a bend needs beyond its geometry: 0.8 degrees for 1 g."""
PITCH_DEG = 0.17
"""[deg per m/s^2] nose up when the car gains speed: 1.7 degrees for 1 g."""
ROLL_DEG = -0.55
"""[deg per m/s^2 to the right] clockwise: a body leans out of the bend, 5.4 degrees for 1 g."""
