# The two commands of the README are `make demo` and `make test`; each sets up its own virtual environment.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

JAVASCRIPT := "src/trompe/**/*.js"

.PHONY: demo test test-slow check docs format wheel clean

demo: $(VENV)/.runs
	$(BIN)/trompe demo

test: $(VENV)/.develops
	$(BIN)/python -m pytest --numprocesses auto

test-slow: $(VENV)/.develops
	$(BIN)/python -m pytest --numprocesses auto -m "slow or browser"

check: $(VENV)/.develops node_modules/.package-lock.json
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/node node_modules/prettier/bin/prettier.cjs --log-level warn --check $(JAVASCRIPT)
	$(BIN)/node node_modules/typescript/bin/tsc --project jsconfig.json

format: $(VENV)/.develops node_modules/.package-lock.json
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/node node_modules/prettier/bin/prettier.cjs --log-level warn --write $(JAVASCRIPT)

docs: $(VENV)/.develops
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --jobs auto docs build/docs

wheel: $(VENV)/.develops
	$(PIP) build
	$(BIN)/python -m build --wheel

clean:
	rm -rf $(VENV) node_modules build dist

$(BIN)/python:
	$(PYTHON) -c "import sys; sys.exit('trompe needs Python 3.11 or newer' if sys.version_info < (3, 11) else 0)"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runs: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing trompe into $(VENV) (a minute or two, once)"
	$(PIP) --editable .
	@touch $@

$(VENV)/.develops: $(VENV)/.runs
	$(PIP) --editable ".[dev,docs]"
	@touch $@

node_modules/.package-lock.json: $(VENV)/.develops package-lock.json
	$(BIN)/npm ci --silent --no-audit --no-fund
	@touch $@
