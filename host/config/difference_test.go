package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weir-stream/weir/host/config"
	"github.com/weir-stream/weir/internal/fault"
)

const before = `CREATE TABLE t (a TEXT, b BIGINT NOT NULL, o BIGINT METADATA FROM 'offset') WITH (type = 'source', topic = '${TOPIC}');
CREATE TABLE s (a TEXT) WITH (type = 'sink');
CREATE TABLE s2 (a TEXT) WITH (type = 'sink');
CREATE FUNCTION f LANGUAGE wasm AS 'f.wasm' WITH (p = 'x', 'weir.fuel' = 5, 'weir.on_error' = 'fail');
CREATE FUNCTION g LANGUAGE wasm AS 'g.wasm';
INSERT INTO s SELECT a FROM f(t);
INSERT INTO s2 SELECT a FROM f(t) OUTPUT 'late';
CREATE PIPELINE named AS INSERT INTO s SELECT * FROM s2x;
CREATE TABLE s2x (a TEXT) WITH (type = 'source');
`

// TestDifferences replaces one text of a file by another.
func TestDifferences(t *testing.T) {
	for name, tc := range map[string]struct{ old, now, want string }{
		"nothing":              {"", "", ""},
		"comments and space":   {"CREATE FUNCTION f", "-- new\n\n  create  function f /* f */", ""},
		"a limit":              {"'weir.fuel' = 5", "'weir.fuel' = '6'", ""},
		"a limit less":         {"'weir.fuel' = 5, ", "", ""},
		"a limit more":         {"p = 'x',", "p = 'x', weir.fuel_per_second = 7,", ""},
		"the environment":      {"${TOPIC}", "flights", ""},
		"a parameter":          {"p = 'x'", "p = 'y'", "f.sql:4:55: function 'f': option 'p' is not as it was"},
		"a parameter's quotes": {"p = 'x'", "p = 1", "f.sql:4:55: function 'f': option 'p' is not as it was"},
		"a parameter less":     {"p = 'x', ", "", "f.sql:4:17: function 'f': option 'p' is gone"},
		"a parameter more":     {"p = 'x'", "p = 'x', q = 2", "f.sql:4:64: function 'f': option 'q' is new"},
		"another option":       {"'fail'", "'isolate'", "f.sql:4:95: function 'f': option 'weir.on_error' is not as it was"},
		"the module":           {"'f.wasm'", "'h.wasm'", "f.sql:4:36: function 'f': the module was 'dir/f.wasm'"},
		"a function less":      {"CREATE FUNCTION g LANGUAGE wasm AS 'g.wasm';\n", "", "f.sql: function 'g' is gone"},
		"a function's name":    {"FUNCTION g", "FUNCTION h", "f.sql:5:17: function 'h' is new\nf.sql: function 'g' is gone"},
		"a topic":              {"${TOPIC}", "others", "f.sql:1:108: table 't': option 'topic' is not as it was"},
		"a column's type":      {"b BIGINT", "b INT", "f.sql:1:25: table 't': column 'b' is not as it was"},
		"a column less":        {", o BIGINT METADATA FROM 'offset'", "", "f.sql:1:14: table 't': column 'o' is gone"},
		"a column more":        {"s2 (a TEXT", "s2 (a TEXT, c TEXT", "f.sql:3:26: table 's2': column 'c' is not as it was"},
		"null":                 {" NOT NULL", "", "f.sql:1:25: table 't': column 'b' is not as it was"},
		"a primary key":        {"b BIGINT NOT NULL", "b BIGINT PRIMARY KEY", "f.sql:1:25: table 't': column 'b' is not as it was"},
		"all columns less":     {"s2 (a TEXT)", "s2", "f.sql:3:14: table 's2': column 'a' is gone"},
		"metadata":             {"'offset'", "'partition'", "f.sql:1:44: table 't': column 'o' is not as it was"},
		"the call":             {"SELECT a FROM f(t);", "SELECT a FROM g(f(t));", "f.sql:6:1: pipeline 's': what it reads is not as it was\nf.sql:6:1: pipeline 's': what it wrote into 's2' is gone\nf.sql:7:1: pipeline 's2' is new"},
		"the columns":          {"s SELECT a", "s SELECT *", "f.sql:6:13: pipeline 's': what it writes into 's' is not as it was"},
		"the output":           {"'late'", "'early'", "f.sql:7:13: pipeline 's': what it writes into 's2' is not as it was"},
		"the source":           {"* FROM s2x", "* FROM t", "f.sql:8:1"},
		"a pipeline's name":    {"PIPELINE named", "PIPELINE other", "f.sql:8:17: pipeline 'other' is new\nf.sql: pipeline 'named' is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			got := difference(t, strings.Replace(before, tc.old, tc.now, 1))
			if tc.want == "" && got != nil || tc.want != "" && (fault.Of(got) != fault.Input || !strings.HasPrefix(got.Error(), "dir/f.sql")) {
				t.Fatal(got)
			}
			if got != nil && !strings.Contains(strings.ReplaceAll(got.Error(), "dir/f.sql", "f.sql"), tc.want) {
				t.Errorf("%v, want\n%s", got, tc.want)
			}
		})
	}
}

// difference is that of sql from before; or sql's own mistake.
func difference(t *testing.T, sql string) error {
	t.Helper()
	was, err := config.Parse("dir/f.sql", []byte(before), environment)
	if err != nil {
		t.Fatal(err)
	}
	is, err := config.Parse("dir/f.sql", []byte(sql), environment)
	if err != nil {
		return err
	}
	return is.Difference(was, func(option string) bool { return strings.HasPrefix(option, "weir.fuel") })
}

// TestTheOrderIsNoDifference has the definitions the other way round.
func TestTheOrderIsNoDifference(t *testing.T) {
	statements := strings.SplitAfter(strings.TrimSpace(before), ";\n")
	definitions := slices.Clone(statements[:5])
	slices.Reverse(definitions)
	if got := difference(t, statements[7]+strings.Join(append(definitions, statements[5:7]...), "")+statements[8]); got != nil {
		t.Error(got)
	}
}

// TestDifferencesAreBounded has more of them than are told.
func TestDifferencesAreBounded(t *testing.T) {
	sql := before
	for i := range 50 {
		sql += fmt.Sprintf("CREATE TABLE more%d (a TEXT) WITH ();\n", i)
	}
	if got := difference(t, sql); got == nil || strings.Count(got.Error(), "\n") != 19 {
		t.Error(got)
	}
}
