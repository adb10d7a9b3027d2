from __future__ import annotations

from typing import Any

import numpy as np

from sim_scenarios.embedded_simulator.render.visibility import leaf_thresholds


def test_every_mip_level_keeps_the_share_of_leaf(stage: Any) -> None:
    textures = stage.models().textures
    leaf = 5
    thresholds = leaf_thresholds(textures)[leaf]
    shares = []
    for level in range(4):  # 16, 8, 4, 2 px
        side = int(textures.sizes[leaf]) >> level
        start = textures.offsets[leaf, level]
        shares.append(float((textures.texels[start : start + side * side, 3] >= thresholds[level]).mean()))
    np.testing.assert_allclose(shares, shares[0], atol=0.18)  # means of four zeros and ones come in steps
