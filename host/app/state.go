package app

import (
	"cmp"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-stream/weir/host/checkpoint"
	"github.com/weir-stream/weir/internal/fault"
)

// shownLane is a lane of a state folder as JSON.
type shownLane struct {
	Pipeline  string      `json:"pipeline"`
	Topic     string      `json:"topic"`
	Partition uint32      `json:"partition"`
	Next      int64       `json:"next"` // -1: there is none to go on from
	Epoch     uint64      `json:"epoch"`
	Saved     time.Time   `json:"saved"`
	Running   bool        `json:"running"`
	Process   int         `json:"process,omitempty"`
	Damaged   int         `json:"damaged"`           // files
	Problem   string      `json:"problem,omitempty"` // why a run would not open the lane
	Plan      string      `json:"plan,omitempty"`
	Sinks     []shownSink `json:"sinks,omitempty"`
	Files     []shownFile `json:"files,omitempty"`
	Writers   int         `json:"writers_seen,omitempty"`
}

// shownSink is a lane's place in a sink.
type shownSink struct {
	Name       string  `json:"name"`
	Topic      string  `json:"topic,omitempty"`
	Records    int64   `json:"records"`
	Partitions int     `json:"partitions,omitempty"`
	Writer     string  `json:"writer,omitempty"` // in hex, as the numbers of JSON don't hold 63 bits
	Ordinals   []int64 `json:"ordinals,omitempty"`
	Positions  []int64 `json:"positions,omitempty"`
}

type shownFile struct {
	File   string    `json:"file"`
	Saved  time.Time `json:"saved"`
	Epoch  uint64    `json:"epoch"`
	Next   int64     `json:"next"`
	Damage string    `json:"damage,omitempty"`
}

func showLane(s checkpoint.State) shownLane {
	l := shownLane{Pipeline: s.Pipeline, Topic: s.Last.Topic, Partition: s.Partition, Next: -1, Running: s.Locked, Process: s.Holder}
	for _, f := range s.Files {
		if errors.Is(f.Err, checkpoint.ErrDamaged) {
			l.Damaged++
		}
	}
	switch {
	case s.Err != nil: // an older checkpoint is not what the lane would go on from
		l.Problem = strings.ReplaceAll(s.Err.Error(), "\n", "; ")
	case s.OK:
		whole := slices.IndexFunc(s.Files, func(f checkpoint.File) bool { return f.Err == nil })
		l.Next, l.Epoch, l.Saved = s.Last.Next, s.Last.Epoch, s.Files[whole].Time.UTC()
	}
	return l
}

// showWhole is showLane with all there is.
func showWhole(s checkpoint.State) shownLane {
	l, last := showLane(s), s.Last
	if l.Next < 0 {
		last = checkpoint.Checkpoint{}
	}
	l.Writers, l.Plan = len(last.Seen), last.Plan
	for _, name := range slices.Sorted(maps.Keys(last.Sinks)) {
		at := last.Sinks[name]
		sink := shownSink{Name: name, Topic: at.Topic, Records: at.Count, Partitions: at.Partitions, Ordinals: at.Ordinals, Positions: at.Positions}
		if at.Writer != 0 {
			sink.Writer = strconv.FormatInt(at.Writer, 16)
		}
		l.Sinks = append(l.Sinks, sink)
	}
	for _, f := range s.Files {
		one := shownFile{File: filepath.Base(f.Path), Saved: f.Time.UTC(), Epoch: f.Epoch, Next: f.Next}
		if f.Err != nil {
			one.Damage = f.Err.Error()
		}
		l.Files = append(l.Files, one)
	}
	return l
}

var laneColumns = []column[shownLane]{
	{"PIPELINE", func(l shownLane) string { return l.Pipeline }},
	{"TOPIC", func(l shownLane) string { return cmp.Or(l.Topic, "-") }},
	{"PARTITION", func(l shownLane) string { return strconv.FormatUint(uint64(l.Partition), 10) }},
	{"NEXT", func(l shownLane) string { return dashed(l.Next, l.Next >= 0) }},
	{"SAVED", func(l shownLane) string { return dashed(l.Saved.Format(time.RFC3339), !l.Saved.IsZero()) }},
	{"RUNNING", func(l shownLane) string { return dashed(cmp.Or(l.Process, -1), l.Running) }},
	{"DAMAGED", func(l shownLane) string { return strconv.Itoa(l.Damaged) }},
	{"PROBLEM", func(l shownLane) string { return l.Problem }},
}

// ListState lists the lanes that a state folder holds checkpoints of. They may run meanwhile. A pipeline whose folder can't be read is an
// error, behind the lanes of the others.
func ListState(folder string, out Output) error {
	states, err := checkpoint.Dir{Path: folder}.List()
	if err != nil && len(states) == 0 {
		return err
	}
	return errors.Join(err, printList(out, shown(states, showLane), laneColumns))
}

// ShowState shows everything about the lanes of a pipeline, or about one of them: partition is -1 for all.
func ShowState(folder, pipeline string, partition int64, out Output) error {
	states, unread := checkpoint.Dir{Path: folder}.List()
	found := false
	for _, s := range states {
		if s.Pipeline != pipeline || partition >= 0 && int64(s.Partition) != partition {
			continue
		}
		found = true
		l := showWhole(s)
		if err := out.print(l, "%s", l.text()); err != nil {
			return err
		}
	}
	if !found && unread != nil { // it may be what can't be read
		return unread
	}
	if !found {
		return fault.Inputf("%s: there is nothing of pipeline %q%s; 'weir state list' shows what there is", folder, pipeline, ofPartition(partition))
	}
	return nil
}

// RewindState makes a lane go on from another offset, and write again what comes from there.
func RewindState(folder, pipeline string, partition uint32, to int64, out Output) error {
	was, err := checkpoint.Dir{Path: folder}.Rewind(pipeline, partition, to)
	if err != nil {
		return err
	}
	return out.print(map[string]any{"pipeline": pipeline, "partition": partition, "was": was.Next, "next": to},
		"pipeline %s partition %d goes on from offset %d; it stood at %d. What it makes from there on is written anew, under new writer ids",
		pipeline, partition, to, was.Next)
}
