package app

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// talk tells people how far pipelines are until the returned function is called: a line that is rewritten on a terminal,
// a plain line every ten seconds elsewhere.
func talk(w io.Writer, plans []*plan) (stop func()) {
	every, terminal := 10*time.Second, isTerminal(w)
	if terminal {
		every = 200 * time.Millisecond
	}
	quit := make(chan struct{})
	var talking sync.WaitGroup
	talking.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				if terminal {
					fmt.Fprint(w, "\r\x1b[K")
				}
				return
			case <-tick.C:
				line := progress(plans)
				if terminal {
					fmt.Fprintf(w, "\r\x1b[K%s", line)
				} else {
					fmt.Fprintln(w, line)
				}
			}
		}
	})
	return func() {
		close(quit)
		talking.Wait()
	}
}

// progress is one line for all pipelines.
func progress(plans []*plan) (line string) {
	for i, p := range plans {
		s := summarize(p.Config.Name, p.Config.Stats)
		if i > 0 {
			line += "   "
		}
		line += fmt.Sprintf("%s: %d in, %d out, %d rejected, %.0f records/s", s.Pipeline, s.RecordsIn, s.RecordsOut, s.Rejected, perSecond(s.RecordsIn, s.Seconds))
	}
	return line
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Bar is a progress bar on a terminal and nothing elsewhere. Bytes that are written to it count; it never fails, since it is only talk.
type Bar struct{ bar *progressbar.ProgressBar }

// NewBar shows progress towards total bytes on w; -1: nobody knows how many.
func NewBar(w io.Writer, total int64, what string) *Bar {
	if !isTerminal(w) {
		return &Bar{progressbar.DefaultSilent(total, what)}
	}
	return &Bar{progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true), progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth())}
}

// Write counts. A bar with more behind it than it was told of, such as of a file that grows, refuses to: that is nobody's concern.
func (b *Bar) Write(p []byte) (int, error) {
	_ = b.bar.Add64(int64(len(p)))
	return len(p), nil
}

// Finish takes it away.
func (b *Bar) Finish() { _ = b.bar.Finish() }
