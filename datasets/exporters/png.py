"""Images as PNG files, lossless; bytes depend on the pixels and on the version of OpenCV only."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt


def rgb_png(rgb: npt.NDArray[np.uint8]) -> bytes:
    """PNG of (H, W, 3) uint8 sRGB."""
    return _encoded(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))


def ids_png(ids: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> bytes:
    """Grey PNG of (H, W) ids, of 8 bits for uint8 and 16 for uint16."""
    return _encoded(ids)


def codes_png(codes: npt.NDArray[np.uint32]) -> bytes:
    """RGB PNG of (H, W) uint32 codes below 2**24, R + 256 G + 65536 B: COCO's panoptic ids, CARLA's depth."""
    low_to_high = codes.astype("<u4").view(np.uint8).reshape(*codes.shape, 4)
    return rgb_png(np.ascontiguousarray(low_to_high[..., :3]))


def _encoded(image: Any) -> bytes:
    is_done, content = cv2.imencode(".png", image)
    assert is_done, "every image of these types has a PNG"
    return content.tobytes()
