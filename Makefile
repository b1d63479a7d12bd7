# Commands for whoever works on PayBridge; the README tells what each is for.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The first Python that is new enough, really runs and can make an environment.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

VENV := .venv
BIN := $(VENV)/bin
DEMO := $(VENV)/.demo-installed
DEV := $(VENV)/.dev-installed

# Two processes, each with a homeserver and databases of its own; WORKERS=0 runs all in one.
BESIDE = -n $(or $(WORKERS),2) --dist loadfile

.PHONY: help demo tour market test test-all hostile chaos crashes simulate fuzz kit kills marketday soak check docs site bench bench-big lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(DEMO) ## two people, a bot and a throwaway homeserver on this machine; KEEP=1 leaves them running
	@$(BIN)/python -m paybridge.demo $(if $(KEEP),--keep)

tour: $(DEMO) ## six people's evening and the day of a shop on a throwaway homeserver; writes docs/tour.md and shop-day.md
	@$(BIN)/python -m paybridge.demo.tour

market: $(DEV) ## a day on IRC and in Matrix, over a real bridge; writes docs/bridges/market.md
	@$(BIN)/python -m tests.harness.heisenbridge
	$(BIN)/python -m tests.harness.market

test: $(DEV) ## every test that is quick
	@$(BIN)/python -m tests.flows.element.install
	@$(BIN)/python -m tests.web.axe
	@$(BIN)/python -m tests.rails.localstripe
	@$(BIN)/python -m tests.rails.lnbits
	@$(BIN)/python -m tests.harness.heisenbridge
	$(BIN)/python -m pytest -m "not slow" $(BESIDE)

test-all: $(DEV) ## every test, with branch coverage
	@$(BIN)/python -m tests.flows.element.install
	@$(BIN)/python -m tests.web.axe
	@$(BIN)/python -m tests.rails.localstripe
	@$(BIN)/python -m tests.rails.lnbits
	@$(BIN)/python -m tests.harness.heisenbridge
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report

chaos: $(DEV) ## kill the bot while people use it; KILLS=30, FULL=1 for 200, BANK_KILLS=5, SEED to repeat
	$(BIN)/python -m tests.chaos --kills $(or $(KILLS),$(if $(FULL),200,30)) \
		$(if $(BANK_KILLS),--bank-kills $(BANK_KILLS)) $(if $(SEED),--seed $(SEED))

crashes: $(DEV) ## kill the bot at failpoints and at random while 64 people pay; KILLS=30, DATABASE=postgres, SEED to repeat
	$(BIN)/python -m tests.crashes --kills $(or $(KILLS),30) --database $(or $(DATABASE),sqlite) \
		$(if $(SEED),--seed $(SEED))

simulate: $(DEV) ## money under seeded misfortune; SEEDS=100000, FIRST=0, JOBS=1 processes, SEED to see one again
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),100000) \
		--first $(or $(FIRST),0) --jobs $(or $(JOBS),1))

fuzz: $(DEV) ## tell the bot strange things; INPUTS=100000, SEED to repeat
	$(BIN)/python -m tests.fuzz --inputs $(or $(INPUTS),100000) $(if $(SEED),--seed $(SEED))

hostile: $(DEV) ## what must not move money, on a homeserver that lies (docs/threats.md); prints each case
	$(BIN)/python -m tests.hostile

kit: $(DEV) ## the conformance kit on every rail; writes the table in docs/rails.md
	@$(BIN)/python -m tests.rails.localstripe
	@$(BIN)/python -m tests.rails.lnbits
	$(BIN)/python -m tests.rails

kills: $(DEV) ## kill who pays, with each rail and its peer; PAYMENTS=150, KILLS=10, SEED to repeat
	@$(BIN)/python -m tests.rails.localstripe
	@$(BIN)/python -m tests.rails.lnbits
	$(BIN)/python -m tests.rails.kills $(if $(PAYMENTS),--payments $(PAYMENTS)) $(if $(KILLS),--kills $(KILLS)) \
		$(if $(SEED),--seed $(SEED))

marketday: $(DEV) ## 20 people order at 3 shops at once, the bot is killed meanwhile; PEOPLE, ORDERS, SEED to repeat
	$(BIN)/python -m tests.marketday $(if $(PEOPLE),--people $(PEOPLE)) $(if $(ORDERS),--orders $(ORDERS)) \
		$(if $(SEED),--seed $(SEED))

soak: $(DEV) ## use the bot steadily; MINUTES=60, SEED to repeat
	$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),60) $(if $(SEED),--seed $(SEED))

check: $(DEV) ## lint, format, types, imports, dependencies, house rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m pytest -q tests/house

docs: $(DEV) ## draw the pages that follow from the code
	$(BIN)/python -m tests.fakes.draw_postgres_shape
	$(BIN)/python -m docs
	$(BIN)/python -m paybridge.config

site: $(DEV) ## the docs as a site; writes build/site
	$(BIN)/python -m zensical build --strict

bench: $(DEV) ## measure against the goals; writes bench/results.json
	$(BIN)/python -m bench

bench-big: $(DEV) ## the same with a backlog of 10,000 messages and a ledger of 10,000,000 entries
	BACKLOG=10000 ENTRIES=10000000 $(BIN)/python -m bench

# Locks name versions and hashes, never where to download from. Settings of this machine stay out of them: its
# configured extra places might offer wheels that nobody else can get.
COMPILE = PIP_CONFIG_FILE=/dev/null env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL $(BIN)/pip-compile --quiet \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --strip-extras --allow-unsafe \
	--build-deps-for editable $(if $(UPGRADE),--upgrade)

lock: $(DEV) ## write the lock files anew; UPGRADE=1 takes the newest versions that pyproject.toml allows
	$(COMPILE) --all-extras --output-file requirements-dev.lock pyproject.toml
	$(COMPILE) --extra demo --constraint requirements-dev.lock --output-file requirements-demo.lock pyproject.toml
	$(COMPILE) --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml

clean: ## remove the environment and what tools leave behind
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One environment for all of it. `make demo` installs the smaller set, and what the larger one covers is not done again.
PIP_INSTALL = $(BIN)/python -m pip --disable-pip-version-check --no-input install --progress-bar off

define install
	@$(BIN)/python -V >/dev/null 2>&1 || { \
		[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer with its venv module is needed (Debian: python3-venv)."; exit 1; }; \
		$(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing what $(1) names into $(VENV); this happens once and takes a minute or two."
	@$(PIP_INSTALL) --require-hashes -r $(1) | awk -v all="$$(grep -c '^[a-z].*==' $(1))" \
		'/^Collecting|^Requirement already/ {if (++n % 25 == 0) {print "  " n " of " all " packages found"; fflush()}} \
		/^Installing collected/ {print "  putting them in place"; fflush()}'
	@PYTHONWARNINGS=ignore $(PIP_INSTALL) --quiet --no-deps --no-build-isolation --editable .
endef

$(DEMO): requirements-demo.lock
	$(call install,requirements-demo.lock)
	@touch $@

$(DEV): requirements-dev.lock
	$(call install,requirements-dev.lock)
	@touch $(DEMO) $@
