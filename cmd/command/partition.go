package command

import (
	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

func (sh *shell) partitionCommand() *cobra.Command {
	return group(&cobra.Command{Use: "partition", Short: "List partitions"}, sh.partitionList())
}

func (sh *shell) partitionList() *cobra.Command {
	var system bool
	cmd := &cobra.Command{
		Use:               "list [TOPIC...]",
		Short:             "List the partitions of all topics, or of some",
		ValidArgsFunction: sh.completeTopics,
		RunE: func(cmd *cobra.Command, args []string) error {
			if system && len(args) > 0 {
				return fault.Inputf("--system: want no topics with it; a system topic can be named without")
			}
			return app.ListPartitions(cmd.Context(), sh.cluster(), args, system, sh.output())
		},
	}
	cmd.Flags().BoolVarP(&system, "system", "s", false, "list those of the system's topics in place of the others")
	return sh.withCluster(cmd)
}
