# What a newcomer needs. `make help` lists it.

PRESET ?= release
JOBS ?= $(shell nproc)

.PHONY: help demo test build bench fuzz format lint clean bootstrap test-bare test-interop test-sanitized soak

help:  ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

bootstrap:  ## install what is missing to build the program
	tools/bootstrap

build: bootstrap  ## build the program: build/release/slipway
	@cmake --preset $(PRESET) >$(if $(V),/dev/stdout,/dev/null)
	@cmake --build --preset $(PRESET) -j $(JOBS) --target slipway slipway-import slipway-worker

demo: build  ## import, publish and serve a real model, send 10,000 real images, print the accuracy
	@tools/demo

test:  ## build and run every test
	@tools/bootstrap --test
	@cmake --preset $(PRESET) >$(if $(V),/dev/stdout,/dev/null)
	@cmake --build --preset $(PRESET) -j $(JOBS)
	@ctest --preset $(PRESET) -j $(JOBS)

test-interop:  ## run clients too large for every test: TensorFlow Serving's own, and the example in Java
	@tools/bootstrap --interop
	@cmake --preset $(PRESET) >$(if $(V),/dev/stdout,/dev/null)
	@cmake --build --preset $(PRESET) -j $(JOBS) --target slipway slipway-import slipway-worker
	@SLIPWAY_BINARY_DIR=$(CURDIR)/build/$(PRESET) SLIPWAY_TESTDATA=$(CURDIR)/tests/data \
	  third_party/interop-clients/bin/python tests/interop/tfserving_client.py
	@SLIPWAY_BINARY_DIR=$(CURDIR)/build/$(PRESET) SLIPWAY_TESTDATA=$(CURDIR)/tests/data \
	  third_party/interop-clients/bin/python tests/interop/java_example.py

bench:  ## measure the speed goals as ratios; writes docs/performance.md
	@tools/bootstrap --bench
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS) --target all bench_grpc_reference
	@bench/run

fuzz:  ## run every fuzz target for SECONDS_EACH (default 600); NAMES="json npy" picks some
	@tools/fuzz $(or $(SECONDS_EACH),600) $(NAMES)

soak: build  ## keep clients busy for SECONDS (default 600) while servers are killed, reloaded, overloaded and left without disk
	@SLIPWAY_BINARY_DIR=$(CURDIR)/build/$(PRESET) SLIPWAY_TESTDATA=$(CURDIR)/tests/data \
	  python3 tests/soak/soak.py --seconds $(or $(SECONDS),600)

test-sanitized:  ## all tests under address and undefined-behaviour sanitizers, those with threads under the thread sanitizer
	@tools/bootstrap --test
	@cmake --preset asan-ubsan >/dev/null && cmake --build --preset asan-ubsan -j $(JOBS) && ctest --preset asan-ubsan -j $(JOBS)
	@cmake --preset tsan >/dev/null && cmake --build --preset tsan -j $(JOBS) --target concurrency_tests && ctest --preset tsan -j $(JOBS) -L concurrency

test-bare:  ## run `make demo` in a fresh Debian 12 root (needs root and debootstrap)
	@tools/test-bare

format:  ## format the sources
	@tools/format

lint:  ## layering, formatting, shell scripts
	@tools/lint

clean:  ## remove what was built; downloads stay in the cache
	rm -rf build
