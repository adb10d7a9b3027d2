"""confusion.png: readable for few and many classes, and true to the shares of each row."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from datasets.labels import CAMVID_11, CARLA_29, CARVANA_2
from harness.errors import DataError
from harness.run_dir import write_csv
from harness.scoring.confusion import ConfusionMatrix, confusion_rows
from harness.training import confusion_figure as module
from harness.training.confusion_figure import confusion_figure, read_confusion


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are made from now on."""
    figures: list[Figure] = []

    def kept(**options: object) -> Figure:
        figures.append(Figure(**options))
        return figures[-1]

    monkeypatch.setattr(module, "Figure", kept)
    return figures


def cell_texts(figure: Figure) -> dict[tuple[int, int], str]:
    """(row, column) to what is written there."""
    return {
        (int(text.get_position()[1]), int(text.get_position()[0])): text.get_text() for text in figure.axes[0].texts
    }


def test_cells_are_percentages_of_the_true_class(drawn: list[Figure]) -> None:
    counts = np.array([[900, 96, 4], [0, 0, 0], [1, 1, 0]])
    confusion_figure(counts, ("a", "b", "c"), title="t")
    assert cell_texts(drawn[0]) == {(0, 0): "90", (0, 1): "10", (1, 1): "–", (2, 0): "50", (2, 1): "50"}


@pytest.mark.parametrize("labels", [CARVANA_2, CAMVID_11, CARLA_29], ids=lambda labels: labels.name)
def test_every_name_is_inside_the_picture_and_none_covers_another(drawn: list[Figure], labels: object) -> None:
    counts = np.eye(labels.num_classes, dtype=np.int64)
    content = confusion_figure(counts, labels.names, title="Confusion on the validation frames, epoch 10, mIoU 0.500")
    figure = drawn[0]
    width, height = Image.open(io.BytesIO(content)).size
    axes = figure.axes[0]
    renderer = figure.canvas.get_renderer()
    scale = width / figure.bbox.width
    for axis in (axes.xaxis, axes.yaxis):
        assert tuple(label.get_text() for label in axis.get_ticklabels()) == labels.names
        for text in [*axis.get_ticklabels(), axis.label, figure._suptitle]:
            box = text.get_window_extent(renderer)
            assert 0 <= box.x0 * scale < box.x1 * scale <= width, text.get_text()
            assert 0 <= box.y0 * scale < box.y1 * scale <= height, text.get_text()
    boxes = [label.get_window_extent(renderer) for label in axes.get_yticklabels()]
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(boxes))


def test_a_name_may_look_like_a_formula() -> None:
    confusion_figure(np.eye(2, dtype=np.int64), ("$x_", "a" * 80), title="t")


def test_counts_are_read_back_exactly(tmp_path: Path) -> None:
    matrix = ConfusionMatrix(2, np.array([[2**53 + 1, 0], [7, 2**62]]))
    columns, rows = confusion_rows(matrix, ("a, b", 'c"'))
    write_csv(tmp_path / "confusion.csv", rows, columns=columns)
    assert read_confusion(tmp_path / "confusion.csv").tolist() == matrix.counts.tolist()


@pytest.mark.parametrize(
    "content", ["", "truth,a\n", "truth,a\na,1.5\n", "truth,a,b\na,1,2\n", "truth,a,b\na,1\nb,1,2\n"]
)
def test_a_table_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "confusion.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=r"confusion\.csv .*Delete it"):
        read_confusion(path)
