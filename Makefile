# Every target works in a fresh clone: what is missing is installed by scripts/bootstrap.
PREFIX ?= /usr/local
SHELL := /bin/sh

.PHONY: help build release test unit acceptance check fmt run bench soak install uninstall clean bootstrap

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

bootstrap: ## Install what building and running need (Debian, Ubuntu)
	@scripts/bootstrap

build: bootstrap ## Build box and boxd for debugging
	swift build

release: bootstrap ## Build box and boxd optimised
	swift build -c release --product box
	swift build -c release --product boxd

test: bootstrap ## Run every check and test, those with real boxes too (needs root or sudo)
	scripts/test

unit: bootstrap ## Run the unit tests only
	swift test

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
	for script in scripts/bench/ready scripts/bench/disk; do "$$script" || exit 1; done

soak: release ## Random operations with boxd killed in between, for five minutes: scripts/soak/*
	scripts/soak/storm 300

install: release ## Install box and boxd under PREFIX (/usr/local)
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 .build/release/box .build/release/boxd "$(DESTDIR)$(PREFIX)/bin/"

uninstall: ## Remove what install put there
	rm -f "$(DESTDIR)$(PREFIX)/bin/box" "$(DESTDIR)$(PREFIX)/bin/boxd"

clean: ## Remove what was built
	rm -rf .build
