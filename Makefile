# The only commands anyone needs. Everything happens inside .venv; nothing is installed elsewhere.
.DELETE_ON_ERROR:
.PHONY: setup demo test contract check lint types coverage package bench fuzz clean

PYTHON ?= python3.11
BIN := .venv/bin
STAGE ?= dev
# Bytecode goes to build/: the artefact stays clean, and a second process starts sooner.
export PYTHONPYCACHEPREFIX = $(CURDIR)/build/pycache
export PYTHONDONTWRITEBYTECODE =

setup: .venv/.ready ## an environment with everything, and the `snapback` command in it

.venv/.ready: requirements.txt requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

demo: setup ## the whole story on the local AWS: back up, expire, break, roll back, undo
	@$(BIN)/python -m sandbox.demo

test: setup ## every test
	$(BIN)/python -m pytest -q

contract: setup ## the rules of AWS, asked in process, over HTTP and through the AWS CLI: a table
	$(BIN)/python -m tests.contract.index
	$(BIN)/python -m pytest -q --contract-table tests/contract

check: setup lint types coverage package ## what CI runs

lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types:
	$(BIN)/mypy

coverage: ## every test, with branch coverage: all of domain, 95 % of the rest
	$(BIN)/coverage erase
	$(BIN)/python -m pytest -q --cov --cov-branch --cov-report=
	$(BIN)/coverage report --include='chalicelib/domain/*' --fail-under=100
	$(BIN)/coverage report --fail-under=95

bench: setup ## retention and the sandbox at scale: tables, build/bench-*.json and docs/bench-*.md
	$(BIN)/python -m bench sandbox --json build/bench-sandbox.json --markdown docs/bench-sandbox.md
	$(BIN)/python -m bench retention --json build/bench-retention.json --markdown docs/bench-retention.md

fuzz: setup ## every operation of the services the sandbox serves, with every kind of bad input
	$(BIN)/python -m tests.sandbox.fuzz

package: setup ## the artefact that is deployed, built and looked at
	rm -rf build/package .chalice/deployments
	find app.py chalicelib -name __pycache__ -prune -exec rm -rf {} +
	AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} $(BIN)/chalice package --stage $(STAGE) build/package
	$(BIN)/python tests/package/inspect_package.py build/package

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
