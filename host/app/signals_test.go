package app

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-stream/weir/internal/fault"
)

// TestOnlyALaterSignalIsTheSecond sends a signal twice, as GNU timeout does, and then on purpose.
func TestOnlyALaterSignalIsTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		received := make(chan os.Signal)
		var said []string
		ctx, drain, done := drainOn(t.Context(), received, func(text string) { said = append(said, text) })
		defer done()
		for _, wait := range []time.Duration{0, time.Millisecond, repeatAfter - 2*time.Millisecond} {
			time.Sleep(wait)
			received <- syscall.SIGTERM
			synctest.Wait()
			select {
			case <-drain:
			default:
				t.Fatal("no drain")
			}
			if ctx.Err() != nil || len(said) != 1 {
				t.Fatalf("%v later: %v, %q", wait, context.Cause(ctx), said)
			}
		}
		time.Sleep(time.Millisecond)
		received <- syscall.SIGINT
		synctest.Wait()
		if err := context.Cause(ctx); fault.Of(err) != fault.Environment || !strings.Contains(err.Error(), "second") || len(said) != 2 {
			t.Errorf("%v, %q", err, said)
		}
	})
}
