from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.jit import Workers, drop_stale_cache


def _touch(worker: int, workers: int, seen: np.ndarray) -> None:
    seen[worker] += workers


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_worker_runs_once(threads: int) -> None:
    seen = np.zeros(threads, int)
    Workers(threads).run(_touch, seen)
    assert (seen == threads).all()


def _fail(worker: int, workers: int) -> None:
    if worker == 0:
        raise RuntimeError("worker 0 fell over")


def test_a_failing_worker_is_heard() -> None:
    with pytest.raises(RuntimeError, match="fell over"):
        Workers(2).run(_fail)


def test_no_threads_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least 1"):
        Workers(0)


def test_cache_is_dropped_when_a_kernel_source_changes(tmp_path: Path) -> None:
    source, cache = tmp_path / "kernels.py", tmp_path / "__pycache__"
    source.write_text("from x.render.jit import kernel\n")
    drop_stale_cache(tmp_path)
    compiled = cache / "kernels.f-1.py311.nbi"
    compiled.write_bytes(b"compiled")
    drop_stale_cache(tmp_path)
    assert compiled.exists()
    (tmp_path / "other.py").write_text("A = 1\n")  # no kernels in it
    drop_stale_cache(tmp_path)
    assert compiled.exists()
    source.write_text("from x.render.jit import kernel  # changed\n")
    drop_stale_cache(tmp_path)
    assert not compiled.exists()
