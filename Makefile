# Every recipe is one script or one cargo call; `make` alone lists the targets.
# Checks and the demo share cargo's dev profile, so that nothing is compiled twice; only bench and image build for release,
# one and the same binary.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
# cargo uses all cores by itself, and two at once would wait for each other's lock.
.NOTPARALLEL:
.DEFAULT_GOAL := help

STEP := scripts/step.sh
# What could not run is collected here and repeated at the end of `make test`.
export ORGPULSE_NOT_RUN ?= $(CURDIR)/.tools/not-run

# What fails quickly comes first.
TESTS := fmt-check lint tools deny unit docs-check chart image-check real

.PHONY: help demo test build fmt fmt-check lint deny unit chart chart-golden image image-check real docs docs-check bench soak start
.PHONY: tools tool-npm tool-python tool-cargo tool-victoria-metrics tool-skypilot tool-moto tool-helm tool-kubernetes clean-tools

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: build ## build, then show a whole run against simulated services and a simulated Datadog: no account, no network
	@"$${CARGO_TARGET_DIR:-target}/debug/orgpulse" demo

test: start $(TESTS) ## every check and every test; installs what they need into .tools
	@scripts/summary.sh

build: ## build the program and the simulator
# With --tests, because the tests' own dependencies switch on features of shared crates: without it this would compile
# thirty crates a second time beside what `cargo test` has compiled.
	@$(STEP) build cargo build --locked --workspace --bins --tests

fmt: ## format the Rust sources
	cargo fmt --all

fmt-check:
	@$(STEP) fmt cargo fmt --all --check

lint: ## clippy with warnings denied, and the rules that clippy cannot hold
	@$(STEP) house-rules bash -c 'scripts/check-house.py --self-test && scripts/check-house.py && scripts/check-text.sh'
	@$(STEP) clippy cargo clippy --locked --workspace --all-targets -- --deny warnings

deny: tool-cargo ## dependency policy: licences, one TLS and HTTP stack, sources, vulnerabilities, unused crates
	@$(STEP) dependencies scripts/deny.sh

unit: tool-npm ## cargo test: unit, client and end-to-end tests
	@scripts/contracts.sh
	@$(STEP) cargo-test cargo test --locked --workspace

real: tool-npm tool-python tool-victoria-metrics tool-skypilot tool-moto tool-helm tool-kubernetes build ## run against software that others wrote: an intake, SkyPilot's server, moto, an API server of Kubernetes
	@$(STEP) real scripts/real.sh

chart: tool-helm tool-kubernetes build ## the Helm chart: golden output, schemas, a real API server; the workflows
	@$(STEP) chart scripts/chart.sh

chart-golden: tool-helm build ## write tests/chart/golden anew, after a change of the chart that is meant
	@scripts/chart.sh --update

image-check: build ## what makes and tries the image, with the dev profile's binary
	@$(STEP) image-check scripts/image.sh --dev

image: ## the image: static binary (release build), OCI archive, bill of materials, and a trial in an empty root; no registry
	@$(STEP) image scripts/image.sh

docs: build ## regenerate the generated documents
	@scripts/docs.sh

docs-check: build
	@$(STEP) docs scripts/docs-check.sh

bench: tool-npm tool-skypilot tool-helm tool-kubernetes ## time, requests and memory at reference size, as a table (the image's binary)
	@scripts/image/binary.sh '' -p health_fom --example thousand
	@PYTHONDONTWRITEBYTECODE=1 python3 scripts/bench.py

soak: tool-npm ## the long form of the property tests: 200 organisations, 100 kills
	@$(STEP) soak scripts/soak.sh

tools: tool-npm tool-python tool-cargo tool-victoria-metrics tool-skypilot tool-moto tool-helm tool-kubernetes ## install what checks and tests need into .tools

tool-npm tool-python tool-cargo tool-victoria-metrics tool-skypilot tool-moto tool-helm tool-kubernetes: tool-%:
	@$(STEP) $@ scripts/tools/$*.sh

clean-tools: ## remove .tools
	rm -rf .tools

start:
	@mkdir -p $(dir $(ORGPULSE_NOT_RUN)) && rm -f $(ORGPULSE_NOT_RUN)
