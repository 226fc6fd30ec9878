# make demo   set up and run the main job on the sample district
# make test   set up and run the tests
# Everything lives in .venv (and .hub-env); `make PYTHON=python3.12 ...` chooses the interpreter.

.PHONY: help demo test test-system test-slow lab hub docs lint notebooks format bench lock setup setup-dev setup-hub setup-lab clean
.DEFAULT_GOAL := help

export PYTHONUTF8 = 1
bin = .venv/bin
lang ?= en
jobs ?= 2
setup = @python="$$(sh environments/find-python.sh)" && "$$python" environments/setup.py
pytest = OMP_NUM_THREADS=1 $(bin)/python -m pytest -q -n $(jobs) --dist worksteal

help:  ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 14

setup:  ## the environment for running jobs
	$(setup) core

setup-dev:
	$(setup) dev

setup-hub:
	$(setup) hub

setup-lab:
	$(setup) lab

demo: setup  ## set up and run the main job on the sample district (lang=zh for Chinese)
	@$(bin)/prospect run data_samples/synthetic_district/district.toml \
	  --out demo-result --lang $(lang)

test: setup-dev  ## set up and run the everyday tests
	@$(pytest) -m "not slow and not system" $(args)

test-slow: setup-dev  ## the long tests, real data included
	@$(pytest) -m "slow and not system" $(args)

test-system: setup-dev setup-hub  ## tests that need a browser, a hub or OpenGL, installed first where allowed
	@$(bin)/python environments/system.py browser
	@$(pytest) -n 0 -m "system" $(args)

lab: setup-lab  ## gallery and JupyterLab, on this machine only (args="--lang zh --folder .")
	@$(bin)/prospect lab $(args)

hub: setup-lab setup-hub  ## the shared workbench for many people (args="--folder /srv/workbench")
	@$(bin)/prospect hub up $(args)

docs: setup-dev  ## the documentation, into docs/_build/html (run=1 executes the notebooks for it)
	@[ -z "$(run)" ] || for each in notebooks/[0-9]*.py; do for tongue in en zh; do \
	  $(bin)/prospect notebook run $$each --in $$tongue --out build/notebooks/$$tongue || exit 1; \
	  done; done
	@$(bin)/python -m sphinx -q -E -W --keep-going -j 2 -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

lint: setup-dev  ## style, import rules, docstrings
	@$(bin)/ruff check .
	@$(bin)/ruff format --check .
	@$(bin)/lint-imports
	@$(bin)/python -m pytest -q tests/test_docstrings.py tests/test_tree.py

notebooks: setup-dev  ## check the notebooks, bring translations up to date, write the .ipynb
	@$(bin)/prospect notebook check notebooks/[0-9]*.py --lang $(lang)
	@$(bin)/prospect notebook translate notebooks/[0-9]*.py --lang $(lang)
	@$(bin)/prospect notebook build notebooks --lang $(lang)

format: setup-dev  ## put the code into shape
	@$(bin)/ruff check --fix .
	@$(bin)/ruff format .

bench: setup-dev  ## speed and memory, printed
	@for each in benchmarks/bench_*.py; do echo "== $$each"; $(bin)/python "$$each" || exit 1; done

lock:  ## resolve the locked requirements anew (needs uv)
	@sh environments/lock.sh

clean:  ## remove what was made
	rm -rf .venv .hub-env demo-result build dist docs/_build docs/api docs/notebooks
