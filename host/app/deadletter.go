package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/host/deadletter"
	"github.com/weir-stream/weir/internal/fault"
	"github.com/weir-stream/weir/internal/visible"
)

// LetterPlace is where a dead letter is in its topic.
type LetterPlace struct {
	Partition uint32
	Offset    int64
}

func (p LetterPlace) String() string { return fmt.Sprintf("%d:%d", p.Partition, p.Offset) }

const (
	// FromEarliest and FromLatest are LetterFilter.From where no offset is meant.
	FromEarliest = int64(0)
	FromLatest   = int64(math.MaxInt64)
)

// LetterFilter chooses dead letters of a topic. The zero LetterFilter chooses all.
type LetterFilter struct {
	// Codes, SourceTopics and Functions: letters with one of them; none given: with any. A code stands for those below it too: json
	// for json.type.
	Codes, SourceTopics, Functions []string
	From                           int64         // the first offset, in each partition that has so many
	Limit                          int64         // how many letters, 0: all
	At                             []LetterPlace // these and no others, whatever else is said; nil: all that the rest chooses
}

func (f *LetterFilter) check() error {
	if f.From < 0 || f.Limit < 0 {
		return fault.Inputf("--from and --limit: want 0 or more")
	}
	if f.At != nil && (f.From != FromEarliest || f.Limit > 0 || len(f.Codes)+len(f.SourceTopics)+len(f.Functions) > 0) {
		return fault.Inputf("--offsets names single letters: want it without --code, --source-topic, --function, --from and --limit")
	}
	return nil
}

// takes tells whether a letter is one of the chosen, but for From, Limit and At.
func (f *LetterFilter) takes(l *deadletter.Letter) bool {
	code := func(want string) bool { return l.Code == want || strings.HasPrefix(l.Code, want+".") }
	return (len(f.Codes) == 0 || slices.ContainsFunc(f.Codes, code)) &&
		(len(f.SourceTopics) == 0 || slices.Contains(f.SourceTopics, l.Topic)) &&
		(len(f.Functions) == 0 || slices.Contains(f.Functions, l.Function))
}

// found is a dead letter and where it was found.
type found struct {
	at      LetterPlace
	written int64 // milliseconds since 1970
	deadletter.Letter
}

// letterSpan is a part of a partition, with letters that were asked for one by one.
type letterSpan struct {
	partition uint32
	from, to  int64              // to is behind the last
	only      map[int64]struct{} // nil: all between
}

// letters reads the dead letters of a topic, as it was when it was opened, as often as is wanted.
type letters struct {
	client  *fluvio.Client
	topic   string
	file    *letterFile // in the place of a topic, which is its path then; nil: there is none
	filter  LetterFilter
	log     *slog.Logger
	spans   []letterSpan // by partition
	strange int64        // records of the last reading that are no dead letters
	left    int64        // letters to come in it
}

// LetterBox is where dead letters are: in a topic, or in a file.
type LetterBox struct{ Topic, File string }

// openLetters settles what of a topic, or a file, is read. A file needs no client.
func openLetters(ctx context.Context, client *fluvio.Client, box LetterBox, filter LetterFilter, log *slog.Logger) (*letters, error) {
	topic := box.Topic
	r := &letters{client: client, topic: topic, filter: filter, log: log}
	if box.File != "" {
		return r, openLetterFile(box.File, filter, r)
	}
	partitions, err := client.Partitions(ctx, topic)
	if err != nil {
		return nil, err
	}
	for p := range uint32(partitions) {
		at, err := client.Offsets(ctx, topic, p)
		if err != nil {
			return nil, err
		}
		if filter.At == nil {
			r.spans = append(r.spans, letterSpan{partition: p, from: min(max(filter.From, at.Earliest), at.Next), to: at.Next})
			continue
		}
		if span, ok := single(filter.At, p); ok {
			if span.from < at.Earliest || span.to > at.Next {
				return nil, fault.Inputf("topic %s partition %d: offsets %d to %d are out of range, it has %d up to, but without, %d",
					topic, p, span.from, span.to-1, at.Earliest, at.Next)
			}
			r.spans = append(r.spans, span)
		}
	}
	for _, place := range filter.At {
		if int64(place.Partition) >= int64(partitions) {
			return nil, fault.Inputf("topic %s has no partition %d; it has %d of them", topic, place.Partition, partitions)
		}
	}
	return r, nil
}

// single is the span around the places of one partition.
func single(places []LetterPlace, partition uint32) (letterSpan, bool) {
	s := letterSpan{partition: partition, from: math.MaxInt64, only: map[int64]struct{}{}}
	for _, place := range places {
		if place.Partition == partition {
			s.from, s.to, s.only[place.Offset] = min(s.from, place.Offset), max(s.to, place.Offset+1), struct{}{}
		}
	}
	return s, len(s.only) > 0
}

// errEnough ends a reading that has what it wants.
var errEnough = errors.New("enough")

// each calls do with every chosen letter, partition by partition, in order. A letter that was asked for by its place and is none is an
// error; other records that are none are counted. Letters belong to do.
func (r *letters) each(ctx context.Context, do func(*found) error) error {
	r.begin()
	for i := range r.spans {
		if err := r.span(ctx, &r.spans[i], do); errors.Is(err, errEnough) {
			return nil
		} else if err != nil && r.file != nil {
			return fmt.Errorf("file %s: %w", r.topic, classed(err))
		} else if err != nil {
			return fmt.Errorf("topic %s partition %d: %w", r.topic, r.spans[i].partition, classed(err))
		}
	}
	return nil
}

func (r *letters) begin() {
	r.strange, r.left = 0, r.filter.Limit
	if r.left == 0 {
		r.left = math.MaxInt64
	}
}

func (r *letters) span(ctx context.Context, s *letterSpan, do func(*found) error) error {
	if s.from >= s.to {
		return nil
	}
	if r.file != nil {
		return r.fileSpan(ctx, s, do)
	}
	options := []fluvio.ConsumerOption{fluvio.WithUntil(s.to)}
	if s.only == nil {
		options = append(options, fluvio.WithDropStale()) // what its pipeline wrote twice is one letter
	}
	consumer, err := r.client.Consumer(ctx, r.topic, s.partition, fluvio.At(s.from), options...)
	if err != nil {
		return err
	}
	defer consumer.Close()
	missing := maps.Clone(s.only)
	for {
		records, err := consumer.Poll(ctx)
		if errors.Is(err, io.EOF) {
			return noneMissing(missing)
		}
		if err != nil {
			return err
		}
		for i := range records {
			offset := records[i].Offset
			if _, asked := missing[offset]; !asked && s.only != nil {
				continue
			}
			delete(missing, offset)
			if err := r.record(s.partition, &records[i], s.only != nil, do); err != nil {
				return err
			}
		}
	}
}

// noneMissing is an error if records that were asked for have not come.
func noneMissing(missing map[int64]struct{}) error {
	if len(missing) == 0 {
		return nil
	}
	return fault.Inputf("offset %d holds no record", slices.Min(slices.Collect(maps.Keys(missing))))
}

// record gives a record to do, if it is one of the chosen letters; must says that it was asked for by its place.
func (r *letters) record(partition uint32, record *fluvio.Record, must bool, do func(*found) error) error {
	letter, err := deadletter.Parse(record.Key, record.Value)
	return r.found(LetterPlace{partition, record.Offset}, record.Timestamp, letter, err, must, do)
}

// found is record for what was made of one; err says that it is no letter.
func (r *letters) found(at LetterPlace, written int64, letter deadletter.Letter, err error, must bool, do func(*found) error) error {
	switch {
	case err != nil && must:
		return fault.Inputf("offset %d: %w", at.Offset, err)
	case err != nil:
		r.skip(at, err)
		return nil
	case !r.filter.takes(&letter):
		return nil
	}
	if err := do(&found{at, written, letter}); err != nil {
		return err
	}
	if r.left--; r.left == 0 {
		return errEnough
	}
	return nil
}

// mostStrange is how many of the records that are no letters are told of one by one.
const mostStrange = 5

func (r *letters) skip(place LetterPlace, why error) {
	if r.strange++; r.strange <= mostStrange {
		if r.file != nil {
			r.log.Warn("a line was left out", "file", r.topic, "offset", place.Offset, "reason", why)
			return
		}
		r.log.Warn("a record was left out", "topic", r.topic, "partition", place.Partition, "offset", place.Offset, "reason", why)
	}
}

// tellStrange says how many records of the last reading were no letters.
func (r *letters) tellStrange() {
	if r.strange > mostStrange {
		r.log.Warn("records that are no dead letters were left out", "topic", r.topic, "records", r.strange)
	}
}

// shownLetter is a dead letter as JSON: where it is, what its key says, and how many bytes its value has.
type shownLetter struct {
	In letterIn `json:"letter"`
	deadletter.Letter
	Size int `json:"size"`
}

type letterIn struct {
	Topic     string `json:"topic,omitempty"`
	File      string `json:"file,omitempty"` // in the place of a topic
	Partition uint32 `json:"partition"`
	Offset    int64  `json:"offset"`
	Timestamp int64  `json:"timestamp"`
}

func (r *letters) show(f *found) shownLetter {
	in := letterIn{Topic: r.topic, Partition: f.at.Partition, Offset: f.at.Offset, Timestamp: f.written}
	if r.file != nil {
		in.Topic, in.File = "", r.topic
	}
	return shownLetter{in, f.Letter, len(f.Value)}
}

// letterSource is where a letter's row came from, in one word: TOPIC/PARTITION/OFFSET/FRAME/ROW.
func letterSource(l *deadletter.Letter) string {
	topic := visible.Line(l.Topic)
	if l.Derived {
		return fmt.Sprintf("%s/%d/%d-%d", topic, l.Partition, l.Offset, l.LastOffset)
	}
	return fmt.Sprintf("%s/%d/%d/%d/%d", topic, l.Partition, l.Offset, l.Frame, l.Row)
}

// moment is a timestamp for people.
func moment(ms int64) string {
	if ms < 0 {
		return "-"
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}
