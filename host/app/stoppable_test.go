package app

import (
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"
)

func TestAReaderThatWaitsIsStopped(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	in, typed := io.Pipe()
	stop := make(chan struct{})
	go func() {
		io.WriteString(typed, "one\r\ntwo\nhalf a li")
		close(stop)
	}()
	var got []string
	err := eachLine(newStoppable(in, stop), "stdin", 100, func(line []byte, _ int64) error {
		got = append(got, string(line))
		return nil
	})
	if !errors.Is(err, errDrained) || len(got) > 2 { // how many have come when it is stopped is chance
		t.Errorf("%q, %v", got, err)
	}
	in.Close()
}

func TestAReaderThatIsNotStoppedReadsEverything(t *testing.T) {
	want := make([]byte, 200_000)
	for i := range want {
		want[i] = byte(i * i >> 3)
	}
	in, out := io.Pipe()
	go func() {
		out.Write(want)
		out.Close()
	}()
	if err := iotest.TestReader(newStoppable(in, nil), want); err != nil {
		t.Error(err)
	}
}

func TestABarNeverFails(t *testing.T) {
	for _, total := range []int64{-1, 0, 1} {
		bar := NewBar(io.Discard, total, "x")
		for range 3 {
			if n, err := bar.Write([]byte("abc")); n != 3 || err != nil {
				t.Errorf("of %d: %d, %v", total, n, err)
			}
		}
		bar.Finish()
	}
}
