package objects_test

import (
	"testing"

	"github.com/weir-stream/weir/fluvio/internal/objects"
)

// TestUnpackingStopsAtTheLimit guards against few bytes that unpack to many.
func TestUnpackingStopsAtTheLimit(t *testing.T) {
	const limit = 100_000
	for _, size := range []int{0, 1, limit, limit + 1, 20 * limit} {
		packed, err := objects.Pack(make([]byte, size))
		if err != nil {
			t.Fatal(err)
		}
		got, err := objects.Unpack(packed, limit)
		if size <= limit && (err != nil || len(got) != size) || size > limit && err == nil {
			t.Errorf("%d bytes: %d, %v", size, len(got), err)
		}
	}
}
