"""CARLA's semantic tags as the models use them (0.9.14 and later; LibCarla/source/carla/rpc/ObjectLabel.h)."""

from __future__ import annotations

ROAD = 1
BUILDING, WALL, FENCE, POLE, TRAFFIC_LIGHT, TRAFFIC_SIGN, VEGETATION = 3, 4, 5, 6, 7, 8, 9
TRAIN, BICYCLE = 17, 19
STATIC, DYNAMIC, OTHER, WATER, GUARD_RAIL = 20, 21, 22, 23, 28
