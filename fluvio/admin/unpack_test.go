package admin

import "testing"

// TestUnpackingStopsAtTheLimit guards against few bytes that unpack to many.
func TestUnpackingStopsAtTheLimit(t *testing.T) {
	const limit = 100_000
	for _, size := range []int{0, 1, limit, limit + 1, 20 * limit} {
		packed, err := pack(make([]byte, size))
		if err != nil {
			t.Fatal(err)
		}
		got, err := unpack(packed, limit)
		if size <= limit && (err != nil || len(got) != size) || size > limit && err == nil {
			t.Errorf("%d bytes: %d, %v", size, len(got), err)
		}
	}
}
