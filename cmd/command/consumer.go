package command

import (
	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/host/app"
)

func (sh *shell) consumerCommand() *cobra.Command {
	return group(&cobra.Command{Use: "consumer", Short: "List and delete the offsets that consumers have stored"},
		sh.consumerList(), sh.consumerDelete())
}

func (sh *shell) consumerList() *cobra.Command {
	return sh.withCluster(&cobra.Command{
		Use:               "list",
		Short:             "List consumers and the last offset that each has processed",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.ListConsumers(cmd.Context(), sh.cluster(), sh.output())
		},
	})
}

func (sh *shell) consumerDelete() *cobra.Command {
	var filter fluvio.ConsumerOffsetFilter
	var partition uint32
	cmd := &cobra.Command{
		Use:               "delete CONSUMER",
		Short:             "Forget the offsets of a consumer: all, those of a topic, or one",
		ValidArgsFunction: sh.completeConsumer,
		RunE: func(cmd *cobra.Command, args []string) error {
			filter.ID = args[0]
			if cmd.Flags().Changed("partition") {
				filter.Partition = &partition
			}
			return app.DeleteConsumers(cmd.Context(), sh.cluster(), filter, sh.output())
		},
	}
	cmd.Flags().StringVarP(&filter.Topic, "topic", "t", "", "of this topic only")
	cmd.Flags().Uint32VarP(&partition, "partition", "p", 0, "of this partition of the topic only")
	needs(cmd, "topic", "partition")
	sh.suggestTopics(cmd, "topic")
	return sh.withCluster(cmd)
}
