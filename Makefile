# Curb's targets. `make` alone lists them; each line that begins a target says after ## what it does.

export GOTOOLCHAIN = auto
export CGO_ENABLED = 0

GO         ?= go
BUILD      := $(GO) build -trimpath
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = $(GO) run golang.org/x/vuln/cmd/govulncheck@v1.8.0
# A copy of the Go vulnerability database, e.g. file:///path/to/vulndb; empty: nothing is checked, and that is said.
VULNDB     ?=
# golang.org/x/net/http2 calls itself deprecated in favour of net/http, whose HTTP/2 can be crashed remotely before Go
# 1.26.9; until that is the oldest toolchain we build with, these findings stand.
KNOWN       = (http2\.|Use \[http\.).*\(SA1019\)$$
FUZZTIME   ?= 20s
CRASHES    ?= 50
PLATFORMS  ?= linux/amd64 linux/arm64

.PHONY: help build run test test-all race crash browser demo-check bench bench-smoke fuzz lint vulnerabilities dist dist-check clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

build: ## build bin/curb and bin/curbsim
	$(BUILD) -o bin/curb ./cmd/curb
	$(BUILD) -o bin/curbsim ./cmd/curbsim

run: build ## the demo: a node and a simulated market on loopback; Ctrl-C stops both
	@exec cmd/curb/dist/demo bin/curb bin/curbsim

test: ## vet and every test that needs Go only
	$(GO) vet ./...
	$(GO) test -shuffle=on -timeout 10m ./...

test-all: FUZZTIME := 3s
test-all: lint race crash fuzz bench-smoke browser demo-check dist-check ## everything: lint, race detector, kills, fuzzing, benchmarks run once, browser, demo, reproducible build

race: ## every test under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -shuffle=on -timeout 20m ./...

crash: ## the node and its journal are killed CRASHES (50) times under load, and their books checked
	CURB_CRASH_ROUNDS=$(CRASHES) $(GO) test -run '^(TestCrashLoop|TestAKilledProcessLosesNothing)$$' -count=1 -v -timeout 20m ./edge/node/e2e ./edge/journal

browser: ## the demo page and the creatives' sandbox in headless Chromium (needs Debian's chromium)
	$(GO) test -tags browser -run "^Test.*Browser" -count=1 -timeout 10m ./edge/node/e2e ./edge/server ./edge/macro ./cmd/curbsim/internal/pages

demo-check: build ## the demo starts, sells ads over the three protocols, stops, and leaves nothing behind
	@cmd/curb/dist/demo bin/curb bin/curbsim & demo=$$!; trap 'kill $$demo 2>/dev/null' EXIT; \
	for proto in 1.1 2 h3; do \
		for try in $$(seq 100); do bin/curbsim load --proto $$proto --count 1 >/dev/null 2>&1 && break; sleep 0.1; done; \
		bin/curbsim load --proto $$proto --count 20 --connections 2 | grep -E '^outcome +won 20$$' || exit 1; \
	done; \
	kill -TERM $$demo; wait $$demo; trap - EXIT; \
	if bin/curbsim load --proto 1.1 --count 1 >/dev/null 2>&1; then echo "the node still answers"; exit 1; fi; echo "demo: started, sold, stopped"

bench: ## every benchmark; last the node beside a bare net/http fan-out, same bidders, same run
	$(GO) test -run '^$$' -bench . -benchmem -timeout 30m $$($(GO) list ./... | grep -v '/edge/node/bench$$')
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 30m ./edge/node/bench

bench-smoke: ## every benchmark runs a few times, to show that it works
	$(GO) test -run '^$$' -bench . -benchtime 10x -timeout 10m $$($(GO) list ./... | grep -v '/edge/node/bench$$')
	CURB_BENCH_SECONDS=1 $(GO) test -run '^$$' -bench . -benchtime 1x -timeout 10m ./edge/node/bench

fuzz: ## fuzz every target for FUZZTIME (20s) each
	@grep -rl --include='*_test.go' '^func Fuzz' cmd edge rules | xargs -r -n1 dirname | sort -u | while read -r folder; do \
		for target in $$($(GO) test -list '^Fuzz' ./$$folder | grep '^Fuzz'); do \
			echo "$$folder $$target"; \
			said=$$($(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 3x -timeout 10m ./$$folder 2>&1) && { echo "$$said" | tail -n 1; continue; }; \
			echo "$$said"; \
			case "$$said" in *"Failing input"*) exit 1 ;; *"context deadline exceeded"*) echo "no input failed: the fuzzer ran out of time while it closed" ;; *) exit 1 ;; esac; \
		done; \
	done

lint: vulnerabilities ## gofmt, vet, staticcheck and govulncheck
	@files=$$(gofmt -l cmd edge rules); if [ -n "$$files" ]; then echo "not formatted, run gofmt -w:"; echo "$$files"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags browser,invariants ./...
	@echo 'staticcheck -tags browser ./...'; found=$$($(STATICCHECK) -tags browser ./... 2>&1 | grep -vE '$(KNOWN)|^exit status'); \
	if [ -n "$$found" ]; then echo "$$found"; exit 1; fi

vulnerabilities: ## govulncheck against the database that VULNDB names
	@if [ -z '$(VULNDB)' ]; then echo "govulncheck: SKIPPED, nothing was checked: name a database with VULNDB=file:///path/to/vulndb"; \
	else $(GOVULNCHECK) -db '$(VULNDB)' ./...; fi

dist: ## release binaries with SHA-256 sums in bin/dist, the same bytes from the same commit
	@rm -rf bin/dist && mkdir -p bin/dist
	@for platform in $(PLATFORMS); do for command in curb curbsim; do \
		name=$$command-$$(echo $$platform | tr / -); echo "bin/dist/$$name"; \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} $(BUILD) -buildvcs=auto -ldflags '-s -w -buildid=' -o bin/dist/$$name ./cmd/$$command || exit 1; \
	done; done
	@cp LICENSE bin/dist/ && git describe --always --dirty > bin/dist/VERSION
	@cd bin/dist && sha256sum * > SHA256SUMS && cat SHA256SUMS

dist-check: ## build the release twice, in two places, and compare the sums
	@set -e; copy=$$(mktemp -d); trap 'rm -rf "$$copy"' EXIT INT TERM; \
	git clone -q . "$$copy/clone"; git -C "$$copy/clone" checkout -q "$$(git rev-parse HEAD)"; git clone -q "$$copy/clone" "$$copy/another-place"; \
	for place in clone another-place; do $(MAKE) -s -C "$$copy/$$place" dist PLATFORMS=linux/amd64 >/dev/null; done; \
	cmp "$$copy/clone/bin/dist/SHA256SUMS" "$$copy/another-place/bin/dist/SHA256SUMS"; echo "dist: the same bytes twice"

clean: ## remove what was built
	rm -rf bin
