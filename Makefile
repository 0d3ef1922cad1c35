# `make run` and `make test` set up what they need in .venv, node_modules and .cache; nothing is installed elsewhere.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

RUN_FLAGS = $(if $(INPUT),--input "$(INPUT)") $(if $(DATASET),--dataset "$(DATASET)") $(if $(DATE),--date "$(DATE)") $(if $(BASE_MODEL),--base-model "$(BASE_MODEL)")

# The browser of tests/browser: npm brings one for Linux on x64; CHROMIUM=/path/to/chrome names another.
BROWSER := $(if $(CHROMIUM),,.cache/chromium/installed)

.PHONY: run test faults bench fuzz screenshots check format synth bootstrap deploy destroy lock clean
run: .venv/installed  ## the whole experiment on this machine; INPUT=file.json DATASET=folder DATE=2026-11-22 BASE_MODEL=nova-lite
	@$(BIN)/bedrock-ft run --local $(RUN_FLAGS)

test: .venv/installed node_modules/installed $(BROWSER)  ## all tests
	$(BIN)/pytest -n 2 --dist loadfile

# It has a process for each core: threads beside them would only be in the way.
faults: .venv/installed node_modules/installed  ## every fault at every state; writes docs/faults.md (ONLY=text: a part)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/faults/matrix.py $(if $(ONLY),--only "$(ONLY)")

BENCHES = validation near_duplicates coverage_load
bench: .venv/installed  ## how fast a dataset's files are checked and compared, and in how much memory; exit code 1: slower than claimed
	@code=0; for each in $(BENCHES); do PYTHONPATH=. $(BIN)/python tests/bench/$$each.py || code=1; done; exit $$code

fuzz: .venv/installed  ## inputs that nobody would write, against all that reads a dataset; SECONDS=300
	PYTHONPATH=. $(BIN)/python tests/fuzz/fuzz.py --seconds $(or $(SECONDS),300)

screenshots: .venv/installed node_modules/installed $(BROWSER)  ## the pictures in docs/
	PYTHONPATH=tests/pages $(BIN)/python tests/browser/screenshots.py

check: .venv/installed node_modules/installed  ## lint, format, types, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) test

format: .venv/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

synth: .venv/installed node_modules/installed
	node_modules/.bin/cdk synth --quiet $(CDK_FLAGS)

bootstrap deploy destroy: .venv/installed node_modules/installed  ## CDK_FLAGS="-c baseModel=nova-lite --profile mine"
	node_modules/.bin/cdk $@ $(if $(filter-out bootstrap,$@),--all) $(CDK_FLAGS)

COMPILE = $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url
lock:  ## every requirements file: ours, the scoring layer's (for Lambda, with our versions), the emulator's for tests/e2e
	$(COMPILE) --universal --extra parquet --python-version 3.11 pyproject.toml --output-file requirements.txt
	printf '%s\n' msgspec numpy phonenumberslite py3langid regex sacrebleu scipy | $(COMPILE) --no-annotate --python-version 3.14 --python-platform aarch64-manylinux_2_28 \
	  --only-binary :all: --constraint requirements.txt - --output-file lambdas/requirements-scoring.txt
	echo "ministack>=1.5,<1.6" | $(COMPILE) --no-annotate --universal --python-version 3.11 \
	  - --output-file tests/e2e/requirements.txt

.venv/installed: requirements.txt pyproject.toml
	@echo "setting up .venv (a minute or two, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

node_modules/installed: package.json package-lock.json .venv/installed
	@$(BIN)/npm ci --silent --no-fund --no-audit
	@touch $@

.cache/chromium/installed: node_modules/installed tests/browser/unpack_chromium.mjs
	@rm -rf $(@D) && mkdir -p $(@D)
	@TMPDIR=$(CURDIR)/$(@D) node tests/browser/unpack_chromium.mjs
	@touch $@

clean:
	rm -rf .venv .cache cdk.out node_modules out
