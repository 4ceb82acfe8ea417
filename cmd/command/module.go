package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

func (sh *shell) moduleCommand() *cobra.Command {
	return group(&cobra.Command{Use: "module", Short: "Build, check, inspect, try and measure wasm modules"},
		sh.moduleBuild(), sh.moduleCheck(), sh.moduleInspect(), sh.moduleTest(), sh.moduleBench())
}

func (sh *shell) moduleBuild() *cobra.Command {
	var manifest, out string
	cmd := &cobra.Command{
		Use:   "build FILE.wasm",
		Short: "Append a manifest to what a toolchain made",
		Long: `Build checks FILE.wasm and the manifest and writes the module with its manifest, which replaces one that is there. The
toolchain runs before it; for Go: GOOS=wasip1 GOARCH=wasm go build -trimpath -buildmode=c-shared -o FILE.wasm .`,
		ValidArgsFunction: completeWasm,
		RunE: func(_ *cobra.Command, args []string) error {
			built, err := app.BuildModule(args[0], manifest, out)
			if err != nil {
				return err
			}
			if sh.json {
				return sh.printJSON(built)
			}
			_, err = fmt.Fprintf(sh.out, "%s: %s %s, %d bytes, %s\n", built.File, built.Name, built.Version, built.Bytes, built.Hash)
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&manifest, "manifest", "", "the manifest, a JSON file (required)")
	flags.StringVarP(&out, "out", "o", "", "file to write (required); one that is there is replaced")
	_ = cmd.MarkFlagRequired("manifest") // these fail only for flags that do not exist
	_ = cmd.MarkFlagRequired("out")
	return cmd
}

func (sh *shell) moduleCheck() *cobra.Command {
	var memory string
	cmd := &cobra.Command{
		Use:   "check FILE.wasm",
		Short: "Say whether a module would be accepted, and why not",
		Long: `Check reads, validates and compiles a module without running any of it. Code 0: it would be accepted; code 2: it is refused, for the
reasons that are printed. Each has a stable code, those of the ABI first, then the sandbox's (wasm.…), and says what is wrong, where, and what to
do. A memory that begins larger than its limit is such a reason; --memory is the limit that the function would set.

A component is refused: weir runs core modules. Leave the step out that makes it one (wasm-tools component new, cargo component, a
wasm32-wasip2 target), and build the core module as a reactor for wasm32-wasip1 or wasm32-unknown-unknown.`,
		ValidArgsFunction: completeWasm,
		RunE: func(cmd *cobra.Command, args []string) error {
			verdict, err := app.CheckModule(cmd.Context(), args[0], memory)
			if err != nil {
				return err
			}
			if sh.json {
				err = sh.printJSON(verdict)
			} else {
				err = verdict.Print(sh.out)
			}
			if err == nil && !verdict.Accepted {
				err = silent{fault.Inputf("%s is refused", args[0])}
			}
			return err
		},
	}
	cmd.Flags().StringVar(&memory, "memory", "", "bytes for memory, stack and what the host holds for a call, such as 64MB: 128KB to 256MB; default: 64MB")
	suggest(cmd, "memory")
	return cmd
}

func (sh *shell) moduleInspect() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect FILE.wasm",
		Short: "Show what a module is made of",
		Long: `Inspect shows a module's manifest, imports by list (weir's own; WASI functions that are served, inert or refused), exports, memory, hash
and shape, and what the sandbox makes of it: its size after rewriting, how many places charge fuel, and whether an instance can be restored
after a failure, which is faster than making a new one; which functions are the largest, have the most locals and the most blocks within each
other; and how much of each cap that is. Nothing of the module runs. It shows what would be refused too, with the reasons, as long as
that can be read.`,
		ValidArgsFunction: completeWasm,
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := app.InspectModule(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if sh.json {
				return sh.printJSON(found)
			}
			return found.Print(sh.out)
		},
	}
}
