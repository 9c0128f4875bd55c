# `make demo` and `make test` are all a new machine needs: Python 3.11 or later, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-slow test-browser check bench bench-full bench-kernels models docs governance notebooks site pictures format clean

demo: $(VENV)/.runtime
	$(BIN)/triage demo --out triage-demo --force

# One process a core, each with one thread: the tests are many and small.
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow

test-browser: $(VENV)/.dev site
	$(BIN)/python -m pytest -m browser

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# The whole way beside decoding and beside pandas, into docs/performance.md.
bench: $(VENV)/.dev
	$(BIN)/python benchmarks/whole/run.py 10000 100000

bench-full: $(VENV)/.dev
	$(BIN)/python benchmarks/whole/run.py 10000 100000 1000000 5000000

# Small pieces of work, each beside the usual way of doing it; the figures are kept in build/kernels.json.
bench-kernels: $(VENV)/.dev
	mkdir -p build
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest benchmarks/kernels --benchmark-group-by=group \
	  --benchmark-min-rounds=3 --benchmark-max-time=0.5 --benchmark-columns=median,iqr,rounds \
	  --benchmark-json=build/kernels.json

# The released bundles, trained on a synthetic world with its truth; then the scores that are held fixed, and the figures
# of the governance pack.
models: $(VENV)/.dev
	rm -rf build/history build/history-truth
	mkdir -p build models/nl-2017
	$(BIN)/triage synth nl-2017 --cases 100000 --seed 2017 --out build/history
	for recipe in logistic informed scorecard additive boosted; do \
	  $(BIN)/triage train build/history --outcomes build/history-truth/truth.parquet --recipe $$recipe \
	    --out models/nl-2017/$$recipe --force || exit 1; \
	done
	$(BIN)/python tests/golden/write_golden.py
	$(BIN)/python docs/governance/fill.py

docs: $(VENV)/.dev
	$(BIN)/python -m triage.schema.dictionary > docs/data-dictionary.md
	$(BIN)/python -m triage.features.page > docs/features.md
	$(BIN)/python -m triage.lab.report.listing > docs/lab-assumptions.md

# What the shipped models find on fresh synthetic years, into the pages of docs/governance.
governance: $(VENV)/.dev
	$(BIN)/python docs/governance/fill.py

# Each notebook is run once and kept with its outputs in build/notebooks; what has not changed is not run again.
notebooks: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 tests/test_notebooks.py -k runs_from_top_to_bottom

# The pages as HTML in build/site, with every notebook as it ran. Warnings are errors; no network is used.
site: $(VENV)/.dev notebooks
	rm -rf build/site
	$(BIN)/sphinx-build --quiet --fresh-env --fail-on-warning --keep-going --conf-dir docs --doctree-dir build/doctrees . build/site

# The pictures of README and docs, from a synthetic world.
pictures: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python docs/pictures/draw.py

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) triage-demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; try: make PYTHON=python3.11 ..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable .
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable '.[dev]'
	touch $@ $(VENV)/.runtime
