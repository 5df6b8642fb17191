# Joinery's workshop. `make` alone lists what can be done.

GO       ?= go
BIN      := bin/joinery
DB       ?= sqlite:joinery.db
LISTEN   ?= 127.0.0.1:8080
GROW     ?= 20000
LETTERS  ?= letters
CONTACT  ?= 020 7946 0100
POPULATION ?= district
ON       ?= 2026-01-31
DISTRICT ?= 2000
SHIPPED  := $(patsubst definitions/%.yaml,%,$(wildcard definitions/*.yaml))
LINT     := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 2m
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)

# go test takes these; .ci/run sets -json to count what passed.
TESTFLAGS ?=

# The folder where tests leave what is logged, which make logs searches.
LOGS ?= $(LEAKS_FOLDER)

.DEFAULT_GOAL := help
.PHONY: help build run test logs race race-small check lint format generate bench bench-quick bench-pages live test-long whole compare tour thread oracle engine assets assets-if-node fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: assets-if-node ## build bin/joinery: one static binary, no C compiler needed
	@[ -e web/pages/made/ui.css ] || echo "Node is not here: pages take their plain style sheet"
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w -X main.version=$(VERSION)' -o $(BIN) ./cmd/joinery

run: build ## build, make a record of 2,000 invented people, serve it and let it grow to GROW
	@$(BIN) serve --db $(DB) --listen $(LISTEN) --demo $(GROW) $(if $(DAY),--demo-day $(DAY)) --letters '$(LETTERS)' --contact '$(CONTACT)'

test: ## run every test (PostgreSQL's too, when it is installed)
	@$(GO) test $(TESTFLAGS) ./...

logs: ## search the folder LOGS, where make test with LEAKS_FOLDER=… left what was logged, for anything of anyone
	@$(GO) test ./leaks -run TestNothingOfAnyoneIsLogged -logs '$(abspath $(LOGS))' -count=1 -v

race: ## run every test under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race ./...

race-small: ## the race detector on what shares memory, with small data
	CGO_ENABLED=1 $(GO) test -race -short -skip 'TestTwoWorlds/analyst' ./record ./record/timelines ./care/... ./web ./web/api

lint: ## vet and golangci-lint
	$(GO) vet ./...
	@bin=$$($(GO) env GOPATH)/bin/golangci-lint; \
	  $$bin version 2>/dev/null | grep -q 2.15.0 || GOBIN=$$($(GO) env GOPATH)/bin $(GO) install $(LINT); \
	  $$bin run ./...

format: ## rewrite the sources in the house format
	@$$($(GO) env GOPATH)/bin/golangci-lint fmt ./...

generate: ## make the generated tables and pages again from their pinned inputs
	$(GO) generate ./...

check: lint race-small ## what CI runs: linters, tests, what the tests logged, and that nothing generated has drifted
	@kept=$$(mktemp -d) && trap "rm -rf $$kept" EXIT && LEAKS_FOLDER=$$kept $(MAKE) test && $(MAKE) logs LOGS=$$kept
	$(MAKE) generate
	git diff --exit-code

bench: build ## measure speed over HTTP, SQLite and PostgreSQL (see docs/performance.md)
	$(GO) run ./bench

bench-quick: build ## the same on a small database, in three minutes
	$(GO) run ./bench -quick

live: build ## measure how soon what happens to people is found, with DISTRICT people and all shipped definitions
	$(GO) run ./bench -live -district $(DISTRICT) -out live.json

bench-workflow: ## measure moves of referrals, and worklists, on a quiet machine
	$(GO) test ./care/workflow -run TestSpeed -speed -count=1 -v -timeout 20m

bench-pages: ## measure pages at 30 a second over DB, which joinery demo made, on a quiet machine
	$(GO) test ./web/pages -run TestSpeed -speed sqlite:$(abspath $(patsubst sqlite:%,%,$(DB))) -count=1 -v -timeout 20m

test-long: build ## the long proofs: 50 kills, 200 flipped bytes, full disks, 10,000 requests in two worlds
	$(GO) test ./record -run TwoWorlds -long -timeout 60m
	$(GO) test ./record/store/storetest -long -timeout 60m
	$(GO) test ./cmd/joinery -run TestProof -long -timeout 60m

whole: build ## all shipped definitions of the flat set POPULATION on the day ON, by practice: loading, asking, memory (needs GNU time)
	/usr/bin/time -f 'At most %M KB of memory; %U s of processor for the program, %S s for the system.' $(BIN) criteria run $(SHIPPED) \
	  --population $(POPULATION) --on $(ON) --by practice --timings > /dev/null

compare: ## three shipped definitions of the flat set POPULATION beside the same in DuckDB's SQL (needs npm)
	cd criteria/testdata/duckdb && npm ci --silent
	COMPARE_POPULATION=$(abspath $(POPULATION)) $(GO) test ./criteria -run TestAsDuckDB -count=1 -long -v -timeout 60m

tour: ## make the pictures of the README's tour again (needs Chromium)
	mkdir -p docs/tour
	JOINERY_TOUR=$(abspath docs/tour) $(GO) test ./web/pages -run TestTheDemonstration -count=1

thread: build ## one thread from end to end: people in and out, verified; a definition asked of them; somebody referred, helped and written to
	$(GO) test ./cmd/joinery -run 'TestScripts/thread' -count=1 -v

ORACLE := criteria/export/oracle

engine: $(ORACLE)/node_modules/.package-lock.json ## install the independent CQL engine, for tests (needs npm)

$(ORACLE)/node_modules/.package-lock.json: $(ORACLE)/package-lock.json
	@cd $(ORACLE) && npm ci --silent --no-audit --no-fund && touch node_modules/.package-lock.json

STYLE := web/pages/style

assets: web/pages/made/ui.css ## make the style sheets and the script of the pages from nhsuk-frontend (needs npm)

web/pages/made/ui.css: $(STYLE)/package-lock.json $(STYLE)/ui.scss $(STYLE)/build.mjs
	@cd $(STYLE) && npm ci --silent --no-audit --no-fund --ignore-scripts && node build.mjs

assets-if-node:
	@if command -v npm >/dev/null; then $(MAKE) -s assets || echo "make assets failed: pages take what is there"; fi

oracle: engine ## every definition asked of 2,120 people, by us and by an independent CQL engine
	$(GO) test ./$(ORACLE) -count=1 -v -run TestOracle -all -timeout 120m

fuzz: ## run every fuzz target for FUZZTIME each, and keep what they found worth trying again
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "== $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$pkg || exit 1; \
	    from=$$($(GO) env GOCACHE)/fuzz/$$pkg/$$f; to=$$($(GO) list -f '{{.Dir}}' $$pkg)/testdata/fuzz/$$f; \
	    [ ! -d $$from ] || { mkdir -p $$to; find $$from -type f -size -4k | sort | head -40 | xargs -r cp -n -t $$to; }; \
	  done; \
	done

clean: ## remove what was built (never a database)
	rm -rf bin web/pages/made/*.css web/pages/made/*.js web/pages/made/*.svg
