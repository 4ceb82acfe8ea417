package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

func (sh *shell) moduleCommand() *cobra.Command {
	return group(&cobra.Command{Use: "module", Short: "Build and check wasm modules"}, sh.moduleBuild(), sh.moduleCheck())
}

func (sh *shell) moduleBuild() *cobra.Command {
	var manifest, out string
	cmd := &cobra.Command{
		Use:   "build FILE.wasm",
		Short: "Append a manifest to what a toolchain made",
		Long: `Build checks FILE.wasm and the manifest and writes the module with its manifest, which replaces one that is there. The
toolchain runs before it; for Go: GOOS=wasip1 GOARCH=wasm go build -trimpath -buildmode=c-shared -o FILE.wasm .`,
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
	return &cobra.Command{
		Use:   "check FILE.wasm",
		Short: "Say whether a module would be accepted, and why not",
		Long:  `Check reads a module without running any of it. Code 0: it would be accepted; code 2: it is refused, and why.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			verdict, err := app.CheckModule(cmd.Context(), args[0])
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
}
