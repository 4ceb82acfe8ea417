package command

import (
	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/host/app"
)

func (sh *shell) spuCommand() *cobra.Command {
	return group(&cobra.Command{Use: "spu", Short: "List, register and unregister SPUs"}, sh.spuList(), sh.spuRegister(), sh.spuUnregister())
}

func (sh *shell) spuList() *cobra.Command {
	var custom bool
	cmd := &cobra.Command{
		Use:               "list",
		Short:             "List SPUs",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.ListSPUs(cmd.Context(), sh.cluster(), custom, sh.output())
		},
	}
	cmd.Flags().BoolVar(&custom, "custom", false, "only those that the cluster does not start itself")
	return sh.withCluster(cmd)
}

func (sh *shell) spuRegister() *cobra.Command {
	var s admin.CustomSPU
	cmd := &cobra.Command{
		Use:               "register",
		Short:             "Tell the cluster of an SPU that it does not start itself",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.RegisterSPU(cmd.Context(), sh.cluster(), s, sh.output())
		},
	}
	flags := cmd.Flags()
	flags.Int32VarP(&s.ID, "id", "i", 0, "id of the SPU (required)")
	flags.StringVarP(&s.Name, "name", "n", "", "its name; default: custom-spu-ID")
	flags.StringVarP(&s.Rack, "rack", "r", "", "name of its rack")
	flags.StringVarP(&s.PublicEndpoint, "public-server", "p", "", "HOST:PORT for clients (required)")
	flags.StringVarP(&s.LocalEndpoint, "public-server-local", "l", "", "HOST:PORT for clients in its own network")
	flags.StringVarP(&s.PrivateEndpoint, "private-server", "v", "", "HOST:PORT for other SPUs (required)")
	for _, flag := range []string{"id", "public-server", "private-server"} {
		_ = cmd.MarkFlagRequired(flag) // fails only for a flag that does not exist
	}
	return sh.withCluster(cmd)
}

func (sh *shell) spuUnregister() *cobra.Command {
	var name string
	var id int32
	cmd := &cobra.Command{
		Use:               "unregister",
		Short:             "Make the cluster forget an SPU that it does not start itself",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.UnregisterSPU(cmd.Context(), sh.cluster(), name, id, sh.output())
		},
	}
	cmd.Flags().Int32VarP(&id, "id", "i", 0, "id of the SPU")
	cmd.Flags().StringVarP(&name, "name", "n", "", "or its name")
	cmd.MarkFlagsOneRequired("id", "name")
	cmd.MarkFlagsMutuallyExclusive("id", "name")
	return sh.withCluster(cmd)
}
