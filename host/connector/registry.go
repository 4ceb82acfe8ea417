package connector

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weir-stream/weir/host/option"
)

// Registry is the connectors there are, by name.
type Registry map[string]Connector

// Find takes the option connector out of a table's options and returns the connector it names.
func (r Registry) Find(options *option.Bag) (Connector, error) {
	at := options.Pos()
	if v, ok := options.Peek("connector"); ok {
		at = v.Pos
	}
	name := options.Required("connector")
	if name == "" {
		return nil, fmt.Errorf("%w; known connectors are %s", options.Err(), option.ShowAll(r.Names()))
	}
	if c, ok := r[name]; ok {
		return c, nil
	}
	return nil, r.unknown(at, name)
}

// Names lists the connectors, sorted.
func (r Registry) Names() []string {
	names := make([]string, 0, len(r))
	for name := range r {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r Registry) unknown(at option.Pos, name string) error {
	names := r.Names()
	hint := ""
	if near, ok := option.Nearest(name, names); ok {
		hint = "; did you mean " + option.Show(near) + "?"
	}
	return at.Errorf("unknown connector %s, known are %s%s", option.Show(name), option.ShowAll(names), hint)
}

// RoleOption takes the option type out of a table's options and returns the role it names, which must be one of the
// connector's.
func RoleOption(c Connector, options *option.Bag) (Role, error) {
	v, ok := options.Lookup("type")
	at := v.Pos
	if !ok {
		at = options.Pos()
	}
	var names []string
	for _, role := range c.Roles() {
		if v.Quoted && v.Text == role.String() {
			return role, nil
		}
		names = append(names, option.Show(role.String()))
	}
	want := fmt.Sprintf("type must be %s for connector %s", strings.Join(names, " or "), option.Show(c.Name()))
	if !ok {
		return 0, at.Errorf("%s, and it is not set", want)
	}
	return 0, at.Errorf("%s, got %s", want, v)
}

// Declared is a metadata column as a table declares it.
type Declared struct {
	Name string // the column's
	Key  string // of METADATA FROM
	Type string // as config.TypeName spells it
	Pos  option.Pos
}

// CheckMetadata checks the metadata columns of a table that is a source: that the connector offers them, and with one of
// its types. It reports every column that is wrong, one a line.
func CheckMetadata(c Connector, table string, columns []Declared) error {
	offered := map[string][]string{}
	var keys []string
	for _, m := range c.Metadata() {
		offered[m.Name] = m.Types
		keys = append(keys, m.Name)
	}
	var errs []error
	for _, d := range columns {
		types, ok := offered[d.Key]
		switch {
		case !ok && len(keys) == 0:
			errs = append(errs, d.Pos.Errorf("unknown metadata field %s for %s connector %s; it offers none",
				option.Show(d.Key), c.Name(), option.Show(table)))
		case !ok:
			errs = append(errs, d.Pos.Errorf("unknown metadata field %s for %s connector %s; it offers %s",
				option.Show(d.Key), c.Name(), option.Show(table), option.ShowAll(keys)))
		case !slices.Contains(types, d.Type):
			errs = append(errs, d.Pos.Errorf("incorrect data type for metadata field %s; expected %s, but found %s",
				option.Show(d.Name), strings.Join(types, " or "), d.Type))
		}
	}
	return errors.Join(errs...)
}
