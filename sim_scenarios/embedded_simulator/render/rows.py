"""Arrays that rows are added to while the world goes on."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

_SPARE = 1.25
_Scalar = TypeVar("_Scalar", bound=np.generic)


class GrowingRows(Generic[_Scalar]):
    """An array and some room behind it, so that adding a few rows does not copy all of them."""

    def __init__(self, rows: NDArray[_Scalar]) -> None:
        self.rows: NDArray[_Scalar] = rows
        """What has been added so far; contiguous, replaced by each ``add``."""
        self._room: NDArray[_Scalar] = rows

    def add(self, more: NDArray[Any]) -> None:
        """Put rows behind the others; they are cast to the array's type."""
        count, needed = len(self.rows), len(self.rows) + len(more)
        if needed > len(self._room):
            self._room = np.empty((int(needed * _SPARE), *self.rows.shape[1:]), self.rows.dtype)
            self._room[:count] = self.rows
        self._room[count:needed] = more
        self.rows = self._room[:needed]
