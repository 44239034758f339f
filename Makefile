# Interlock: the tasks, the same for people and for CI. `make help` lists them.
# A fresh machine needs make and Python 3.11 or later; uv is used when it is there.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
SEED ?= 1
ARGS ?=
PYTEST := $(BIN)/python -m pytest

.PHONY: help demo test check fix types sim mutants bench nightly docs pins build clean

help: ## Show the tasks
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /|/' \
	  | while IFS='|' read -r task words; do printf '  make %-9s %s\n' "$$task" "$$words"; done

# --- The environment. Stamp files, so that a second call is instant. -------------------------------------------------

# The first Python that is new enough: `python3`, else a named one.
find_python = for name in $${PYTHON:-} python3 python3.13 python3.12 python3.11; do \
    if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$$name"; exit 0; fi; \
  done; \
  echo "error: Interlock needs Python 3.11 or later, found: $$(python3 --version 2>&1 || echo no python3)" >&2; \
  echo "hint: install one, or name it: make PYTHON=/path/to/python3.11" >&2; \
  exit 1

# uv when it works (a shim may be there without it), else pip. Both check every hash.
have_uv = [ -z "$${NO_UV:-}" ] && uv --version >/dev/null 2>&1
install = if $(have_uv); then uv pip install --quiet --python $(BIN)/python $(1); \
  else $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input $(1); fi

$(BIN)/python:
	@python="$$($(find_python))"; \
	echo "Creating $(VENV) with $$("$$python" --version)" >&2; \
	if $(have_uv); then uv venv --quiet --allow-existing --python "$$("$$python" -c 'import sys; print(sys.executable)')" $(VENV); \
	else "$$python" -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "hint: install your system's python3-venv package, or uv" >&2; exit 1; }; fi

$(VENV)/.runtime: requirements/build.txt requirements/runtime.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Interlock needs to run" >&2
	@$(call install,--require-hashes -r requirements/build.txt -r requirements/runtime.txt)
	@$(call install,--no-build-isolation --no-deps --editable .)
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "Installing what its tests need" >&2
	@$(call install,--require-hashes -r requirements/dev.txt)
	@touch $@

# --- For users -------------------------------------------------------------------------------------------------------

demo: $(VENV)/.runtime ## Set up, and run the demonstration
	@$(BIN)/interlock demo

# --- For contributors ------------------------------------------------------------------------------------------------

test: $(VENV)/.dev ## Run the tests (not those marked slow or bench)
	$(PYTEST) -n $(WORKERS) -m "not slow and not bench" --durations=5 --durations-min=0.25

check: $(VENV)/.dev ## Check format, lint, types, import contracts and house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	@[ ! -d tests/typing ] || $(BIN)/mypy tests/typing
	$(BIN)/lint-imports
	$(PYTEST) -q -p no:xdist -p no:randomly tests/tidy

types: $(VENV)/.dev ## Check types only
	$(BIN)/basedpyright

fix: $(VENV)/.dev ## Format, sort imports, apply safe fixes
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

sim: $(VENV)/.dev ## Run the simulator with one seed: make sim SEED=7
	INTERLOCK_SIM_SEED=$(SEED) $(PYTEST) -q -p no:randomly -m "" --timeout=1800 tests/sim

mutants: $(VENV)/.dev ## Put deliberate bugs into copies of the code: at least 95 % must be caught
	PYTHONPATH=tests $(BIN)/python -m mutants $(ARGS)

bench: $(VENV)/.dev ## Measure Interlock beside its peers, then run the tests marked bench
	@[ ! -f benchmarks/run.py ] || $(BIN)/python benchmarks/run.py $(ARGS)
	$(PYTEST) -q -p no:xdist -p no:randomly -m bench --timeout=1800 tests || [ $$? -eq 5 ] # 5: there are none

# With arguments only proofs run, such as ARGS='--only kills --size 100'.
nightly: $(VENV)/.dev ## Prove at full size (stop it, it goes on), run all tests with many more cases
	PYTHONPATH=tests $(BIN)/python -m proofs.nightly --workers $(WORKERS) $(ARGS)
	[ -n "$(ARGS)" ] || HYPOTHESIS_PROFILE=night $(PYTEST) -n $(WORKERS) -m "not bench" --timeout=7200

docs: $(VENV)/.dev ## Build the documentation into site/
	$(BIN)/zensical build --strict --clean

pins: ## Look up the newest versions and write requirements/*.txt (needs uv)
	@for set in build runtime dev; do \
	  case $$set in build) what="--group build";; runtime) what=pyproject.toml;; \
	    dev) what="pyproject.toml --group build --extra dev --extra timestamps";; esac; \
	  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url --no-emit-find-links $$what --output-file requirements/$$set.txt >/dev/null; \
	done

build: $(VENV)/.dev ## Build the wheel and the source archive into dist/
	$(BIN)/python -m build --no-isolation

clean: ## Remove environments, caches and reports
	rm -rf $(VENV) build dist site htmlcov .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache \
	  .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
