# The interpreter that makes .venv: the first here that is 3.12 or later. Override it with `make PYTHON=...`.
PYTHON ?= $(shell for python in python3.12 python3.13 python3.14 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
EXAMPLE ?= intervals

.PHONY: setup repair test compiled lint bench soak model-test clean

repair: setup ## repair a bundled example (EXAMPLE=intervals, stock or checkout)
	$(BIN)/rfsn repair examples/$(EXAMPLE)

# Two processes more than cores: tests wait for engines, limits and kills.
test: setup compiled ## run the tests
	$(BIN)/python -P -m pytest --numprocesses $$(($$(nproc) + 2)) --maxprocesses 6

# Tests start rfsn a thousand times, and PYTHONDONTWRITEBYTECODE may be set.
compiled: setup
	$(BIN)/python -m compileall -q rfsn planners gate buildpacks sandbox

lint: setup ## what CI checks besides the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## print the measurements that README and docs quote
	for script in startup sandbox gate validation; do $(BIN)/python -P benchmarks/$$script.py || exit 1; done

soak: setup compiled ## kill sessions and fill disks for hours (SEED= makes a run again, PARTS= and COUNT= choose)
	$(BIN)/python -m tests.soak $(PARTS) $(if $(SEED),--seed $(SEED)) $(if $(COUNT),--count $(COUNT))

model-test: setup ## ask a small real model on this machine, which is made first (RECORD=1 keeps what it says for the tests)
	$(BIN)/python -m tests.real

setup: $(VENV)/.ready ## make .venv with rfsn and its tools in it

$(VENV)/.ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "rfsn needs Python 3.12 or later: install it, or name it: make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.11'
	$(BIN)/uv pip install --quiet --system-certs --compile-bytecode --python $(BIN)/python --editable . --group dev
	@touch $@

clean: ## remove what setup made
	rm -rf $(VENV)
