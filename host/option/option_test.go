package option_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/host/option"
	"github.com/weir-stream/weir/internal/fault"
)

// bag is a bag of quoted options at lines 1, 2, 3… of t.sql, its statement at 9:1. A value with a leading '=' is bare.
func bag(t *testing.T, pairs ...string) *option.Bag {
	t.Helper()
	b := option.New(option.Pos{File: "t.sql", Line: 9, Col: 1})
	for i := 0; i < len(pairs); i += 2 {
		text, bare := strings.CutPrefix(pairs[i+1], "=")
		key := option.Pos{File: "t.sql", Line: i/2 + 1, Col: 3}
		value := option.Pos{File: "t.sql", Line: i/2 + 1, Col: 20}
		if err := b.Set(pairs[i], key, option.Value{Text: text, Quoted: !bare, Pos: value}); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func wantErr(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
		if fault.Of(err) != fault.Input {
			t.Errorf("%q has class %d, want input", got, fault.Of(err))
		}
	}
	if got != want {
		t.Errorf("got error\n  %s\nwant\n  %s", got, want)
	}
}

func TestReadersTakeWhatTheyAccept(t *testing.T) {
	type read = func(b *option.Bag) any
	text := func(b *option.Bag) any { return b.String("x", "default") }
	required := func(b *option.Bag) any { return b.Required("x") }
	boolean := func(b *option.Bag) any { return b.Bool("x", true) }
	integer := func(b *option.Bag) any { return b.Int("x", 7) }
	duration := func(b *option.Bag) any { return b.Duration("x", time.Minute) }
	size := func(b *option.Bag) any { return b.Size("x", 7) }
	enum := func(b *option.Bag) any { return b.Enum("x", "latest", "earliest", "latest") }
	const wrong = "t.sql:1:20: option 'x': want "
	for _, tc := range []struct {
		name  string
		read  read
		value string // "-": not set
		want  any
		err   string
	}{
		{"text", text, "a b", "a b", ""},
		{"text, empty", text, "", "", ""},
		{"text, default", text, "-", "default", ""},
		{"text, bare", text, "=5", "default", wrong + "text in single quotes, got 5"},
		{"required", required, "a", "a", ""},
		{"required, empty", required, "", "", wrong + "text in single quotes, not empty, got ''"},
		{"required, absent", required, "-", "", "t.sql:9:1: required option 'x' is not set"},
		{"bool, bare", boolean, "=false", false, ""},
		{"bool, quoted", boolean, "no", false, ""},
		{"bool, yes", boolean, "yes", true, ""},
		{"bool, default", boolean, "-", true, ""},
		{"bool, case", boolean, "True", true, wrong + "true or false, got 'True'"},
		{"int, bare", integer, "=-12", int64(-12), ""},
		{"int, quoted", integer, "12", int64(12), ""},
		{"int, default", integer, "-", int64(7), ""},
		{"int, smallest", integer, "=-9223372036854775808", int64(-1 << 63), ""},
		{"int, too large", integer, "=9223372036854775808", int64(7), wrong + "a whole number of 64 bits, got 9223372036854775808"},
		{"int, fraction", integer, "=1.5", int64(7), wrong + "a whole number of 64 bits, got 1.5"},
		{"duration", duration, "1m30s", 90 * time.Second, ""},
		{"duration, default", duration, "-", time.Minute, ""},
		{"duration, zero", duration, "0s", time.Duration(0), ""},
		{"duration, bare", duration, "=10", time.Minute, wrong + "a duration such as '50ms', '10s' or '1m30s', got 10"},
		{"duration, bare zero", duration, "=0", time.Minute, wrong + "a duration such as '50ms', '10s' or '1m30s', got 0"},
		{"duration, negative", duration, "-1s", time.Minute, wrong + "a duration such as '50ms', '10s' or '1m30s', got '-1s'"},
		{"size, bytes", size, "=4096", int64(4096), ""},
		{"size, unit", size, "64MB", int64(64 << 20), ""},
		{"size, binary unit", size, "2 KiB", int64(2048), ""},
		{"size, letter", size, "3g", int64(3 << 30), ""},
		{"size, b", size, "3B", int64(3), ""},
		{"size, largest", size, "7E", int64(7 << 60), ""},
		{"size, too large", size, "8E", int64(7), wrong + "a size such as '512KB', '64MB' or '2GB', units of which each is 1024 of the one before, got '8E'"},
		{"size, digits too many", size, "99999999999999999999", int64(7), wrong + "a size such as '512KB', '64MB' or '2GB', units of which each is 1024 of the one before, got '99999999999999999999'"},
		{"size, negative", size, "=-1", int64(7), wrong + "a size such as '512KB', '64MB' or '2GB', units of which each is 1024 of the one before, got -1"},
		{"size, unknown unit", size, "1 furlong", int64(7), wrong + "a size such as '512KB', '64MB' or '2GB', units of which each is 1024 of the one before, got '1 furlong'"},
		{"size, empty", size, "", int64(7), wrong + "a size such as '512KB', '64MB' or '2GB', units of which each is 1024 of the one before, got ''"},
		{"enum", enum, "earliest", "earliest", ""},
		{"enum, default", enum, "-", "latest", ""},
		{"enum, case", enum, "Latest", "latest", wrong + "one of 'earliest', 'latest' (did you mean 'latest'?), got 'Latest'"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := bag(t)
			if tc.value != "-" {
				b = bag(t, "x", tc.value)
			}
			if got := tc.read(b); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
			wantErr(t, b.Done(), tc.err)
		})
	}
}

func TestLeftoversAreAnErrorWithAHint(t *testing.T) {
	b := bag(t, "zeta", "1", "sorce.offset", "earliest", "topic", "t")
	b.Required("topic")
	b.Enum("source.offset", "latest", "earliest", "latest")
	wantErr(t, b.Err(), "")
	wantErr(t, b.Done(), "t.sql:1:3: unknown options: 'sorce.offset', 'zeta'; did you mean 'source.offset' for 'sorce.offset'?")

	b = bag(t, "zeta", "1")
	b.String("topic", "")
	b.String("endpoint", "")
	wantErr(t, b.Done(), "t.sql:1:3: unknown options: 'zeta'; known are 'endpoint', 'topic'")
}

func TestMissingOptionNamesTheSlip(t *testing.T) {
	b := bag(t, "topik", "flights")
	b.Required("topic")
	wantErr(t, b.Err(), "t.sql:1:3: required option 'topic' is not set; did you mean it by 'topik'?")
}

func TestEveryWrongOptionIsReported(t *testing.T) {
	b := bag(t, "n", "many", "linger", "=5")
	b.Int("n", 1)
	b.Duration("linger", 0)
	wantErr(t, b.Err(), "t.sql:1:20: option 'n': want a whole number of 64 bits, got 'many'\n"+
		"t.sql:2:20: option 'linger': want a duration such as '50ms', '10s' or '1m30s', got 5")
	wantErr(t, b.Done(), "") // each once
}

func TestRejectRefusesAValueThatWasRead(t *testing.T) {
	b := bag(t, "n", "=-1")
	if n := b.Int("n", 1); n < 0 {
		b.Reject("n", "at least 0")
	}
	wantErr(t, b.Err(), "t.sql:1:20: option 'n': want at least 0, got -1")
}

func TestDuplicateOptionIsRefusedWithBothPositions(t *testing.T) {
	b := bag(t, "topic", "a")
	err := b.Set("topic", option.Pos{File: "t.sql", Line: 4, Col: 5}, option.Value{Text: "b", Quoted: true})
	wantErr(t, err, "t.sql:4:5: option 'topic' is set twice, first at t.sql:1:3")
}

func TestPrefixAndRestShareOutTheOptions(t *testing.T) {
	b := bag(t, "weir.memory", "64MB", "min_delay", "60", "weir.fule", "1")
	host := b.Prefix("weir.")
	if got := host.Size("weir.memory", 0); got != 64<<20 {
		t.Errorf("weir.memory = %d", got)
	}
	host.Int("weir.fuel", 0)
	wantErr(t, host.Done(), "t.sql:3:3: unknown options: 'weir.fule'; did you mean 'weir.fuel' for 'weir.fule'?")
	rest := b.Rest()
	if len(rest) != 1 || rest["min_delay"].Text != "60" {
		t.Errorf("module parameters are %v", rest)
	}
	wantErr(t, b.Done(), "")
}

func TestCloneIsReadIndependently(t *testing.T) {
	b := bag(t, "topic", "a")
	c := b.Clone()
	if c.Required("topic") != "a" || b.Required("topic") != "a" {
		t.Error("a clone and its original are not both whole")
	}
}

func TestZeroBagIsEmpty(t *testing.T) {
	var b option.Bag
	if b.String("x", "d") != "d" || b.Done() != nil || len(b.Rest()) != 0 || len(b.Prefix("weir.").Keys()) != 0 {
		t.Error("the zero bag is not an empty one")
	}
	wantErr(t, b.Set("y", option.Pos{}, option.Value{Text: "1"}), "")
	b.String("y", "")
	wantErr(t, b.Done(), "option 'y': want text in single quotes, got 1")
}

func TestErrorsShowTheValueAsWritten(t *testing.T) {
	var b option.Bag
	_ = b.Set("n", option.Pos{}, option.Value{Text: "secret", Quoted: true, Written: "${TOKEN}"})
	b.Int("n", 0)
	wantErr(t, b.Err(), "option 'n': want a whole number of 64 bits, got '${TOKEN}'")

	long := option.Value{Text: strings.Repeat("ä", 1000), Quoted: true}
	if got, want := long.String(), "'"+strings.Repeat("ä", 64)+"…'"; got != want {
		t.Errorf("a long value is shown as %s", got)
	}
	if got := (option.Value{Text: "a\x1b[2J\"\n", Quoted: true}).String(); got != `'a\x1b[2J"\n'` {
		t.Errorf("control characters are shown as %s", got)
	}
}

// TestOptionsThatAreNotReadHereSaySo has one that needs another, which is no unknown one, and is a hint for a slip.
func TestOptionsThatAreNotReadHereSaySo(t *testing.T) {
	read := func(b *option.Bag) *option.Bag {
		b.Unread("a.limit", "needs 'a'")
		b.String("b", "")
		return b
	}
	wantErr(t, read(bag(t, "b", "1")).Done(), "")
	wantErr(t, read(bag(t, "b", "1", "a.limit", "2")).Done(), "t.sql:2:3: option 'a.limit' needs 'a'")
	wantErr(t, read(bag(t, "a.limt", "1", "a.limit", "2")).Done(),
		"t.sql:2:3: option 'a.limit' needs 'a'\nt.sql:1:3: unknown options: 'a.limt'; did you mean 'a.limit' for 'a.limt'?")
	b := read(bag(t, "a.limit", "2"))
	b.Int("a.limit", 0) // somebody else knows it
	wantErr(t, b.Done(), "")
}

func TestHiddenValuesAreNotShown(t *testing.T) {
	b := bag(t, "url", "http://u:hunter2@h")
	b.String("url", "")
	b.Hide("url")
	b.Hide("other")
	b.Reject("url", "none")
	wantErr(t, b.Err(), "t.sql:1:20: option 'url': want none, got '***'")
}

func TestLongListsAreCut(t *testing.T) {
	if got, want := option.ShowAll(make([]string, 40)), strings.Repeat("'', ", 31)+"'' and 8 more"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestPosString(t *testing.T) {
	for want, p := range map[string]option.Pos{
		"a.sql:3:14": {File: "a.sql", Line: 3, Col: 14},
		"3:14":       {Line: 3, Col: 14},
		"a.sql":      {File: "a.sql"},
		"":           {},
	} {
		if p.String() != want {
			t.Errorf("got %q, want %q", p, want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"topic", "type", "source.offset", "late_flights"}
	for word, want := range map[string]string{
		"topci": "topic", "TYPE": "type", "typ": "type", "source_offset": "source.offset", "lateflights": "late_flights",
		"x": "", "": "", "format": "", "tp": "", strings.Repeat("t", 1<<20): "",
	} {
		if got, ok := option.Nearest(word, known); got != want || ok != (want != "") {
			t.Errorf("nearest to %.20q is %q, want %q", word, got, want)
		}
	}
}

func TestNearestFindsEverySingleSlip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z]{4,20}`).Draw(t, "word")
		at := rapid.IntRange(0, len(word)-2).Draw(t, "at")
		slip := map[string]string{
			"left out": word[:at] + word[at+1:],
			"doubled":  word[:at+1] + word[at:],
			"swapped":  word[:at] + word[at+1:at+2] + word[at:at+1] + word[at+2:],
		}
		for kind, wrong := range slip {
			if got, ok := option.Nearest(wrong, []string{word}); !ok || got != word {
				t.Fatalf("%s: %q is not recognised as %q", kind, wrong, word)
			}
		}
	})
}
