# The two commands: `make run` serves everything locally, `make test` proves it. Both set up what they need.
PYTHON ?= python3
UV_VERSION := 0.13.9
# A uv on the PATH is used; otherwise one is installed into .uv, away from the system's Python.
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
SYNC = UV_PYTHON=$${UV_PYTHON:-$(PYTHON)} UV_PROJECT_ENVIRONMENT=$(1) $(UV) sync --quiet --frozen

.PHONY: run test lint format types walls package clean
.DELETE_ON_ERROR:

run: .venv/.synced .venv-ministack/.synced
	@exec .venv/bin/python manage.py serve

.uv/bin/uv:
	@$(PYTHON) -m venv .uv
	@.uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# Environments follow the lock: a stamp newer than it means nothing to do, so a start stays quick.
.venv/.synced: uv.lock | $(filter .uv/bin/uv,$(UV))
	@$(call SYNC,.venv)
	@touch $@

.venv-ministack/.synced: uv.lock | $(filter .uv/bin/uv,$(UV))
	@$(call SYNC,.venv-ministack) --only-group ministack
	@touch $@
