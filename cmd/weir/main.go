// Command weir runs sandboxed WebAssembly operators on Fluvio streams.
package main

import (
	"os"

	"github.com/weir-stream/weir/cmd/command"
)

// version is set by the linker.
var version = "unknown"

func main() { os.Exit(command.Run(version, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
