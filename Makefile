# Needs Python 3.11+, make and git; everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= litellm_config.yaml
PORT ?= 4000
HOST ?= 127.0.0.1
# Each file of tests runs in one process, beside others: proxies are started once in each.
PYTEST_ARGS ?= --numprocesses=auto --maxprocesses=4 --dist=loadfile

.PHONY: run test lint format unit bench clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Heimdall needs Python 3.11 or newer; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

.env:
	umask 077 && $(PYTHON) -c 'import secrets; print("LITELLM_MASTER_KEY=sk-" + secrets.token_urlsafe(24))' > .env
	@echo "A new master key was written to .env"

run: $(VENV)/.installed .env
	set -a && . ./.env && set +a && exec $(BIN)/litellm --config $(CONFIG) --host $(HOST) --port $(PORT)

test: $(VENV)/.installed-dev lint
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PYTEST_ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=95
	$(BIN)/coverage report --include='heimdall_litellm/core/*' --fail-under=100

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.decision

clean:
	rm -rf $(VENV) .coverage* .mypy_cache .ruff_cache .pytest_cache
