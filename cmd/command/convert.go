package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/weir-stream/weir/host/app"
)

const convertRejects = `What is rejected goes to stderr or --rejects FILE, one a line: {"record":0,"frame":0,"code":"…","path":"…","message":"…"}, records counted
from 0. With --bad-data fail, the default, the first ends the command with code 2; with drop and dead_letter it goes on behind it. A line that
is longer than --max-line, or is not base64, is rejected too.

What has been read is printed as soon as nothing more is at hand, and when SIGINT or SIGTERM ends the command.`

func (sh *shell) decodeCommand() *cobra.Command {
	return sh.convert(app.Decode, &cobra.Command{
		Use:   "decode",
		Short: "Decode records of any format and print their rows",
		Long: `Decode reads records from stdin, one a line or, with --base64, one a line of base64, and prints their rows, one a line, as weir's JSON
sink writes them: columns in the schema's order, BYTEA as base64, DECIMAL as text. It is the path of a pipeline without a module. A row that JSON can't show, as of the year 10000, is rejected.

    echo '{"a":1.5,"b":"x"}' | weir decode --schema 'a DECIMAL(10,2), b TEXT'
    weir decode --format avro --option avro.registry=http://localhost:8081 --option avro.confluent_schema_registry=true --base64 < records

Without --schema the columns are those of the format's schema document, where it has one. ` + convertRejects,
	})
}

func (sh *shell) encodeCommand() *cobra.Command {
	return sh.convert(app.Encode, &cobra.Command{
		Use:   "encode",
		Short: "Encode rows as records of any format",
		Long: `Encode reads rows from stdin, one a line, as decode prints them, and prints the records that a sink of the format would write: one a line,
or, with --base64, which binary formats need, one a line of base64. Without it a record that holds a line feed, or has a carriage return at its
end, is rejected: read as lines it would be another one. The line feed of --framing newline or json_concat is the line's own.

    echo '{"a":"1.5","b":"x"}' | weir encode --schema 'a DECIMAL(10,2), b TEXT' --format avro --option avro.raw_datums=true --base64

` + convertRejects,
	})
}

func (sh *shell) convert(do func(context.Context, app.Convert) error, cmd *cobra.Command) *cobra.Command {
	var c app.Convert
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, drain, done := sh.signals(cmd)
		defer done()
		c.In, c.Out, c.Err, c.Log, c.Drain = sh.in, sh.out, sh.err, sh.log, drain
		return do(ctx, c)
	}
	flags := cmd.Flags()
	flags.StringVar(&c.Schema, "schema", "", "columns of the rows, as SQL: 'a BIGINT NOT NULL, b TEXT'; default: those of the format's schema document")
	flags.StringVar(&c.Format, "format", "", "format of the records; default: json")
	flags.StringVar(&c.Framing, "framing", "", "how a record is cut into frames: none, newline, delimiter, length, json_array or json_concat; default: none")
	flags.StringVar(&c.BadData, "bad-data", "", "what becomes of a bad record: fail, drop or dead_letter; default: fail")
	flags.StringVar(&c.MaxLine, "max-line", "", "bytes of a line that is read at most, such as 64MB; default: 16MB")
	flags.StringArrayVar(&c.Options, "option", nil, "KEY=VALUE, an option of a table for the format, its framing or bad data, such as json.timestamp_format=unix_millis; may be repeated")
	flags.BoolVar(&c.Base64, "base64", false, "records are lines of base64")
	flags.StringVar(&c.Rejects, "rejects", "", "file for what is rejected; default: standard error")
	suggest(cmd, "format", app.FormatNames()...)
	suggest(cmd, "framing", "none", "newline", "delimiter", "length", "json_array", "json_concat")
	suggest(cmd, "bad-data", "fail", "drop", "dead_letter")
	suggest(cmd, "schema")
	suggest(cmd, "option")
	suggest(cmd, "max-line")
	return drains(cmd)
}
