package command

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
)

func (sh *shell) connectorCommand() *cobra.Command {
	return group(&cobra.Command{Use: "connector", Short: "Show the connectors, and try the tables of a file"},
		sh.connectorList(), sh.connectorDescribe(), sh.connectorTest())
}

func (sh *shell) connectorList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the connectors",
		RunE: func(*cobra.Command, []string) error {
			return app.ListConnectors(app.Output{W: sh.out, JSON: sh.json})
		},
	}
}

func (sh *shell) connectorDescribe() *cobra.Command {
	return &cobra.Command{
		Use:   "describe NAME",
		Short: "Show what a connector is and which options its tables take",
		Long: `Describe shows a connector's roles, the deliveries of its sinks, its metadata columns and its options. With --json the options are a JSON
Schema for each role (draft 2020-12) of everything that a table of the connector takes, options of formats, framing and bad data among them:

    weir connector describe fluvio --json | jq .options.source > fluvio-source.schema.json`,
		ValidArgs: app.ConnectorNames(),
		RunE: func(_ *cobra.Command, args []string) error {
			return app.DescribeConnector(app.Output{W: sh.out, JSON: sh.json}, args[0])
		},
	}
}

func (sh *shell) connectorTest() *cobra.Command {
	var c app.TryTable
	cmd := &cobra.Command{
		Use:   "test FILE TABLE",
		Short: "Connect to what a table of a file is, and decode a sample of it",
		Long: `Test configures one table of a file of pipelines and connects. Of a source it reads the oldest records of each partition, --records at most, and decodes them
as a pipeline would; each row that cannot be decoded is printed, with its place, code, path and message, never a value. A sink is opened, and
asked where its partitions end. Nothing is written, and no offset is stored; a test of connector stdio reads standard input.

Exit codes: 0 it works, 2 the configuration is wrong or rows cannot be decoded, 3 what the table is cannot be reached.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.File, c.Table, c.Endpoint, c.Log = args[0], args[1], sh.endpoint, sh.log
			c.Streams = &app.Streams{In: sh.in, Out: sh.out, Err: sh.err}
			return c.Try(cmd.Context(), app.Output{W: sh.out, JSON: sh.json})
		},
	}
	cmd.PreRunE = func(*cobra.Command, []string) error {
		switch {
		case c.Records < 1:
			return fmt.Errorf("--records: want 1 or more, got %d", c.Records)
		case c.Wait <= 0:
			return fmt.Errorf("--wait: want more than 0, got %s", c.Wait)
		}
		return nil
	}
	flags := cmd.Flags()
	flags.Int64Var(&c.Records, "records", 10, "how many records of a source to decode at most, shared by its partitions")
	flags.DurationVar(&c.Wait, "wait", 5*time.Second, "how long all of it may take")
	suggest(cmd, "records")
	suggest(cmd, "wait")
	return sh.withEndpoint(cmd)
}
