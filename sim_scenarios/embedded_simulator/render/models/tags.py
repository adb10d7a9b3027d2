"""CARLA's semantic tags as the models use them (0.9.14 and later; LibCarla/source/carla/rpc/ObjectLabel.h)."""

from __future__ import annotations

BUILDING, WALL, FENCE, POLE, TRAFFIC_LIGHT, TRAFFIC_SIGN, VEGETATION = 3, 4, 5, 6, 7, 8, 9
STATIC, DYNAMIC, GUARD_RAIL = 20, 21, 28
