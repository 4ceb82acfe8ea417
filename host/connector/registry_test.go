package connector_test

import (
	"fmt"
	"testing"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// described is a connector as far as planning sees it.
type described struct {
	connector.Connector
	name     string
	roles    []connector.Role
	metadata []connector.Column
}

func (d described) Name() string                 { return d.name }
func (d described) Roles() []connector.Role      { return d.roles }
func (d described) Metadata() []connector.Column { return d.metadata }

var both = []connector.Role{connector.RoleSource, connector.RoleSink}

func options(t *testing.T, pairs ...string) *option.Bag {
	t.Helper()
	b := option.New(option.Pos{File: "f.sql", Line: 1, Col: 14})
	for i := 0; i < len(pairs); i += 2 {
		v := option.Value{Text: pairs[i+1], Quoted: true, Pos: option.Pos{File: "f.sql", Line: 2 + i/2, Col: 9}}
		if err := b.Set(pairs[i], option.Pos{File: "f.sql", Line: 2 + i/2, Col: 1}, v); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if fmt.Sprint(err) != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err != nil && fault.Of(err) != fault.Input {
		t.Errorf("%v has class %d, want input", err, fault.Of(err))
	}
}

func TestFindNamesTheConnectorsThereAre(t *testing.T) {
	registry := connector.Registry{"fluvio": described{name: "fluvio"}, "file": described{name: "file"}}
	for _, tc := range []struct{ value, err string }{
		{"fluvio", "<nil>"},
		{"kafka", "f.sql:2:9: unknown connector 'kafka', known are 'file', 'fluvio'"},
		{"fluvoi", "f.sql:2:9: unknown connector 'fluvoi', known are 'file', 'fluvio'; did you mean 'fluvio'?"},
		{"", "f.sql:2:9: option 'connector': want text in single quotes, not empty, got ''; known connectors are 'file', 'fluvio'"},
	} {
		c, err := registry.Find(options(t, "connector", tc.value))
		wantError(t, err, tc.err)
		if err == nil && c.Name() != tc.value {
			t.Errorf("found %s for %s", c.Name(), tc.value)
		}
	}
	_, err := registry.Find(options(t))
	wantError(t, err, "f.sql:1:14: required option 'connector' is not set; known connectors are 'file', 'fluvio'")
}

func TestTypeMustBeARoleOfTheConnector(t *testing.T) {
	for _, tc := range []struct {
		roles []connector.Role
		pairs []string
		role  connector.Role
		err   string
	}{
		{both, []string{"type", "source"}, connector.RoleSource, "<nil>"},
		{both, []string{"type", "sink"}, connector.RoleSink, "<nil>"},
		{both, []string{"type", "Sink"}, 0, "f.sql:2:9: type must be 'source' or 'sink' for connector 'fluvio', got 'Sink'"},
		{both, nil, 0, "f.sql:1:14: type must be 'source' or 'sink' for connector 'fluvio', and it is not set"},
		{both[1:], []string{"type", "source"}, 0, "f.sql:2:9: type must be 'sink' for connector 'fluvio', got 'source'"},
	} {
		role, err := connector.RoleOption(described{name: "fluvio", roles: tc.roles}, options(t, tc.pairs...))
		wantError(t, err, tc.err)
		if role != tc.role {
			t.Errorf("%v: role %v, want %v", tc.pairs, role, tc.role)
		}
	}
}

func TestMetadataColumnsAreChecked(t *testing.T) {
	fluvio := described{name: "fluvio", metadata: []connector.Column{
		{Name: "offset", Types: []string{"BIGINT"}}, {Name: "timestamp", Types: []string{"TIMESTAMP", "TIMESTAMP(3)"}}}}
	at := func(line int) option.Pos { return option.Pos{File: "f.sql", Line: line, Col: 5} }
	for _, tc := range []struct {
		c       connector.Connector
		columns []connector.Declared
		err     string
	}{
		{fluvio, nil, "<nil>"},
		{fluvio, []connector.Declared{{"o", "offset", "BIGINT", at(1)}, {"o2", "offset", "BIGINT", at(2)}, {"t", "timestamp", "TIMESTAMP(3)", at(3)}}, "<nil>"},
		{fluvio, []connector.Declared{{"o", "ofset", "BIGINT", at(1)}, {"t", "timestamp", "BIGINT", at(2)}},
			"f.sql:1:5: unknown metadata field 'ofset' for fluvio connector 'flights'; it offers 'offset', 'timestamp'\n" +
				"f.sql:2:5: incorrect data type for metadata field 't'; expected TIMESTAMP or TIMESTAMP(3), but found BIGINT"},
		{described{name: "stdio"}, []connector.Declared{{"o", "offset", "BIGINT", at(1)}},
			"f.sql:1:5: unknown metadata field 'offset' for stdio connector 'flights'; it offers none"},
	} {
		wantError(t, connector.CheckMetadata(tc.c, "flights", tc.columns), tc.err)
	}
}
