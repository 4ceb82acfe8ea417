# Targets: demo build guests generate test check vectors clients soak fuzz bench bench-fluvio dist clean; of check also race lint check-vectors.
# `make demo` and `make test` need Go alone.
GO      ?= go
BIN     := bin/weir
GUESTS  := modules/late_flights modules/gain examples/wasm/go_filter
WASM    := $(foreach g,$(GUESTS),$(g)/$(notdir $(g)).wasm)
MODULES := guest-abi/go/weir $(GUESTS)
# What a Go guest is built with: a reactor for WASI preview 1, without anything of this machine in it.
GUEST   := GOOS=wasip1 GOARCH=wasm GOWORK=off $(GO) build -trimpath -buildvcs=false -buildmode=c-shared
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# Seconds of fuzzing in `make check`, shared out over all targets.
FUZZ_SECONDS ?= 300
# How long `make soak` kills brokers.
SOAK ?= 1m

# Golden bytes of the protocol, printed by Fluvio's published crates.
VECTORS := CARGO_TARGET_DIR=$(CURDIR)/build/vectors cargo run --release --locked --manifest-path tools/vectors/Cargo.toml --

.PHONY: demo build guests generate test check race lint vectors check-vectors clients soak fuzz bench bench-fluvio dist clean

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

generate:
	$(GO) generate ./...

test: guests
	$(GO) vet ./...
	$(GO) test ./...
	for m in $(MODULES); do (cd $$m && GOWORK=off $(GO) vet ./... && GOWORK=off $(GO) test ./...) || exit 1; done

check: generate race lint check-vectors clients soak fuzz
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

clients: build
	$(GO) test -tags clients -count=1 -timeout 30m ./test/clients/...

soak: build
	$(GO) build -o bin/soak ./test/soak
	bin/soak -weir $(BIN) -duration $(SOAK)
	bin/soak -weir $(BIN) -flights 336776

fuzz:
	$(GO) run ./internal/fuzzall -seconds $(FUZZ_SECONDS) . guest-abi/go/weir

bench: build guests
	$(GO) run ./bench

bench-fluvio: build
	CARGO_TARGET_DIR=build/peers cargo build --release --locked --manifest-path bench/peers/Cargo.toml
	$(GO) run ./bench/fluvio

dist:
	for a in amd64 arm64 riscv64 arm 386; do \
	  CGO_ENABLED=0 GOOS=linux GOARCH=$$a $(GO) build -trimpath -ldflags='-s -w -X main.version=$(VERSION)' -o dist/weir-linux-$$a ./cmd/weir || exit 1; done

clean:
	rm -rf bin build dist $(WASM)
