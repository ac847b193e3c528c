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
FACTS := pyproject.toml tools/set_up.py

.PHONY: help demo test lint format types fast unit browser chromium bench lock changelog clean

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(DEMO): requirements/demo.txt $(FACTS)
	@$(PYTHON) tools/set_up.py demo
	@touch $@

$(DEV): requirements/dev.txt requirements/demo.txt $(FACTS)
	@$(PYTHON) tools/set_up.py dev
	@touch $(DEMO) $@

demo: $(DEMO) ## measure a real training run, here and in three other places, and write a report
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/digits/demo.sh

test: lint types unit browser ## everything that continuous integration checks

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

unit: $(DEV) ## all tests but those in a browser, with coverage
	$(PYTEST) -n $(WORKERS) -m "not browser" --cov --cov-report=term

browser: $(DEV) chromium ## the tests in a browser
	$(PYTEST) -m browser

# Debian's own browser; where it cannot be had, the tests skip and say why.
chromium:
	@if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends chromium fonts-liberation; \
	fi >&2 || echo "Chromium could not be installed: the tests in a browser will skip." >&2

bench: $(DEMO) ## compare brizna's own cost with its peers (takes long)
	$(BIN)/python bench/run.py

# One resolution for all systems; the demonstration's versions bind the tests'.
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --strip-extras \
	--no-emit-package brizna --no-emit-index-url --no-emit-find-links

lock: $(DEV) ## resolve requirements/*.in anew
	$(BIN)/python -m pip install --quiet "uv>=0.9"
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) requirements/demo.in -o requirements/demo.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK) requirements/dev.in -o requirements/dev.txt

changelog: $(DEV) ## show the next release's notes from changelog.d/
	$(BIN)/towncrier build --draft

clean: ## remove what the other targets made
	rm -rf .venv bench/.venvs .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage build dist
