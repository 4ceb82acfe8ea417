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

// Bar is a progress bar on a terminal and nothing elsewhere.
func Bar(w io.Writer, total int64, what string) *progressbar.ProgressBar {
	if !isTerminal(w) {
		return progressbar.DefaultSilent(total, what)
	}
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth())
}
