PYTHON ?= python3
BIN    := .venv/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install -q -c constraints.txt

unexport PYTHONDONTWRITEBYTECODE  # each process of the tests would compile the source anew

.PHONY: demo test test-all lint types wheel catalogue play house records learn notebooks docs lock clean help

demo: .venv/.lab                       ## set up, then the main job: relu, tanh and leaky_relu, 10 seeds each
	$(BIN)/actlab compare --out runs/demo
	$(BIN)/actlab report runs/demo --hiplot

test: lint                             ## set up, then style, and the tests that people wait for
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not large"

test-all: .venv/.dev                   ## the rest: whole sweeps, all mutants, kills, the browser, simulations
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m large

lint: .venv/.dev                       ## style only
	$(BIN)/ruff check src tests tools studies
	$(BIN)/ruff format --check src tests tools studies

types: .venv/.dev                      ## pyright: the source, and that all that is public has a type
	$(PIP) -e '.[types]'
	$(BIN)/python tools/typed.py

wheel: .venv/.dev                      ## build, twine check, and the wheel used in bare environments: minutes
	$(PIP) -e '.[release]'
	$(BIN)/python tools/wheel.py

catalogue: .venv/.dev                  ## the torch-free index of the catalogue, and its page in docs, from the blocks
	$(BIN)/python tools/catalogue.py
	$(BIN)/python tools/catalogue_page.py

play: .venv/.dev                       ## the playground's generated parts: its catalogue and coefficients
	$(BIN)/python tools/playground.py

house: .venv/.dev                      ## the picture of the rooms in ARCHITECTURE.md
	$(BIN)/python tools/house.py

records: .venv/.dev                    ## the index of records and where they are cited
	$(BIN)/python tools/records.py

learn: .venv/.dev                      ## the pages of docs/learn and their pictures, by running their sources
	$(BIN)/python tools/learn.py

notebooks: .venv/.dev                  ## the pages of docs/learn as notebooks, run: build/notebooks
	$(BIN)/python -m tools.notebooks

docs: .venv/.dev                       ## the documents as a site, with the reference: build/docs/index.html
	$(BIN)/python -m tools.site

help:                                  ## this list
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/'

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "constraints.txt is for Python 3.11: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
.venv/.lab: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing: about three minutes, once."
	$(PIP) -e '.[lab,hiplot]'
	touch $@
.venv/.dev: .venv/.lab
	$(PIP) -e '.[dev]'
	touch $@

lock:                                  ## newest versions of everything but torch
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install -q --dry-run --ignore-installed --report build/lock.json 'torch==2.13.0' '.[dev]'
	$(PYTHON) tools/lock.py build/lock.json > build/constraints.new && mv build/constraints.new constraints.txt

clean:                                 ## remove what the targets above made, but no runs
	rm -rf .venv build dist
