package schemaregistry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
	"go.uber.org/goleak"

	"github.com/weir-stream/weir/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const record = `{"type":"record","name":"R","fields":[{"name":"a","type":"long"}]}`

func registry(t *testing.T, opts ...srfake.Option) *srfake.Registry {
	t.Helper()
	r := srfake.New(opts...)
	t.Cleanup(r.Close)
	return r
}

func client(t *testing.T, c Config) *Client {
	t.Helper()
	cl, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

// wantErr wants an error of a class that holds all of the texts.
func wantErr(t *testing.T, err error, class fault.Class, texts ...string) {
	t.Helper()
	if err == nil || fault.Of(err) != class {
		t.Errorf("%v: class %d, want %d", err, fault.Of(err), class)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q lacks %q", err, text)
		}
	}
}

func TestSchemasAreFoundInEveryWay(t *testing.T) {
	reg, ctx := registry(t), t.Context()
	c := client(t, Config{URL: reg.URL()})
	for i, typ := range []Type{Avro, Protobuf, JSON} {
		text := []string{record, `syntax = "proto3"; message M { int64 a = 1; }`, `{"type":"object"}`}[i]
		subject := fmt.Sprintf("a/b %d-value", i)
		id, err := c.Register(ctx, subject, Schema{Text: text, Type: typ})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := c.Register(ctx, subject, Schema{Text: text, Type: typ}); err != nil || again != id {
			t.Errorf("registered again: %d, %v; want %d", again, err, id)
		}
		if found, err := c.Find(ctx, subject, Schema{Text: text, Type: typ}); err != nil || found != id {
			t.Errorf("found %d, %v; want %d", found, err, id)
		}
		want := Schema{ID: id, Version: 1, Subject: subject, Text: text, Type: typ}
		if got, err := c.Version(ctx, subject, 1); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("version: %+v, %v", got, err)
		}
		if got, err := c.Latest(ctx, subject); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("latest: %+v, %v", got, err)
		}
		want.Version, want.Subject = 0, ""
		if got, err := c.ByID(ctx, id); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("by id: %+v, %v", got, err)
		}
	}
}

func TestWhatThereIsNotIsNotFound(t *testing.T) {
	reg, ctx := registry(t), t.Context()
	c := client(t, Config{URL: reg.URL()})
	if _, err := c.Register(ctx, "s", Schema{Text: record}); err != nil {
		t.Fatal(err)
	}
	most := ^uint32(0)
	for name, ask := range map[string]func() error{
		"id":               func() error { _, err := c.ByID(ctx, 77); return err },
		"id of 32 bits":    func() error { _, err := c.ByID(ctx, int(most)); return err },
		"negative id":      func() error { _, err := c.ByID(ctx, -1); return err },
		"version":          func() error { _, err := c.Version(ctx, "s", 2); return err },
		"subject":          func() error { _, err := c.Latest(ctx, "t"); return err },
		"schema":           func() error { _, err := c.Find(ctx, "s", Schema{Text: `"long"`}); return err },
		"subject in which": func() error { _, err := c.Find(ctx, "t", Schema{Text: `"long"`}); return err },
	} {
		if err := ask(); !errors.Is(err, ErrNotFound) || fault.Of(err) != fault.Input {
			t.Errorf("%s: %v, class %d", name, err, fault.Of(err))
		}
	}
	_, err := c.Version(ctx, "s", 0)
	wantErr(t, err, fault.Input, "versions begin with 1")
	for _, subject := range []string{"", ".", "..", "a\nb", strings.Repeat("x", 2000)} {
		_, err = c.Latest(ctx, subject)
		wantErr(t, err, fault.Input, "subject")
		_, err = c.Register(ctx, subject, Schema{Text: record})
		wantErr(t, err, fault.Input, "subject")
		_, err = c.Find(ctx, subject, Schema{Text: record})
		wantErr(t, err, fault.Input, "subject")
	}
}

func TestBothKindsOfCredentials(t *testing.T) {
	for _, tc := range []struct {
		header      string
		right, poor Config
	}{
		{"Basic dTpwdyE=", Config{User: "u", Password: "pw!"}, Config{User: "u", Password: "wrong"}},
		{"Bearer abc.def", Config{Token: "abc.def"}, Config{Token: "wrong"}},
	} {
		reg := registry(t, srfake.WithAuth(tc.header))
		tc.right.URL, tc.poor.URL = reg.URL(), reg.URL()
		if _, err := client(t, tc.right).Register(t.Context(), "s", Schema{Text: record}); err != nil {
			t.Error(err)
		}
		_, err := client(t, tc.poor).Latest(t.Context(), "s")
		wantErr(t, err, fault.Input, "refuses the credentials (403", "registry.token")
		if strings.Contains(err.Error(), "wrong") {
			t.Errorf("%q holds a secret", err)
		}
	}
}

func TestReferencesAreFollowed(t *testing.T) {
	reg, ctx := registry(t), t.Context()
	proto := func(text string, refs ...sr.SchemaReference) sr.Schema {
		return sr.Schema{Type: sr.TypeProtobuf, Schema: text, References: refs}
	}
	ref := func(name, subject string, version int) sr.SchemaReference {
		return sr.SchemaReference{Name: name, Subject: subject, Version: version}
	}
	reg.SeedSchema("c", 1, 11, proto("c1"))
	reg.SeedSchema("c", 2, 12, proto("c2"))
	reg.SeedSchema("b", 1, 13, proto("b", ref("c.proto", "c", 1)))
	reg.SeedSchema("a", 1, 14, proto("a", ref("b.proto", "b", 1), ref("c.proto", "c", 1)))
	reg.SeedSchema("d", 1, 15, proto("d", ref("b.proto", "b", 1), ref("c.proto", "c", 2)))
	c := client(t, Config{URL: reg.URL()})
	a, err := c.ByID(ctx, 14)
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.References(ctx, a)
	if names := slices.Sorted(maps.Keys(all)); err != nil || !slices.Equal(names, []string{"b.proto", "c.proto"}) {
		t.Fatalf("%q, %v", names, err)
	}
	if all["c.proto"].Text != "c1" || all["b.proto"].ID != 13 || len(a.References) != 2 {
		t.Errorf("%+v of %+v", all, a)
	}
	d, err := c.ByID(ctx, 15)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.References(ctx, d)
	wantErr(t, err, fault.Input, `"c.proto" is version 2 of subject "c" and version 1 of subject "c"`)
	_, err = c.References(ctx, Schema{References: []Reference{{"x", "nowhere", 1}}})
	if wantErr(t, err, fault.Input, `reference "x"`); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if all, err := c.References(ctx, Schema{}); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// A schema may refer to itself by way of others in a registry that does not check, and to more than is good for anybody.
func TestReferencesAreBounded(t *testing.T) {
	answer := func(n int, next string) string {
		return fmt.Sprintf(`{"id":%d,"schemaType":"JSON","schema":"{}","references":[%s]}`, n, next)
	}
	circle := client(t, Config{URL: serve(t, 200, answer(1, `{"name":"n","subject":"s","version":1}`)).URL})
	s, err := circle.ByID(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if all, err := circle.References(t.Context(), s); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
	var many []string
	for i := range mostReferences + 1 {
		many = append(many, fmt.Sprintf(`{"name":"n%d","subject":"s","version":1}`, i))
	}
	endless := client(t, Config{URL: serve(t, 200, answer(1, strings.Join(many, ","))).URL})
	if s, err = endless.ByID(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	_, err = endless.References(t.Context(), s)
	wantErr(t, err, fault.Input, "256")
}

func TestHammer(t *testing.T) {
	reg := registry(t)
	for i := range 20 {
		reg.SeedSchema(fmt.Sprint("s", i), 1, i+1, sr.Schema{Schema: fmt.Sprintf(`{"type":"fixed","name":"F","size":%d}`, i+1)})
	}
	c := client(t, Config{URL: reg.URL()})
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 100 {
				id := (i*7+g)%22 + 1
				s, err := c.ByID(t.Context(), id)
				if known := id <= 20; known && (err != nil || s.ID != id) || !known && !errors.Is(err, ErrNotFound) {
					t.Errorf("id %d: %+v, %v", id, s, err)
				}
			}
		})
	}
	all.Wait()
}

func TestSubjects(t *testing.T) {
	for _, tc := range []struct {
		c            Config
		record, want string
	}{
		{Config{Topic: "t"}, "R", "t-value"},
		{Config{Topic: "t"}, "", "t-value"},
		{Config{}, "R", ""},
		{Config{Strategy: RecordName}, "n.R", "n.R"},
		{Config{Strategy: RecordName, Topic: "t"}, "", ""},
		{Config{Strategy: TopicRecordName, Topic: "t"}, "n.R", "t-n.R"},
		{Config{Strategy: TopicRecordName, Topic: "t"}, "", ""},
		{Config{Strategy: TopicRecordName}, "R", ""},
		{Config{Strategy: RecordName, Subject: "given"}, "R", "given"},
	} {
		tc.c.URL = "http://localhost:1"
		if got := client(t, tc.c).Subject(tc.record); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.c, got, tc.want)
		}
	}
}

func TestSchemasLargerThanTheCacheAreNotKept(t *testing.T) {
	l := newLRU[int](3, 10)
	for i, size := range []int{4, 4, 2, 11, 1} {
		l.put(key{id: i}, i, size)
	}
	if _, ok := l.get(key{id: 0}); ok || l.used != 7 || len(l.entries) != 3 {
		t.Errorf("first kept: %v, %d bytes, %d entries", ok, l.used, len(l.entries))
	}
	l.get(key{id: 1})        // used last now
	l.put(key{id: 9}, 9, 3)  // 2 goes
	l.put(key{id: 4}, 44, 2) // in place of the first
	l.put(key{id: 5}, 5, 10) // all others go
	l.put(key{id: 5}, 5, 11) // not kept, and the old one is no longer true
	if len(l.entries) != 0 || l.used != 0 || l.order.Len() != 0 {
		t.Errorf("%d entries, %d bytes", len(l.entries), l.used)
	}
}

// A leader that gives up does not take those who wait for it along.
func TestWaitersOutliveTheOneTheyWaitFor(t *testing.T) {
	c := newCache()
	leading, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_, err := c.get(leading, key{id: 1}, func(ctx context.Context) (Schema, error) {
			close(started)
			<-ctx.Done()
			return Schema{}, ctx.Err()
		})
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	<-started
	for range 4 {
		all.Go(func() {
			s, err := c.get(t.Context(), key{id: 1}, func(context.Context) (Schema, error) { return Schema{ID: 1}, nil })
			if err != nil || s.ID != 1 {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, err := c.get(gone, key{id: 1}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	cancel()
	all.Wait()
}
