package pipeline

import (
	"bytes"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/weir-stream/weir/host/connector"
	"github.com/weir-stream/weir/host/format"
)

// packed unpacks frames of rows with bars between them; alone a row stands between brackets, which its decoder passes over.
type packed struct {
	format.Decoder
	made *atomic.Int64
}

func (p packed) Next(rest []byte) (row, remaining []byte, ok bool, err error) {
	if len(rest) == 0 {
		return nil, nil, false, nil
	}
	row, remaining, _ = bytes.Cut(rest, []byte("|"))
	return row, remaining, true, nil
}

func (p packed) Whole() format.Whole {
	return func(row []byte) []byte {
		p.made.Add(1)
		return slices.Concat([]byte("<"), row, []byte(">"))
	}
}

// TestOnlyLettersAreMadeWhole has rows of one record that cannot be decoded, and such as a module rejects, among good ones.
func TestOnlyLettersAreMadeWhole(t *testing.T) {
	for _, rows := range []int{1, 2, 100} {
		j := simple([]connector.Message{{Time: 1, Value: []byte(`{"n":1}|{"n":"x"}|{"n":7}|{"n":2}|{"n":"longer"}|{"n":3}`)}})
		j.badData, j.chain, j.onReject, j.limits.Rows = format.DeadLetter, []string{"seven"}, OnReject{Letters: 0}, rows
		b := newBench(t, j)
		c := b.config()
		made, decoder := new(atomic.Int64), c.Source.Decoder
		c.Source.Decoder = func() (format.Decoder, error) {
			d, err := decoder()
			return packed{d, made}, err
		}
		must(t, b.run(t.Context(), c, nil))
		var got []string
		for _, m := range b.mem.Records("bad", 0) {
			got = append(got, string(m.Value))
		}
		if want := []string{`<{"n":"x"}>`, `<{"n":7}>`, `<{"n":"longer"}>`}; !slices.Equal(got, want) || made.Load() != 3 {
			t.Errorf("batches of %d rows: %d rows made whole, letters %q, want %q", rows, made.Load(), got, want)
		}
	}
}
