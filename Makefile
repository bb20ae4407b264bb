# `make demo` and `make test` install everything that they need. A second call skips this and needs no network.

PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
INSTALLED := $(VENV)/.installed

export DS_BUILD_OPS := 0
export OMP_NUM_THREADS := 1
export PATH := $(BIN):$(PATH)

.PHONY: demo test lint install clean

demo: install
	python -m pipelines.samples --output demo/pdfs --count 48 --seed 3
	python -m pipelines.build_corpus --input demo/pdfs --output demo/corpus --pages_per_shard 24
	python -m pipelines.verify demo/corpus
	deepspeed --quiet --num_accelerators 2 trainer/pretrain.py --corpus demo/corpus --model tiny --config trainer/configs/demo.yaml --output demo/run
	@echo
	@echo "The corpus:  demo/corpus/report.html"
	@echo "The losses:  demo/run/loss.png"
	@echo "The model:   demo/run/model"

# Two workers run the test files in the order that tests/conftest.py sets. A worker that crashes is not replaced.
test: install
	python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

lint: install
	ruff check .
	ruff format --check .
	mypy
	lint-imports

install: $(INSTALLED)

$(INSTALLED): setup.py pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "Folio needs Python 3.10 or newer, but $(PYTHON) is $$($(PYTHON) -V 2>&1): make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "Python's venv module is missing: apt-get install python3-venv (Debian, Ubuntu)"; exit 1; }
	@echo "Installing into $(VENV): this takes some minutes the first time."
	python -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	python -m pip install --quiet --disable-pip-version-check --editable ".[train,test]"
	@python -c 'import cv2' || { \
	  echo "A system library for OpenCV is missing (see above): apt-get install libgl1 libglib2.0-0 (Debian, Ubuntu)"; exit 1; }
	@touch $@

clean:
	rm -rf demo build *.egg-info
