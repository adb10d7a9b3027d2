"""OpenDRIVE text -> roads, lanes, junctions, signals and objects as plain data in CARLA's frame of reference.

``reading`` makes the ``RoadMap`` of ``road_map``; ``plan_view`` knows the curves. Offsets across a road are named
``right`` and grow to the right of its direction, as everywhere in ``road``: OpenDRIVE's ``t`` with its sign changed.
"""
