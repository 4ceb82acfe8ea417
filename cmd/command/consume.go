package command

import (
	"math"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

// startFlags say where consume begins.
type startFlags struct {
	from       string
	beginning  bool
	head, tail int64
	start      int64
}

var startNames = []string{"from", "beginning", "head", "start", "tail"}

func (sh *shell) consumeCommand() *cobra.Command {
	var (
		c          app.ConsumeConfig
		start      startFlags
		partitions []int
		all        bool
		end        int64
		isolation  string
		sm         smartModuleFlags
	)
	cmd := &cobra.Command{
		Use:   "consume TOPIC",
		Short: "Print records, one a line",
		Long: `Consume prints record values, one a line, or with --json an object a record:
{"topic","partition","offset","timestamp","key","value"}, with key_b64 and value_b64 in place of text that is not UTF-8.

It begins with what is written from now on, or at the first record with --until-end, and reads all partitions unless --partition says
which. With --consumer ID the cluster keeps how far it has come, every two seconds and at the end: the next time it begins behind
that, and so do --beginning, --head and --tail; --start and --from OFFSET do not.

--format prints a text for each record, with {{key}}, {{value}}, {{offset}}, {{partition}}, {{time}} and {{topic}} in it.

--drop-stale leaves out records that a writer who numbers them (a sink with delivery = 'exactly_once', weir produce) has written twice, because a
request that it had given up was stored all the same. Each record of such a writer is printed once, from where consume begins: what came before that
it has not seen, so a record whose first copy is there is printed at its second. Records without numbers, and equal ones that were
written twice on purpose, are all printed. It knows the last 1,024 writers of each partition. How many were left out is told at the
end. weir's own broker stores no record twice in the first place.`,
		ValidArgsFunction: sh.completeTopic,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if c.From, err = start.offset(cmd.Flags(), c.UntilEnd); err != nil {
				return err
			}
			if c.Partitions, err = choose(partitions); err != nil {
				return err
			}
			if c.Isolation, err = parseIsolation(isolation); err != nil {
				return err
			}
			if cmd.Flags().Changed("num-records") && c.Records < 1 {
				return fault.Inputf("--num-records: want 1 or more, got %d", c.Records)
			}
			if cmd.Flags().Changed("consumer") && c.Consumer == "" {
				return fault.Inputf("--consumer: want an id")
			}
			if cmd.Flags().Changed("end") {
				if first, ok := start.absolute(cmd.Flags()); end < 0 || ok && end < first {
					return fault.Inputf("--end: want an offset that is not before the start, got %d", end)
				}
				c.End = &end
			}
			if sh.json && (c.KeyValue || c.Template != "") {
				return fault.Inputf("--json, --key-value and --format: want one of them")
			}
			c.SmartModule = sm.config(cmd)
			if c.DropStale && (sm.Name != "" || sm.Path != "") {
				return fault.Inputf("--drop-stale and a SmartModule: want one of them, since what a SmartModule lets through has no numbers")
			}
			c.Cluster, c.Topic, c.JSON, c.Out = sh.cluster(), args[0], sh.json, sh.out
			ctx, drain, done := sh.signals(cmd)
			defer done()
			return app.Consume(ctx, drain, c)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&start.from, "from", "latest", "earliest, latest or an offset")
	flags.BoolVarP(&start.beginning, "beginning", "B", false, "begin at the first record there is")
	flags.Int64VarP(&start.head, "head", "H", 0, "begin so many records after the first one, in each partition")
	flags.Int64VarP(&start.tail, "tail", "T", 0, "begin so many records before the end, in each partition")
	flags.Int64Var(&start.start, "start", 0, "begin at this offset")
	flags.Int64Var(&end, "end", 0, "stop behind this offset, of every partition")
	flags.Int64VarP(&c.Records, "num-records", "n", 0, "stop after so many records")
	flags.BoolVar(&c.UntilEnd, "until-end", false, "stop at the end offsets seen at start; from the earliest record where no start is given")
	flags.BoolVarP(&c.UntilEnd, "disable-continuous", "d", false, "same as --until-end")
	flags.IntSliceVarP(&partitions, "partition", "p", []int{-1}, "partitions to read: 0,2, or repeated; -1: all")
	flags.BoolVarP(&all, "all-partitions", "A", false, "read all partitions, which is the default")
	flags.BoolVarP(&c.KeyValue, "key-value", "k", false, "print [KEY] VALUE, and [null] for no key")
	flags.StringVarP(&c.Template, "format", "F", "", "print this text for each record")
	flags.VarP(newSize(&c.MaxBytes, 1<<10), "max-bytes", "b", "most bytes of one fetch, such as 64KB; a larger batch is read all the same")
	flags.Var(newSize(&c.MaxMemory, 1<<20), "max-memory", "most bytes of records read ahead, of all partitions together; default: 64MB, more for many partitions")
	flags.StringVar(&isolation, "isolation", "read_committed", "read_committed: what all replicas have; read_uncommitted: what the leader has")
	flags.StringVarP(&c.Consumer, "consumer", "c", "", "ID under which the cluster keeps how far this consumer has come")
	flags.BoolVar(&c.DropStale, "drop-stale", false, "leave out records that a writer who numbers them has sent twice")
	sm.add(sh, cmd)
	flags.Uint64Var(&sm.LookbackLast, "lookback-last", 0, "how many records before the start the SmartModule is shown first")
	flags.Var(span{&sm.LookbackAge}, "lookback-age", "how old the records that the SmartModule is shown first may be")
	sm.need(cmd, "lookback-last", "lookback-age")
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "maxbytes" { // as Fluvio's own command line spells it
			name = "max-bytes"
		}
		return pflag.NormalizedName(name)
	})
	cmd.MarkFlagsMutuallyExclusive(startNames...)
	cmd.MarkFlagsMutuallyExclusive("partition", "all-partitions")
	cmd.MarkFlagsMutuallyExclusive("key-value", "format")
	suggest(cmd, "from", "earliest", "latest")
	suggest(cmd, "isolation", "read_committed", "read_uncommitted")
	return sh.withCluster(drains(cmd))
}

// offset is where to begin.
func (s *startFlags) offset(flags *pflag.FlagSet, untilEnd bool) (fluvio.Offset, error) {
	given := slices.IndexFunc(startNames, flags.Changed)
	if given < 0 {
		if untilEnd {
			return fluvio.Beginning(), nil
		}
		return fluvio.End(), nil
	}
	if s.head < 0 || s.tail < 0 || s.start < 0 {
		return fluvio.Offset{}, fault.Inputf("--%s: want 0 or more", startNames[given])
	}
	switch startNames[given] {
	case "head":
		return fluvio.FromBeginning(s.head), nil
	case "tail":
		return fluvio.FromEnd(s.tail), nil
	case "start":
		return fluvio.At(s.start), nil
	case "from":
		return parseFrom(s.from)
	}
	if s.beginning {
		return fluvio.Beginning(), nil
	}
	return fluvio.End(), nil // --beginning=false
}

// absolute is the offset to begin at, if one was given.
func (s *startFlags) absolute(flags *pflag.FlagSet) (int64, bool) {
	if flags.Changed("start") {
		return s.start, true
	}
	n, err := strconv.ParseInt(s.from, 10, 64)
	return n, err == nil && flags.Changed("from")
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

// choose reads the partitions; none: all.
func choose(partitions []int) (chosen []uint32, err error) {
	if slices.Equal(partitions, []int{-1}) {
		return nil, nil
	}
	for _, p := range partitions {
		if p < 0 || p > math.MaxInt32 {
			return nil, fault.Inputf("--partition: want partitions such as 0,2, or -1 alone for all, got %d", p)
		}
		chosen = append(chosen, uint32(p))
	}
	return chosen, nil
}
