# Patchvigil. `make help` lists what there is; everything is set up on first use.

SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
STAMP := .venv/.set-up

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 20

.PHONY: setup
setup: $(STAMP) ## Make .venv with everything in it; PYTHON=path names the interpreter

$(STAMP): pyproject.toml uv.lock deploy/setup.sh
	@PYTHON="$(PYTHON)" bash deploy/setup.sh
	@touch $@

.PHONY: demo
demo: setup ## Play the demonstration; KEEP=1 leaves it running, DATA=folder takes public records
	@$(BIN)/python -m deploy.demo $(if $(KEEP),--keep) $(if $(DATA),--data "$(DATA)")

.PHONY: test
test: setup ## Run the whole suite on real Kafka, PostgreSQL and Redis; ARGS=… goes to pytest
	@$(BIN)/pytest $(ARGS)

.PHONY: lint
lint: setup ## Check style and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

.PHONY: type
type: setup ## Check types
	@$(BIN)/mypy

.PHONY: imports
imports: setup ## Check who may import whom
	@$(BIN)/lint-imports

.PHONY: bench
bench: setup ## Measure; B=name measures one
	@$(BIN)/python -m tests.bench $(B)

.PHONY: schemas
schemas: setup ## Write the generated contracts and the tables of settings and commands
	@$(BIN)/python -m schemas.generate
	@$(BIN)/python -m services.kit.settings docs/settings.md
	@$(BIN)/python -m services.cli.manual docs/cli.md

.PHONY: up
up: setup ## Start the servers and the six services, until Ctrl-C or `make down`
	@$(BIN)/patchvigil up

.PHONY: down
down: setup ## Stop what `make up` or `make demo KEEP=1` started
	@$(BIN)/patchvigil down

.PHONY: test-containers
test-containers: setup ## Try the fleet of compose.yaml and the containers' world on a Docker engine
	@$(BIN)/python -m tests.containers
