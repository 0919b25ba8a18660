# Two commands: `make play` opens the playground, `make test` runs every test.
# Both set up .venv the first time and start in seconds after that.

PYTHON ?= python3
PORT ?= 0
VENV := .venv
BIN := $(VENV)/bin
# Compiled when first imported, and kept: twenty kernels and servers start in the tests.
PIP := $(BIN)/python -m pip install --no-compile
unexport PYTHONDONTWRITEBYTECODE

.PHONY: play test lint types check bench bench-screen soak papers conformance picture clean help

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

play: $(VENV)/.play ## open the playground in a browser (PORT=8866 chooses the port)
	@$(BIN)/fedplay show --port $(PORT)

# First those in the browser, two files at a time, as much of their time is spent waiting; then all
# others on every core.
test: $(VENV)/.test ## run all tests, those in a real browser included
	@browser=$$($(BIN)/python tools/browser.py) && \
	  export FEDPLAY_CHROMIUM="$$browser" FEDPLAY_REQUIRE_BROWSER=1 && \
	  $(BIN)/python -m pytest tests/browser -n 2 --dist loadfile && \
	  $(BIN)/python -m pytest --ignore tests/browser -n auto --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.lint ## check style (ruff)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.lint $(VENV)/.test ## check types (mypy, strict)
	$(BIN)/mypy

check: lint types test ## everything that must hold before a commit

bench: $(VENV)/.test ## print how fast the engine is against a naive loop
	$(BIN)/python benchmarks/speed.py

bench-screen: $(VENV)/.test ## print how fast the screen answers, in Voilà and JupyterLab
	@FEDPLAY_CHROMIUM="$$($(BIN)/python tools/browser.py)" $(BIN)/python benchmarks/screen.py

soak: $(VENV)/.test ## play for over an hour, and print what it takes (benchmarks/soak.py --help)
	@FEDPLAY_CHROMIUM="$$($(BIN)/python tools/browser.py)" $(BIN)/python benchmarks/soak.py

papers: $(VENV)/.test ## run the experiments of three papers again, and write benchmarks/papers/README.md
	$(BIN)/python -m benchmarks.papers

conformance: $(VENV)/.test ## check every entry of every slot, and write docs/conformance.md
	$(BIN)/python tools/conformance.py

picture: $(VENV)/.test ## render the README's picture from the real app
	$(BIN)/python tools/picture.py

clean: ## remove the environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist

# The environment, made anew when pyproject.toml changes. Each mark is a set of packages.
$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "fedplay needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@[ -w . ] || { echo "$(CURDIR) cannot be written, and the environment is made in it"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv is missing: on Debian, apt-get install python3-venv"; exit 1; }

$(VENV)/.play: pyproject.toml | $(VENV)/pyvenv.cfg
	@$(PIP) -e . > $(VENV)/install.log 2>&1 || \
	  { echo "fedplay could not be installed, which needs the internet: see $(VENV)/install.log"; exit 1; }
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/pyvenv.cfg
	$(PIP) -q -e '.[test]'
	@touch $@ $(VENV)/.play

$(VENV)/.lint: pyproject.toml | $(VENV)/pyvenv.cfg
	$(PIP) -q -e '.[lint]'
	@touch $@
