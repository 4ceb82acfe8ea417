package pipeline

import (
	"log/slog"
	"time"

	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/host/operator"
)

// rejection is a rejected row and where it goes.
type rejection struct {
	letter    deadletter.Letter
	letters   int  // index of Config.Letters, -1: dropped
	condemned bool // a module failed on it alone
}

// rejected counts a rejected row, be it the one that stops the pipeline, in all and by its code, and remembers it.
func (s *Stats) rejected(r *rejection) {
	s.Rejected.Add(1)
	s.Recent.add(r.letter)
	switch {
	case r.condemned:
		s.Condemned.Add(1)
		s.Poison.Add(r.letter.Code, 1)
	case r.letter.Function != "":
		s.Refused.Add(r.letter.Code, 1)
	default:
		s.BadData.Add(r.letter.Code, 1)
	}
}

// fromOperators decides what becomes of the rows that the chain rejected.
func (l *lane) fromOperators(rows []operator.Rejection) []rejection {
	out := make([]rejection, len(rows))
	framing := l.c.Source.Framing.Envelope(nil)
	for i, r := range rows {
		if !r.Letter.Derived {
			r.Letter.Framing = framing
		}
		l.warned.log(l.c.Log, "rejected row", &r.Letter)
		out[i] = rejection{r.Letter, l.c.OnReject[r.Stage].Letters, r.Condemned}
	}
	return out
}

// warning logs rejected rows, one every few seconds at most, with a count of those it kept quiet about.
type warning struct {
	last  time.Time
	quiet int
}

const warnEvery = 5 * time.Second

func (w *warning) log(log *slog.Logger, what string, l *deadletter.Letter) {
	if now := time.Now(); now.Sub(w.last) >= warnEvery {
		log.Warn(what, "topic", l.Topic, "partition", l.Partition, "offset", l.Offset, "frame", l.Frame,
			"code", l.Code, "path", l.Path, "reason", l.Message, "unreported_before", w.quiet)
		w.last, w.quiet = now, 0
		return
	}
	w.quiet++
}
