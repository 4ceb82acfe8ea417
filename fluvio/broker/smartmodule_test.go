package broker

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/weir-stream/weir/fluvio/protocol"
	"github.com/weir-stream/weir/fluvio/record"
)

func moduleSpec(code string) *protocol.SmartModuleSpec {
	return &protocol.SmartModuleSpec{Wasm: protocol.SmartModuleBinary{Payload: []byte(code)}}
}

// packaged is a SmartModule of a package, with every field of one.
func packaged(name, group, version, code string) *protocol.SmartModuleSpec {
	spec := moduleSpec(code)
	spec.Meta = &protocol.SmartModuleMetadata{
		Package: protocol.SmartModulePackage{Name: name, Group: group, Version: version, APIVersion: "0.1.0", Description: new("what it does"),
			License: new("Apache-2.0"), Visibility: protocol.SmartModuleVisibilityPublic, Repository: new("https://example.test")},
		Params: map[string]protocol.SmartModuleParam{"factor": {Description: new("by how much"), Optional: true}},
	}
	return spec
}

func createModule(t testing.TB, b *Broker, name string, spec *protocol.SmartModuleSpec) *protocol.Status {
	t.Helper()
	return call[*protocol.Status](dial(t, b.SC()), &protocol.CreateRequest{Kind: protocol.KindSmartModule, Name: name, Spec: spec})
}

func mustCreateModule(t testing.TB, b *Broker, name string, spec *protocol.SmartModuleSpec) {
	t.Helper()
	if s := createModule(t, b, name, spec); s.ErrorCode.Tag != 0 || s.Name != name {
		t.Fatalf("create %s: %v", name, asJSON(s))
	}
}

func deleteModule(t testing.TB, b *Broker, name string) *protocol.Status {
	t.Helper()
	return call[*protocol.Status](dial(t, b.SC()), &protocol.DeleteRequest{Kind: protocol.KindSmartModule, Object: protocol.ObjectKey{Name: name}})
}

// modules lists SmartModules as NAME=CODE, or NAME:LENGTH in a summary.
func modules(t testing.TB, b *Broker, summary bool, filters ...string) string {
	t.Helper()
	req := &protocol.ListRequest{Kind: protocol.KindSmartModule, Summary: summary}
	for _, f := range filters {
		req.NameFilters = append(req.NameFilters, protocol.ListFilter{Name: f})
	}
	var out []string
	for _, o := range call[*protocol.ListResponse](dial(t, b.SC()), req).Objects {
		out = append(out, describeModule(o))
	}
	return strings.Join(out, " ")
}

func describeModule(o protocol.Metadata) string {
	spec := o.Spec.(*protocol.SmartModuleSpec)
	if spec.Summary != nil {
		return fmt.Sprintf("%s:%d%s", o.Name, spec.Summary.WasmLength, spec.Wasm.Payload)
	}
	return o.Name + "=" + string(spec.Wasm.Payload)
}

func TestSmartModulesAreKeptListedAndDeleted(t *testing.T) {
	dir := t.TempDir()
	b := start(t, Config{Dir: dir})
	mustCreateModule(t, b, "plain", moduleSpec("old"))
	mustCreateModule(t, b, "plain", moduleSpec("code")) // replaces
	if s := createModule(t, b, "whatever", packaged("sm", "group", "0.1.0", "packaged")); s.ErrorCode.Tag != 0 || s.Name != "sm-group-0.1.0" {
		t.Errorf("create a package: %s", asJSON(s))
	}
	mustCreateModule(t, b, "Upper Case/ü", moduleSpec("odd"))
	dry := call[*protocol.Status](dial(t, b.SC()), &protocol.CreateRequest{Kind: protocol.KindSmartModule, Name: "dry", Spec: moduleSpec("x"), DryRun: true})
	if dry.ErrorCode.Tag != 0 {
		t.Errorf("dry run: %v", dry.ErrorCode)
	}
	for range 2 {
		for _, tc := range []struct {
			filters []string
			want    string
		}{
			{nil, "Upper Case/ü=odd plain=code sm-group-0.1.0=packaged"},
			{[]string{"plain"}, "plain=code"},
			{[]string{"pla"}, ""}, // no part of a name
			{[]string{"sm"}, "sm-group-0.1.0=packaged"},
			{[]string{"group/sm"}, "sm-group-0.1.0=packaged"},
			{[]string{"group/sm@0.1.0"}, "sm-group-0.1.0=packaged"},
			{[]string{"group/sm@0.2.0"}, ""},
			{[]string{"other/sm"}, ""},
			{[]string{"sm-group-0.1.0"}, ""}, // a package goes by its own name
			{[]string{"nosuch", "plain"}, "plain=code"},
		} {
			if got := modules(t, b, false, tc.filters...); got != tc.want {
				t.Errorf("%q: got %q, want %q", tc.filters, got, tc.want)
			}
		}
		if got := modules(t, b, true); got != "Upper Case/ü:3 plain:4 sm-group-0.1.0:8" {
			t.Errorf("summary %q", got)
		}
		list := call[*protocol.ListResponse](dial(t, b.SC()), &protocol.ListRequest{Kind: protocol.KindSmartModule,
			NameFilters: []protocol.ListFilter{{Name: "sm"}}})
		if want := packaged("sm", "group", "0.1.0", "packaged"); asJSON(list.Objects[0].Spec) != asJSON(want) {
			t.Errorf("got %s", asJSON(list.Objects[0].Spec))
		}
		stop(t, b)
		b = start(t, Config{Dir: dir})
	}
	if s := deleteModule(t, b, "plain"); s.ErrorCode.Tag != 0 || s.Name != "plain" || s.ErrorMessage != nil {
		t.Errorf("delete: %s", asJSON(s))
	}
	s := deleteModule(t, b, "plain")
	if text, ok := s.ErrorCode.Value.(*protocol.ErrorText); !ok || s.ErrorCode.Tag != protocol.ErrorCodeSmartModuleNotFound || text.Text != "plain" || *s.ErrorMessage != "not found" {
		t.Errorf("delete again: %s", asJSON(s))
	}
	stop(t, b)
	b = start(t, Config{Dir: dir})
	if got := modules(t, b, true); got != "Upper Case/ü:3 sm-group-0.1.0:8" {
		t.Errorf("after the deletion: %q", got)
	}
	if s := deleteModule(t, b, "group/sm"); s.ErrorCode.Tag != protocol.ErrorCodeSmartModuleNotFound {
		t.Errorf("delete without the version: %s", asJSON(s))
	}
	if s := deleteModule(t, b, "group/sm@0.1.0"); s.ErrorCode.Tag != 0 || s.Name != "group/sm@0.1.0" {
		t.Errorf("delete a package: %s", asJSON(s))
	}
	if got := modules(t, b, true); got != "Upper Case/ü:3" {
		t.Errorf("after the deletion of a package: %q", got)
	}
	c := dial(t, b.SC())
	c.send(&protocol.ListRequest{Kind: protocol.KindSmartModule, NameFilters: []protocol.ListFilter{{Name: "g/n@one"}}})
	c.closed()
}

func TestSmartModulesAreWatched(t *testing.T) {
	b := start(t, Config{})
	c := dial(t, b.SC())
	whole := c.send(&protocol.WatchRequest{Kind: protocol.KindSmartModule})
	summary := c.send(&protocol.WatchRequest{Kind: protocol.KindSmartModule, Summary: true})
	told := func(id int32) string {
		t.Helper()
		m := c.decode(&protocol.WatchRequest{}, 19, c.receive(id)).(*protocol.WatchResponse)
		for _, ch := range m.Changes {
			m.All = append(m.All, ch.Object)
			if ch.Type == protocol.ChangeTypeDelete {
				return "-" + ch.Object.Name
			}
		}
		return describeModule(m.All[0])
	}
	for _, step := range []struct {
		do             func()
		whole, summary string
	}{
		{func() { mustCreateModule(t, b, "m", moduleSpec("one")) }, "m=one", "m:3"},
		{func() { mustCreateModule(t, b, "m", moduleSpec("other")) }, "m=other", "m:5"},
		{func() { deleteModule(t, b, "m") }, "-m", "-m"},
	} {
		step.do()
		if got := told(whole); got != step.whole {
			t.Errorf("whole: %q, want %q", got, step.whole)
		}
		if got := told(summary); got != step.summary {
			t.Errorf("summary: %q, want %q", got, step.summary)
		}
	}
}

func TestSmartModulesThatCannotBeKept(t *testing.T) {
	b := start(t, Config{MaxSmartModuleBytes: 100})
	mustCreateModule(t, b, "m", moduleSpec(strings.Repeat("x", 90)))
	for _, tc := range []struct {
		why, name string
		spec      *protocol.SmartModuleSpec
		code      protocol.ErrorCodeTag
		says      string
	}{
		{"no name", "", moduleSpec("x"), protocol.ErrorCodeSmartModuleError, "name of 0 bytes"},
		{"a long name", strings.Repeat("x", maxModuleName+1), moduleSpec("x"), protocol.ErrorCodeSmartModuleError, "name of 201 bytes"},
		{"all together", "n", moduleSpec(strings.Repeat("x", 11)), protocol.ErrorCodeSmartModuleError, "at most 100 are allowed"},
		{"group", "n", packaged("n", "", "0.1.0", "x"), protocol.ErrorCodeSmartModuleError, "a name and a group"},
		{"version", "n", packaged("n", "g", "one", "x"), protocol.ErrorCodeSmartModuleInvalid, "'one' in its package"},
	} {
		t.Run(tc.why, func(t *testing.T) {
			s := createModule(t, b, tc.name, tc.spec)
			if s.ErrorCode.Tag != tc.code || s.ErrorMessage == nil || !strings.Contains(*s.ErrorMessage, tc.says) {
				t.Errorf("%s", asJSON(s))
			}
		})
	}
	mustCreateModule(t, b, "m", moduleSpec(strings.Repeat("y", 100))) // in place of the old one
	if n, bytes := b.cluster.modules.totals(); n != 1 || bytes != 100 {
		t.Errorf("%d of %d bytes", n, bytes)
	}
}

// Code of several MB is taken; a frame that is larger than any may be closes the connection.
func TestLargeSmartModules(t *testing.T) {
	b := start(t, Config{})
	large := strings.Repeat("0123456789abcdef", 5<<20/16)
	mustCreateModule(t, b, "large", moduleSpec(large))
	if got := modules(t, b, false); got != "large="+large {
		t.Errorf("got %d bytes back", len(got))
	}
	c := dial(t, b.SC())
	_, _ = c.nc.Write(protocol.AppendRequest(nil, protocol.RequestHeader{APIVersion: 19},
		&protocol.CreateRequest{Kind: protocol.KindSmartModule, Name: "larger", Spec: moduleSpec(strings.Repeat("x", largestCreate))}))
	c.closed()
	probe(t, b)
}

// Whatever of a file is there, Open works, and what it serves is whole.
func TestDamagedSmartModulesAreNotServed(t *testing.T) {
	dir := t.TempDir()
	b := start(t, Config{Dir: dir})
	mustCreateModule(t, b, "good", moduleSpec("good"))
	mustCreateModule(t, b, "bad-g-1.0.0", packaged("bad", "g", "1.0.0", "bad"))
	stop(t, b)
	path := filepath.Join(dir, modulesFolder, moduleFile("bad-g-1.0.0"))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, modulesFolder, ".bad.sm1234"), whole[:10], 0o644); err != nil {
		t.Fatal(err)
	}
	reopened := func() string {
		b := start(t, Config{Dir: dir})
		defer stop(t, b)
		return modules(t, b, false)
	}
	for _, cut := range []int{0, 1, len(moduleMagic), len(moduleMagic) + 3, len(whole) / 2, len(whole) - 1} {
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		if got := reopened(); got != "good=good" {
			t.Errorf("cut at %d: %q", cut, got)
		}
	}
	if err := os.Rename(filepath.Join(dir, modulesFolder, moduleFile("good")), path); err != nil { // another one's file
		t.Fatal(err)
	}
	if got := reopened(); got != "" {
		t.Errorf("misplaced: %q", got)
	}
	b = start(t, Config{Dir: dir})
	mustCreateModule(t, b, "bad-g-1.0.0", moduleSpec("again"))
	stop(t, b)
	if got := reopened(); got != "bad-g-1.0.0=again" {
		t.Errorf("created again: %q", got)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, modulesFolder, ".*")); len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
}

func FuzzParseModule(f *testing.F) {
	dir := f.TempDir()
	s, err := openSmartModules(Config{Dir: dir, MaxSmartModuleBytes: 1 << 20})
	if err != nil {
		f.Fatal(err)
	}
	if err := s.put(&smartModule{name: "m", spec: packaged("m", "g", "1.0.0", "code")}); err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, modulesFolder, moduleFile("m"))
	seed, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:len(seed)-1])
	f.Fuzz(func(t *testing.T, b []byte) {
		// What a checksum would stop is parsed as well.
		for _, b := range [][]byte{b, resummed(b)} {
			m, err := parseModule(moduleFile("m"), b)
			if err == nil && m.name != "m" {
				t.Errorf("%q came out of the file of m", m.name)
			}
		}
	})
}

// resummed gives a file the checksum that it should have.
func resummed(b []byte) []byte {
	b = bytes.Clone(b[:max(len(b)-sha256.Size, 0)])
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// Different names have different files, also where the file system takes capitals for small letters, and no name leaves the folder.
func TestModuleFiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		fa, fb := moduleFile(a), moduleFile(b)
		if a != b && strings.EqualFold(fa, fb) {
			t.Fatalf("%q and %q: %q", a, b, fa)
		}
		if filepath.Base(fa) != fa || strings.HasPrefix(fa, ".") && a != "" {
			t.Fatalf("%q: %q", a, fa)
		}
	})
}

func TestInvokedSmartModulesAreRefused(t *testing.T) {
	b := start(t, Config{})
	create(t, b, "t", topicSpec(1))
	mustCreateModule(t, b, "m", moduleSpec("code"))
	mustCreateModule(t, b, "sm-g-0.1.0", packaged("sm", "g", "0.1.0", "code"))
	named := func(name string) protocol.SmartModuleInvocation {
		return protocol.SmartModuleInvocation{Wasm: protocol.SmartModuleWasm{Tag: protocol.SmartModuleWasmPredefined, Value: &protocol.SmartModuleName{Name: name}}}
	}
	adHoc := protocol.SmartModuleInvocation{Wasm: protocol.SmartModuleWasm{Tag: protocol.SmartModuleWasmAdHoc, Value: &protocol.SmartModuleCode{Gzip: []byte("x")}}}
	for _, tc := range []struct {
		why   string
		chain []protocol.SmartModuleInvocation
		code  protocol.ErrorCodeTag
		text  string
	}{
		{"absent", []protocol.SmartModuleInvocation{named("nosuch")}, protocol.ErrorCodeSmartModuleNotFound, "nosuch"},
		{"absent version", []protocol.SmartModuleInvocation{named("g/sm@9.9.9")}, protocol.ErrorCodeSmartModuleNotFound, "g/sm@9.9.9"},
		{"no version", []protocol.SmartModuleInvocation{named("g/sm@x")}, protocol.ErrorCodeSmartModuleNotFound, "g/sm@x"},
		{"present", []protocol.SmartModuleInvocation{named("m")}, protocol.ErrorCodeSmartModuleChainInitError, notRun},
		{"packaged", []protocol.SmartModuleInvocation{named("g/sm@0.1.0")}, protocol.ErrorCodeSmartModuleChainInitError, notRun},
		{"ad hoc", []protocol.SmartModuleInvocation{adHoc}, protocol.ErrorCodeSmartModuleChainInitError, notRun},
		{"a chain with a gap", []protocol.SmartModuleInvocation{named("m"), adHoc, named("gap")}, protocol.ErrorCodeSmartModuleNotFound, "gap"},
	} {
		t.Run(tc.why, func(t *testing.T) {
			c := dial(t, b.SPU())
			check := func(what string, code protocol.ErrorCode) {
				t.Helper()
				if text, ok := code.Value.(*protocol.ErrorText); !ok || code.Tag != tc.code || text.Text != tc.text {
					t.Errorf("%s: %v", what, code)
				}
			}
			check("fetch", c.stream(&protocol.StreamFetchRequest{Topic: "t", MaxBytes: 1 << 20, SmartModules: tc.chain}).chunk().Partition.ErrorCode)
			req := produceRequest("t", 0, batchOf(t, record.None, "x"))
			req.SmartModules = tc.chain
			check("produce", call[*protocol.ProduceResponse](c, req).Responses[0].Partitions[0].ErrorCode)
		})
	}
	if _, end := b.cluster.partition("t", 0).log.Bounds(); end != 0 {
		t.Errorf("%d records were stored", end)
	}
}

func TestDeduplicationIsRefused(t *testing.T) {
	b := start(t, Config{})
	mustCreateModule(t, b, "dedup-g-0.1.0", packaged("dedup", "g", "0.1.0", "code"))
	for uses, want := range map[string]struct {
		code protocol.ErrorCodeTag
		says string
	}{
		"g/dedup@0.1.0": {protocol.ErrorCodeDeduplicationSmartModuleNotLoaded, notRun},
		"g/dedup@0.2.0": {protocol.ErrorCodeDeduplicationSmartModuleNotLoaded, "which is not there"},
		"g/dedup@last":  {protocol.ErrorCodeDeduplicationSmartModuleNameInvalid, "no semantic version"},
	} {
		spec := topicSpec(1)
		spec.Deduplication = &protocol.Deduplication{Bounds: protocol.DeduplicationBounds{Count: 10}}
		spec.Deduplication.Filter.Transform.Uses = uses
		s := call[*protocol.Status](dial(t, b.SC()), &protocol.CreateRequest{Kind: protocol.KindTopic, Name: "t", Spec: spec})
		if s.Name != uses || s.ErrorCode.Tag != want.code || !strings.Contains(*s.ErrorMessage, want.says) {
			t.Errorf("%s: %s", uses, asJSON(s))
		}
		if b.cluster.topic("t") != nil {
			t.Fatal("the topic was made")
		}
	}
}

// What a request brought is not kept: its buffer serves others.
func TestSmartModulesDoNotShareMemoryWithRequests(t *testing.T) {
	b := start(t, Config{})
	c := dial(t, b.SC())
	for i := range 20 {
		code := bytes.Repeat([]byte{byte('a' + i)}, 100)
		s := call[*protocol.Status](c, &protocol.CreateRequest{Kind: protocol.KindSmartModule, Name: fmt.Sprint("m", i), Spec: moduleSpec(string(code))})
		if s.ErrorCode.Tag != 0 {
			t.Fatal(s.ErrorCode)
		}
	}
	for i := range 20 {
		if got := b.cluster.modules.get(packageKey{name: fmt.Sprint("m", i)}); string(got.spec.Wasm.Payload) != strings.Repeat(string(rune('a'+i)), 100) {
			t.Errorf("m%d: %q", i, got.spec.Wasm.Payload)
		}
	}
}
