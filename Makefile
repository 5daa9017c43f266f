.DEFAULT_GOAL := help
.SUFFIXES:

# The configuration of the binary that `make demo` runs.
DEMO_CONFIGURATION ?= release
# `make test FILTER=Reflector` runs the tests whose names match.
FILTER ?=

build_flags_release := --static-swift-stdlib
build = swift build -c $(1) --product modelapp $(build_flags_$(1))

.PHONY: help
help: ## Lists these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Builds the release binary, .build/release/modelapp
	@scripts/install-dependencies build
	$(call build,release)

.PHONY: image
image: build ## Assembles the operator's image, without a daemon: an OCI layout in .build/image
	@scripts/install-dependencies image
	scripts/image

.PHONY: demo
demo: ## Runs the demo: a cluster, a registry and the operator in one process (KEEP=1: until Ctrl-C)
	@scripts/install-dependencies build
	$(call build,$(DEMO_CONFIGURATION))
	.build/$(DEMO_CONFIGURATION)/modelapp demo $(if $(KEEP),--keep)

.PHONY: test
test: ## Runs all tests, with a real API server, registry, S3 server and real pods (FILTER=NAME: only those)
	@scripts/test $(if $(FILTER),--filter $(FILTER))

.PHONY: test-fast
test-fast: ## Runs the tests that need no other process (FILTER=NAME: only those)
	@scripts/test --fast $(if $(FILTER),--filter $(FILTER))

.PHONY: test-peers
test-peers: ## Runs the suites against the real MLflow from PyPI, and the real signers
	@scripts/test-peers

.PHONY: test-fleet
test-fleet: ## Runs the test of a thousand ModelApps that are converged and cause no request, for minutes
	@scripts/test --fast --filter 'ModelAppControllerTests\.FleetTests'

.PHONY: test-long
test-long: ## Runs 1,000,000 random histories of releases, and all short ones (HISTORIES=N, SEED=N)
	@scripts/test-long $(HISTORIES) $(SEED)

.PHONY: bench
bench: ## Measures decoding, memory, latency, size and packaging, and prints one table
	@scripts/install-dependencies build test
	$(call build,release)
	swift build -c release --product Benchmarks $(build_flags_release)
	@scripts/bench

# How many ModelApps `make bench-fleet` starts with.
APPS ?= 1000

.PHONY: bench-fleet
bench-fleet: ## Measures a cold start beside a real API server (APPS=10000; KOPF=1: an operator on kopf, too)
	@scripts/install-dependencies build test
	$(call build,release)
	@"$${XDG_CACHE_HOME:-$$HOME/.cache}/modelapp-test-venv/bin/python" -B scripts/bench-fleet \
		--apps $(APPS) $(if $(KOPF),--kopf)

.PHONY: fuzz
fuzz: ## Fuzzes the readers of input from outside, 30 s each (FUZZ_SECONDS=N)
	@scripts/fuzz

.PHONY: lint
lint: ## Checks format and scripts
	@scripts/lint

.PHONY: format
format: ## Formats the Swift code in place
	swift format --in-place --parallel --recursive Sources Tests Benchmarks Fuzz Package.swift

.PHONY: crd
crd: ## Writes crds/ anew from the code
	@scripts/install-dependencies build
	$(call build,debug)
	@mkdir -p crds
	.build/debug/modelapp crd > crds/.new.yaml && mv crds/.new.yaml crds/modelapps.modelapp.dev.yaml

.PHONY: clean
clean: ## Removes what was built
	rm -rf .build
