package command

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
)

func (sh *shell) runCommand() *cobra.Command {
	var c app.RunConfig
	cmd := &cobra.Command{
		Use:   "run FILE",
		Short: "Run the pipelines of a file in SQL or YAML",
		Long: `Run reads a file of tables, functions and pipelines and runs the pipelines until they end, fail or are told to stop. A file whose name
ends in .yaml or .yml is YAML, any other is SQL (CREATE TABLE, CREATE FUNCTION, INSERT); docs/configuration.md shows both.

SIGINT and SIGTERM stop reading, let what was read through, save a checkpoint and end with code 0; a second one, a second later or
more, ends at once. A cluster that is out of reach then is not waited for, and nothing for longer than --drain-timeout: the run ends
with code 3, and the last checkpoint stands.

At the end a line for each pipeline says what it did: on the error stream, as an object on the output stream with --json, as a line
of the log with --log-format json.

SIGHUP reads the file again and applies the limits of its functions from the next call on (weir.memory, weir.fuel,
weir.fuel_per_second, weir.timeout, weir.depth, weir.host_calls, weir.emits, weir.emitted_rows, weir.emitted_bytes, weir.log_lines,
weir.log_bytes), with a line in the log that names each one that changed. Where anything else in the file is not as it was, or the
file would not be accepted, nothing changes, and a warning says why. Closing the terminal sends SIGHUP too, so it does not end a run.

--metrics serves /metrics, in Prometheus text, /healthz (503 when a pipeline has failed) and /readyz (503 until every pipeline reads, and
while what it needs is out of reach); docs/metrics.md says what there is. It has no password: keep it away from other people's networks.

Exit codes: 0 done, 1 a mistake in weir, 2 bad input or configuration, 3 the environment.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.File, c.Endpoint, c.RetryBudget = args[0], sh.endpoint, sh.retryBudget
			c.Log, c.JSON, c.Out, c.Err = sh.log, sh.json, sh.out, sh.talk()
			c.LogSummary = sh.logFormat == "json"
			c.Streams = &app.Streams{In: sh.in, Out: sh.out, Err: sh.err}
			c.Version, c.MetricsReady = sh.version, func(address string) { sh.say("metrics=" + address) }
			ctx, drain, done := sh.signals(cmd)
			defer done()
			c.Live = new(app.Live)
			defer app.OnHangup(func() { sh.reload(ctx, c.Live) })()
			return app.Run(ctx, drain, c)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&c.State, "state", "", "folder that keeps checkpoints; without it nothing is kept")
	flags.DurationVar(&c.CheckpointInterval, "checkpoint-interval", time.Second, "time between the checkpoints of a lane")
	flags.DurationVar(&c.DrainTimeout, "drain-timeout", 20*time.Second, "how long SIGTERM waits for what was read to get through")
	flags.BoolVar(&c.UntilEnd, "until-end", false, "stop at the end offsets seen at start")
	flags.StringVar(&c.Worker, "worker", "0/1", "I/N: run only the source partitions p with p mod N = I")
	flags.BoolVar(&c.Explain, "explain", false, "print the plan and end")
	flags.StringVar(&c.Metrics, "metrics", "", "HOST:PORT to serve /metrics, /healthz and /readyz on; port 0: the system picks, and it is printed")
	flags.BoolVar(&c.FailFast, "fail-fast", false, "stop all pipelines when one fails")
	return sh.withEndpoint(drains(cmd))
}
