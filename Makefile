# Everything that CI does can be done here first: "make check". Called without a
# target, make lists them, each with the text after its ##.

.DEFAULT_GOAL := help
.PHONY: help run build test race check generate generate-check tidy-check vet lint vuln fuzz bench bench-check bench-go bench-compare contract contract-long contract-mutants contract-lint contract-breaking sdk sdk-test docs-test clean

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 20s
COUNT    ?= 1
CASES    ?= 100000

# The linters' two hundred modules stay out of the program's go.mod.
TOOL := $(GO) tool -modfile=tools/go.mod

# Panal is pure Go; only the race detector needs a C compiler.
export CGO_ENABLED = 0

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

run: build ## Build and serve on this machine, with a database in ./data
	./bin/panal serve

build: ## Build ./bin/panal, one static file
	$(GO) build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o bin/panal .

# Never from the test cache: it does not notice that PostgreSQL was installed
# since, and would go on reporting the skipped tests as passed.
test: ## Run every test, on SQLite and PostgreSQL
	$(GO) test -count=1 ./...
	@$(GO) test -count=1 -v -run '^TestURL$$' ./internal/testpg | grep -A4 SKIPPED || true

# -short draws a fifth of the cases of a property: with the detector each takes ten
# times as long, and "make test" has drawn them all.
race: ## Run every test under the race detector
	CGO_ENABLED=1 $(GO) test -race -short -count=1 -timeout=20m ./...

# Two at a time, since most of them wait half of the time. What writes gen/ goes first.
check: generate-check ## Run all that CI runs
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target race lint contract contract-mutants \
		sdk-test docs-test contract-lint contract-breaking bench-check tidy-check build vet vuln

generate: ## Write gen/ from openapi.yaml
	$(GO) generate ./...

generate-check: ## Fail if gen/ is not what openapi.yaml makes
	@set -e; before=$$(mktemp -d); trap 'rm -rf "$$before"' EXIT; \
	cp -R gen "$$before/gen"; \
	$(GO) generate ./...; \
	diff -ru "$$before/gen" gen || { echo 'gen/ was out of date: commit it as it is now'; exit 1; }

tidy-check: ## Fail if go.mod or go.sum lists too much or too little
	$(GO) mod tidy -diff
	$(GO) -C tools mod tidy -diff
	$(GO) -C tools/breaking mod tidy -diff
	$(GO) -C bench mod tidy -diff

vet: ## Run go vet
	$(GO) vet ./...

lint: ## Run the linters (their first build takes minutes)
	$(TOOL) golangci-lint run --allow-parallel-runners
	cd tools/breaking && $(GO) tool -modfile=../go.mod golangci-lint run --allow-parallel-runners

# govulncheck exits with 3 when it found something and with 1 when it could not
# look. Only a missing network is forgiven, and never silently.
vuln: ## Look for known vulnerabilities in what we call
	@status=0; report=$$($(TOOL) govulncheck ./... 2>&1) || status=$$?; \
	case "$$status $$report" in \
	1*"dial tcp"* | 1*"no such host"* | 1*"i/o timeout"*) echo 'vulnerability database unreachable: not checked' ;; \
	*) echo "$$report"; exit "$$status" ;; \
	esac

fuzz: ## Run each fuzz target for FUZZTIME (20s)
	@$(GO) test -list '^Fuzz' ./... | \
	awk '/^Fuzz/ { target[n++] = $$1 } /^ok/ { while (n > 0) print $$2, target[--n] }' | \
	while read -r package target; do \
		echo "$$package $$target"; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x "$$package" </dev/null || exit 1; \
	done

# It narrows: make bench SIZES=100000 DURATION=2s ROUNDS=3 OPS=get,list
# DATABASES=postgres PIN=false PROFILES=a/directory. A module of its own keeps what
# the program is compared with out of the program's.
bench: ## Compare the program with its yardstick, at 1k, 100k and 1M customers
	@$(GO) -C bench run . $(if $(SIZES),-sizes=$(SIZES)) $(if $(DURATION),-duration=$(DURATION)) $(if $(ROUNDS),-rounds=$(ROUNDS)) \
		$(if $(OPS),-ops=$(OPS)) $(if $(DATABASES),-databases=$(DATABASES)) $(if $(PIN),-pin=$(PIN)) $(if $(PROFILES),-profiles=$(abspath $(PROFILES)))

bench-check: ## Check the yardstick itself
	$(GO) -C bench vet . ./seed ./floor ./load ./profiled
	$(GO) -C bench test -count=1 .

# Without -short the lists are measured up to a million customers.
bench-go: ## Run the Go benchmarks COUNT times (1), in benchstat's format
	@$(GO) test -run '^$$' -bench . -benchmem -benchtime 0.2s -short -count $(COUNT) -timeout 2h ./...

bench-compare: COUNT = 6
bench-compare: ## Compare the Go benchmarks with bench/baseline.txt
	@now=$$(mktemp); trap 'rm -f "$$now"' EXIT; \
	$(MAKE) --no-print-directory bench-go COUNT=$(COUNT) >"$$now" && $(TOOL) benchstat bench/baseline.txt "$$now"

# These need Python 3.11 with venv, and PostgreSQL as the tests do.
contract: contract/.venv/installed ## Let schemathesis compare the program with openapi.yaml
	contract/.venv/bin/python contract/run.py

contract-long: contract/.venv/installed ## The same with about CASES requests (100000)
	contract/.venv/bin/python contract/run.py --cases $(CASES)

contract-mutants: contract/.venv/installed ## Fail if "make contract" would not notice a fault
	contract/.venv/bin/python contract/mutants.py

# Needs Node 20 with npm.
contract-lint: contract/lint/node_modules/.package-lock.json ## Lint openapi.yaml with Spectral and Redocly
	node --test contract/lint/rules.test.mjs
	contract/lint/node_modules/.bin/spectral lint --ruleset contract/lint/spectral.yaml --fail-severity hint openapi.yaml
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
	contract/lint/node_modules/.bin/redocly lint --config contract/lint/redocly.yaml openapi.yaml

contract/lint/node_modules/.package-lock.json: contract/lint/package-lock.json
	npm ci --prefix contract/lint
	touch $@

contract-breaking: ## Fail if openapi.yaml breaks programs written for the last release
	$(GO) -C tools/breaking test ./...
	$(GO) -C tools/breaking build -o ../../bin/breaking .
	bin/breaking contract/released.yaml openapi.yaml

contract/.venv/installed: contract/requirements.txt
	python3 -m venv --clear contract/.venv
	contract/.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-compile -r contract/requirements.txt
	touch $@

# Need Python 3.11 with venv, Node with npm, a JDK with Maven, and PHP with Guzzle (php-guzzlehttp-guzzle).
sdk: ## Make clients in many languages from openapi.yaml, in sdk/generated
	python3 sdk/run.py generate

sdk-test: ## Make and compile them and let each talk to the program
	python3 sdk/run.py test

# Needs Node 20 with npm, and Chromium.
docs-test: contract/docs/node_modules/.package-lock.json ## Use the reference pages in a browser
	cd contract/docs && node --test --test-reporter=spec

contract/docs/node_modules/.package-lock.json: contract/docs/package-lock.json
	cd contract/docs && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

clean: ## Remove what the other targets built, not ./data
	rm -rf bin bench/.cache contract/.venv sdk/generated sdk/*/build sdk/*/node_modules contract/docs/node_modules contract/docs/screenshots contract/lint/node_modules
