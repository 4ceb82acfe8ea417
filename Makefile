# Targets: demo build guests generate test check vectors differential clients soak chaos fuzz bench bench-fluvio bench-guest bench-delivery bench-format dist clean;
# of check also race lint check-vectors check-guests wasmtime arm64 i386.
# `make demo` and `make test` need Go alone.
GO      ?= go
BIN     := bin/weir
GUESTS  := modules/late_flights modules/gain examples/wasm/go_filter
# Modules that are there in C as well, in a folder beside.
IN_C    := modules/late_flights modules/gain
WASM    := $(foreach g,$(GUESTS) $(IN_C:=_c),$(g)/$(notdir $(g)).wasm)
MODULES := guest-abi/go/weir $(GUESTS)
# What a Go guest is built with: a reactor for WASI preview 1, without anything of this machine in it.
GUEST   := GOOS=wasip1 GOARCH=wasm GOWORK=off $(GO) build -trimpath -buildvcs=false -buildmode=c-shared
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Seconds of fuzzing in `make check`, shared out over all targets.
FUZZ_SECONDS ?= 300
# How long `make soak` kills brokers.
SOAK ?= 1m
# How many seeds `make chaos` tries. One of 30 goes over all flights.
SEEDS ?= 30

# Golden bytes of the protocol, printed by Fluvio's published crates.
VECTORS := CARGO_TARGET_DIR=$(CURDIR)/build/vectors cargo run --release --locked --manifest-path tools/vectors/Cargo.toml --

# NEED(command, Debian packages) installs what a part of `make check` needs, or names it and fails.
NEED = tools/need
# What runs for other processors: guests of every kind, their traps and their fuel, on both of wazero's engines; and the rewriter.
CROSS := -run 'TestBank/(compiler|interpreter)$$|TestFuel' ./host/engine/wazeroengine ./host/sandbox

.PHONY: demo build guests generate test check race lint vectors check-vectors check-guests wasmtime arm64 i386 differential clients soak chaos fuzz \
	bench bench-fluvio bench-guest bench-delivery bench-format dist clean

demo: build modules/late_flights/late_flights.wasm
	$(BIN) demo

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w -X main.version=$(VERSION)' -o $(BIN) ./cmd/weir

guests: $(WASM)

# A guest is what the toolchain made with its manifest appended. Built when a source of it or of the SDK is newer.
define guest
$(1)/$(notdir $(1)).wasm: | build
$(1)/$(notdir $(1)).wasm: $(wildcard $(1)/*.go $(1)/go.mod $(1)/manifest.json guest-abi/go/weir/*.go guest-abi/go/weir/internal/*/*.go)
	cd $(1) && $(GUEST) -o $(notdir $(1)).raw.wasm .
	$(BIN) module build $(1)/$(notdir $(1)).raw.wasm --manifest $(1)/manifest.json --out $$@
	rm $(1)/$(notdir $(1)).raw.wasm
endef
$(foreach g,$(GUESTS),$(eval $(call guest,$(g))))

# A guest in C is in the tree as its compiler made it; check-guests makes it again. Its manifest is that of the same module in Go.
define guest_in_c
$(1)_c/$(notdir $(1))_c.wasm: | build
$(1)_c/$(notdir $(1))_c.wasm: $(1)_c/testdata/$(notdir $(1)).wasm $(1)/manifest.json
	$(BIN) module build $$< --manifest $(1)/manifest.json --out $$@
endef
$(foreach g,$(IN_C),$(eval $(call guest_in_c,$(g))))

generate:
	$(GO) generate ./...

test: guests
	$(GO) vet ./...
	$(GO) test ./...
	for m in $(MODULES); do (cd $$m && GOWORK=off $(GO) vet ./... && GOWORK=off $(GO) test ./...) || exit 1; done

check: generate race lint check-vectors check-guests wasmtime arm64 i386 differential clients soak chaos fuzz
	git diff --exit-code -- '*.gen.go'

race: guests
	$(GO) test -race ./...

lint:
	$(GO) run $(STATICCHECK) ./...

vectors:
	$(VECTORS) fluvio

check-vectors:
	rm -rf build/vectors-out
	$(VECTORS) build/vectors-out
	diff -r build/vectors-out/protocol/testdata/vectors fluvio/protocol/testdata/vectors
	diff -r build/vectors-out/record/testdata/vectors fluvio/record/testdata/vectors

# Binaries in the tree are what their sources make.
check-guests:
	$(NEED) wat2wasm wabt
	$(NEED) clang-14 clang-14
	$(NEED) wasm-ld-14 lld-14
	$(NEED) /usr/bin/rustc rustc
	$(NEED) /usr/lib/rustlib/wasm32-unknown-unknown libstd-rust-dev-wasm32
	$(NEED) npm npm
	sh host/sandbox/testdata/build.sh
	git diff --exit-code -- host/sandbox/testdata
	mkdir -p build/as
	cp bench/guest/as/package*.json build/as
	npm ci --prefix build/as --ignore-scripts --no-audit --no-fund
	$(GO) test -tags wabt -count=1 -run Rebuild ./test/evil
	$(GO) test -tags toolchains -count=1 -run Rebuild ./bench/guest

# The second engine is a module of its own, since it needs cgo.
wasmtime: guests
	$(NEED) gcc gcc libc6-dev
	cd host/engine/wasmtimeengine && export CGO_ENABLED=1 GOWORK=off && $(GO) vet ./... && $(GO) test ./... && $(GO) run $(STATICCHECK) ./...

arm64:
	$(NEED) qemu-aarch64-static qemu-user-static
	CGO_ENABLED=0 GOARCH=arm64 $(GO) test -exec qemu-aarch64-static $(CROSS)

i386:
	CGO_ENABLED=0 GOARCH=386 $(GO) vet ./...
	CGO_ENABLED=0 GOARCH=386 $(GO) test $(CROSS)
	CGO_ENABLED=0 GOARCH=386 $(GO) test ./host/batch ./host/types ./host/ipc ./host/framing ./host/format/...

# Formats against other people's, on random data. DIFFERENTIAL_SEED=N draws other data.
differential:
	$(GO) test -tags differential -count=1 -timeout 20m ./test/differential

clients: build
	$(GO) test -tags clients -count=1 -timeout 30m ./test/clients/...

soak: build
	$(GO) build -o bin/soak ./test/soak
	bin/soak -weir $(BIN) -duration $(SOAK)
	bin/soak -weir $(BIN) -flights 336776

# On stdout comes a summary as JSON, which is in build/chaos.json, too. What failed seeds leave is in build/chaos.
chaos:
	@mkdir -p build && rm -rf build/chaos build/chaos.json
	@$(GO) test -tags faults -count=1 ./internal/faultpoint >&2
	@CHAOS_SEEDS=$(SEEDS) CHAOS_JSON=$(CURDIR)/build/chaos.json CHAOS_KEEP=$(CURDIR)/build/chaos \
	  $(GO) test -v -count=1 -timeout 0 ./test/chaos >&2; code=$$?; cat build/chaos.json; exit $$code

fuzz:
	$(GO) run ./internal/fuzzall -seconds $(FUZZ_SECONDS) . guest-abi/go/weir

bench: build guests
	$(GO) run ./bench

bench-fluvio: build
	CARGO_TARGET_DIR=build/peers cargo build --release --locked --manifest-path bench/peers/Cargo.toml
	$(GO) run ./bench/fluvio

bench-guest: build guests
	$(NEED) npm npm
	mkdir -p build/quickjs
	cp bench/guest/quickjs/package*.json build/quickjs
	npm ci --prefix build/quickjs --ignore-scripts --no-audit --no-fund
	cd bench/peers-go && GOWORK=off $(GO) build -o ../../build/peers/extism .
	$(GO) run ./bench/guest

bench-delivery: build guests
	$(GO) run ./bench/delivery

bench-format: build guests
	$(NEED) taskset util-linux
	CARGO_TARGET_DIR=build/peers cargo build --release --locked --manifest-path bench/peers/Cargo.toml
	CARGO_TARGET_DIR=build/peers cargo build --release --locked --manifest-path bench/peers/arrow/Cargo.toml
	$(GO) build -o bin/bench-format ./bench/format
	taskset -c 0,1 bin/bench-format

dist:
	for a in amd64 arm64 riscv64 arm 386; do \
	  CGO_ENABLED=0 GOOS=linux GOARCH=$$a $(GO) build -trimpath -ldflags='-s -w -X main.version=$(VERSION)' -o dist/weir-linux-$$a ./cmd/weir || exit 1; done

clean:
	rm -rf bin build dist $(WASM)
