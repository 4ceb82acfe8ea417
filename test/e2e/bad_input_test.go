package e2e

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBadConfigurationIsCodeTwoWithThePlace runs SQL with one thing wrong each.
func TestBadConfigurationIsCodeTwoWithThePlace(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "flights", 1)
	c.topic(t, "late", 1)
	good := pipelineSQL("", "", "")
	dir := t.TempDir()
	notWasm := filepath.Join(dir, "not.wasm")
	component := filepath.Join(dir, "component.wasm")
	noMarker := filepath.Join(dir, "nomarker.wasm")
	for path, content := range map[string]string{
		notWasm: "#!/bin/sh\n", component: "\x00asm\x0d\x00\x01\x00", noMarker: "\x00asm\x01\x00\x00\x00",
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct{ sql, want string }{
		"typo":                  {strings.Replace(good, "CREATE TABLE late", "CREATE TABEL late", 1), "late.sql:3:"},
		"unknown option":        {strings.Replace(good, "topic = 'late'", "topic = 'late', topik = 'x'", 1), "topik"},
		"wrong type":            {strings.Replace(good, "dep_delay BIGINT, delay_class", "dep_delay TEXT, delay_class", 1), "dep_delay"},
		"unknown type":          {strings.Replace(good, "carrier TEXT", "carrier BLOB", 1), "BLOB"},
		"too few columns":       {strings.Replace(good, "SELECT carrier, ", "SELECT ", 1), "columns"},
		"unknown column":        {strings.Replace(good, "SELECT carrier, ", "SELECT carier, ", 1), "carier"},
		"missing module":        {strings.Replace(good, lateFlights, "nothing.wasm", 1), "nothing.wasm"},
		"not wasm":              {strings.Replace(good, lateFlights, notWasm, 1), "not WebAssembly"},
		"component":             {strings.Replace(good, lateFlights, component, 1), "component"},
		"no marker":             {strings.Replace(good, lateFlights, noMarker, 1), "weir_abi_v1"},
		"column absent":         {strings.Replace(good, "dep_delay BIGINT, time_hour", "delay BIGINT, time_hour", 1), "dep_delay"},
		"bad parameter":         {strings.Replace(good, "min_delay = '60'", "min_delay = 'soon'", 1), "min_delay"},
		"no parameter":          {strings.Replace(good, "min_delay = '60'", "min_dely = '60'", 1), "min_dely"},
		"no format":             {strings.Replace(good, ", format = 'json'", "", 1), "format"},
		"where":                 {strings.Replace(good, "FROM late_flights(flights)", "FROM late_flights(flights) WHERE dep_delay > 60", 1), "late.sql:5:"},
		"nothing to run":        {strings.Split(good, "CREATE TABLE late")[0], "nothing to run"},
		"unknown metadata":      {strings.Replace(good, "carrier TEXT", "carrier TEXT, o BIGINT METADATA FROM 'ofset'", 1), "ofset"},
		"letters to the source": {strings.Replace(good, "topic = 'flights',", "topic = 'flights', bad_data = 'dead_letter', 'bad_data.topic' = 'flights',", 1), "what the pipeline reads"},
		"letters' name":         {strings.Replace(good, "min_delay = '60'", "min_delay = '60', weir.error_topic = 'bx_dl'", 1), "late.sql:4:"},
		"delivery":              {strings.Replace(good, "topic = 'late'", "topic = 'late', delivery = 'exactly'", 1), "delivery"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.sql == good {
				t.Fatal("the case changes nothing")
			}
			for _, how := range []string{"--until-end", "--explain"} {
				r := weir(t, nil, "run", file(t, "late.sql", tc.sql), how, "--endpoint", c.sc)
				if r.code != 2 || !strings.Contains(r.errOut, tc.want) || r.out != "" {
					t.Errorf("%s: code %d, want 2 with %q in:\n%s", how, r.code, tc.want, r.errOut)
				}
			}
		})
	}
}

// TestExactlyOnceNeedsAFolder has a run without one; to explain takes none.
func TestExactlyOnceNeedsAFolder(t *testing.T) {
	t.Parallel()
	sql := file(t, "late.sql", strings.Replace(pipelineSQL("", "", ""), "topic = 'late'", "topic = 'late', delivery = 'exactly_once'", 1))
	if r := weir(t, nil, "run", sql, "--until-end", "--endpoint", freePort(t)); r.code != 2 || !strings.Contains(r.errOut, "--state") {
		t.Errorf("code %d, want 2 and a word about --state\n%s", r.code, r.errOut)
	}
	must(t, nil, "run", sql, "--explain")
}

func TestEnvironmentIsCodeThree(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "flights", 1)
	sql := file(t, "late.sql", pipelineSQL("", "", ""))
	free := freePort(t)
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"unknown topic":           {[]string{"run", sql, "--endpoint", c.sc, "--until-end"}, "late"},
		"unknown topic, produce":  {[]string{"produce", "none", "--endpoint", c.sc}, "weir topic create"},
		"unknown topic, consume":  {[]string{"consume", "none", "--endpoint", c.sc}, "weir topic create"},
		"unknown topic, with end": {[]string{"consume", "none", "--end", "3", "--endpoint", c.sc}, "weir topic create"},
		"unknown topic, delete":   {[]string{"topic", "delete", "none", "--endpoint", c.sc}, "weir topic list"},
		"an SPU's address":        {[]string{"topic", "list", "--endpoint", c.spu}, "the SC's is wanted"},
		"broker down":             {[]string{"run", sql, "--endpoint", free, "--retry-budget", "300ms"}, free},
		"port taken":              {[]string{"broker", "--data", t.TempDir(), "--sc", c.sc, "--spu", "127.0.0.1:0"}, c.sc},
		"data folder locked":      {[]string{"broker", "--data", c.dir, "--sc", "127.0.0.1:0", "--spu", "127.0.0.1:0"}, c.dir},
	} {
		t.Run(name, func(t *testing.T) {
			r := weir(t, nil, tc.args...)
			if r.code != 3 || !strings.Contains(r.errOut, tc.want) {
				t.Errorf("code %d, want 3 with %q in:\n%s", r.code, tc.want, r.errOut)
			}
		})
	}
}

func TestUsageIsCodeTwo(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"frobnicate"}, {"run"}, {"run", "--no-such-flag", "x"}, {"run", "no-such-file.sql"}, {"consume", "t", "--from", "yesterday"},
		{"topic", "create"}, {"broker"}, {"run", "x.sql", "--worker", "2/2"}, {"produce", "t", "-f", "no-such-file", "--endpoint", "127.0.0.1:1"},
		{"topic", "list", "--log-level", "loud"}, {"topic"}, {"topic", "frobnicate"}, {"module", "lint", "x"},
		{"run", "x.sql", "--checkpoint-interval", "0s"}, {"run", "x.sql", "--retry-budget", "-1s"}, {"topic", "list", "--endpoint", "foo"},
		{"help", "nosuch"}, {"run", "x.sql", "--state", ""}, {"broker", "--data", repository, "--sc", "127.0.0.1:0", "--spu", "127.0.0.1:0"},
		{"broker", "--data", ""}, {"broker", "--data", "x", "--sc", "foo"}, {"produce", "t", "-f", ".", "--endpoint", "127.0.0.1:1"},
		{"consume", "t", "--max-bytes", "1"}, {"consume", "t", "--partition", "-2"}, {"topic", "create", "t", "--partitions", "0"},
	} {
		if r := weir(t, nil, args...); r.code != 2 || r.errOut == "" || r.out != "" {
			t.Errorf("weir %v: code %d, stdout %q, stderr %q", args, r.code, r.out, r.errOut)
		}
	}
}

// TestSignalWhileOpeningEndsAtOnce asks a pipeline to end that can't reach its broker.
func TestSignalWhileOpeningEndsAtOnce(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "run", file(t, "late.sql", pipelineSQL("", "", "")), "--endpoint", freePort(t), "--log-level", "debug")
	eventually(t, "a first try", func() bool { return strings.Contains(p.talk(), "level=") })
	if code := p.terminate(t); code != 0 {
		t.Errorf("code %d\n%s", code, p.talk())
	}
}

// freePort is an address that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestLineLargerThanARecordIsCodeTwoWithItsNumber(t *testing.T) {
	t.Parallel()
	c := startBroker(t)
	c.topic(t, "t", 1)
	in := "first\n" + strings.Repeat("x", 2<<20) + "\nthird\n"
	r := weir(t, strings.NewReader(in), "produce", "t", "--endpoint", c.sc)
	if r.code != 2 || !strings.Contains(r.errOut, "stdin:2:") {
		t.Errorf("code %d, want 2 with stdin:2: in:\n%s", r.code, r.errOut)
	}
	if got := c.consume(t, "t"); len(got) != 1 || got[0] != "first" {
		t.Errorf("%d records are there, want the one before the long line", len(got))
	}
}

// TestBadRecordsLeaveTheirNeighboursAlone mixes bad records with good ones under each policy.
func TestBadRecordsLeaveTheirNeighboursAlone(t *testing.T) {
	t.Parallel()
	good := flights(t, 2000)
	bad := []string{
		`{"carrier":"AA","dep_delay":`, `{"carrier":"AA","dep_delay":"soon"}`, `{"dep_delay":70}`, "{\"carrier\":\"\xff\",\"dep_delay\":70}", ``,
		`[1,2]`, `hello`, `{"carrier":"AA","dep_delay":99999999999999999999}`,
	}
	var mixed []string
	rejected := 0
	for i, r := range good {
		if i%200 == 100 {
			b := bad[(i/200)%len(bad)]
			if mixed = append(mixed, b); b != "" { // an empty record is no row, and not bad
				rejected++
			}
		}
		mixed = append(mixed, r)
	}
	want := lateRows(t, good)
	sql := func(policy string) string {
		return strings.Replace(pipelineSQL(policy, "", ""), "carrier TEXT, flight INT, origin", "carrier TEXT NOT NULL, flight INT, origin", 1)
	}
	for name, tc := range map[string]struct {
		options string
		code    int
		letters int
	}{
		"drop":        {", bad_data = 'drop'", 0, 0},
		"dead_letter": {", bad_data = 'dead_letter', 'bad_data.topic' = 'dead'", 0, rejected},
		"fail":        {"", 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := startBroker(t)
			c.topic(t, "flights", 1)
			c.topic(t, "late", 1)
			must(t, strings.NewReader(strings.Join(mixed, "\n")), "produce", "flights", "--endpoint", c.sc)
			r := weir(t, nil, "run", file(t, "late.sql", sql(tc.options)), "--until-end", "--json", "--endpoint", c.sc)
			if r.code != tc.code {
				t.Fatalf("code %d, want %d\n%s", r.code, tc.code, r.errOut)
			}
			if tc.code != 0 {
				sameRows(t, c.consume(t, "late"), lateRows(t, good[:101]), true)
				if !strings.Contains(r.errOut, "offset 100") || !strings.Contains(r.errOut, "json.") {
					t.Errorf("the reason names no place and code:\n%s", r.errOut)
				}
				return
			}
			var s summary
			if err := json.Unmarshal([]byte(r.out), &s); err != nil {
				t.Fatal(err)
			}
			if s.Rejected != int64(rejected) || s.RowsIn != int64(len(good)) {
				t.Errorf("%d rejected and %d rows in, want %d and %d", s.Rejected, s.RowsIn, rejected, len(good))
			}
			sameRows(t, c.consume(t, "late"), want, true)
			if tc.letters > 0 {
				checkLetters(t, c, mixed, tc.letters)
			}
		})
	}
}

// checkLetters checks that each dead letter holds the very bytes at the coordinates it names.
func checkLetters(t *testing.T, c *cluster, records []string, want int) {
	t.Helper()
	letters := c.consume(t, "dead", "--json")
	if len(letters) != want {
		t.Fatalf("%d dead letters, want %d", len(letters), want)
	}
	for _, line := range letters {
		var l struct {
			Key      string
			Value    *string
			ValueB64 []byte `json:"value_b64"`
		}
		var key struct {
			Topic                               string
			Partition, Offset, Frame, Row, Time int64
			Code, Message                       string
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(l.Key), &key); err != nil {
			t.Fatalf("key %q: %v", l.Key, err)
		}
		value := string(l.ValueB64)
		if l.Value != nil {
			value = *l.Value
		}
		if value != records[key.Offset] || key.Topic != "flights" || key.Code == "" || key.Message == "" || key.Time <= 0 {
			t.Errorf("letter %s with value %q, want %q", l.Key, value, records[key.Offset])
		}
	}
}
