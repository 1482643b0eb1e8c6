# Everything a newcomer needs: `make demo`, `make test`. Each target makes what it stands on.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Tests and demo start hundreds of programs: what was compiled once is kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test lint bench soak lock clean

$(VENV)/.installed: pyproject.toml requirements.lock tools/install.sh tests/device/wasm/package-lock.json
	PYTHON="$(PYTHON)" sh tools/install.sh
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/lamplighter demo $(ARGS)

lint: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow" $(ARGS)

soak: $(VENV)/.installed
	$(BIN)/python -m pytest -m slow $(ARGS)

bench: $(VENV)/.installed
	$(BIN)/python -m bench $(ARGS)

lock: $(VENV)/.installed
	$(BIN)/uv pip compile --all-extras --no-emit-index-url --no-annotate -q -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
