.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow lint docs bench clean lock

PYTHON ?= python3.11
BIN := .venv/bin
DEMO := demo

help: ## list these targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/installed ## make .venv with everything in requirements.txt

.venv/installed: requirements.txt setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --requirement requirements.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

demo: setup ## draw phantoms, train, export, predict; pictures in demo/
	$(BIN)/python docs/demo.py --output $(DEMO)

test: setup ## everything but the slow tests, on two cores
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-slow: setup ## everything
	$(BIN)/python -m pytest -m "slow or not slow"

lint: setup ## ruff, ruff format, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: setup ## rewrite the generated pages and pictures
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/phantoms.py

bench: setup ## measure pipeline and models side by side
	$(BIN)/python benchmarks/pipeline.py
	$(BIN)/python benchmarks/augment.py
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/presets.py --float32

lock: ## resolve setup.cfg anew into requirements.txt
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --upgrade pip
	.venv-lock/bin/pip install --quiet --editable .[dev]
	.venv-lock/bin/pip freeze --exclude-editable > requirements.txt
	rm -rf .venv-lock

clean: ## remove what was built; .venv stays
	rm -rf $(DEMO) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
