# The two commands of the README are `make demo` and `make test`; each makes .venv and installs what is missing.
# The first Python of the carla wheels' range (3.10 - 3.12) is used; PYTHON=... chooses another.
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# Where an environment forbids bytecode, each of the hundreds of processes of a test run would compile every module again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test compiled lint venv clean
.DEFAULT_GOAL := demo

demo: .venv/installed
	$(BIN)/harness demo --output out/demo --overwrite

# In one process more than there are cores, with one thread each, since most tests wait or have little to compute. Files
# go in the order of their folders: integration tests early, of which a few take minutes, and many small ones last. By
# xdist's own order, most tests first, those few files would come last, and most cores would wait for them. Benchmarks run
# briefly here, for what they assert; ratios are measured alone (tests/benchmarks/README.md).
test: .venv/installed-tests compiled
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $$(( $$(nproc) + 1 )) --maxprocesses 5 --dist loadfile --no-loadscope-reorder \
		-m "not gpu and not real_carla and not slow"

# The simulator's kernels and the tests' modules, once, or each process would compile them for itself.
compiled: .venv/installed-tests
	$(BIN)/python -c "with __import__('harness.carla_client.endpoint', fromlist=['*']).open_endpoint(None, None, timeout_s=600): pass"
	$(BIN)/pytest --collect-only --quiet --quiet > /dev/null || true  # the run tells

lint: .venv/installed-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

venv: .venv/installed-tests

.venv/installed: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "no Python 3.10, 3.11 or 3.12 found: install one, or run make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

.venv/installed-tests: tests/requirements.txt tests/references.txt .venv/installed
	$(BIN)/python -m pip install --quiet --requirement tests/requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target .venv/references --requirement tests/references.txt
	touch $@

clean:
	rm -rf .venv out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
