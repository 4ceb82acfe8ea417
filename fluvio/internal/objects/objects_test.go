package objects_test

import (
	"testing"

	"github.com/weir-stream/weir/fluvio/internal/objects"
	"github.com/weir-stream/weir/fluvio/protocol"
)

func TestPartitionNamesAreSplitAtTheLastDash(t *testing.T) {
	for name, want := range map[string]struct {
		topic string
		n     uint32
		ok    bool
	}{
		"flights-0":         {"flights", 0, true},
		"my-topic-12":       {"my-topic", 12, true},
		"t-4294967295":      {"t", 4294967295, true},
		"t-4294967296":      {"t", 0, false},
		"t-":                {"t", 0, false},
		"t--1":              {"t-", 1, true},
		"t-x":               {"t", 0, false},
		"t":                 {"", 0, false},
		"":                  {"", 0, false},
		"consumer-offset-0": {"consumer-offset", 0, true},
	} {
		topic, n, ok := objects.SplitPartition(name)
		if ok != want.ok || ok && (topic != want.topic || n != want.n) {
			t.Errorf("%q: %q, %d, %v", name, topic, n, ok)
		}
	}
}

func TestTheFirstIngressIsTheAddress(t *testing.T) {
	for want, ingress := range map[string][]protocol.IngressAddr{
		"":               nil,
		"spu:9010":       {{Hostname: new("spu"), IP: new("10.0.0.1")}, {Hostname: new("other")}},
		"10.0.0.1:9010":  {{IP: new("10.0.0.1")}},
		"[fd00::1]:9010": {{IP: new("fd00::1")}},
	} {
		if got := objects.Address(&protocol.IngressPort{Port: 9010, Ingress: ingress}); got != want {
			t.Errorf("%v: %q, want %q", ingress, got, want)
		}
	}
	if got := objects.Address(&protocol.IngressPort{Port: 1, Ingress: []protocol.IngressAddr{{}}}); got != "" {
		t.Errorf("no name and no IP: %q", got)
	}
}
