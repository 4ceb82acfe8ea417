package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
)

func (sh *shell) schemaCommand() *cobra.Command {
	var s app.Schema
	cmd := &cobra.Command{
		Use:   "schema [FILE] [TABLE]",
		Short: "Print the columns of a table, or a schema document for them",
		Long: `Schema prints the columns that the rows of a table have, as SQL or, with --json, one object a line. Those that the format gives are among
them: where a table declares no columns they come from a schema document or a schema registry.

    weir schema pipelines.sql flights
    weir schema --format protobuf --option protobuf.file=flight.proto
    weir schema --format avro --option avro.confluent_schema_registry=true --option avro.registry=http://localhost:8081 --option avro.subject=flights-value

With --to it prints a schema document for the columns in their place:

    weir schema --to avro --schema 'carrier TEXT NOT NULL, dep_delay BIGINT'
    weir schema --to protobuf pipelines.sql flights

A document of json is of values as the table's options json.timestamp_format, json.decimal_encoding and so on have them written; that of avro follows
avro.record_name and avro.timestamp_nanos, that of protobuf protobuf.message. Where a column is JSON because no other type holds what a schema allows, the log says so.

Without FILE the columns are those of --schema, and of --format with its --options.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				s.File, s.Table = args[0], args[1]
			}
			s.Log = sh.log
			return s.Print(cmd.Context(), app.Output{W: sh.out, JSON: sh.json})
		},
	}
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return fmt.Errorf("%s: want TABLE after %s", cmd.CommandPath(), args[0])
		}
		for _, flag := range []string{"schema", "format", "option"} {
			if len(args) > 0 && cmd.Flags().Changed(flag) {
				return fmt.Errorf("--%s: the table of %s has its own", flag, args[0])
			}
		}
		return nil
	}
	flags := cmd.Flags()
	flags.StringVar(&s.Schema, "schema", "", "columns, as SQL: 'a BIGINT NOT NULL, b TEXT'; default: those of the format's schema document")
	flags.StringVar(&s.Format, "format", "json", "format of the records")
	flags.StringArrayVar(&s.Options, "option", nil, "KEY=VALUE, an option of a table for the format; may be repeated")
	flags.StringVar(&s.To, "to", "", "print a schema document for the columns: avro, json or protobuf")
	suggest(cmd, "schema")
	suggest(cmd, "format", app.FormatNames()...)
	suggest(cmd, "option")
	suggest(cmd, "to", app.DocumentNames()...)
	return cmd
}
