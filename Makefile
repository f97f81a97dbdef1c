# Everything happens in .venv, which the first command makes and later ones reuse.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test check bench clean

demo: $(READY)  ## the whole road on one corpus; DEMO="--budget 10s" shortens it
	$(BIN)/speech-emotion demo $(DEMO)

test: $(READY)  ## the whole suite, with line coverage
	$(BIN)/python -m pytest -n auto --cov --cov-report=term:skip-covered --cov-fail-under=90 $(TEST)

check: $(READY)  ## format, lint, types, and who may import whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## run all benchmarks and rewrite docs/benchmarks.md and the tables of the other pages
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/honesty.py
	$(BIN)/python benchmarks/robustness.py

clean:  ## remove what the other commands made
	rm -rf $(VENV) demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || \
	  { echo "error: needs Python 3.10 to 3.13, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true); choose one: make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "error: this Python has no venv module; on Debian or Ubuntu: apt install python3-venv" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(READY)
