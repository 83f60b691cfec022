# Recur's commands. `make help` lists them; the first target to need it sets up .venv from the lock.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
# A stamp in the environment itself: newer than the lock means that nothing is to be done.
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help repro quick test lint bench calibration reference picture lock clean

help:  ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-11s %s\n", $$1, $$2}'

repro: $(READY)  ## run the pipeline: only what changed since dvc.lock
	@$(BIN)/recur run

quick: $(READY)  ## a first look: every stage with small budgets, in a scratch clone
	@PATH="$(CURDIR)/$(BIN):$$PATH" python -m tools.quick

test: $(READY)  ## run every test
	PATH="$(CURDIR)/$(BIN):$$PATH" pytest --numprocesses 2 --dist loadgroup --cov --cov-report=term

lint: $(READY)  ## check style, formatting and types
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy stages

bench: $(READY)  ## measure speed and memory; prints ratios
	@$(BIN)/python -m tools.bench

calibration: $(READY)  ## simulate how often the comparison is wrong, into docs/statistics.md
	@$(BIN)/python -m tools.calibration

reference: $(READY)  ## write params.schema.json and the generated pages of docs/ anew
	@$(BIN)/python -m tools.reference

picture: $(READY)  ## make docs/report.png, the top of the report, by Chromium
	chromium --headless --no-sandbox --hide-scrollbars --window-size=1300,1520 --screenshot=docs/report.png \
	  "file://$(CURDIR)/reports/index.html"
	@$(BIN)/python -c "from PIL import Image; Image.open('docs/report.png').quantize(64).save('docs/report.png', optimize=True)"

lock: $(READY)  ## resolve requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile --universal --generate-hashes --no-header --no-emit-index-url \
	  --group dev pyproject.toml --output-file requirements.lock

clean:  ## remove what the pipeline made and .venv; the shared download cache stays
	rm -rf .venv .dvc/cache .dvc/tmp .recur data/raw data/vectors data/prepared data/predictions models

# Made under a lock file's own version of uv, so that an interrupted set-up starts over and ends whole.
$(READY): requirements.lock
	@sh tools/setup.sh "$(PYTHON)"
