package behaviour

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/fluvio/protocol"
)

func smartModuleLife(t *testing.T, s *server) {
	ctx, a := limited(t), admin.New(s.connect(t))
	name := s.smartModule(t, a)
	got, err := a.SmartModule(ctx, name)
	if err != nil || got.Name != name || !bytes.Equal(got.Wasm, evenFilter()) {
		t.Errorf("by name: %s with %d bytes, %v", got.Name, len(got.Wasm), err)
	}
	all, err := a.SmartModules(ctx)
	if err != nil || !slices.ContainsFunc(all, func(m admin.SmartModule) bool { return m.Name == name }) {
		t.Errorf("the list of %d has no %s: %v", len(all), name, err)
	}
	if err := a.DeleteSmartModule(ctx, name); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"describe": second(a.SmartModule(ctx, name)), "list": second(a.SmartModules(ctx, name)), "delete": a.DeleteSmartModule(ctx, name),
	} {
		if !errors.Is(err, admin.ErrSmartModuleNotFound) {
			t.Errorf("%s it after its deletion: %v", what, err)
		}
	}
	if err := a.CreateSmartModule(ctx, s.name(), []byte("no wasm"), admin.SmartModuleConfig{}); !errors.Is(err, admin.ErrInvalidConfig) {
		t.Errorf("create one that is no wasm: %v", err)
	}
}

// smartModule uploads the filter; it is deleted with the test.
func (s *server) smartModule(t *testing.T, a *admin.Admin) string {
	t.Helper()
	name := s.name()
	if err := a.CreateSmartModule(limited(t), name, evenFilter(), admin.SmartModuleConfig{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c := s.connectLate(t)
		if err := admin.New(c).DeleteSmartModule(late(t), name); err != nil && !errors.Is(err, admin.ErrSmartModuleNotFound) {
			t.Error(err)
		}
	})
	return name
}

// packagedSmartModule has a group, a version and declared parameters, and answers to several names.
func packagedSmartModule(t *testing.T, s *server) {
	ctx, a := limited(t), admin.New(s.connect(t))
	plain := s.name()
	config := admin.SmartModuleConfig{
		Package: &admin.SmartModulePackage{
			Name: plain, Group: "weir", Version: "0.1.0", APIVersion: "0.1.0", Description: "keeps even ones", License: "Apache-2.0",
		},
		Params: map[string]admin.SmartModuleParam{"parity": {Description: "0 or 1", Optional: true}},
	}
	if err := a.CreateSmartModule(ctx, plain, evenFilter(), config); err != nil {
		t.Fatal(err)
	}
	key := "weir/" + plain + "@0.1.0"
	for _, name := range []string{plain, "weir/" + plain, key} {
		got, err := a.SmartModule(ctx, name)
		if err != nil || !reflect.DeepEqual(got.Package, config.Package) || !reflect.DeepEqual(got.Params, config.Params) || got.Key() != key {
			t.Errorf("%s: %+v, %+v, %v", name, got.Package, got.Params, err)
		}
	}
	if err := a.DeleteSmartModule(ctx, key); err != nil {
		t.Errorf("delete it: %v", err)
	}
	if _, err := a.SmartModules(ctx, key); !errors.Is(err, admin.ErrSmartModuleNotFound) {
		t.Errorf("after its deletion: %v", err)
	}
}

// digits are records whose values end in 0, 1, 2, …
func digits(n int) (records []fluvio.Record) {
	for i := range n {
		records = append(records, fluvio.Record{Value: []byte{'v', '0' + byte(i%10)}})
	}
	return records
}

// parity counts the records whose values end in an even and in an odd digit.
func parity(records []fluvio.Record) (even, odd int) {
	for _, r := range records {
		if r.Value[len(r.Value)-1]%2 == 0 {
			even++
		} else {
			odd++
		}
	}
	return even, odd
}

// smartModuleConsumed filters what is read: by name, as a program sent along, with a parameter, and twice in a row.
func smartModuleConsumed(t *testing.T, s *server) {
	c := s.connect(t)
	name := s.smartModule(t, admin.New(c))
	topic := s.topic(t, c, partitions(1))
	produce(t, c, topic, 0, digits(40), fluvio.WithCompression(fluvio.Gzip))
	byName, sent := fluvio.SmartModule{Name: name}, fluvio.SmartModule{Wasm: evenFilter()}
	odd := fluvio.SmartModule{Wasm: evenFilter(), Params: map[string]string{"parity": "1"}}
	for _, tc := range []struct {
		what  string
		chain []fluvio.SmartModule
		even  int
		odd   int
	}{
		{"by name", []fluvio.SmartModule{byName}, 20, 0},
		{"sent along", []fluvio.SmartModule{sent}, 20, 0},
		{"with a parameter", []fluvio.SmartModule{odd}, 0, 20},
		{"twice", []fluvio.SmartModule{byName, sent}, 20, 0},
	} {
		r := consumer(t, c, topic, 0, fluvio.Beginning(), fluvio.WithSmartModules(tc.chain...))
		if even, odd := parity(poll(t, r, 20)); even != tc.even || odd != tc.odd {
			t.Errorf("%s: %d even ones and %d odd ones, want %d and %d", tc.what, even, odd, tc.even, tc.odd)
		}
	}
	none := consumer(t, c, topic, 0, fluvio.Beginning(), fluvio.WithSmartModules(sent, odd))
	produce(t, c, topic, 0, digits(2))
	late := consumer(t, c, topic, 0, fluvio.End(), fluvio.WithSmartModules(sent))
	produce(t, c, topic, 0, digits(1))
	poll(t, late, 1) // so the SPU has looked at all there is
	if none.Buffered() {
		t.Error("a chain that lets nothing pass lets something pass")
	}
}

// smartModuleProduced filters what is written, before it is stored.
func smartModuleProduced(t *testing.T, s *server) {
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	produce(t, c, topic, 0, digits(40), fluvio.WithSmartModules(fluvio.SmartModule{Wasm: evenFilter()}))
	if even, odd := parity(read(t, c, topic, 0, fluvio.Beginning())); even != 20 || odd != 0 {
		t.Errorf("%d even ones and %d odd ones are stored, want 20 and 0", even, odd)
	}
}

// smartModuleMissing names one that the cluster does not have, or has only as bytes that are no module.
func smartModuleMissing(t *testing.T, s *server) {
	c := s.connect(t)
	topic := s.topic(t, c, partitions(1))
	produce(t, c, topic, 0, digits(4))
	r := consumer(t, c, topic, 0, fluvio.Beginning(), fluvio.WithSmartModules(fluvio.SmartModule{Name: s.name()}))
	if _, err := r.Poll(limited(t)); !errors.Is(err, protocol.ErrorCodeSmartModuleNotFound) {
		t.Errorf("%v, want %v", err, protocol.ErrorCodeSmartModuleNotFound)
	}
}

// smartModuleRefused has the embedded broker say that it runs none.
func smartModuleRefused(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	name := s.smartModule(t, admin.New(c))
	topic := s.topic(t, c, partitions(1))
	produce(t, c, topic, 0, digits(4))
	for what, m := range map[string]fluvio.SmartModule{"by name": {Name: name}, "sent along": {Wasm: evenFilter()}} {
		var code protocol.ErrorCode
		_, err := consumer(t, c, topic, 0, fluvio.Beginning(), fluvio.WithSmartModules(m)).Poll(ctx)
		if !errors.As(err, &code) {
			t.Errorf("consume, %s: %v", what, err)
		}
		p := producer(t, c, topic, fluvio.WithSmartModules(m))
		if err := errors.Join(p.Produce(ctx, digits(1)[0]), p.Close(ctx)); !errors.As(err, &code) {
			t.Errorf("produce, %s: %v", what, err)
		}
	}
	if n := end(t, c, topic, 0); n != 4 {
		t.Errorf("%d records, want 4", n)
	}
}
