# Each target does all of its own set-up; a fresh machine needs Python 3.11 or newer, pip, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
COMMIT ?= $(shell git rev-parse HEAD 2>/dev/null)
export SOURCE_DATE_EPOCH COMMIT
export NO_MKDOCS_2_WARNING := 1
export PYTHONDONTWRITEBYTECODE := # many processes load the same modules: they are compiled once

.PHONY: help serve site test article evidence check bench mutate audit runtime shell lock clean
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: $(VENV)/site ## Build the site, serve it on 127.0.0.1:8000 and show every edit at once
	$(BIN)/python -m perpnotes.publish serve

site: $(VENV)/site ## Build the site into site/, strictly
	$(BIN)/python -m perpnotes.publish export
	$(BIN)/python -m mkdocs build --strict
	$(BIN)/python -m perpnotes.publish finish

test: $(VENV)/dev ## Run every test
	$(BIN)/pytest -n auto --dist worksteal

article: $(VENV)/dev ## Tests, faults, ledger and page of one idea: make article IDEA=fees
	$(BIN)/python -m perpnotes.publish article $(IDEA)

evidence: $(VENV)/dev ## Record which tests execute which public function; the site shows it while no source changes
	@# The tests of the site run it in processes of their own, in which nothing is measured.
	$(BIN)/pytest -n auto -q --ignore=tests/browser --ignore=tests/publish --cov=perpnotes --cov-context=test --cov-report=
	$(BIN)/python -m perpnotes.publish.evidence.coverage

check: $(VENV)/dev ## Lint, formatting, types, import layers, articles and workflows
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/basedpyright --level error
	$(BIN)/lint-imports
	$(BIN)/python -m perpnotes.publish check
	$(BIN)/zizmor --offline --quiet --no-progress .github
	@# Its Python package fetches a binary when it is installed, so continuous integration brings it.
	@if command -v actionlint; then actionlint; else echo "actionlint is not on the path: skipped"; fi

bench: $(VENV)/bench ## Print the benchmarks, as ratios to a baseline of the same run
	$(BIN)/python -m tests.bench

mutate: $(VENV)/mutate ## Count the small changes of the library that its tests notice; IDEA=fees for one module
	$(BIN)/python -m tests.mutate $(IDEA) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED))

runtime: $(VENV)/site ## Fetch Python for readers' browsers, once and checked: sites built afterwards run their examples
	$(BIN)/python -m perpnotes.publish runtime

audit: $(VENV)/dev ## Show the site to Lighthouse; says what it needs before it begins
	$(BIN)/python -m tests.audit --needs
	$(MAKE) site
	$(BIN)/python -m tests.audit

shell: $(VENV)/dev ## Open a shell with the environment activated; exit leaves it
	@# Without what make says of this commit, which would be old after the next one.
	@env -u COMMIT -u SOURCE_DATE_EPOCH -u MAKEFLAGS -u MAKELEVEL \
		PATH="$(CURDIR)/$(BIN):$$PATH" VIRTUAL_ENV="$(CURDIR)/$(VENV)" "$${SHELL:-sh}" || true

lock: $(VENV)/dev ## Pin the requirements anew, with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras \
		--group site pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras \
		--group dev pyproject.toml -c requirements.txt -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras \
		--group bench -c requirements-dev.txt -o requirements-bench.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras \
		--group mutate -c requirements-dev.txt -o requirements-mutate.txt

clean: ## Remove what the other targets made
	rm -rf $(VENV) site dist .cache docs/examples evidence.json .coverage

# A stamp file per set of requirements: installed anew when they change.
$(VENV)/site: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	touch $@

$(VENV)/dev: requirements-dev.txt requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	touch $@ $(VENV)/site

$(VENV)/bench: $(VENV)/dev requirements-bench.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-bench.txt
	touch $@

$(VENV)/mutate: $(VENV)/dev requirements-mutate.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-mutate.txt
	touch $@
