"""Who may import whom: the table of CONTRIBUTING.md, held against the sources."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("harness", "sim_scenarios", "nets", "datasets")

SIMULATOR = "sim_scenarios/embedded_simulator"

# Longest prefix wins. Values are the only top-level or dotted packages a file below may import besides the standard
# library; one's own package is always allowed.
ALLOWED: dict[str, set[str]] = {
    "harness/cli": {
        "harness",
        "click",
        "rich",
        "sim_scenarios",
        "datasets",
        "nets",
        "torch",
        "numpy",
        "cv2",
        "pandas",
        "carla",
    },
    "harness/carla_client": {
        "carla",
        "msgpack",
        "numpy",
        "cv2",
        "sim_scenarios",
        "harness.errors",
        "harness.carla_client",
    },
    "harness/scoring": {
        "numpy",
        "numba",
        "pandas",
        "pyarrow",
        "cv2",
        "sim_scenarios",
        "datasets",
        "harness.carla_client",
        "harness.segmenter",
        "harness.workers",
        "harness.run_dir",
        "harness.errors",
        "harness.scoring",
    },
    "harness/closed_loop": {
        "numpy",
        "numba",
        "pandas",
        "pyarrow",
        "cv2",
        "PIL",
        "datasets",
        "sim_scenarios",
        "harness.carla_client",
        "harness.scoring",
        "harness.workers",
        "harness.run_dir",
        "harness.errors",
        "harness.closed_loop",
    },
    "harness/closed_loop/metrics": {
        "numpy",
        "pandas",
        "harness.closed_loop.episode_log",
        "harness.closed_loop.policy",
        "harness.closed_loop.metrics",
        "harness.scoring.statistics",
        "harness.errors",
    },
    "harness/workers": {
        "numpy",
        "datasets",
        "sim_scenarios",
        "harness.carla_client",
        "harness.closed_loop",
        "harness.scoring",
        "harness.segmenter",
        "harness.run_dir",
        "harness.errors",
        "harness.workers",
    },
    "harness/workers/protocol.py": {
        "pydantic",
        "sim_scenarios",
        "harness.closed_loop",
        "harness.scoring",
        "harness.errors",
        "harness.workers",
    },
    "harness/reporting": {
        "pandas",
        "numpy",
        "matplotlib",
        "jinja2",
        "cv2",
        "harness.run_dir",
        "harness.errors",
        "pyarrow",
        "harness.scoring.statistics",
        "harness.scoring.spreadsheet",
        "harness.gates",
        "harness.reporting",
    },
    "harness/reporting/driving": {
        "pandas",
        "pyarrow",
        "numpy",
        "matplotlib",
        "cv2",
        "harness.run_dir",
        "harness.errors",
        "harness.scoring.statistics",
        "harness.closed_loop.episode_log",
        "harness.closed_loop.episode_names",
        "harness.reporting",
    },
    "harness/scoring/statistics": {"numpy", "harness.errors", "harness.scoring.statistics"},
    "harness/gates": {"pandas", "harness.run_dir", "harness.errors", "harness.scoring.statistics", "harness.gates"},
    "harness/replaying": {"numpy", "cv2", "sim_scenarios", "datasets", "harness"},
    "harness/mining": {
        "numpy",
        "pandas",
        "datasets",
        "sim_scenarios",
        "harness.carla_client",
        "harness.closed_loop",
        "harness.recording",
        "harness.replaying",
        "harness.scoring.statistics",
        "harness.scoring.spreadsheet",
        "harness.run_dir",
        "harness.errors",
        "harness.mining",
    },
    "harness/determinism": {
        "numpy",
        "sim_scenarios",
        "harness.carla_client",
        "harness.errors",
        "harness.determinism",
    },
    "harness/scoring/input_size.py": {
        "numpy",
        "torch",
        "datasets",
        "sim_scenarios",
        "harness.run_dir",
        "harness.errors",
        "harness.scoring",
        "harness.workers",
    },
    "harness/training": {
        "numpy",
        "torch",
        "safetensors",
        "matplotlib",
        "PIL",
        "wandb",
        "mlflow",
        "datasets",
        "nets",
        "sim_scenarios",
        "harness",
    },
    "harness/ablation": {"numpy", "matplotlib", "sim_scenarios", "datasets", "nets", "harness"},
    "harness/prediction": {"numpy", "torch", "cv2", "sim_scenarios", "datasets", "harness"},
    "harness/inspection": {"numpy", "cv2", "PIL", "matplotlib", "datasets", "harness"},
    "harness/viewing": {"numpy", "cv2", "rerun", "datasets", "harness"},
    "harness": {"numpy", "torch", "safetensors", "cv2", "pandas", "sim_scenarios", "datasets", "nets", "harness"},
    SIMULATOR: {"numpy", "numba", "msgpack", "pymunk", "shapely", "carla", SIMULATOR.replace("/", ".")},
    "sim_scenarios": {"yaml", "pydantic", "numpy", "sim_scenarios"},
    "sim_scenarios/importers": {"scenariogeneration", "pydantic", "sim_scenarios"},
    "nets": {"torch", "nets"},
    "datasets": {"numpy", "numba", "h5py", "hdf5plugin", "zstandard", "cv2", "datasets"},
    "datasets/importers": {"numpy", "numba", "PIL", "datasets"},
    "datasets/labels": {"numpy", "yaml", "datasets"},
    "datasets/exporters": {"numpy", "numba", "cv2", "pyarrow", "pycocotools", "datasets"},
    "datasets/torch_dataset.py": {"numpy", "torch", "datasets"},
    "datasets/torch_batches.py": {"numpy", "torch", "datasets"},
    "datasets/torch_loader.py": {"numpy", "torch", "datasets"},
}

NOT_AT_MODULE_LEVEL = {"harness/cli": {"torch", "nets", "carla", "h5py", "cv2", "pandas", "numpy", "pydantic"}}

ONE_WAY: dict[str, set[str]] = {
    # The simulator's own direction: server -> dispatch -> handlers -> recorder -> world -> {road, physics};
    # sensors -> render.
    # The wire format knows the world's plain types, since it packs them; the world knows nothing of the wire.
    f"{SIMULATOR}/wire": {"server", "dispatch", "handlers", "recorder", "road", "physics", "sensors", "render"},
    f"{SIMULATOR}/physics": {"server", "dispatch", "handlers", "recorder", "sensors", "render", "wire"},
    f"{SIMULATOR}/road": {"server", "dispatch", "handlers", "recorder", "sensors", "render", "wire", "physics"},
    f"{SIMULATOR}/world": {"server", "dispatch", "handlers", "recorder", "sensors", "render", "wire"},
    f"{SIMULATOR}/recorder": {"server", "dispatch", "handlers", "sensors", "render", "wire"},
    f"{SIMULATOR}/render": {"server", "dispatch", "handlers", "recorder", "sensors", "wire", "physics"},
}


def source_files() -> list[Path]:
    return sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))


@cache
def imports_of(path: Path) -> tuple[tuple[str, int], ...]:
    """What a file imports, and in which line."""
    return tuple(imports(ast.parse(path.read_text())))


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            assert node.module is not None
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def longest_rule(relative: str, table: dict[str, set[str]]) -> set[str] | None:
    matches = [prefix for prefix in table if relative == prefix or relative.startswith(prefix + "/")]
    return table[max(matches, key=len)] if matches else None


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def test_a_file_imports_only_what_its_folder_may() -> None:
    wrong = [complaint for path in source_files() for complaint in imported_against_the_table(path)]
    assert not wrong, "\n".join(wrong)


def imported_against_the_table(path: Path) -> Iterator[str]:
    relative = path.relative_to(ROOT).as_posix()
    allowed = longest_rule(relative, ALLOWED)
    if allowed is None:
        yield f"{relative} lies in no folder of the table"
        return
    for name, line in imports_of(path):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names:
            continue
        # `from package import name` yields both package and package.name: one of them being allowed is enough,
        # unless the package itself is wider than what is allowed.
        fine = any(is_within(name, package) for package in allowed)
        narrower = any(is_within(package, name) for package in allowed)
        if not fine and not narrower:
            yield f"{relative}:{line} imports {name}; allowed: {sorted(allowed)}"


def test_nothing_outside_imports_the_embedded_simulator() -> None:
    for path in source_files():
        relative = path.relative_to(ROOT).as_posix()
        if not relative.startswith(SIMULATOR):
            for name, line in imports_of(path):
                assert "embedded_simulator" not in name, f"{relative}:{line} imports {name}"


def test_inside_the_simulator_data_flows_one_way() -> None:
    for path in source_files():
        relative = path.relative_to(ROOT).as_posix()
        forbidden = {f"{SIMULATOR.replace('/', '.')}.{part}" for part in longest_rule(relative, ONE_WAY) or ()}
        for name, line in imports_of(path):
            assert not any(is_within(name, part) for part in forbidden), f"{relative}:{line} imports {name}"


@pytest.mark.parametrize("path", sorted((ROOT / "harness/cli").glob("*.py")), ids=lambda path: path.name)
def test_the_command_line_defers_slow_imports(path: Path) -> None:
    tree = ast.parse(path.read_text())
    top_level = ast.Module(body=[n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)], type_ignores=[])
    for name, line in imports(top_level):
        assert name.partition(".")[0] not in NOT_AT_MODULE_LEVEL["harness/cli"], f"{path.name}:{line} imports {name}"


def test_only_the_carla_client_imports_carla() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for path in source_files()
        for name, _ in imports_of(path)
        if is_within(name, "carla")
    }
    outside = {
        user for user in users if not user.startswith(("harness/carla_client/", SIMULATOR, "harness/cli/doctor"))
    }
    assert not outside
