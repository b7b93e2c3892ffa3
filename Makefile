# The verbs of this repository. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?=
PORT ?= 8765
PROCESSES ?= 2
export PYTHON

LOCAL := .venv/.installed-local
DEV := .venv/.installed-dev
BIN := .venv/bin

.PHONY: help demo play test check lint fmt slow faults bench mutants gspread-suite docs picture clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

$(LOCAL): pyproject.toml constraints.txt
	@scripts/venv.sh local

$(DEV): pyproject.toml constraints.txt
	@scripts/venv.sh dev

demo: $(LOCAL) ## the main job on embedded defaults: sample workbook, optimise, publish, print
	@$(BIN)/roadmap demo

play: $(LOCAL) ## the same, and stays up with the page open to edit (PORT=8765)
	@$(BIN)/roadmap demo --stay --port $(PORT)

test: lint ## everything that CI needs (PROCESSES=2: so many share the tests)
	@scripts/test.sh $(PROCESSES)

check: lint ## ruff, pyright, import-linter
	@$(BIN)/basedpyright

lint: $(DEV) ## ruff, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

fmt: $(DEV) ## format the code and sort its imports
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

slow: $(DEV) ## the slow suites: long random runs, by hand
	@$(BIN)/pytest -m slow --timeout 3600

faults: $(DEV) ## the fault matrix, as a table (N=20: each line so often; LINES="calls paused": only those; SITES=8 beside each other)
	@$(BIN)/python -m tests.faults.matrix $(LINES) $(if $(N),-n $(N)) $(if $(SITES),--sites $(SITES))

bench: $(DEV) ## benchmarks, each beside a peer, as ratios
	@for file in bench/[a-z]*.py; do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

mutants: $(DEV) ## change the formulation, one slip at a time: does the suite notice?
	@$(BIN)/python tests/mutation/mutants.py

gspread-suite: $(DEV) ## gspread's own tests against the local Sheets server (SOURCE=its source with the tests)
	@$(BIN)/python scripts/gspread_suite.py $(SOURCE)

docs: $(DEV) ## remake what the docs take from the code
	@$(BIN)/python -m sheets_sync.reference > docs/workbook.md

picture: $(DEV) ## take the README's picture of the Roadmap tab (needs Chromium)
	@$(BIN)/python scripts/picture.py

clean: ## remove .venv and caches (data folders stay)
	@rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
