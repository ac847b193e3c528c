# Two commands matter: `make demo` shows brizna at work, `make test` runs what continuous integration runs.
# Nothing is needed but make and Python 3.11 or later; each target sets up what it misses in .venv.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Python 3.11 first: it is the version whose packages are locked.
PYTHON ?= $(or $(shell for p in python3.11 python3 python3.14 python3.13 python3.12; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done), \
	$(error Python 3.11 or later is needed: none found as python3 or python3.11))
WORKERS ?= 2
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest

# A stamp is younger than the lock, the package's metadata and the script that it was set up from.
DEMO := .venv/.set-up-for-demo
DEV := .venv/.set-up-for-dev
HEAVY := .venv/.set-up-for-heavy
FACTS := pyproject.toml tools/set_up.py

.PHONY: help demo test lint format types fast unit heavy browser gate chromium prometheus valgrind bench lock changelog clean

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(DEMO): requirements/demo.txt $(FACTS)
	@$(PYTHON) tools/set_up.py demo
	@touch $@

$(DEV): requirements/dev.txt requirements/demo.txt $(FACTS)
	@$(PYTHON) tools/set_up.py dev
	@touch $(DEMO) $@

$(HEAVY): requirements/heavy.txt $(DEV)
	@$(PYTHON) tools/set_up.py heavy
	@touch $@

demo: $(DEMO) ## measure a real training run, here and in three other places, and write a report
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/digits/demo.sh

test: lint types unit heavy browser gate ## everything that continuous integration checks

lint: $(DEV) ## rules, format, floors, purity, spelling
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/codespell

format: $(DEV) ## repair what can be repaired without thinking
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(DEV) ## strict types on src/
	$(BIN)/basedpyright

fast: $(DEV) ## the tests that need neither a browser nor minutes
	$(PYTEST) -n $(WORKERS) -m "not browser and not heavy"

unit: $(DEV) ## all tests but the heavy ones and those in a browser, with coverage
	$(PYTEST) -n $(WORKERS) -m "not browser and not heavy" --cov --cov-report=term

heavy: $(HEAVY) prometheus valgrind ## the tests that need torch, other large libraries or a server
	$(PYTEST) -n $(WORKERS) --dist loadfile -m heavy

browser: $(DEV) chromium ## the tests in a browser
	$(PYTEST) -m browser

# What brizna itself takes, held against the commit before: instructions, which repeat on any machine.
GATE_BASE ?= HEAD~1
gate: $(DEV) valgrind ## fail if brizna's own sampler or planner takes more than in the commit before
	@$(BIN)/python bench/gated.py --base "$(GATE_BASE)"

# Debian's own browser, servers and valgrind; where one cannot be had, its tests skip and say why. No service is started.
chromium: WITH := fonts-liberation
chromium prometheus valgrind:
	@if ! command -v $@ >/dev/null && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -yq --no-install-recommends $@ $(WITH); \
	fi >&2 || echo "$@ could not be installed: its tests will skip." >&2

bench: $(DEMO) ## compare brizna's own cost with its peers (takes long)
	$(BIN)/python bench/run.py

# One resolution for all systems; the demonstration's versions bind the tests'.
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --strip-extras \
	--no-emit-package brizna --no-emit-index-url --no-emit-find-links

lock: $(DEV) ## resolve requirements/*.in anew
	$(BIN)/python -m pip install --quiet "uv>=0.9"
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) requirements/demo.in -o requirements/demo.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) requirements/dev.in -o requirements/dev.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) --override requirements/not-locked.txt \
		requirements/heavy.in -o requirements/heavy.txt

changelog: $(DEV) ## show the next release's notes from changelog.d/
	$(BIN)/towncrier build --draft

clean: ## remove what the other targets made
	rm -rf .venv bench/.venvs .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage build dist
