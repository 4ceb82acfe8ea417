package command

import (
	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
)

func (sh *shell) smartmoduleCommand() *cobra.Command {
	return group(&cobra.Command{Use: "smartmodule", Short: "Create, list, describe, download and delete SmartModules"},
		sh.smartmoduleCreate(), sh.smartmoduleList(), sh.smartmoduleDescribe(), sh.smartmoduleDownload(), sh.smartmoduleDelete())
}

func (sh *shell) smartmoduleCreate() *cobra.Command {
	var file, packageFile string
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Upload a SmartModule, or replace it",
		Long: `Create uploads a wasm file. With --package, a SmartModule.toml, the cluster keeps it under NAME-GROUP-VERSION of the package, whatever
name is given here; producers and consumers then name it NAME, GROUP/NAME or GROUP/NAME@VERSION.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return app.CreateSmartModule(cmd.Context(), sh.cluster(), args[0], file, packageFile, sh.output())
		},
	}
	cmd.Flags().StringVar(&file, "wasm-file", "", "the wasm file (required)")
	cmd.Flags().StringVar(&packageFile, "package", "", "SmartModule.toml that describes it")
	_ = cmd.MarkFlagRequired("wasm-file") // fails only for a flag that does not exist
	return sh.withCluster(cmd)
}

func (sh *shell) smartmoduleList() *cobra.Command {
	var filter string
	cmd := &cobra.Command{
		Use:               "list",
		Short:             "List SmartModules, with the bytes that each takes compressed",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.ListSmartModules(cmd.Context(), sh.cluster(), filter, sh.output())
		},
	}
	cmd.Flags().StringVar(&filter, "filter", "", "only those that NAME, GROUP/NAME or GROUP/NAME@VERSION means")
	return sh.withCluster(cmd)
}

func (sh *shell) smartmoduleDescribe() *cobra.Command {
	return sh.withCluster(&cobra.Command{
		Use:               "describe NAME",
		Short:             "Show what is known of a SmartModule",
		ValidArgsFunction: sh.completeSmartModule,
		RunE: func(cmd *cobra.Command, args []string) error {
			return app.DescribeSmartModule(cmd.Context(), sh.cluster(), args[0], sh.output())
		},
	})
}

func (sh *shell) smartmoduleDownload() *cobra.Command {
	var file string
	var force bool
	cmd := &cobra.Command{
		Use:               "download NAME",
		Short:             "Write a SmartModule's code to a file",
		ValidArgsFunction: sh.completeSmartModule,
		RunE: func(cmd *cobra.Command, args []string) error {
			return app.DownloadSmartModule(cmd.Context(), sh.cluster(), args[0], file, force, sh.output())
		},
	}
	cmd.Flags().StringVarP(&file, "out", "o", "", "file to write, - for the output; default: the SmartModule's name and .wasm")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "replace a file that is there")
	return sh.withCluster(cmd)
}

func (sh *shell) smartmoduleDelete() *cobra.Command {
	var d app.DeleteConfig
	cmd := &cobra.Command{
		Use:               "delete NAME...",
		Short:             "Delete SmartModules",
		ValidArgsFunction: sh.completeSmartModules,
		RunE: func(cmd *cobra.Command, args []string) error {
			d.Names = args
			return app.DeleteSmartModules(cmd.Context(), sh.cluster(), d, sh.output())
		},
	}
	return sh.withDelete(cmd, &d)
}
