# make demo     a real tomogram to a report, in an environment of its own
# make test     everything, with MPI and PETSc, the tests, and the examples of the docstrings
# make slow     the tests that take patience: whole presets, real volumes, many kills, a queue of SLURM
# make coverage how true the printed errors are, tried on seeded media: docs/coverage.md (an hour)
# make bench    the table of figures of merit, against this machine's memory bandwidth
# make peers    compares solvers, in an environment of their own: docs/solver-benchmark.md (hours)
# make lint     style, types and spelling
# make docs     the site, in docs/_build/html; all that its pages show is run
# make notebooks  executes the notebooks at reduced size
# make petsc    only the MPI and PETSc set-up

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV   ?= .venv
BIN     = $(VENV)/bin
# tests of one file stay together, since they share what is costly to make
SHARE   = -n auto --maxprocesses 4 --dist loadfile
CACHE  ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/poreflux

.PHONY: demo test slow faults coverage bench peers lint docs notebooks petsc clean

demo: $(VENV)/.base
	$(BIN)/poreflux demo --out demo-out

test: $(VENV)/.test $(VENV)/.petsc
	@deploy/chromium.sh
	$(BIN)/python -m pytest $(SHARE) -m "not slow" $(PYTEST_ARGS)
	$(BIN)/python -m pytest $(SHARE) --doctest-modules poreflux
	PYTHON="$(BIN)/python" SHARE="$(SHARE)" deploy/other-pythons.sh

slow: $(VENV)/.test $(VENV)/.petsc
	deploy/slurm-here.sh
	$(BIN)/python -m pytest $(SHARE) -m slow $(PYTEST_ARGS)

# the table of faults: tests/faults/README.md
faults: $(VENV)/.test
	rm -rf $(VENV)/faults && mkdir -p $(VENV)/faults
	POREFLUX_FAULTS=$(VENV)/faults $(BIN)/python -m pytest -m "not slow" tests/faults tests/readers/test_fuzz.py $(PYTEST_ARGS)
	POREFLUX_FAULTS=$(VENV)/faults $(BIN)/python -m pytest -m slow tests/faults/test_memory.py -k flat $(PYTEST_ARGS)
	$(BIN)/python -m tests.faults.table $(VENV)/faults

coverage: $(VENV)/.test
	$(BIN)/python -m tests.coverage $(COVERAGE_ARGS)

bench: $(VENV)/.test $(VENV)/.petsc
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

peers: .venv-peers/.done
	.venv-peers/bin/python -m tests.bench.peers $(PEERS_ARGS)
	.venv-peers/bin/python -m tests.bench --only thickness

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -b html -W --keep-going -q docs docs/_build/html
	$(BIN)/python docs/check_site.py docs/_build/html
	$(BIN)/codespell

notebooks: $(VENV)/.notebooks
	$(BIN)/python notebooks/execute.py

petsc: $(VENV)/.petsc

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "poreflux needs Python 3.11 or later on PATH (or make PYTHON=/path/to/python)"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { apt-get update && apt-get install -y python3-venv && $(PYTHON) -m venv --clear $(VENV); }

$(VENV)/.base: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/.test: $(VENV)/.base
	$(BIN)/python -m pip install --quiet -e '.[test]'
	@touch $@

.venv-peers/.done: pyproject.toml
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet -e '.[peers,test]'
	PYTHON=.venv-peers/bin/python CACHE="$(CACHE)" deploy/petsc.sh
	@touch $@

$(VENV)/.lint: $(VENV)/.base
	$(BIN)/python -m pip install --quiet -e '.[lint]'
	@touch $@

$(VENV)/.docs: $(VENV)/.base
	$(BIN)/python -m pip install --quiet -e '.[docs]'
	@touch $@

$(VENV)/.notebooks: $(VENV)/.test
	$(BIN)/python -m pip install --quiet -e '.[notebooks]'
	@touch $@

$(VENV)/.petsc: $(VENV)/bin/python deploy/petsc.sh
	PYTHON="$(BIN)/python" CACHE="$(CACHE)" deploy/petsc.sh
	@touch $@

clean:
	rm -rf .venv* demo-out docs/_build docs/generated .pytest_cache .ruff_cache .mypy_cache .hypothesis
