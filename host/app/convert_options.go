package app

import (
	"errors"

	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
	"github.com/weir-stream/weir/host/option"
)

// given is what the user says of a conversion, each option at the flag that it is from.
type given struct {
	options *option.Bag
	policy  format.Policy
	maxLine option.Value // no text: not given
}

const maxLineOption = "line.max_length"

// options takes the options of flags and of --option.
func (c *Convert) options() (*given, error) {
	g := &given{options: option.New(option.Pos{File: "--option"})}
	for _, flag := range []struct{ key, name, value string }{
		{"format", "--format", c.Format}, {"framing", "--framing", c.Framing}, {"bad_data", "--bad-data", c.BadData}, {maxLineOption, "--max-line", c.MaxLine},
	} {
		if flag.value == "" {
			continue
		}
		if err := setAll(g.options, option.Pos{File: flag.name}, map[string]string{flag.key: flag.value}); err != nil {
			return nil, err
		}
	}
	if err := setPairs(g.options, "--option", c.Options); err != nil {
		return nil, err
	}
	for _, other := range []struct{ key, why string }{
		{"connector", "records are lines of text here"}, {"type", "weir decode reads, and weir encode writes"},
		{"bad_data.topic", "what is rejected goes to stderr, or to the file of --rejects"}, {"line.encoding", "use --base64"},
	} {
		if v, ok := g.options.Peek(other.key); ok {
			return nil, v.Pos.Errorf("option %s is none of this command: %s", option.Show(other.key), other.why)
		}
	}
	names := []string{format.Fail.String(), format.Drop.String(), format.DeadLetter.String()}
	switch g.options.Enum("bad_data", names[0], names...) {
	case names[1]:
		g.policy = format.Drop
	case names[2]:
		g.policy = format.DeadLetter
	}
	g.maxLine, _ = g.options.Lookup(maxLineOption)
	return g, g.options.Err()
}

// source makes the table that records are read as. Of those that are rejected all are told, so that they are dead letters.
func (c *Convert) source(g *given, columns []config.Column) (*config.Table, error) {
	own := map[string]string{"type": connector.RoleSource.String()}
	if g.policy != format.Fail {
		own["bad_data"], own["bad_data.topic"] = format.DeadLetter.String(), rigRejected
	}
	if c.Base64 {
		own["line.encoding"] = "base64"
	}
	t, err := c.table(convertInput, columns, g.options, own)
	return t, errors.Join(err, g.limitLines(t))
}

// sink makes the table that rows are written as.
func (c *Convert) sink(g *given, columns []config.Column) (*config.Table, error) {
	return c.table(convertOutput, columns, g.options, map[string]string{"type": connector.RoleSink.String()})
}

// limitLines sets how long a line may be that a table reads.
func (g *given) limitLines(t *config.Table) error {
	if g.maxLine.Text == "" {
		return nil
	}
	return t.Options.Set(maxLineOption, g.maxLine.Pos, g.maxLine)
}

// table makes a table of options that are given and of its own.
func (c *Convert) table(name string, columns []config.Column, given *option.Bag, own map[string]string) (*config.Table, error) {
	at := option.Pos{File: "--schema"}
	if c.Schema == "" && len(c.Options) > 0 { // they may say where the columns come from
		at = option.Pos{File: "--option"}
	}
	t := &config.Table{Name: name, Pos: at, Columns: columns, Options: given.Clone()}
	own["connector"] = localName
	if _, ok := given.Peek("format"); !ok {
		own["format"] = "json"
	}
	return t, setAll(t.Options, at, own)
}

// columns are those of --schema.
func (c *Convert) columns() ([]config.Column, error) {
	if c.Schema == "" {
		return nil, nil
	}
	return config.ParseColumns(c.Schema)
}
