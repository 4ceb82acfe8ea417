package format

import (
	"slices"
	"strings"

	"github.com/weir-stream/weir/host/option"
)

// Registry is the formats there are, by name. A factory takes its format's options out of the bag, which keeps what is
// wrong with them.
type Registry map[string]func(options *option.Bag) Format

// Find takes the option format, which is required, and the options of the format it names out of a table's options. It
// returns nil where the bag now has an error.
func (r Registry) Find(options *option.Bag) Format {
	if _, ok := options.Peek("format"); !ok {
		options.Required("format") // for its error
		return nil
	}
	if v, _ := options.Peek("format"); refused[v.Text] != "" {
		options.Lookup("format")
		options.Reject("format", refused[v.Text])
		return nil
	}
	name := options.Enum("format", "", r.Names()...)
	if name == "" {
		return nil
	}
	f := r[name](options)
	r.others(options, name)
	return f
}

// others says of options that nobody took, and that begin with the name of another format, what they need.
func (r Registry) others(options *option.Bag, name string) {
	for _, key := range options.Keys() {
		prefix, _, _ := strings.Cut(key, ".")
		if r[prefix] != nil && prefix != name && !strings.HasSuffix(name, "_"+prefix) {
			options.Unread(key, "needs 'format' = "+option.Show(prefix))
		}
	}
}

// refused are formats that people look for, with what to take instead and why.
var refused = map[string]string{
	"parquet": "a format of single records, such as 'avro' or 'json': a Parquet file holds its rows column by column, and can be neither written nor read " +
		"before its last row is there, so it is made of a stream by what collects one",
}

// Names lists the formats, sorted.
func (r Registry) Names() []string {
	names := make([]string, 0, len(r))
	for name := range r {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
