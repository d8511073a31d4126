# Everything starts here: `make help`. Only Python >= 3.11 and make are needed; the rest is installed below, from locked files.

PYTHON ?= python3
UV := .venv-uv/bin/uv
PY := .venv/bin/python
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
REQUIREMENTS := $(wildcard requirements/*.in layers/*/requirements.in)
LAYERS := $(patsubst %.in,%.txt,$(wildcard layers/*/requirements.in))
# Checked with everything that a parameter can add.
EVERY_OPTION := KmsKeyArn=arn:aws:kms:us-east-1:123456789012:key/any DomainName=api.example.com AlarmEmail=operator@example.com
STACK := .venv/installed .venv-sam/installed .venv-ministack/installed $(LAYERS)

export PYTHONPATH := tools:layers/outreach

.DEFAULT_GOAL := help
.PHONY: help install demo run test reliability permissions build lint types audit check bench bench-quick generated lock clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-11s %s\n", $$1, $$2}'

install: $(STACK) ## Install all that the other targets need

run: $(STACK) ## Run the whole system on this machine until Ctrl-C; state is kept in .local/
	@$(PY) -m local_stack run

demo: $(STACK) ## Send a sample campaign through the simulated carriers, and check the outcome
	@$(PY) -m demo

test: $(STACK) ## Run every test but those of `make reliability`
	@$(PY) -m pytest -n auto -m "not reliability"

reliability: $(STACK) ## Kill processes at every step, let calls fail at random, feed rubbish; writes docs/reliability.json
	@rm -f docs/reliability.json
	@FIGURES=docs/reliability.json HYPOTHESIS_PROFILE=thorough $(PY) -m pytest -n auto tests/reliability tests/statemachines tests/integration/api/test_tenancy.py
	@$(PY) -c "from benchmarks import docs; docs.update()"

permissions: $(STACK) ## Note what the functions use of what they may do (tests/template/permissions.json)
	@rm -f tests/template/permissions.json
	@RECORD_PERMISSIONS=tests/template/permissions.json $(PY) -m pytest -n auto -m "not reliability" tests/integration tests/reliability

build: .venv/installed .venv-sam/installed $(LAYERS) ## Build for AWS (for `sam deploy`), the layers trimmed and compiled; PARAMETERS=Architecture=x86_64
	@.venv-sam/bin/sam build $(if $(PARAMETERS),--parameter-overrides "$(PARAMETERS)")
	@$(PY) scripts/finish_build.py

lint: .venv/installed .venv-sam/installed .venv-checkov/installed ## Check style and the template, its security included
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/cfn-lint template.yaml
	@mkdir -p .aws-sam
	@.venv-sam/bin/python scripts/expand_template.py $(EVERY_OPTION) > .aws-sam/expanded.json
	@.venv-checkov/bin/checkov --config-file .checkov.yaml

types: .venv/installed ## Check types
	@.venv/bin/mypy

audit: .venv-audit/installed ## Look for known vulnerabilities in what is locked
	@.venv-audit/bin/python scripts/audit.py

check: lint types test ## Lint, types and tests

bench: $(STACK) ## Run the benchmarks, and write their figures
	@$(PY) -m benchmarks

bench-quick: $(STACK) ## Run small benchmarks in less than a minute, and only show their figures
	@$(PY) -m benchmarks --quick

generated: .venv/installed ## Write anew what is made from the template and the handlers
	@$(PY) scripts/make_routes.py
	@$(PY) scripts/make_openapi.py

lock: .venv-uv/installed ## Lock every requirements file anew, with hashes
	@for file in $(REQUIREMENTS); do $(COMPILE) $(UPGRADE) $$file --output-file $${file%.in}.txt || exit; done

clean: ## Remove what was built; environments and state stay
	@rm -rf .aws-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis

# One environment each: SAM, MiniStack, checkov and the project pin different releases of boto3.
.venv-uv/installed: requirements/uv.txt
	@echo "preparing uv"
	@$(PYTHON) -m venv .venv-uv
	@.venv-uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

define install
@echo "installing $<"
@$(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(@D)
@$(UV) pip sync --quiet --compile-bytecode --require-hashes --python $(@D)/bin/python $<
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

.venv-ministack/installed: requirements/ministack.txt .venv-uv/installed
	$(install)
