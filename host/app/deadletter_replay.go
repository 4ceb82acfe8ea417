package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/host/framing"
	"github.com/weir-stream/weir/internal/fault"
)

// ReplayConfig is what `weir deadletter replay` is told.
type ReplayConfig struct {
	Cluster
	LetterBox
	Filter  LetterFilter
	To      string // empty: each letter goes to the topic that it names as its source
	Derived bool   // with To: letters too whose value is no record's bytes but a row made from several
	ID      string // what was replayed under it before is not written again; empty: a new one
	DryRun  bool   // send nothing, print what would be sent
	Out     Output
	Say     func(string) // tells people what they need to go on after an interruption
}

// Replayed is what Replay did.
type Replayed struct {
	Topic   string         `json:"topic,omitempty"`
	File    string         `json:"file,omitempty"`
	ID      string         `json:"replay_id,omitempty"`
	Letters int64          `json:"letters"` // chosen
	Sent    int64          `json:"sent"`    // acknowledged; in a dry run, what would be sent
	Before  int64          `json:"sent_before"`
	Bytes   int64          `json:"bytes"`   // of values sent
	Derived int64          `json:"derived"` // left out, not among Letters
	Strange int64          `json:"not_letters"`
	To      []ReplayTarget `json:"to"`
	DryRun  bool           `json:"dry_run"`
	Stopped bool           `json:"stopped,omitempty"` // it was asked to end before it was through
	Seconds float64        `json:"seconds"`
}

// ReplayTarget is how many letters were sent to a topic.
type ReplayTarget struct {
	Topic string `json:"topic"`
	Sent  int64  `json:"sent"`
}

// mostTargets is how many topics a replay writes to: each takes memory for what is in flight.
const mostTargets = 16

// check finds settings that can't be, before anything is connected to.
func (c *ReplayConfig) check() error {
	switch {
	case c.Derived && c.To == "":
		return fault.Inputf("--derived needs --to: rows made from several records are none of their source topic")
	case c.To != "" && c.To == c.Topic:
		return fault.Inputf("--to %s: that is the topic of dead letters itself", c.To)
	case len(c.ID) > maxConsumerID:
		return fault.Inputf("--replay-id: want at most %d bytes, got %d", maxConsumerID, len(c.ID))
	}
	return c.Filter.check()
}

// Replay sends the original bytes of dead letters again: one record for each letter, without a key, with the time of the record that it
// was, to the partition with the number that it came from. It returns when every one is acknowledged. From drain on it reads no more.
func Replay(ctx context.Context, drain <-chan struct{}, c ReplayConfig) (done Replayed, err error) {
	done = Replayed{Topic: c.Topic, File: c.File, DryRun: c.DryRun, To: []ReplayTarget{}}
	if err := c.check(); err != nil {
		return done, err
	}
	began := time.Now()
	reading, stop := drained(ctx, drain)
	defer stop()
	client, err := c.Connect(reading)
	if err != nil {
		done.Stopped = wasDrained(reading)
		return done, quietly(reading, err)
	}
	defer func() { err = errors.Join(err, fault.EnvironmentError(client.Close())) }()
	r := &replay{c: &c, client: client, done: &done, partitions: map[string]int{}, lanes: map[laneName]*replayLane{}}
	err = classed(r.run(ctx, reading))
	done.Seconds = time.Since(began).Seconds()
	return done, err
}

// interrupted tells whether a reading ended with an error only because it was asked to.
func interrupted(reading context.Context, err error) bool {
	return wasDrained(reading) && (errors.Is(err, context.Canceled) || errors.Is(err, errDrained))
}

// replay is a replay that runs.
type replay struct {
	c          *ReplayConfig
	client     *fluvio.Client
	letters    *letters
	done       *Replayed
	partitions map[string]int // of each topic that is written to
	lanes      map[laneName]*replayLane
	largest    int  // bytes of the largest value
	unnumbered bool // a topic that is written to deduplicates: records can't be numbered
}

// run reads the letters as often as it takes to find what is wrong before anything is written: once to see where they go and, where
// some may be there already, once more to see that these are the same.
func (r *replay) run(ctx, reading context.Context) error {
	err := r.prepare(reading)
	switch {
	case err == nil && r.c.DryRun:
		err = r.print(reading)
	case err == nil:
		return r.send(ctx, reading)
	}
	if interrupted(reading, err) {
		r.done.Stopped = true
		return nil
	}
	return err
}

func (r *replay) prepare(ctx context.Context) (err error) {
	if r.letters, err = openLetters(ctx, r.client, r.c.LetterBox, r.c.Filter, r.c.Log); err != nil {
		return err
	}
	if err := r.survey(ctx); err != nil {
		return err
	}
	if err := r.numbered(ctx); err != nil {
		return err
	}
	fresh := r.c.ID == ""
	if fresh && !r.unnumbered && !r.c.DryRun {
		r.c.ID = strconv.FormatInt(fluvio.NewWriterID(), 36)
	}
	r.done.ID = r.c.ID
	box := r.c.Topic
	if r.c.File != "" {
		if box, err = letterFileName(r.c.File); err != nil {
			return err
		}
	}
	for _, lane := range r.lanes {
		lane.writer = writerOf(r.c.ID, box, lane.laneName)
	}
	if !fresh {
		return r.lookBack(ctx)
	}
	if r.c.ID != "" && r.done.Letters > 0 {
		r.c.Say(fmt.Sprintf("this replay has the id %s; if it is interrupted, the same command with --replay-id %s goes on with it", r.c.ID, r.c.ID))
	}
	return nil
}

// target is where a letter goes; empty: nowhere.
func (r *replay) target(f *found) string {
	switch {
	case f.Derived && !r.c.Derived:
		return ""
	case r.c.To != "":
		return r.c.To
	}
	return f.Topic
}

// enclose makes a letter's value the record that is sent: its frame, in the framing of its source.
func enclose(f *found) (err error) {
	if f.Framing == "" {
		return nil
	}
	if f.Value, err = framing.Enclose(f.Framing, f.Value); err != nil {
		err = fault.Inputf("letter %s can't be made a record of its source again: %w; leave it out with --offsets or --code, and see deadletter show --raw", f.at, err)
	}
	return err
}

// each calls do with every letter that goes somewhere, and where that is.
func (r *replay) each(ctx context.Context, do func(f *found, lane *replayLane, part *replayPart) error) error {
	for _, lane := range r.lanes {
		lane.rewind()
	}
	return r.letters.each(ctx, func(f *found) error {
		target := r.target(f)
		if target == "" {
			return nil
		}
		lane, err := r.lane(ctx, f, target)
		if err != nil {
			return err
		}
		if err := enclose(f); err != nil {
			return err
		}
		part := lane.part(f)
		if err := do(f, lane, part); err != nil {
			return err
		}
		part.position++
		return nil
	})
}

// survey counts the letters by where they go, and looks whether they can go there.
func (r *replay) survey(ctx context.Context) error {
	if r.c.To != "" { // also those partitions may have got something under this id whose letters nobody has chosen this time
		for _, s := range r.letters.spans {
			if _, err := r.open(ctx, laneName{s.partition, r.c.To}); err != nil {
				return err
			}
		}
	}
	selected := int64(0)
	err := r.letters.each(ctx, func(f *found) error {
		selected++
		target := r.target(f)
		if target == "" {
			r.done.Derived++
			return nil
		}
		lane, err := r.lane(ctx, f, target)
		if err != nil {
			return err
		}
		if err := enclose(f); err != nil {
			return err
		}
		part := lane.part(f)
		if part.letters == 0 && r.c.To == "" {
			part.begin(f)
		}
		part.letters++
		r.largest = max(r.largest, len(f.Value))
		return nil
	})
	r.letters.tellStrange()
	r.letters.log = slog.New(slog.DiscardHandler) // later readings come to the same records
	r.done.Letters, r.done.Strange = selected-r.done.Derived, r.letters.strange
	if r.done.Derived > 0 {
		r.c.Log.Warn("letters whose value is no record's bytes but a row made from several were left out; --to TOPIC --derived sends them",
			"letters", r.done.Derived)
	}
	return err
}

// lane is that of a letter.
func (r *replay) lane(ctx context.Context, f *found, target string) (*replayLane, error) {
	lane, err := r.open(ctx, laneName{f.at.Partition, target})
	if err != nil && r.c.To == "" {
		err = fmt.Errorf("letter %s came from topic %s: %w; --to sends letters to another topic, --source-topic chooses those of some",
			f.at, target, classed(err))
	}
	return lane, err
}

// numbered looks whether every topic that is written to takes numbered records.
func (r *replay) numbered(ctx context.Context) error {
	for topic := range r.partitions {
		probe, err := r.client.Producer(ctx, topic, fluvio.WithSequence(fluvio.NewWriterID()))
		switch {
		case err == nil:
			if err := probe.Close(ctx); err != nil {
				return err
			}
		case !errors.Is(err, fluvio.ErrSequence):
			return err
		case r.c.ID != "":
			return fault.Inputf("--replay-id: topic %s deduplicates in its own way, so nothing tells which letters it has had; leave the id out", topic)
		default:
			r.unnumbered = true
			r.c.Log.Info("producer sequences are left out: the topic deduplicates; an interrupted replay can't be gone on with", "topic", topic)
		}
	}
	return nil
}

// shownReplay is a record that would be sent, as JSON.
type shownReplay struct {
	fullLetter
	Into replayInto `json:"to"`
}

type replayInto struct {
	Topic     string `json:"topic"`
	Partition uint32 `json:"partition"`
}

// print prints what would be sent.
func (r *replay) print(ctx context.Context) error {
	sent := map[string]int64{}
	err := r.each(ctx, func(f *found, lane *replayLane, part *replayPart) error {
		if part.position < part.found {
			r.done.Before++
			return nil
		}
		sent[lane.target]++
		r.done.Sent++
		r.done.Bytes += int64(len(f.Value))
		into := replayInto{lane.target, part.partition}
		return r.c.Out.print(shownReplay{withValue(r.letters.show(f)), into},
			"%-10s  to topic %s partition %d: %d bytes of %s", f.at, cell(into.Topic), into.Partition, len(f.Value), letterSource(&f.Letter))
	})
	r.sum(sent)
	return err
}

// sum tells how many went where.
func (r *replay) sum(sent map[string]int64) {
	for _, topic := range slices.Sorted(maps.Keys(sent)) {
		r.done.To = append(r.done.To, ReplayTarget{topic, sent[topic]})
	}
}
