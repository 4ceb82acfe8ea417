// Command peers-go times calls of Extism's Go SDK for bench/guest: chunks of calls, told as its two arguments. It prints the median of the chunks
// in µs a call, by arm, as JSON. It is a Go module of its own, so that what it needs is not needed by weir.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	extism "github.com/extism/go-sdk"
)

//go:embed plugin/testdata/echo.wasm
var plugin []byte

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "bench/peers-go:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) != 3 {
		return fmt.Errorf("want the number of chunks and of calls in each, got %q", os.Args[1:])
	}
	chunks, err := strconv.Atoi(os.Args[1])
	if err != nil {
		return err
	}
	calls, err := strconv.Atoi(os.Args[2])
	if err != nil {
		return err
	}
	took := map[string]float64{}
	for suffix, timeout := range map[string]time.Duration{"": 0, ", with its timeout": 10 * time.Second} {
		p, err := open(ctx, timeout)
		if err != nil {
			return err
		}
		for name, call := range map[string]func() error{"Extism, no-op": p.nothing, "Extism, 64 KiB in and out": p.echo} {
			if took[name+suffix], err = microseconds(chunks, calls, call); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := p.Close(ctx); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(took)
}

type peer struct{ *extism.Plugin }

// open makes a plug-in; only one with a timeout can be stopped.
func open(ctx context.Context, timeout time.Duration) (peer, error) {
	manifest := extism.Manifest{Wasm: []extism.Wasm{extism.WasmData{Data: plugin}}, Timeout: uint64(timeout.Milliseconds())}
	p, err := extism.NewPlugin(ctx, manifest, extism.PluginConfig{}, nil)
	return peer{p}, err
}

func (p peer) nothing() error {
	_, _, err := p.Call("nothing", nil)
	return err
}

var input = bytes.Repeat([]byte("weir"), 16<<10)

func (p peer) echo() error {
	_, output, err := p.Call("echo", input)
	if err == nil && len(output) != len(input) {
		err = fmt.Errorf("%d bytes of %d came back", len(output), len(input))
	}
	return err
}

func microseconds(chunks, calls int, call func() error) (float64, error) {
	var took []float64
	for range chunks {
		began := time.Now()
		for range calls {
			if err := call(); err != nil {
				return 0, err
			}
		}
		took = append(took, float64(time.Since(began).Nanoseconds())/1e3/float64(calls))
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
