package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
)

func (sh *shell) brokerCommand() *cobra.Command {
	var c app.BrokerConfig
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Run the embedded Fluvio-compatible broker",
		Long: `Broker serves the Fluvio protocol from a folder: an SC and an SPU in one process.

When it serves, it prints one line: ready sc=HOST:PORT spu=HOST:PORT. SIGTERM ends it in good order; an acknowledged record
survives kill -9 at any moment.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Log = sh.log
			ctx, drain, done := app.Signals(cmd.Context(), sh.say)
			defer done()
			return app.Broker(ctx, drain, c, func(sc, spu string) error {
				if sh.json {
					return sh.printJSON(map[string]string{"sc": sc, "spu": spu})
				}
				_, err := fmt.Fprintf(sh.out, "ready sc=%s spu=%s\n", sc, spu)
				return err
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&c.Dir, "data", "", "folder of the log (required)")
	flags.StringVar(&c.SC, "sc", "127.0.0.1:9003", "HOST:PORT to serve the SC on; port 0: the system picks")
	flags.StringVar(&c.SPU, "spu", "127.0.0.1:9010", "HOST:PORT to serve the SPU on; port 0: the system picks")
	_ = cmd.MarkFlagRequired("data") // fails only for a flag that does not exist
	return cmd
}
