package main

import (
	"reflect"
	"testing"

	"github.com/weir-stream/weir/guest-abi/go/weir/weirtest"
)

func TestGainIsWhatWasMadeUp(t *testing.T) {
	g, err := weirtest.Open(gain, "carrier TEXT, dep_delay BIGINT, arr_delay BIGINT", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // nulls of one batch don't show in the next
		result, err := g.Process(
			weirtest.Row{"UA", 2, 11}, weirtest.Row{"AA", 20, -5}, weirtest.Row{"DL", nil, 3},
			weirtest.Row{"B6", 3, nil}, weirtest.Row{"US", nil, nil})
		if err != nil {
			t.Fatal(err)
		}
		var gains []any
		for _, row := range result.Rows("") {
			gains = append(gains, row[3])
		}
		if want := []any{int64(-9), int64(25), nil, nil, nil}; !reflect.DeepEqual(gains, want) {
			t.Fatalf("%v, want %v", gains, want)
		}
		if result, err := g.Process(weirtest.Row{"UA", 1, 1}); err != nil || result.Rows("")[0][3] != int64(0) {
			t.Fatalf("%v %v", result, err)
		}
	}
}
