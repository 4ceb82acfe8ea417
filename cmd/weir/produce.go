package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

func (sh *shell) produceCommand() *cobra.Command {
	var c app.ProduceConfig
	var file string
	cmd := &cobra.Command{
		Use:   "produce TOPIC",
		Short: "Send one record a line",
		Long: `Produce sends one record a line of a file or of standard input, and returns when every record is acknowledged.
It fails with code 3 when one is not, and with code 2 at a line larger than a record may be.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.Linger < 0 {
				return fault.Inputf("--linger: want 0 or more, got %s", c.Linger)
			}
			c.Cluster, c.Topic, c.In, c.File = sh.cluster(), args[0], sh.in, "stdin"
			size := int64(-1)
			if file != "" {
				f, err := os.Open(file)
				if err != nil {
					return fault.InputError(err)
				}
				defer f.Close()
				info, err := f.Stat()
				if err != nil || info.IsDir() {
					return fault.Inputf("%s is not a file that can be read", file)
				}
				size = info.Size()
				c.In, c.File = f, file
			}
			bar := app.Bar(sh.talk(), size, "produce "+c.Topic)
			c.In = io.TeeReader(c.In, bar)
			done, err := app.Produce(cmd.Context(), c)
			_ = bar.Finish() // the bar is only talk
			if err != nil {
				return err
			}
			if sh.json {
				return sh.printJSON(done)
			}
			sh.log.Debug("produced", "topic", done.Topic, "records", done.Records, "bytes", done.Bytes, "seconds", done.Seconds)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&file, "file", "f", "", "file to read; default: standard input")
	flags.Var(newSize(&c.BatchSize), "batch-size", "bytes of a batch before compression, such as 64KB")
	flags.DurationVar(&c.Linger, "linger", 0, "how long an unfinished batch waits for more records")
	flags.StringVar(&c.Compression, "compression", "", "none, gzip, snappy, lz4 or zstd; default: what the topic asks for")
	flags.StringVar(&c.KeySeparator, "key-separator", "", "split a key off each line at this text")
	return sh.withEndpoint(cmd)
}
