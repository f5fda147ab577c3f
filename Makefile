# `make run` serves Picus locally, and `make test` runs all tests. Both install what they need.
# Use the Python of .python-version if the machine has it, else python3, so that uv need not download one.
# PYTHON=python3.12 chooses another. Without any from 3.11 to 3.14, uv has to find one.
ifndef PYTHON
PYTHON := $(shell for python in python$$(cat .python-version) python3; do $$python -c \
  'import sys; assert (3, 11) <= sys.version_info < (3, 15); print(sys.executable)' 2>/dev/null && break; done)
endif
ifneq ($(PYTHON),)
export UV_PYTHON ?= $(PYTHON)
endif
UV_VERSION := 0.13.9
# Use the uv on the PATH. If there is none, install uv into .uv, separate from the system's Python.
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
SYNC = UV_PROJECT_ENVIRONMENT=$(1) $(UV) sync --quiet --frozen
# WhiteNoise serves the compressed file beside a file to clients that accept gzip.
SWAGGER = .venv/lib/python3*/site-packages/drf_spectacular_sidecar/static/*/swagger-ui-dist
COMPRESS = for file in $(SWAGGER)/swagger-ui-bundle.js $(SWAGGER)/swagger-ui.css; do \
  [ ! -e "$$file" ] || gzip --keep --force --no-name -9 "$$file" || exit; done
# Let uv trust the system's certificates, such as a company's root certificate.
export UV_SYSTEM_CERTS ?= 1
# npm trusts it too where Debian and its relatives keep the certificates.
SYSTEM_CERTS := $(wildcard /etc/ssl/certs/ca-certificates.crt)
ifneq ($(SYSTEM_CERTS),)
export NODE_EXTRA_CA_CERTS ?= $(SYSTEM_CERTS)
endif
# Let Python keep compiled modules, also where the environment forbids it: the tests start Python hundreds of times.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-fast lint lint-types lint-others test-deploying test-rehearsal test-service test-connections test-commands \
	test-others test-browser test-contract test-local test-unit test-soak soak chromium rehearse editor image image-test test-tokens \
	bench format package audit deploy plan rotate destroy clean
.DELETE_ON_ERROR:

NPM := tests/npm/node_modules/.package-lock.json
TEST_ENVIRONMENTS := .venv/.synced .venv-ministack/.synced .venv-awscli/.synced package .venv-checkov/.synced chromium $(NPM)

run: announce-install .venv/.run-synced .venv-ministack/.synced
	@exec .venv/bin/python manage.py serve

.PHONY: announce-install
announce-install:
	@[ .venv/.run-synced -nt uv.lock ] && [ .venv-ministack/.synced -nt uv.lock ] || echo \
	  'Installing uv, the service and ministack below this folder: once, about 75 MB to download, 10 to 60 seconds ...'

# GNU make 3.81, Apple's, can't keep the output of parallel targets apart.
SYNC_OUTPUT := $(if $(filter 3.%,$(MAKE_VERSION)),,--output-sync=target)

# All tests and checks, in about 10 minutes on two cores. A part of them: make test TESTS=tests/contract
ifdef TESTS
test: $(if $(findstring ecs,$(TESTS)),$(TEST_ENVIRONMENTS),.venv/.synced .venv-ministack/.synced $(if $(findstring browser,$(TESTS)),chromium $(NPM)) $(if $(findstring service,$(TESTS)),$(NPM)))
	.venv/bin/python -m pytest $(TESTS)
else
test:
	rm -f .coverage .coverage.*
	@$(MAKE) --no-print-directory --jobs=4 $(SYNC_OUTPUT) IMAGE_PREREQUISITES=chromium lint $(TEST_PARTS)
	.venv/bin/coverage combine --quiet
	.venv/bin/coverage report
endif

# Run the in-process tests after each edit, as two processes. They need no stack, and take less than a minute.
test-fast: .venv/.synced
	@$(MAKE) --no-print-directory --jobs=2 $(SYNC_OUTPUT) test-fast-core test-fast-others

.PHONY: test-fast-core test-fast-others
test-fast-core:
	@.venv/bin/python -m pytest -q tests/unit/core
test-fast-others:
	@.venv/bin/python -m pytest -q tests/unit --ignore=tests/unit/core

.PHONY: environments
environments: $(TEST_ENVIRONMENTS)
	@:

lint: lint-types lint-others
	@:
lint-types lint-others test-unit: .venv/.synced
lint-types:
	.venv/bin/mypy
lint-others:
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/lint-imports
	.venv/bin/cfn-lint ecs/*.yaml
	.venv/bin/hadolint Dockerfile
	.venv/bin/zizmor --offline --no-progress --quiet --strict-collection .github/workflows

# Run the parts of the tests as separate processes, four at a time, because two cores would not be busy with two: many
# tests wait for a timeout. The unit tests come first, because they find most faults, and then parts that are slow or
# mostly wait. Short parts come last, so that both cores stay busy.
# test-deploying rebuilds build/delete_fn.zip while test-rehearsal may deploy it. The build is reproducible, so this is safe.
DEPLOYING := tests/ecs tests/function --ignore=tests/ecs/rehearsal
CONNECTIONS := tests/service/dynamodb
COMMANDS := tests/service/commands tests/service/openapi
WITH_A_PART := $(DEPLOYING) tests/__pycache__ tests/browser tests/contract tests/local tests/npm tests/service tests/soak tests/unit
OTHERS := $(filter-out $(WITH_A_PART),$(patsubst %/,%,$(wildcard tests/*/)))
TEST_PARTS := test-unit test-service test-rehearsal image-test test-soak test-connections test-browser test-commands \
	test-deploying test-local test-contract test-others
test-service test-connections test-rehearsal test-browser test-deploying test-commands test-local test-contract test-others: environments

test-rehearsal:
	.venv/bin/coverage run -m pytest tests/ecs/rehearsal
test-deploying:
	.venv/bin/coverage run -m pytest $(DEPLOYING)
test-service:
	.venv/bin/coverage run -m pytest tests/service $(addprefix --ignore=,$(CONNECTIONS) $(COMMANDS))
test-connections:
	.venv/bin/coverage run -m pytest $(CONNECTIONS)
test-commands:
	.venv/bin/coverage run -m pytest $(COMMANDS)
test-others:
	$(if $(OTHERS),.venv/bin/coverage run -m pytest $(OTHERS))
test-contract test-local test-unit: test-%:
	.venv/bin/coverage run -m pytest tests/$*
# The tests of the pages measure no coverage, which would slow down the stack: other tests render each page too.
test-browser:
	.venv/bin/python -m pytest tests/browser

# Compare each response to a mixed load with a model, while DynamoDB fails and workers are killed. The load is light.
# make soak SECONDS=600 also judges the memory. Uses the DynamoDB of `make bench` if it is installed, else ministack.
SECONDS ?= 600
soak test-soak: .venv/.synced .venv-ministack/.synced
soak:
	.venv/bin/python -m tests.soak $(SECONDS)
test-soak:
	nice .venv/bin/python -m tests.soak 60

# Find a browser for the tests of the pages, or install Debian's. Chromium's headless shell needs a third less CPU.
APT_INSTALL = [ "$$(id -u)" = 0 ] && command -v apt-get && apt-get -qq update && \
  DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends
chromium:
	@{ command -v chromium-headless-shell || { $(APT_INSTALL) chromium-headless-shell; } 2>&1 || \
	command -v chromium || command -v chromium-browser || command -v google-chrome || { $(APT_INSTALL) chromium; } || { \
	  echo 'The tests of the pages need a browser: install the package chromium, or Google Chrome.' >&2; exit 1; \
	}; } >/dev/null

# Deploy to emulators on this machine, as a part of `make test` does: docs/rehearsal.md.
rehearse: .venv/.synced .venv-ministack/.synced .venv-awscli/.synced package
	.venv/bin/python -m pytest -s tests/ecs/rehearsal

# Deploy a stage, show what would change, or remove the stage but not its table: docs/deploying.md.
# Some steps only: make deploy STAGE=staging OPTIONS="--only edge --only smoke"
deploy: package
	@.venv-package/bin/python -m ecs.deploy deploy "$(STAGE)" $(OPTIONS)

plan: .venv-package/.synced
	@.venv-package/bin/python -m ecs.deploy plan "$(STAGE)" $(OPTIONS)

# Change a secret of the origins while requests run: make rotate STAGE=staging SECRET=origin (or api-key)
rotate: .venv-package/.synced
	@.venv-package/bin/python -m ecs.deploy rotate "$(STAGE)" --secret "$(SECRET)" $(OPTIONS)

# The stage must be named twice: make destroy STAGE=staging CONFIRM=staging
destroy: .venv-package/.synced
	@.venv-package/bin/python -m ecs.deploy destroy "$(STAGE)" --confirm "$(CONFIRM)" $(OPTIONS)

# Bundle the JSON editor of the pages with the npm packages that tests/npm locks. The bundle is in the tree.
editor: $(NPM)
	@node tests/npm/build_editor.mjs

# Build the service's container, picus:local, with Docker. If its engine does not run, use Debian's buildah.
# `make test` installs the browser before it builds the image, because apt-get can't run twice at once.
image: | $(IMAGE_PREREQUISITES)
	@ecs/image.sh $(IMAGE)

# Run the image as its own user, with the whole contract suite against it.
image-test: image .venv/.synced .venv-ministack/.synced
	.venv/bin/python -m pytest tests/ecs/image

# Run the contract suite with a token in each request: on the local stack, the rehearsed stage and the image.
test-tokens: image .venv/.synced .venv-ministack/.synced .venv-awscli/.synced package
	PICUS_WITH_TOKEN=1 .venv/bin/python -m pytest -k contract tests/contract tests/ecs/rehearsal/test_contract.py tests/ecs/image

# Measure Picus and its peers, and write bench/RESULTS.md, in about 8 minutes. Needs Linux x64, two cores and npm.
# Measure a part: make bench BENCH="--only get,put --rounds 5"
# Compare with another commit as well, in 5 more minutes: make bench BENCH="--baseline REV"
bench: .venv/.synced .venv-bench/.synced .venv-bench-zappa/.synced bench/node_modules/.package-lock.json package
	.venv-bench/bin/python -m bench $(BENCH)

# Build the delete function's zip, build/delete_fn.zip, with Zappa and the Python version that the function will use.
package: .venv-function/.synced .venv-package/.synced
	@.venv-package/bin/python -m delete_fn.packaging

# Look for known vulnerabilities of all locked packages, in PyPI's and npm's databases. The workflows run it.
AUDIT = $(UV) tool run --from pip-audit==2.10.1 pip-audit --strict --disable-pip --require-hashes --progress-spinner=off
audit: | $(filter .uv/bin/uv,$(UV))
	@mkdir -p build
	@for group in '--no-default-groups' '--only-group function' '--only-group package'; do \
	  $(UV) export --quiet --frozen $$group --format requirements-txt --output-file build/requirements.txt >/dev/null || exit; \
	  echo "audit of $$group"; $(AUDIT) --requirement build/requirements.txt || exit; done
	@for folder in tests/npm bench; do npm audit --prefix $$folder --audit-level=high || exit; done

format: .venv/.synced
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

clean:
	rm -rf .venv .venv-* .uv build tests/npm/node_modules bench/node_modules .coverage* .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.uv/bin/uv:
	@$(or $(PYTHON),python3) -m venv .uv
	@.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# Update an environment only if its stamp is older than the lock, so that a start stays quick.
.venv/.synced: uv.lock | $(filter .uv/bin/uv,$(UV))
	@$(call SYNC,.venv)
	@$(COMPRESS)
	@touch .venv/.run-synced $@

# Install only what `make run` needs. Without --inexact, uv would remove what `make test` installed.
.venv/.run-synced: uv.lock | $(filter .uv/bin/uv,$(UV))
	@$(call SYNC,.venv) --no-dev --group local --inexact
	@$(COMPRESS)
	@touch $@

.venv-bench/.synced: bench/uv.lock | $(filter .uv/bin/uv,$(UV))
	@$(call SYNC,$(CURDIR)/.venv-bench) --project bench
	@touch $@

# checkov has a separate lock, because it pins an older boto3.
.venv-checkov/.synced: ecs/checkov/uv.lock | $(filter .uv/bin/uv,$(UV))
	@$(call SYNC,$(CURDIR)/.venv-checkov) --project ecs/checkov
	@touch $@

bench/node_modules/.package-lock.json: bench/package-lock.json
	@npm ci --silent --prefix bench

# Install the linters, client generators and axe for the tests.
$(NPM): tests/npm/package-lock.json
	@npm ci --silent --ignore-scripts --prefix tests/npm

.venv-bench-zappa/.synced: export UV_COMPILE_BYTECODE = 1

# Install one dependency group for each environment: awscli, function, ministack, package.
.venv-%/.synced: uv.lock | $(filter .uv/bin/uv,$(UV))
	@$(call SYNC,.venv-$*) --only-group $*
	@touch $@
