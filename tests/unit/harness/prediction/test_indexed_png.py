from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from datasets.labels import CARLA_29
from harness.prediction.indexed_png import encode_indexed_png

masks = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.integers(0, 255))


@given(masks)
def test_a_viewer_shows_every_class_in_its_colour(ids: NDArray[np.uint8]) -> None:
    content = encode_indexed_png(ids, CARLA_29.palette)
    shown = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    np.testing.assert_array_equal(shown[..., ::-1], CARLA_29.palette[ids])


def test_the_pixels_are_the_ids_themselves() -> None:
    ids = np.array([[1, 2, 255], [0, 28, 7]], dtype=np.uint8)
    content = encode_indexed_png(ids, CARLA_29.palette)
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, color_type = struct.unpack(">IIBB", content[16:26])
    assert (width, height, depth, color_type) == (3, 2, 8, 3)
    start = content.index(b"IDAT")
    (length,) = struct.unpack(">I", content[start - 4 : start])
    assert zlib.decompress(content[start + 4 : start + 4 + length]) == b"\x00\x01\x02\xff\x00\x00\x1c\x07"


def test_other_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="mask has shape"):
        encode_indexed_png(np.zeros((2, 2, 3), dtype=np.uint8), CARLA_29.palette)
    with pytest.raises(ValueError, match="palette has shape"):
        encode_indexed_png(np.zeros((2, 2), dtype=np.uint8), CARLA_29.palette[:29])
