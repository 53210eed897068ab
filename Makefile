# Every target works in a fresh clone: what is missing is installed by scripts/bootstrap.
PREFIX ?= /usr/local
# Seconds of each soak.
FOR ?= 300
SHELL := /bin/sh
# What install makes with the built program, and where the man program and the shells look for it.
SHARE = $(DESTDIR)$(PREFIX)/share
MANUAL := man/man1/box.1
BASH_COMPLETION := bash-completion/completions/box
ZSH_COMPLETION := zsh/site-functions/_box
FISH_COMPLETION := fish/vendor_completions.d/box.fish

.PHONY: help build release test test-vm unit acceptance check fmt run bench soak fuzz fuzz-api install uninstall clean bootstrap

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

bootstrap: ## Install what building and running need (Debian, Ubuntu)
	@scripts/bootstrap

build: bootstrap ## Build box and boxd for debugging
	swift build

release: bootstrap ## Build box and boxd optimised
	scripts/release

test: bootstrap ## Run every check and test, those with real boxes too (needs root or sudo)
	scripts/test

test-vm: build ## Run the tests with real boxes in a virtual machine with cgroup v2 only (needs qemu; up to an hour)
	scripts/test-vm $(ONLY)

unit: bootstrap ## Run the unit tests only
	scripts/unit

acceptance: bootstrap ## Run the tests with real boxes only: make acceptance [ONLY="stop fork"]
	swift build
	scripts/acceptance $(ONLY)

check: bootstrap ## Lint: formatting, architecture, scripts
	scripts/check

fmt: ## Format the Swift sources
	swift format --in-place --recursive Package.swift Sources Tests

run: ## From a clone to a box: install, build, start boxd, make a box, run a command in it, clean up
	scripts/run

bench: release ## Measure against the goals: scripts/bench/*
	for script in scripts/bench/ready scripts/bench/disk scripts/bench/startup scripts/bench/follow scripts/bench/load scripts/bench/prompt; do "$$script" || exit 1; done

soak: release ## Random operations, prompts and faults, five minutes each, and pairs of actions: make soak [FOR=600]
	scripts/soak/storm $(FOR)
	scripts/soak/prompts $(FOR)
	scripts/soak/faults $(FOR)
	BUILD=release BOX_AT_ONCE=pairs TEST_TIMEOUT=1800 scripts/acceptance at_once:test_twenty_at_once

fuzz: bootstrap ## Feed ten million bytes of damaged JSON to the parser
	BOX_FUZZ_BYTES=10000000 swift test --filter JSONFuzzTests

fuzz-api: build ## Send boxd two thousand generated requests and compare its answers with Docs/openapi.yaml (needs PyPI)
	BOX_API_CASES=2000 TEST_TIMEOUT=1800 scripts/acceptance openapi

install: release ## Install box and boxd, their manual and completions under PREFIX (/usr/local)
	DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" scripts/install

uninstall: ## Remove what install put there
	rm -f "$(DESTDIR)$(PREFIX)/bin/box" "$(DESTDIR)$(PREFIX)/bin/boxd"
	cd "$(SHARE)" 2>/dev/null && rm -f $(MANUAL) $(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION) || true

clean: ## Remove what was built
	rm -rf .build
