package app

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/internal/fault"
)

// ListLettersConfig is what `weir deadletter list` is told.
type ListLettersConfig struct {
	Cluster
	LetterBox
	Filter LetterFilter
	Follow bool // go on with letters that come; else it ends where the topic did at start
	Count  bool // how many letters by code, in place of letters
	Out    Output
}

// ListLetters prints the dead letters of a topic or a file, one a line.
func ListLetters(ctx context.Context, drain <-chan struct{}, c ListLettersConfig) error {
	if err := c.Filter.check(); err != nil {
		return err
	}
	if c.Follow && c.File != "" {
		return fault.Inputf("--until-end=false: a file of letters is listed as far as it goes; a topic can be followed")
	}
	ctx, stop := drained(ctx, drain)
	defer stop()
	buffered := bufio.NewWriterSize(c.Out.W, 1<<16)
	list := &letterList{out: Output{W: buffered, JSON: c.Out.JSON}, table: rowTable{w: buffered}, codes: map[string]int64{}}
	flush := func() error { return errors.Join(list.table.flush(), buffered.Flush()) }
	err := c.withLetters(ctx, c.LetterBox, func(client *fluvio.Client) error {
		r, err := openLetters(ctx, client, c.LetterBox, c.Filter, c.Log)
		if err != nil {
			return err
		}
		each := list.line(r)
		if c.Count {
			each = list.count
		} else if err := list.head(); err != nil {
			return err
		}
		if !c.Follow {
			err = r.each(ctx, each)
		} else {
			err = r.follow(ctx, each, flush)
		}
		r.tellStrange()
		return err
	})
	err = quietly(ctx, err)
	if err == nil && c.Count {
		err = list.counts()
	}
	return errors.Join(err, fault.EnvironmentError(flush()))
}

// withLetters is withClient where letters are in a topic; a file needs no connection, and do gets none.
func (c Cluster) withLetters(ctx context.Context, box LetterBox, do func(*fluvio.Client) error) error {
	if box.File != "" {
		return classed(do(nil))
	}
	return c.withClient(ctx, do)
}

// follow calls do with every chosen letter, and with those that come, until ctx ends or there are enough; idle when no more are there yet.
func (r *letters) follow(ctx context.Context, do func(*found) error, idle func() error) error {
	r.begin()
	start := fluvio.At(r.filter.From)
	switch r.filter.From {
	case FromEarliest:
		start = fluvio.Beginning()
	case FromLatest:
		start = fluvio.End()
	}
	consumer, err := r.client.TopicConsumer(ctx, r.topic, start, fluvio.WithDropStale())
	if err != nil {
		return err
	}
	defer consumer.Close()
	for {
		partition, records, err := consumer.Poll(ctx)
		if err != nil {
			return fmt.Errorf("topic %s: %w", r.topic, err)
		}
		for i := range records {
			if err := r.record(partition, &records[i], false, do); errors.Is(err, errEnough) {
				return nil
			} else if err != nil {
				return err
			}
		}
		if !consumer.Buffered() {
			if err := idle(); err != nil {
				return fault.EnvironmentError(err)
			}
		}
	}
}

// letterList prints letters, or counts them.
type letterList struct {
	out    Output
	table  rowTable
	codes  map[string]int64
	others int64 // letters with codes beyond mostCodes
}

// mostCodes is how many codes are counted each for itself: whoever writes letters chooses their codes.
const mostCodes = 1000

func (l *letterList) head() error {
	if l.out.JSON {
		return nil
	}
	return fault.EnvironmentError(l.table.add("LETTER", "TIME", "TOPIC/PARTITION/OFFSET/FRAME/ROW", "CODE", "PATH", "MESSAGE"))
}

func (l *letterList) line(r *letters) func(*found) error {
	return func(f *found) error {
		if l.out.JSON {
			return l.out.printJSON(r.show(f))
		}
		// the letter as --offsets takes it
		return fault.EnvironmentError(
			l.table.add(f.at.String(), moment(f.Time), letterSource(&f.Letter), cell(f.Code), cell(f.Path), cell(short(f.Message))))
	}
}

// mostShown is how much of a message a line shows, in bytes.
const mostShown = 200

// short is the beginning of a text that is too long for a line.
func short(text string) string {
	if len(text) <= mostShown {
		return text
	}
	end := mostShown
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

func (l *letterList) count(f *found) error {
	if _, known := l.codes[f.Code]; known || len(l.codes) < mostCodes {
		l.codes[f.Code]++
	} else {
		l.others++
	}
	return nil
}

// codeCount is how many letters have a code.
type codeCount struct {
	Code    string `json:"code"`
	Letters int64  `json:"letters"`
}

var codeColumns = []column[codeCount]{
	{"LETTERS", func(c codeCount) string { return fmt.Sprint(c.Letters) }},
	{"CODE", func(c codeCount) string { return c.Code }},
}

// counts prints how many letters there were of each code, the most first; of codes beyond those that are counted, together, with an
// empty code.
func (l *letterList) counts() error {
	all := make([]codeCount, 0, len(l.codes)+1)
	for code, n := range l.codes {
		all = append(all, codeCount{code, n})
	}
	slices.SortFunc(all, func(a, b codeCount) int {
		return cmp.Or(cmp.Compare(b.Letters, a.Letters), cmp.Compare(a.Code, b.Code))
	})
	if l.others > 0 {
		all = append(all, codeCount{"", l.others})
	}
	return printList(l.out, all, codeColumns)
}
