package batch

import "testing"

// TestTimeGoesOnFromBatchToBatch follows a partition whose records are not in the order of their times.
func TestTimeGoesOnFromBatchToBatch(t *testing.T) {
	p := &Provenance{Topic: "t", Partition: 3}
	for _, c := range []struct {
		times []int64
		want  []int64 // the latest in front of each row, and behind the last
	}{
		{[]int64{-1, 5, 3, -1, 9, 8}, []int64{0, 0, 5, 5, 5, 9, 9}},
		{[]int64{-1, 7}, []int64{9, 9, 9}},
		{nil, []int64{9}},
		{[]int64{10}, []int64{9, 10}},
	} {
		for i, time := range c.times {
			p.Append(int64(i), 0, time, nil)
		}
		for i, want := range c.want {
			if got := p.LatestBefore(i); got != want {
				t.Errorf("%v in front of row %d: %d, want %d", c.times, i, got, want)
			}
		}
		if p = p.Next(); p.Topic != "t" || p.Partition != 3 || p.Len() != 0 || p.Latest != c.want[len(c.want)-1] {
			t.Errorf("behind %v: %+v", c.times, p)
		}
	}
}
