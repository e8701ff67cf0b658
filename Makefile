# `make help` lists the targets. Nothing but Python 3.11 or newer and make is needed.
PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.installed
SEMANTIC := .venv/.semantic
SLACK_TYPES := tests/slack_types

.DEFAULT_GOAL := help
.PHONY: help run test lint bench slack-types scores thresholds alarm names lock

help:  ## Say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

$(SETUP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Matching by meaning is an extra: where it cannot be installed, everything works by words alone.
$(SEMANTIC): $(SETUP) requirements-semantic.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-semantic.lock 2>/dev/null \
		|| echo "The extra 'semantic' could not be installed; going on by words alone."
	@touch $@

run: $(SEMANTIC)  ## Set up, and serve the page on http://127.0.0.1:8000 (and Slack, when it is set)
	$(BIN)/python app.py serve

test: $(SEMANTIC)  ## Set up, and run the tests
	$(BIN)/python -m pytest -n 2

lint: $(SETUP)  ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(SEMANTIC)  ## Speed and memory, beside bm25s and rapidfuzz, in one run; the figures; and Slack under load, beside bare Bolt
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench_figures
	$(BIN)/python -m tests.bench_slack

slack-types: $(SETUP) $(SLACK_TYPES)/node_modules  ## Hold what is sent to Slack to the types that Slack publishes (needs node and npm)
	cd tests && ../$(BIN)/python -m slack_types.render_all
	cd $(SLACK_TYPES) && node_modules/.bin/tsc

$(SLACK_TYPES)/node_modules: $(SLACK_TYPES)/package-lock.json
	cd $(SLACK_TYPES) && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

scores: $(SEMANTIC)  ## How well the question sets in tests/questions are answered
	$(BIN)/python -m bot.answering.scores

thresholds: $(SEMANTIC)  ## Find the thresholds of matching anew and write them down
	$(BIN)/python -m bot.answering.scores --calibrate

alarm: $(SETUP)  ## Train the alarm's model anew from its lines
	$(BIN)/python -m bot.answering.alarm.train --check

names: $(SETUP)  ## Compile the list of names anew
	$(BIN)/python -m bot.privacy.compile_names

lock: $(SETUP)  ## Write the lock files anew, with hashes and without addresses
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras \
		--extra dev --extra build -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras \
		--extra semantic -c requirements.lock -o requirements-semantic.lock pyproject.toml
