package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

func (sh *shell) consumeCommand() *cobra.Command {
	var c app.ConsumeConfig
	from := "latest"
	cmd := &cobra.Command{
		Use:   "consume TOPIC",
		Short: "Print records, one a line",
		Long: `Consume prints record values, one a line, or with --json an object a record:
{"topic","partition","offset","timestamp","key","value"}, with key_b64 and value_b64 in place of text that is not UTF-8.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if c.From, err = parseFrom(from); err != nil {
				return err
			}
			if c.Partition < -1 {
				return fault.Inputf("--partition: want a partition or -1 for all, got %d", c.Partition)
			}
			if c.MaxBytes != 0 && c.MaxBytes < 1024 {
				return fault.Inputf("--max-bytes: want 1KB or more, got %d", c.MaxBytes)
			}
			c.Cluster, c.Topic, c.JSON, c.Out = sh.cluster(), args[0], sh.json, sh.out
			ctx, drain, done := app.Signals(cmd.Context(), sh.say)
			defer done()
			ctx, stop := context.WithCancel(ctx)
			defer stop()
			go func() {
				select {
				case <-drain:
					stop()
				case <-ctx.Done():
				}
			}()
			return app.Consume(ctx, c)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "latest", "earliest, latest or an offset")
	flags.BoolVar(&c.UntilEnd, "until-end", false, "stop at the end offsets seen at start; from the earliest record where --from is not given")
	flags.IntVar(&c.Partition, "partition", -1, "one partition only; -1: all")
	flags.Var(newSize(&c.MaxBytes), "max-bytes", "most bytes of one fetch, such as 64KB; a larger batch is read all the same")
	cmd.PreRun = func(cmd *cobra.Command, _ []string) {
		if c.UntilEnd && !cmd.Flags().Changed("from") {
			from = "earliest"
		}
	}
	return sh.withEndpoint(cmd)
}

// parseFrom reads where to begin.
func parseFrom(s string) (fluvio.Offset, error) {
	switch s {
	case "earliest":
		return fluvio.Beginning(), nil
	case "latest":
		return fluvio.End(), nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return fluvio.Offset{}, fault.Inputf("--from: want earliest, latest or an offset, got %q", s)
	}
	return fluvio.At(n), nil
}
