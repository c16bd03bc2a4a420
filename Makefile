# Everything here needs only Python >= 3.11 with venv, and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint lock bench clean

demo: $(STAMP)          ## run the whole suite against the bundled reference MMS
	$(BIN)/mgcc demo

test: $(STAMP)          ## all tests; a real peer that is missing is a counted skip
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mgcc vectors lint
	$(BIN)/mgcc vectors schema --check
	$(BIN)/python -m pytest -rs
	$(BIN)/mgcc prove

bench: $(STAMP)         ## speed, as ratios in one run
	$(BIN)/python benchmarks/run.py

lock: $(STAMP)          ## write requirements.lock anew from the ranges in pyproject.toml
	$(BIN)/pip-compile --quiet --extra dev --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links \
	    --no-emit-trusted-host --no-header --allow-unsafe --output-file requirements.lock pyproject.toml

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis runs
