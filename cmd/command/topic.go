package command

import (
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

func (sh *shell) topicCommand() *cobra.Command {
	return group(&cobra.Command{Use: "topic", Short: "Create, list, describe, extend and delete topics"},
		sh.topicCreate(), sh.topicList(), sh.topicDescribe(), sh.topicAddPartition(), sh.topicDelete())
}

func (sh *shell) topicCreate() *cobra.Command {
	var (
		c           admin.TopicConfig
		assignment  string
		compression string
		dedup       bool
	)
	d := admin.Deduplication{Filter: admin.DefaultDeduplicationFilter, Count: 5, Age: 5 * time.Second}
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a topic",
		Long: `Create makes a topic and returns when all its partitions are up.

--replica-assignment places partitions by hand. FILE is JSON, the SPU that leads a partition first:
[{"id": 0, "replicas": [5001, 5002]}, {"id": 1, "replicas": [5002, 5001]}]`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.Partitions == 0 || c.Replication == 0 {
				return fault.Inputf("--partitions and --replication: want 1 or more")
			}
			var err error
			if c.Compression, err = admin.ParseCompression(compression); err != nil {
				return fault.InputError(err)
			}
			if assignment != "" {
				if c.Assigned, err = app.ReadAssignment(assignment); err != nil {
					return err
				}
			}
			if dedup {
				c.Deduplication = &d
			}
			return app.CreateTopic(cmd.Context(), sh.cluster(), args[0], c, sh.output())
		},
	}
	flags := cmd.Flags()
	flags.Uint32VarP(&c.Partitions, "partitions", "p", 1, "number of partitions")
	flags.Uint32VarP(&c.Replication, "replication", "r", 1, "replicas of each partition")
	flags.BoolVarP(&c.IgnoreRack, "ignore-rack-assignment", "i", false, "place replicas without regard to racks")
	flags.StringVarP(&assignment, "replica-assignment", "f", "", "FILE that says on which SPUs each partition is")
	flags.Var(span{&c.Retention}, "retention-time", "how long closed segments are kept, such as 2d; 0: the cluster's default")
	flags.Var(size[uint32]{&c.SegmentSize, 1, math.MaxUint32}, "segment-size", "bytes of a segment, such as 64MB; default: the cluster's")
	flags.Var(size[uint64]{&c.MaxPartitionSize, 1, math.MaxInt64}, "max-partition-size",
		"bytes of a partition over which the oldest segments go; default: the cluster's")
	flags.StringVar(&compression, "compression-type", "any", "what batches must be: any, none, gzip, snappy, lz4 or zstd")
	flags.BoolVar(&dedup, "dedup", false, "drop records that were there before")
	flags.Uint64Var(&d.Count, "dedup-count", d.Count, "how many records to look back for duplicates")
	flags.Var(span{&d.Age}, "dedup-age", "how far to look back for duplicates, such as 5s")
	flags.StringVar(&d.Filter, "dedup-filter", d.Filter, "the SmartModule of the cluster that finds duplicates")
	flags.BoolVarP(&c.System, "system", "s", false, "make it a system topic: hidden from lists, deleted by force only")
	flags.BoolVarP(&c.DryRun, "dry-run", "d", false, "check only, create nothing")
	for _, flag := range []string{"partitions", "replication", "ignore-rack-assignment"} {
		cmd.MarkFlagsMutuallyExclusive("replica-assignment", flag)
	}
	needs(cmd, "dedup", "dedup-count", "dedup-age", "dedup-filter")
	suggest(cmd, "compression-type", "any", "none", "gzip", "snappy", "lz4", "zstd")
	sh.suggestSmartModules(cmd, "dedup-filter")
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	return sh.withCluster(cmd)
}

func (sh *shell) topicList() *cobra.Command {
	var system bool
	cmd := &cobra.Command{
		Use:               "list",
		Short:             "List topics",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.ListTopics(cmd.Context(), sh.cluster(), system, sh.output())
		},
	}
	cmd.Flags().BoolVarP(&system, "system", "s", false, "list the system's topics in place of the others")
	return sh.withCluster(cmd)
}

func (sh *shell) topicDescribe() *cobra.Command {
	return sh.withCluster(&cobra.Command{
		Use:               "describe NAME",
		Short:             "Show one topic",
		ValidArgsFunction: sh.completeTopic,
		RunE: func(cmd *cobra.Command, args []string) error {
			return app.DescribeTopic(cmd.Context(), sh.cluster(), args[0], sh.output())
		},
	})
}

func (sh *shell) topicAddPartition() *cobra.Command {
	var count uint32
	cmd := &cobra.Command{
		Use:               "add-partition NAME",
		Short:             "Add partitions to a topic",
		Long:              `Add-partition adds partitions behind those that a topic has. Records with a key go to other partitions from then on.`,
		ValidArgsFunction: sh.completeTopic,
		RunE: func(cmd *cobra.Command, args []string) error {
			return app.AddPartitions(cmd.Context(), sh.cluster(), args[0], count, sh.output())
		},
	}
	cmd.Flags().Uint32VarP(&count, "count", "c", 1, "how many")
	return sh.withCluster(cmd)
}

func (sh *shell) topicDelete() *cobra.Command {
	var d app.DeleteConfig
	var force bool
	cmd := &cobra.Command{
		Use:               "delete NAME...",
		Short:             "Delete topics and their records",
		ValidArgsFunction: sh.completeTopics,
		RunE: func(cmd *cobra.Command, args []string) error {
			d.Names = args
			if !force {
				d.Confirm = sh.confirm
			}
			return app.DeleteTopics(cmd.Context(), sh.cluster(), d, sh.output())
		},
	}
	cmd.Flags().BoolVarP(&d.System, "system", "s", false, "delete system topics too, after a question")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "with --system: ask nothing")
	needs(cmd, "system", "force")
	return sh.withDelete(cmd, &d)
}
