# Run `make help` first. Needs only Python >= 3.11 and make; the targets install everything else from locked files.

PYTHON ?= python3
UV := .venv-uv/bin/uv
PY := .venv/bin/python
# One process more than processors, because some tests wait.
WORKERS = $(shell expr $$(nproc 2>/dev/null || sysctl -n hw.ncpu) + 1)
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
REQUIREMENTS := $(wildcard requirements/*.in layers/*/requirements.in)
LAYERS := $(patsubst %.in,%.txt,$(wildcard layers/*/requirements.in))
# Parameters that switch on every optional resource, for the template checks.
ALL_OPTIONS := KmsKeyArn=arn:aws:kms:us-east-1:123456789012:key/any DomainName=api.example.com AlarmEmail=operator@example.com \
  AccessLogs=true WebhookConcurrency=50 WarmWriteUnits=16000 MonthlyBudget=100 Canary=true
# Tools that read the OpenAPI description as others do. Without npm, the tests that need its packages are skipped.
OPENAPI_TOOLS := .venv-openapi/installed $(if $(shell command -v npm),.node/installed)
# A second DynamoDB for the tests of stores, where Node.js is installed.
DYNALITE := $(if $(shell command -v npm 2>/dev/null),.dynalite/installed)
LOCAL_STACK := .venv/installed .venv-sam/installed .venv-ministack/installed $(LAYERS)

export PYTHONPATH := tools:layers/outreach
# Tests and the local stack start hundreds of processes, which would all compile the same code.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo run test reliability record-permissions record-state build deploy smoke version format lint types audit check bench bench-quick console console-check screenshots generate lock clean

help: ## List all targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-18s %s\n", $$1, $$2}'

install: $(LOCAL_STACK) ## Install the tools for running and testing; other targets install their own

run: $(LOCAL_STACK) ## Run the whole system on this machine until Ctrl-C; keeps its state in .local/
	@$(PY) -m local_stack run

demo: $(LOCAL_STACK) ## Send a sample campaign through the simulated carriers and check the outcome
	@$(PY) -m demo

test: $(LOCAL_STACK) ## Run all tests except those of `make reliability`
	@$(PY) -m pytest -n $(WORKERS) --max-worker-restart=0 -m "not reliability"

reliability: $(LOCAL_STACK) $(OPENAPI_TOOLS) $(DYNALITE) ## Test crashes at every step, random failures, malformed input, generated clients and a way back; writes docs/reliability.json
	@rm -f docs/reliability.json
	@FIGURES=docs/reliability.json HYPOTHESIS_PROFILE=thorough $(PY) -m pytest -n auto -o faulthandler_timeout=3000 tests/reliability tests/statemachines tests/integration/api/test_tenancy.py \
	  tests/contract/test_openapi_tools.py tests/e2e/test_generated_clients.py tests/e2e/test_versions.py
	@$(PY) -c "from benchmarks import docs; docs.update()"

record-permissions: $(LOCAL_STACK) ## Record which permissions each function uses; writes tests/template/permissions.json
	@rm -f tests/template/permissions.json
	@RECORD_PERMISSIONS=tests/template/permissions.json $(PY) -m pytest -n auto -m "not reliability" tests/integration tests/reliability

record-state: .venv/installed ## Record what this version stores and leaves under way, for tests of the next one
	@RECORD_STATE=1 $(PY) -m pytest tests/upgrade -k at_work

build: .venv/installed .venv-sam/installed $(LAYERS) ## Build for `sam deploy`; PARAMETERS=Architecture=x86_64 builds for x86
	@.venv-sam/bin/sam build $(if $(PARAMETERS),--parameter-overrides "$(PARAMETERS)") \
	  || { echo "If another version of Python is missing here, install it or name yours: make build PARAMETERS=PythonRuntime=python3.12 (docs/deploy.md)"; false; }
	@$(PY) scripts/optimize_layers.py

deploy: .venv/installed .venv-sam/installed ## Deploy the build without questions, after a check of account and stack; PROFILE=prod is in samconfig.toml
	@$(PY) -m scripts.deploy_guard $(PROFILE)
	@.venv-sam/bin/sam deploy --config-env $(PROFILE) --no-confirm-changeset --no-fail-on-empty-changeset

smoke: .venv/installed ## Try a deployed stack STACK; ACCOUNT=site/id TO=number also sends a campaign to a number
	@$(PY) -m scripts.smoke $(STACK) $(if $(ACCOUNT),--account $(ACCOUNT)) $(if $(TO),--to $(TO))

version: ## Print the version of this checkout
	@$(PYTHON) -c "import outreach; print(outreach.__version__)"

format: .venv/installed ## Format the code, and fix what ruff can fix
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

lint: .venv/installed .venv-sam/installed .venv-checkov/installed ## Check code style, imports, dead code, the template with its security, and the workflows
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@PYTHONPATH=layers/outreach .venv/bin/lint-imports --no-logo
	@$(PY) scripts/dead_code.py
	@.venv/bin/cfn-lint template.yaml
	@mkdir -p .aws-sam
	@.venv-sam/bin/python scripts/expand_template.py $(ALL_OPTIONS) > .aws-sam/expanded.json
	@.venv-checkov/bin/checkov --config-file .checkov.yaml
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@.venv/bin/zizmor --offline --quiet --strict-collection .

types: .venv/installed ## Check types with mypy
	@.venv/bin/mypy

audit: .venv-audit/installed ## Check the locked packages for known vulnerabilities
	@.venv-audit/bin/python scripts/audit.py

check: lint types test ## Run lint, types and test

bench: $(LOCAL_STACK) ## Run the benchmarks and write their figures to docs/; PART=cost runs one of them
	@$(PY) -m benchmarks $(PART)

bench-quick: $(LOCAL_STACK) ## Run small benchmarks in less than a minute and only print their figures
	@$(PY) -m benchmarks --quick

console: console/node_modules/installed ## Build the console from console/; needs Node.js 20 or newer
	@cd console && npm run --silent types && npm run --silent check && npm run --silent build

screenshots: $(LOCAL_STACK) ## Take the pictures of docs/console.md from the state of the last `make demo`; needs Chromium
	@$(PY) -m scripts.make_screenshots

console-check: console/node_modules/installed ## Check the types of the console, and that its build is the committed one
	@cd console && { npm run --silent types -- --check || { echo "run: make console" && false; }; } && npm run --silent check
	@cd console && npm run --silent build -- --outDir ../.aws-sam/console
	@for file in console.js console.css LICENSES.md; do cmp .aws-sam/console/$$file functions/api/get_console/$$file || exit; done

generate: .venv/installed ## Generate the route table, docs/openapi.json and the page of the errors
	@$(PY) scripts/make_routes.py
	@$(PY) -m scripts.make_openapi
	@$(PY) scripts/make_errors.py

lock: .venv-uv/installed ## Lock all requirements with hashes; UPGRADE=--upgrade takes newer releases
	@for file in $(REQUIREMENTS); do $(COMPILE) $(UPGRADE) $$file --output-file $${file%.in}.txt || exit; done
	@if command -v npm > /dev/null; then cd requirements/openapi && npm $(if $(UPGRADE),update,install) --package-lock-only --ignore-scripts --silent; fi

clean: ## Remove builds and caches; keeps environments and state
	@rm -rf .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis

console/node_modules/installed: console/package-lock.json
	@echo "installing console/package-lock.json"
	@cd console && npm ci --silent
	@touch $@

# Separate environments, because SAM, MiniStack, checkov and the project pin different releases of boto3.
.venv-uv/installed: requirements/uv.txt
	@echo "preparing uv"
	@$(PYTHON) -m venv .venv-uv
	@.venv-uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

define install
@echo "installing $< … (downloads, then compiles without a word: up to a minute or two)"
@$(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(@D)
@$(UV) pip sync --compile-bytecode --require-hashes --python $(@D)/bin/python $<
@touch $@
endef

.venv/installed: requirements/dev.txt .venv-uv/installed
	$(install)

.venv-sam/installed: requirements/sam.txt .venv-uv/installed
	$(install)

.venv-audit/installed: requirements/audit.txt .venv-uv/installed
	$(install)

.venv-checkov/installed: requirements/checkov.txt .venv-uv/installed
	$(install)

.venv-openapi/installed: requirements/openapi.txt .venv-uv/installed
	$(install)

.node/installed: requirements/openapi/package-lock.json
	@echo "installing $<"
	@mkdir -p $(@D) && cp $(<D)/package.json $< $(@D)/
	@npm ci --prefix $(@D) --ignore-scripts --silent
	@touch $@

.dynalite/installed: requirements/dynalite/package-lock.json
	@echo "installing dynalite"
	@mkdir -p $(@D)
	@cp requirements/dynalite/package*.json $(@D)
	@npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --silent
	@touch $@

.venv-ministack/installed: requirements/ministack.txt .venv-uv/installed
	$(install)
