"""Where frames go, decided from sizes."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.training.cache import CacheSetting, choose_cache, free_ram_bytes

GB = 10**9


@pytest.mark.parametrize(
    ("setting", "gpu_gb", "ram_gb", "place"),
    [
        ("auto", 40, 40, "gpu"),
        ("auto", 20, 0, "gpu"),
        ("auto", 19, 40, "ram"),
        ("auto", 19, 19, "none"),
        ("auto", None, 20, "ram"),
        ("auto", None, 19, "none"),
        ("gpu", 20, 40, "gpu"),
        ("gpu", 19, 20, "ram"),
        ("gpu", 19, 19, "none"),
        ("gpu", None, 20, "ram"),
        ("ram", 100, 20, "ram"),
        ("ram", 100, 19, "none"),
        ("none", 100, 100, "none"),
    ],
)
def test_ten_gigabytes(setting: CacheSetting, gpu_gb: int | None, ram_gb: int, place: str) -> None:
    free_gpu = None if gpu_gb is None else gpu_gb * GB
    choice = choose_cache(setting, 10 * GB, free_gpu_bytes=free_gpu, free_ram_bytes=ram_gb * GB)
    assert choice.place == place
    first_wish = {"auto": "gpu" if gpu_gb is not None else "ram"}.get(setting, setting)
    assert (choice.note is None) == (place == first_wish)


def test_the_note_says_why_and_what_is_done_instead() -> None:
    choice = choose_cache("gpu", 10 * GB, free_gpu_bytes=12 * GB, free_ram_bytes=8 * GB)
    assert choice.note == (
        "10.0 GB are more than 50% of the 12.0 GB of the GPU's free memory; 10.0 GB are more than 50% "
        "of the 8.0 GB of the computer's free memory, so they are read from disk each epoch"
    )


def system(root: Path, *, available_kb: int, limit: str | None = None, used: int = 0, files: int = 0) -> Path:
    (root / "proc").mkdir()
    (root / "proc/meminfo").write_text(f"MemTotal: 99 kB\nMemFree: 1 kB\nMemAvailable:   {available_kb} kB\n")
    if limit is not None:
        (root / "sys/fs/cgroup").mkdir(parents=True)
        (root / "sys/fs/cgroup/memory.max").write_text(f"{limit}\n")
        (root / "sys/fs/cgroup/memory.current").write_text(f"{used}\n")
        (root / "sys/fs/cgroup/memory.stat").write_text(
            f"anon 7\nfile 99999\ninactive_file {files - files // 4}\nactive_file {files // 4}\nslab 9\n"
        )
    return root


@pytest.mark.parametrize(
    ("limit", "used", "free"),
    [(None, 0, 8192), ("max", 5, 8192), ("5000", 1000, 4000), ("90000", 5, 8192), ("5", 10, 0)],
)
def test_a_containers_limit_counts(tmp_path: Path, limit: str | None, used: int, free: int) -> None:
    assert free_ram_bytes(system(tmp_path, available_kb=8, limit=limit, used=used)) == free


@pytest.mark.parametrize(("files", "free"), [(0, 1000), (3000, 4000), (9000, 8192)])
def test_files_that_the_system_keeps_in_memory_are_free(tmp_path: Path, files: int, free: int) -> None:
    assert free_ram_bytes(system(tmp_path, available_kb=8, limit="10000", used=9000, files=files)) == free


def test_this_machine_has_memory() -> None:
    assert free_ram_bytes() > 10**8
