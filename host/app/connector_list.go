package app

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/weir-stream/weir/host/builtin"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// listedConnector is a connector in a list.
type listedConnector struct {
	Name        string   `json:"name"`
	Roles       []string `json:"roles"`
	Description string   `json:"description"`
}

func listed(c connector.Connector) listedConnector {
	l := listedConnector{Name: c.Name(), Description: c.Describe().Summary}
	for _, role := range c.Roles() {
		l.Roles = append(l.Roles, role.String())
	}
	return l
}

// ListConnectors prints which connectors there are.
func ListConnectors(o Output) error {
	var all []listedConnector
	connectors := builtin.Connectors()
	for _, name := range connectors.Names() {
		all = append(all, listed(connectors[name]))
	}
	return printList(o, all, []column[listedConnector]{
		{"NAME", func(l listedConnector) string { return l.Name }},
		{"ROLES", func(l listedConnector) string { return strings.Join(l.Roles, ", ") }},
		{"DESCRIPTION", func(l listedConnector) string { return l.Description }},
	})
}

// ConnectorNames are the connectors that there are, sorted.
func ConnectorNames() []string { return builtin.Connectors().Names() }

// describedConnector is all that is known of a connector.
type describedConnector struct {
	listedConnector
	Metadata []describedColumn `json:"metadata"`
	Delivery []string          `json:"delivery"` // of sinks, the default first
	Formats  []string          `json:"formats"`
	// Options are JSON Schemas of a table's options, by role, those of formats, framing and bad data among them.
	Options map[string]map[string]any `json:"options"`
}

type describedColumn struct {
	Name  string   `json:"name"`
	Types []string `json:"types"`
}

// DescribeConnector prints what a connector is and takes.
func DescribeConnector(o Output, name string) error {
	connectors := builtin.Connectors()
	c, ok := connectors[name]
	if !ok {
		hint := ""
		if near, ok := option.Nearest(name, connectors.Names()); ok {
			hint = "; did you mean " + near + "?"
		}
		return fault.Inputf("unknown connector %s, known are %s%s", option.Show(name), option.ShowAll(connectors.Names()), hint)
	}
	d := describedConnector{listedConnector: listed(c), Formats: FormatNames(), Options: map[string]map[string]any{}}
	for _, m := range c.Metadata() {
		d.Metadata = append(d.Metadata, describedColumn(m))
	}
	for _, delivery := range c.Describe().Deliveries {
		d.Delivery = append(d.Delivery, delivery.String())
	}
	for _, role := range c.Roles() {
		d.Options[role.String()] = option.JSONSchema(tableOptions(c, role))
	}
	if o.JSON {
		return o.printJSON(d)
	}
	return d.print(o.W, c)
}

func (d *describedConnector) print(out io.Writer, c connector.Connector) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0) // its errors come with Flush
	fmt.Fprintf(w, "name\t%s\ndescription\t%s\nroles\t%s\ndelivery\t%s, the first by default\nformats\t%s\n",
		d.Name, d.Description, strings.Join(d.Roles, ", "), strings.Join(d.Delivery, ", "), strings.Join(d.Formats, ", "))
	for i, m := range d.Metadata {
		label := ""
		if i == 0 {
			label = "metadata"
		}
		fmt.Fprintf(w, "%s\tMETADATA FROM '%s'  %s\n", label, m.Name, strings.Join(m.Types, ", "))
	}
	description := c.Describe()
	for _, role := range c.Roles() {
		fmt.Fprintf(w, "\n%s options\n", role)
		printSpecs(w, append(slices.Clone(description.Options(role)), roleOptions(&description, role)...))
	}
	source, _ := builtin.FramingOptions()
	fmt.Fprintf(w, "\nframing of every connector\n")
	printSpecs(w, source)
	fmt.Fprintf(w, "\noptions of formats are among those that --json prints\n")
	return fault.EnvironmentError(w.Flush())
}

func printSpecs(w io.Writer, specs []option.Spec) {
	for _, s := range specs {
		value := s.Type.String()
		if s.Type == option.Word {
			value = strings.Join(s.Values, "|")
		}
		switch {
		case s.Required:
			value += ", required"
		case s.Default != "":
			value += ", default " + s.Default
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", s.Key, value, s.Help)
	}
}

// roleOptions are those that a table of any connector has in a role, beside framing.
func roleOptions(d *connector.Description, role connector.Role) []option.Spec {
	if role == connector.RoleSource {
		return append(builtin.BadDataOptions(), option.Spec{
			Key: "source.pruning", Type: option.Boolean, Default: "true", Help: "check columns that nothing reads, and do not store them",
		})
	}
	specs := []option.Spec{
		{Key: "passthrough", Type: option.Boolean, Default: "false", Help: "fields of records that the sink does not declare go with them"},
		{Key: "sink.verbatim", Type: option.Boolean, Default: "true", Help: "records that are the sink's already go out as they came"},
		{Key: "sink.patching", Type: option.Boolean, Default: "true", Help: "fields of records that stay go out as they came"},
	}
	if d.Keys {
		specs = append(specs, option.Spec{Key: "sink.key_field", Type: option.Text, Help: "the TEXT column that becomes the key of a record"})
	}
	return specs
}

// tableOptions are all that a table of a connector takes in a role.
func tableOptions(c connector.Connector, role connector.Role) []option.Spec {
	d := c.Describe()
	specs := []option.Spec{
		{Key: "connector", Type: option.Word, Values: []string{c.Name()}, Required: true, Help: d.Summary},
		{Key: "type", Type: option.Word, Values: []string{role.String()}, Required: true, Help: "whether the table is read or written"},
		{Key: "format", Type: option.Word, Values: FormatNames(), Required: true, Help: "what a frame is"},
	}
	specs = append(append(specs, d.Options(role)...), roleOptions(&d, role)...)
	source, sink := builtin.FramingOptions()
	if role == connector.RoleSource {
		specs = append(specs, source...)
	} else {
		specs = append(specs, sink...)
	}
	formats := builtin.FormatOptions()
	for _, name := range FormatNames() {
		for _, s := range formats[name] {
			if s.Key != "json.strict" || role == connector.RoleSource { // nothing is written leniently
				specs = merge(specs, s)
			}
		}
	}
	return specs
}

// merge adds an option. One that formats share has no default where theirs are not the same.
func merge(specs []option.Spec, s option.Spec) []option.Spec {
	i := slices.IndexFunc(specs, func(known option.Spec) bool { return known.Key == s.Key })
	if i < 0 {
		return append(specs, s)
	}
	if specs[i].Default != s.Default {
		specs[i].Default = ""
	}
	return specs
}
