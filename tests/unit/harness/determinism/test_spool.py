from __future__ import annotations

import resource

import numpy as np
import pytest

from harness.carla_client.observation import CameraPair, Observation
from harness.determinism.spool import Spool, planes_of
from harness.errors import DataError

POSE = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def observation(tick: int, *, with_depth: bool) -> Observation:
    rng = np.random.default_rng(tick)
    pair = CameraPair(
        rgb=rng.integers(0, 256, (6, 8, 3), np.uint8),
        tags=rng.integers(0, 29, (6, 8), np.uint8),
        depth=rng.integers(0, 2**24, (6, 8), np.uint32) if with_depth else None,
        transform=POSE,
    )
    return Observation(
        frame=tick, tick=tick, timestamp_s=0.0, cameras={"front": pair}, ego_transform=POSE, ego_speed=0.0, gaps=()
    )


def test_pictures_come_back_in_any_order_to_the_last_bit() -> None:
    seen = [observation(tick, with_depth=tick % 2 == 0) for tick in range(5)]
    with Spool() as spool:
        for each in seen[:3]:
            spool.put(each)
        assert spool.get(3, "front", "rgb") is None
        for each in seen[3:]:
            spool.put(each)
        for each in reversed(seen):
            for plane, array in planes_of(each.cameras["front"]):
                back = spool.get(each.tick, "front", plane)
                assert back is not None
                assert back.dtype == array.dtype
                np.testing.assert_array_equal(back, array)
        assert spool.get(1, "front", "depth") is None
        assert spool.get(0, "rear", "rgb") is None


def test_a_disk_that_takes_no_more_is_told_with_a_remedy() -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
    try:
        with pytest.raises(DataError, match="Make room there, or let TMPDIR"), Spool() as spool:
            spool.put(observation(0, with_depth=True))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
