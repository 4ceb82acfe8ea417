package command

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

func (sh *shell) produceCommand() *cobra.Command {
	var (
		c                   app.ProduceConfig
		file, key           string
		partition           uint32
		isolation, semantic string
		sm                  smartModuleFlags
	)
	cmd := &cobra.Command{
		Use:   "produce TOPIC",
		Short: "Send one record a line",
		Long: `Produce sends one record a line of a file or of standard input, and returns when every record is acknowledged.
It fails with code 3 when one is not, and with code 2 at a line larger than a record may be. Lines end with LF or CR LF, neither of which is
sent; --raw sends every byte.

SIGINT and SIGTERM stop reading; what was read in whole lines is sent, and it ends with code 0. A second one, a second later or
more, ends at once.

Records are numbered (producer sequences): when a connection is lost, or a server comes back after a crash, produce looks which records
are there and sends the others, so that none is written twice. That is left out with --no-sequence, with --delivery-semantic
at-most-once, with a SmartModule, and for a topic that deduplicates.`,
		ValidArgsFunction: sh.completeTopic,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.Cluster, c.Topic, c.In, c.File = sh.cluster(), args[0], sh.in, "stdin"
			changed := cmd.Flags().Changed
			if changed("key") {
				c.Key = &key
			}
			if changed("key-separator") && c.KeySeparator == "" {
				return fault.Inputf("--key-separator: want at least one character")
			}
			if changed("partition") {
				c.Partition = &partition
			}
			var err error
			if c.Isolation, err = parseIsolation(isolation); err != nil {
				return err
			}
			if c.AtMostOnce, err = parseSemantic(semantic); err != nil {
				return err
			}
			c.SmartModule = sm.config(cmd)
			size := int64(-1) // unknown
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
				if info.Mode().IsRegular() && info.Size() > 0 { // those of /proc have none that means anything
					size = info.Size()
				}
				c.In, c.File = f, file
			}
			ctx, drain, ended := sh.signals(cmd)
			defer ended()
			c.Bar = app.NewBar(sh.talk(), size, "produce "+c.Topic)
			done, err := app.Produce(ctx, drain, c)
			c.Bar.Finish()
			if err != nil && done.Lost == 0 {
				return err
			}
			if done.Stopped {
				sh.say(fmt.Sprintf("stopped before the end of %s: %d records are sent", c.File, done.Records))
			}
			if sh.json {
				return errors.Join(err, sh.printJSON(done))
			}
			sh.log.Debug("produced", "topic", done.Topic, "records", done.Records, "bytes", done.Bytes, "seconds", done.Seconds)
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&file, "file", "f", "", "file to read; default: standard input")
	flags.BoolVar(&c.Raw, "raw", false, "send everything as one record")
	flags.StringVar(&key, "key", "", "key of every record")
	flags.StringVar(&c.KeySeparator, "key-separator", "", "split a key off each line at this text")
	flags.Uint32VarP(&partition, "partition", "p", 0, "partition of every record; default: by key, or all in turn")
	flags.Var(newSize(&c.BatchSize, 1), "batch-size", "bytes of a batch before compression, such as 64KB")
	flags.Var(newSize(&c.MaxRequestSize, 1<<10), "max-request-size",
		"bytes of a request before compression, and so of a record; default: 1MB, or the size of a batch")
	flags.Var(span{&c.Linger}, "linger", "how long an unfinished batch waits for more records; default: not at all")
	flags.StringVar(&c.Compression, "compression", "", "none, gzip, snappy, lz4 or zstd; default: what the topic asks for")
	flags.StringVar(&isolation, "isolation", "read_committed",
		"when a record counts as written: read_committed, all replicas have it; read_uncommitted, one does")
	flags.StringVar(&semantic, "delivery-semantic", "at-least-once", "at-least-once: until it is acknowledged; at-most-once: each record is sent once")
	flags.BoolVar(&c.NoSequence, "no-sequence", false, "do not number records; after a lost connection some may be there twice")
	sm.add(sh, cmd)
	cmd.MarkFlagsMutuallyExclusive("key", "key-separator")
	cmd.MarkFlagsMutuallyExclusive("raw", "key-separator")
	suggest(cmd, "compression", "none", "gzip", "snappy", "lz4", "zstd")
	suggest(cmd, "isolation", "read_committed", "read_uncommitted")
	suggest(cmd, "delivery-semantic", "at-least-once", "at-most-once")
	return sh.withCluster(drains(cmd))
}

// parseIsolation reads an isolation as Fluvio's own command line does: read_committed, ReadCommitted and the like.
func parseIsolation(s string) (fluvio.Isolation, error) {
	switch strings.ReplaceAll(strings.ToLower(s), "_", "") {
	case "readcommitted":
		return fluvio.ReadCommitted, nil
	case "readuncommitted":
		return fluvio.ReadUncommitted, nil
	}
	return 0, fault.Inputf("--isolation: want read_committed or read_uncommitted, got %q", s)
}

// parseSemantic tells whether it is at most once: at-most-once, at_most_once, AtMostOnce.
func parseSemantic(s string) (atMostOnce bool, err error) {
	switch strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(s)) {
	case "atmostonce":
		return true, nil
	case "atleastonce":
		return false, nil
	}
	return false, fault.Inputf("--delivery-semantic: want at-least-once or at-most-once, got %q", s)
}

// smartModuleFlags are those of commands that have the cluster run a SmartModule.
type smartModuleFlags struct {
	app.SmartModuleConfig
	aggregate string
}

func (f *smartModuleFlags) add(sh *shell, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.Name, "smartmodule", "", "SmartModule of the cluster to run over the records")
	flags.StringVar(&f.Path, "smartmodule-path", "", "wasm file with a SmartModule to run over the records")
	flags.StringArrayVarP(&f.Params, "params", "e", nil, "NAME=VALUE of a parameter of the SmartModule; may be repeated")
	flags.StringVar(&f.aggregate, "aggregate-initial", "", "what an aggregate begins with")
	cmd.MarkFlagsMutuallyExclusive("smartmodule", "smartmodule-path")
	f.need(cmd, "params", "aggregate-initial")
	sh.suggestSmartModules(cmd, "smartmodule")
}

// need refuses flags that would do nothing without a SmartModule.
func (f *smartModuleFlags) need(cmd *cobra.Command, others ...string) {
	before := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		for _, other := range others {
			if cmd.Flags().Changed(other) && f.Name == "" && f.Path == "" {
				return fault.Inputf("--%s needs --smartmodule or --smartmodule-path", other)
			}
		}
		if before == nil {
			return nil
		}
		return before(cmd, args)
	}
}

func (f *smartModuleFlags) config(cmd *cobra.Command) app.SmartModuleConfig {
	if cmd.Flags().Changed("aggregate-initial") {
		f.Aggregate = &f.aggregate
	}
	return f.SmartModuleConfig
}
