package pipeline

import (
	"fmt"
	"testing"

	"github.com/weir-stream/weir/host/batch"
	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/operator"
)

func TestPartsFindTheirTraces(t *testing.T) {
	all := &batch.Provenance{}
	for _, at := range []struct {
		offset int64
		frame  int32
	}{{3, 0}, {4, 0}, {4, 2}, {4, 3}, {9, 1}} {
		all.Append(at.offset, at.frame, 0, nil)
	}
	traces := traces{all, []uint32{0, 0, 1, 1, 2, 2, 3, 3, 4, 4}}
	if traces.width() != 2 {
		t.Errorf("%d numbers a row", traces.width())
	}
	for from := range all.Len() {
		part := &batch.Provenance{Offset: all.Offset[from:], Frame: all.Frame[from:]}
		if got := traces.before(part); got != from {
			t.Errorf("%d rows lie before offset %d frame %d, want %d", got, part.Offset[0], part.Frame[0], from)
		}
	}
}

// Rows that go out with the bytes of their records and rows that are decoded again keep their order, behind a module that fails on some.
func TestCarriedRowsKeepTheirOrder(t *testing.T) {
	j := job{chain: []string{"trap13", "even"}, onError: operator.Isolate, onReject: OnReject{Letters: -1, Drop: true}, carry: true,
		sinks: []target{{topic: "out", partitions: 1}}, input: make([][]connector.Message, 1)}
	var want []string
	encoded := int64(0)
	for n := range 100 {
		zero := ""
		if n%10 == 4 {
			zero = "0" // a number that an encoder would not write
		}
		j.input[0] = append(j.input[0], connector.Message{Value: fmt.Appendf(nil, `{"s": "\u0041" , "n":%s%d, "more":1}`, zero, n)})
		if n%2 != 0 || n > 0 && n%13 == 0 {
			continue
		}
		text := `\u0041`
		if zero != "" {
			text = "A"
			encoded++
		}
		want = append(want, fmt.Sprintf(`{"n":%d,"s":"%s"}`, n, text))
	}
	b := newBench(t, j)
	c := b.config()
	if err := b.run(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	if got := b.values("out", 0); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if got := c.Stats.Patched.Load(); got != int64(len(want))-encoded || c.Stats.Verbatim.Load() != 0 {
		t.Errorf("%d rows are patched of %d, of which %d are encoded", got, len(want), encoded)
	}
}
