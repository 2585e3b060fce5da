# Everything runs in a virtual environment in this clone; it is made when it is missing or the lock changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(INSTALLED): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "kube-portals needs Python 3.11 or newer, $(PYTHON) is older: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || \
		{ echo "no virtual environment could be made: on Debian, apt-get install python3-venv"; exit 1; }
	@echo "installing the locked dependencies into $(VENV)"
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements-dev.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: $(INSTALLED) ## From a manifest to an answered request, in network namespaces
	@$(BIN)/kube-portals demo $(DEMO)

.PHONY: test
test: $(INSTALLED) lint ## Lint, types, layers, and all tests that run without a cluster
	$(BIN)/pytest $(TESTS)

.PHONY: lint
lint: $(INSTALLED) ## Style, types and layers
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: format
format: $(INSTALLED) ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: generate
generate: $(INSTALLED) ## Write what is generated from the code: docs/configuration.md
	$(BIN)/python -m kube_portals.api.config > docs/configuration.md

.PHONY: lock
lock: ## Pin the dependencies of pyproject.toml anew (needs uv)
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
		--no-emit-index-url --no-emit-find-links --extra dev pyproject.toml --output-file requirements-dev.lock

.PHONY: clean
clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
