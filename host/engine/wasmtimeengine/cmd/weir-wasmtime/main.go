// Command weir-wasmtime is weir with wasmtime among its engines: --engine wasmtime, or 'weir.engine' = 'wasmtime' of a function.
package main

import (
	"io"
	"os"

	"github.com/weir-stream/weir/cmd/command"
	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/engine/wasmtimeengine"
)

// version is set by the linker.
var version = "unknown"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, in io.Reader, out, errs io.Writer) int {
	builtin.AddEngine(wasmtimeengine.Name, wasmtimeengine.Open)
	return command.Run(version, args, in, out, errs)
}
