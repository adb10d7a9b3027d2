"""What figures by matplotlib share: text that it takes as it is, and PNG bytes without a display.

The object interface only, no ``pyplot``, so that no global state is left behind and a figure can be made in any thread.
The figures of the report's page are not of this kind: see :mod:`harness.reporting.charts`.
"""

from __future__ import annotations

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_DPI = 130


def plain(text: object) -> str:
    """Text that matplotlib does not take for a formula, and that is short enough for an axis."""
    words = str(text).replace("$", r"\$")
    return words if len(words) <= 34 else f"{words[:33]}…"


def to_png(figure: Figure) -> bytes:
    """A figure as PNG; equal figures give equal bytes."""
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=_DPI, metadata={"Software": None})
    return content.getvalue()
