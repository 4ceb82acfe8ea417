package command

import (
	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
	"github.com/weir-stream/weir/internal/fault"
)

func (sh *shell) configCommand() *cobra.Command {
	return group(&cobra.Command{Use: "config", Short: "About files of pipelines"}, &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of a file of pipelines in YAML",
		Long: `Schema prints the JSON Schema (draft 2020-12) of a YAML file of pipelines, which editors check and complete with. It
knows the connectors and formats of this build, and their options:

    weir config schema > weir.schema.json`,
		RunE: func(*cobra.Command, []string) error {
			_, err := sh.out.Write(app.ConfigSchema())
			return fault.EnvironmentError(err)
		},
	})
}
