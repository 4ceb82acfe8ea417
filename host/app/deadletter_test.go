package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/internal/fault"
)

// letterBox is a broker with topics of letters.
type letterBox struct {
	t      testing.TB
	client *fluvio.Client
	Cluster
	log bytes.Buffer
}

func newLetterBox(t *testing.T) *letterBox {
	t.Helper()
	at := running(t, BrokerConfig{})
	b := &letterBox{t: t}
	b.Cluster = Cluster{Endpoint: at.SC, RetryBudget: 10 * time.Second, Log: slog.New(slog.NewTextHandler(&b.log, nil))}
	client, err := fluvio.Connect(t.Context(), fluvio.WithEndpoint(at.SC))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	b.client = client
	return b
}

func (b *letterBox) topic(name string, partitions uint32) {
	b.t.Helper()
	if err := admin.New(b.client).CreateTopic(b.t.Context(), name, admin.TopicConfig{Partitions: partitions}); err != nil {
		b.t.Fatal(err)
	}
	if err := b.client.AwaitTopic(b.t.Context(), name, true); err != nil {
		b.t.Fatal(err)
	}
}

func (b *letterBox) put(topic string, partition uint32, records ...fluvio.Record) {
	b.t.Helper()
	p, err := b.client.Producer(context.Background(), topic, fluvio.WithMaxRequestSize(8<<20))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, r := range records {
		if err := p.ProduceTo(context.Background(), partition, r); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := p.Close(context.Background()); err != nil {
		b.t.Fatal(err)
	}
}

// records are all records of a partition.
func (b *letterBox) records(topic string, partition uint32) (all []fluvio.Record) {
	b.t.Helper()
	c, err := b.client.Consumer(context.Background(), topic, partition, fluvio.Beginning(), fluvio.WithUntilEnd())
	if err != nil {
		b.t.Fatal(err)
	}
	defer c.Close()
	for r, err := range c.Records(context.Background()) {
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func (b *letterBox) values(topic string, partition uint32) (all []string) {
	for _, r := range b.records(topic, partition) {
		all = append(all, string(r.Value))
	}
	return all
}

// letter is one as a record.
func letter(l deadletter.Letter) fluvio.Record {
	key, err := l.Key()
	if err != nil {
		panic(err)
	}
	return fluvio.Record{Key: key, Value: l.Value}
}

// odd are records that are no letters.
var odd = []fluvio.Record{
	{Value: []byte("no key")},
	{Key: []byte{}, Value: []byte("an empty key")},
	{Key: []byte("\xff\x1b[31m{"), Value: []byte("not JSON")},
	{Key: []byte(`{"topic":"flights"}`), Value: []byte("half a letter")},
	{Key: []byte(`{"topic":"flights","partition":"0"}`)},
	{Key: bytes.Repeat([]byte("{"), 2<<20), Value: []byte("a huge key")},
	{Key: []byte("null"), Value: nil},
}

// fill makes a topic of two partitions with letters among odd records.
func (b *letterBox) fill(topic string) {
	b.topic(topic, 2)
	b.put(topic, 0, letter(deadletter.Letter{
		Topic: "flights", Offset: 7, Code: "json.type", Path: "a", Message: "expected BIGINT", Time: 1385856000000, Value: []byte(`{"a":"x"}`),
	}))
	b.put(topic, 0, odd...)
	b.put(topic, 0, letter(deadletter.Letter{
		Topic: "flights", Partition: 1, Offset: 8, Frame: 2, Row: 3, Code: "json.syntax", Message: "bad", Time: -1, Value: []byte("\xff\x00{"),
	}))
	b.put(topic, 1, letter(deadletter.Letter{
		Topic: "trains", Offset: 9, Code: "json.type", Message: "\x1b[31mred\n" + strings.Repeat("é", 500), Time: math.MaxInt64, Function: "f",
	}))
	b.put(topic, 1, letter(deadletter.Letter{
		Topic: "flights", Offset: 1, LastOffset: 5, Derived: true, Code: "jsonx", Message: "m", Function: "f", Value: []byte(`{"sum":3}`),
	}))
}

func (b *letterBox) list(change func(*ListLettersConfig)) (string, error) {
	var out bytes.Buffer
	c := ListLettersConfig{Cluster: b.Cluster, LetterBox: LetterBox{Topic: "dead"}, Out: Output{W: &out}}
	change(&c)
	err := ListLetters(context.Background(), nil, c)
	return out.String(), err
}

func TestLettersAreListedAmongOtherRecords(t *testing.T) {
	b := newLetterBox(t)
	b.fill("dead")
	out, err := b.list(func(*ListLettersConfig) {})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines:\n%s", len(lines), out)
	}
	for i, want := range []string{
		"LETTER TIME TOPIC/PARTITION/OFFSET/FRAME/ROW CODE PATH MESSAGE",
		"0:0 2013-12-01T00:00:00.000Z flights/0/7/0/0 json.type a expected BIGINT",
		"0:8 - flights/1/8/2/3 json.syntax - bad",
		`1:0 292278994-08-17T07:12:55.807Z trains/0/9/0/0 json.type - \x1b[31mred\né`,
		"1:1 1970-01-01T00:00:00.000Z flights/0/1-5 jsonx - m",
	} {
		if got := strings.Join(strings.Fields(lines[i]), " "); !strings.HasPrefix(got, want) || len(lines[i]) > 400 {
			t.Errorf("line %d: %s, want %s", i, got, want)
		}
	}
	for _, column := range []struct{ name, cell string }{{"TIME", "2013"}, {"CODE", "json.type"}, {"PATH", "a     expected"}, {"MESSAGE", "expected"}} {
		if at := strings.Index(lines[0], column.name); at != strings.Index(lines[1], column.cell) || at != strings.LastIndex(lines[0][:at], "  ")+2 {
			t.Errorf("column %s does not line up:\n%s", column.name, out)
		}
	}
	if strings.ContainsFunc(out, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Errorf("not fit for a terminal: %q", out)
	}
	log := b.log.String()
	if strings.Count(log, "a record was left out") != mostStrange || !strings.Contains(log, "records=7") || !strings.Contains(log, "no key") {
		t.Errorf("the log:\n%s", log)
	}

	out, err = b.list(func(c *ListLettersConfig) { c.Out.JSON, c.Filter.From = true, 8 })
	const want = `{"letter":{"topic":"dead","partition":0,"offset":8,"timestamp":`
	if err != nil || !strings.HasPrefix(out, want) || strings.Count(out, "\n") != 1 {
		t.Errorf("%s, %v", out, err)
	}
	var shown struct {
		In struct{ Offset int } `json:"letter"`
		deadletter.Letter
		Size int
	}
	err = json.Unmarshal([]byte(out), &shown)
	if err != nil || shown.In.Offset != 8 || shown.Offset != 8 || shown.Code != "json.syntax" || shown.Size != 3 || shown.Row != 3 {
		t.Errorf("%+v, %v", shown, err)
	}
}

func TestLettersAreFilteredAndCounted(t *testing.T) {
	b := newLetterBox(t)
	b.fill("dead")
	for _, tc := range []struct {
		filter LetterFilter
		want   string
	}{
		{LetterFilter{}, "0:0 0:8 1:0 1:1"},
		{LetterFilter{Codes: []string{"json"}}, "0:0 0:8 1:0"},
		{LetterFilter{Codes: []string{"json.type"}}, "0:0 1:0"},
		{LetterFilter{Codes: []string{"json.ty"}}, ""},
		{LetterFilter{Codes: []string{"jsonx", "json.syntax"}}, "0:8 1:1"},
		{LetterFilter{SourceTopics: []string{"trains"}}, "1:0"},
		{LetterFilter{SourceTopics: []string{"trains", "flights"}, Codes: []string{"json.type"}}, "0:0 1:0"},
		{LetterFilter{Functions: []string{"f"}}, "1:0 1:1"},
		{LetterFilter{From: 1}, "0:8 1:1"},
		{LetterFilter{From: 9}, ""},
		{LetterFilter{From: 1 << 40}, ""},
		{LetterFilter{From: FromLatest}, ""},
		{LetterFilter{Limit: 1}, "0:0"},
		{LetterFilter{Limit: 3}, "0:0 0:8 1:0"},
		{LetterFilter{Limit: 2, Codes: []string{"json.type"}}, "0:0 1:0"},
		{LetterFilter{At: []LetterPlace{{1, 1}, {0, 8}, {1, 1}}}, "0:8 1:1"},
	} {
		out, err := b.list(func(c *ListLettersConfig) { c.Filter = tc.filter })
		var places []string
		for _, line := range strings.Split(out, "\n")[1:] {
			if fields := strings.Fields(line); len(fields) > 0 {
				places = append(places, fields[0])
			}
		}
		if got := strings.Join(places, " "); err != nil || got != tc.want {
			t.Errorf("%+v: %s, %v, want %s", tc.filter, got, err, tc.want)
		}
	}
	out, err := b.list(func(c *ListLettersConfig) { c.Count = true })
	if want := "LETTERS  CODE\n2        json.type\n1        json.syntax\n1        jsonx\n"; err != nil || out != want {
		t.Errorf("%s, %v", out, err)
	}
	out, err = b.list(func(c *ListLettersConfig) { c.Count, c.Out.JSON, c.Filter.From = true, true, 1 })
	if want := `{"code":"json.syntax","letters":1}` + "\n" + `{"code":"jsonx","letters":1}` + "\n"; err != nil || out != want {
		t.Errorf("%s, %v", out, err)
	}
	for want, filter := range map[string]LetterFilter{
		"0 or more":          {From: -1},
		"single letters":     {At: []LetterPlace{{0, 0}}, Limit: 1},
		"no partition 2":     {At: []LetterPlace{{2, 0}}},
		"out of range":       {At: []LetterPlace{{0, 100}}},
		"offset 1: no dead":  {At: []LetterPlace{{0, 1}}},
		"the record has no ": {At: []LetterPlace{{0, 0}, {0, 1}}},
	} {
		if _, err := b.list(func(c *ListLettersConfig) { c.Filter = filter }); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", filter, err, want)
		}
	}
	if _, err := b.list(func(c *ListLettersConfig) { c.Topic = "absent" }); fault.Of(err) != fault.Environment {
		t.Errorf("%v", err)
	}
}

// TestACodeIsCountedWithManyOthers has more codes than are counted one by one.
func TestACodeIsCountedWithManyOthers(t *testing.T) {
	var out bytes.Buffer
	l := letterList{out: Output{W: &out, JSON: true}, codes: map[string]int64{}}
	for i := range mostCodes + 7 {
		_ = l.count(&found{Letter: deadletter.Letter{Code: fmt.Sprint(i)}})
	}
	_ = l.count(&found{Letter: deadletter.Letter{Code: "5"}})
	if err := l.counts(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != mostCodes+1 || lines[0] != `{"code":"5","letters":2}` || lines[mostCodes] != `{"code":"","letters":7}` {
		t.Errorf("%d lines, %s, %s", len(lines), lines[0], lines[len(lines)-1])
	}
}

func TestLettersThatComeAreFollowed(t *testing.T) {
	b := newLetterBox(t)
	b.fill("dead")
	drain, done := make(chan struct{}), make(chan error, 1)
	r, w := io.Pipe()
	go func() {
		err := ListLetters(context.Background(), drain, ListLettersConfig{
			Cluster: b.Cluster, LetterBox: LetterBox{Topic: "dead"}, Follow: true, Out: Output{W: w, JSON: true}, Filter: LetterFilter{Codes: []string{"json", "late"}},
		})
		done <- err
		_ = w.CloseWithError(err)
	}()
	dec := json.NewDecoder(r)
	var codes []string
	for range 4 {
		var l struct{ Code string }
		if err := dec.Decode(&l); err != nil {
			t.Fatal(err)
		}
		if codes = append(codes, l.Code); len(codes) == 3 {
			b.put("dead", 1, letter(deadletter.Letter{Topic: "flights", Code: "late"}))
		}
	}
	close(drain)
	if _, err := io.Copy(io.Discard, io.MultiReader(dec.Buffered(), r)); err != nil || <-done != nil {
		t.Error(err)
	}
	if slices.Sort(codes[:3]); !slices.Equal(codes, []string{"json.syntax", "json.type", "json.type", "late"}) {
		t.Errorf("%v", codes)
	}
}

func TestALetterIsShownWhole(t *testing.T) {
	b := newLetterBox(t)
	b.fill("dead")
	huge := strings.Repeat("{\"n\":\"é\u202e\"}\n", 500_000)
	b.put("dead", 1, letter(deadletter.Letter{Topic: "flights", Code: "c", Message: "m", Value: []byte(huge)}))
	show := func(p uint32, offset int64, change func(*ShowLetterConfig)) (string, error) {
		var out bytes.Buffer
		c := ShowLetterConfig{Cluster: b.Cluster, LetterBox: LetterBox{Topic: "dead"}, At: LetterPlace{p, offset}, Out: Output{W: &out}}
		change(&c)
		err := ShowLetter(t.Context(), c)
		return out.String(), err
	}
	plain := func(*ShowLetterConfig) {}
	raw := func(c *ShowLetterConfig) { c.Raw = true }
	asJSON := func(c *ShowLetterConfig) { c.Out.JSON = true }
	for _, tc := range []struct {
		at     LetterPlace
		change func(*ShowLetterConfig)
		want   []string
	}{
		{LetterPlace{0, 0}, plain, []string{
			"letter     dead partition 0 offset 0\n", "topic      flights\n", "offset     7\n", "path       a\n",
			"value      9 bytes of text\n\n{\"a\":\"x\"}\n",
		}},
		{LetterPlace{0, 8}, plain, []string{"frame      2\n", "row        3\n", "time       -\n", "3 bytes\n\n00000000  ff 00 7b "}},
		{LetterPlace{0, 8}, asJSON, []string{`"value_b64":"/wB7"`, `"size":3`}},
		{LetterPlace{0, 0}, asJSON, []string{`"value":"{\"a\":\"x\"}"`}},
		{LetterPlace{1, 0}, plain, []string{`\x1b[31mred\né`, "function   f\n", "0 bytes of text\n\n\n"}},
		{LetterPlace{1, 1}, plain, []string{"offset     1 to 5\n", "derived    yes"}},
		{LetterPlace{1, 2}, plain, []string{"{\"n\":\"é\\u202e\"}\n", " bytes more; --raw"}},
	} {
		out, err := show(tc.at.Partition, tc.at.Offset, tc.change)
		for _, want := range tc.want {
			if err != nil || !strings.Contains(out, want) || strings.Contains(out, "\x1b") || len(out) > 100<<10 {
				t.Errorf("%v: %v, want %q in %.2000s", tc.at, err, want, out)
			}
		}
	}
	for at, want := range map[LetterPlace]string{{0, 8}: "\xff\x00{", {1, 0}: "", {1, 2}: huge} {
		if out, err := show(at.Partition, at.Offset, raw); err != nil || out != want {
			t.Errorf("%v: %d bytes, %v", at, len(out), err)
		}
	}
	for at, want := range map[LetterPlace]string{{0, 1}: "no dead letter", {0, 9}: "out of range", {2, 0}: "no partition 2"} {
		if out, err := show(at.Partition, at.Offset, raw); fault.Of(err) != fault.Input || !strings.Contains(err.Error(), want) || out != "" {
			t.Errorf("%v: %v, want %q", at, err, want)
		}
	}
}

func TestValuesAreShownInPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SliceOf(rapid.Byte()).Draw(t, "value")
		if rapid.Bool().Draw(t, "text") {
			value = []byte(strings.Repeat(rapid.String().Draw(t, "word"), rapid.IntRange(0, 5000).Draw(t, "times")))
		}
		var out bytes.Buffer
		if err := showValue(&out, value); err != nil {
			t.Fatal(err)
		}
		if bad := strings.IndexFunc(out.String(), func(r rune) bool { return r != '\n' && r != '\t' && r != ' ' && !unicode.IsPrint(r) }); bad >= 0 {
			t.Fatalf("%q", out.String()[bad:])
		}
	})
}
