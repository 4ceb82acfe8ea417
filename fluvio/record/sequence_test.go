package record

import (
	"testing"

	"pgregory.net/rapid"
)

func TestSequencesSurviveTheHeader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, err := NewBuilder(None, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Append(1, nil, []byte("v")); err != nil {
			t.Fatal(err)
		}
		plain, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := plain.Sequence(); ok {
			t.Fatalf("a batch that nobody numbered has %+v", s)
		}
		without := append(Batch(nil), plain...)
		want := Sequence{rapid.Int64Min(0).Draw(t, "writer"), rapid.Int64Range(0, MaxOrdinal).Draw(t, "ordinal")}
		b.SetSequence(want)
		numbered, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := numbered.Sequence(); !ok || got != want {
			t.Fatalf("%+v %v, want %+v", got, ok, want)
		}
		numbered.ClearSequence()
		if string(numbered) != string(without) {
			t.Fatalf("cleared: %x\nwant     %x", []byte(numbered), []byte(without))
		}
		if err := numbered.Verify(); err != nil {
			t.Fatal(err)
		}
		other := Sequence{rapid.Int64Min(0).Draw(t, "other writer"), rapid.Int64Range(0, MaxOrdinal).Draw(t, "other ordinal")}
		numbered.SetSequence(other)
		if got, ok := numbered.Sequence(); !ok || got != other {
			t.Fatalf("%+v %v, want %+v", got, ok, other)
		}
		if err := numbered.Verify(); err != nil {
			t.Fatal(err)
		}
	})
}
