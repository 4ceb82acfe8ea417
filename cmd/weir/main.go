// Command weir runs sandboxed WebAssembly operators on Fluvio streams.
package main

import (
	"os"

	"github.com/weir-stream/weir/cmd/command"
	"github.com/weir-stream/weir/cmd/early"
)

// version is set by the linker.
var version = "unknown"

func main() { os.Exit(command.Main(version, early.Received)) }
