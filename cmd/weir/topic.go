package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

func (sh *shell) topicCommand() *cobra.Command {
	return group(&cobra.Command{Use: "topic", Short: "Create, list, describe and delete topics"},
		sh.topicCreate(), sh.topicList(), sh.topicDescribe(), sh.topicDelete())
}

func (sh *shell) cluster() app.Cluster {
	return app.Cluster{Endpoint: sh.endpoint, RetryBudget: sh.retryBudget, Log: sh.log}
}

func (sh *shell) topicCreate() *cobra.Command {
	var c admin.TopicConfig
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a topic",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.Partitions == 0 || c.Replication == 0 {
				return fault.Inputf("--partitions and --replication: want 1 or more")
			}
			return sh.cluster().WithAdmin(cmd.Context(), func(a *admin.Admin) error {
				if err := a.CreateTopic(cmd.Context(), args[0], c); err != nil {
					return err
				}
				if sh.json {
					return sh.printJSON(map[string]any{"topic": args[0], "partitions": c.Partitions})
				}
				_, err := fmt.Fprintf(sh.out, "topic %s created\n", args[0])
				return err
			})
		},
	}
	flags := cmd.Flags()
	flags.Uint32Var(&c.Partitions, "partitions", 1, "number of partitions")
	flags.Uint32Var(&c.Replication, "replication", 1, "replicas of each partition")
	flags.DurationVar(&c.Retention, "retention-time", 0, "how long closed segments are kept; 0: the cluster's default")
	flags.Uint32Var(&c.SegmentSize, "segment-size", 0, "bytes of a segment; 0: the cluster's default")
	return sh.withEndpoint(cmd)
}

func (sh *shell) topicList() *cobra.Command {
	return sh.withEndpoint(&cobra.Command{
		Use:   "list",
		Short: "List topics",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return sh.showTopics(cmd) },
	})
}

func (sh *shell) topicDescribe() *cobra.Command {
	return sh.withEndpoint(&cobra.Command{
		Use:   "describe NAME",
		Short: "Show one topic",
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return sh.showTopics(cmd, args...) },
	})
}

func (sh *shell) showTopics(cmd *cobra.Command, names ...string) error {
	return sh.cluster().WithAdmin(cmd.Context(), func(a *admin.Admin) error {
		topics, err := a.Topics(cmd.Context(), names...)
		if err != nil {
			return err
		}
		for _, t := range topics {
			if err := sh.showTopic(t, len(names) > 0); err != nil {
				return err
			}
		}
		return nil
	})
}

func (sh *shell) topicDelete() *cobra.Command {
	return sh.withEndpoint(&cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a topic and its records",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return sh.cluster().WithAdmin(cmd.Context(), func(a *admin.Admin) error {
				if err := a.DeleteTopic(cmd.Context(), args[0]); err != nil {
					return err
				}
				if sh.json {
					return sh.printJSON(map[string]any{"topic": args[0], "deleted": true})
				}
				_, err := fmt.Fprintf(sh.out, "topic %s deleted\n", args[0])
				return err
			})
		},
	})
}

// shownTopic is a topic as JSON.
type shownTopic struct {
	Topic       string `json:"topic"`
	Partitions  int    `json:"partitions"`
	Replication int    `json:"replication"`
	Status      string `json:"status"`
}

// showTopic prints a topic on a line: its name, or with detail everything that is known.
func (sh *shell) showTopic(t admin.Topic, detail bool) error {
	if sh.json {
		return sh.printJSON(shownTopic{t.Name, t.Partitions, t.Replication, t.Status})
	}
	var err error
	if detail {
		_, err = fmt.Fprintf(sh.out, "name         %s\npartitions   %d\nreplication  %d\nstatus       %s\n", t.Name, t.Partitions, t.Replication, t.Status)
	} else {
		_, err = fmt.Fprintln(sh.out, t.Name)
	}
	return fault.EnvironmentError(err)
}
