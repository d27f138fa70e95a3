# Everything that CI does can be done here first: "make check". Called without a
# target, make lists them, each with the text after its ##.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run build test race check generate generate-check tidy-check vet lint vuln fuzz bench contract contract-long clean

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

race: ## Run every test under the race detector
	CGO_ENABLED=1 $(GO) test -race -count=1 -timeout=20m ./...

check: generate-check tidy-check build vet lint vuln race ## Run all that CI runs

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

vet: ## Run go vet
	$(GO) vet ./...

lint: ## Run the linters (their first build takes minutes)
	$(TOOL) golangci-lint run

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

bench: ## Run the benchmarks COUNT times (1), in benchstat's format
	$(GO) test -run '^$$' -bench . -benchmem -count $(COUNT) -timeout 2h ./...

# Both need Python 3.11 with venv, and PostgreSQL as the tests do.
contract: contract/.venv/installed ## Let schemathesis compare the program with openapi.yaml
	contract/.venv/bin/python contract/run.py

contract-long: contract/.venv/installed ## The same with about CASES requests (100000)
	contract/.venv/bin/python contract/run.py --cases $(CASES)

contract/.venv/installed: contract/requirements.txt
	python3 -m venv --clear contract/.venv
	contract/.venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r contract/requirements.txt
	touch $@

clean: ## Remove what the other targets built, not ./data
	rm -rf bin contract/.venv
