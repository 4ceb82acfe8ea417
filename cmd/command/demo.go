package command

import (
	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
)

func (sh *shell) demoCommand() *cobra.Command {
	var c app.DemoConfig
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the main job on real data with an embedded broker",
		Long: `Demo starts a broker on free ports in a temporary folder, loads 336,776 records of flights, runs them through a
sandboxed module to the end, and says what came out. It is run in the repository's folder, after make guests.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.JSON, c.Log, c.Out, c.Err, c.Say = sh.json, sh.log, sh.out, sh.talk(), sh.say
			ctx, drain, done := sh.signals(cmd)
			defer done()
			defer app.OnHangup(func() { sh.log.Info("SIGHUP: nothing to reload: the demo ends by itself") })()
			return app.Demo(ctx, drain, c)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&c.Data, "data", "examples/data/flights.ndjson.zst", "records, one a line, zstd-compressed")
	flags.StringVar(&c.SQL, "sql", "examples/demo/flights.sql", "the pipeline")
	return drains(cmd)
}
