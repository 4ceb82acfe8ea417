package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// job is a pipeline whose source, sink and delivery come from the environment.
type job struct {
	name, sql string
	some      bool // not every row is written
}

var (
	everyRow = job{"every row", "bench/delivery/every_row.sql", false}
	late     = job{"late flights", "bench/delivery/late_flights.sql", true}
)

// How records are delivered.
const (
	atLeastOnce = "at_least_once"
	exactlyOnce = "exactly_once"
)

// env is what the job's file reads.
func (j job) env(source, sink, delivery string) []string {
	return []string{"SOURCE=" + source, "SINK=" + sink, "DELIVERY=" + delivery}
}

// lateBy is what the main job calls late, in minutes.
const lateBy = 60

// writes is how many records the job makes of the first so many flights, which begin again when all are through.
func (j job) writes(flights [][]byte, first int) (n int, err error) {
	if !j.some {
		return first, nil
	}
	for i, line := range flights[:min(first, len(flights))] {
		var flight struct {
			Delay *int `json:"dep_delay"`
		}
		if err := json.Unmarshal(line, &flight); err != nil {
			return 0, err
		}
		if flight.Delay != nil && *flight.Delay >= lateBy {
			n += (first - i + len(flights) - 1) / len(flights)
		}
	}
	return n, nil
}

// readLines reads a file's lines, without their ends.
func readLines(path string) ([][]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")), nil
}

// state is a new folder for checkpoints.
func (b *bench) state() string {
	b.states++
	return filepath.Join(b.dir, "state-"+strconv.Itoa(b.states))
}

// held is how many records a topic holds.
func (b *bench) held(topic string, partitions int) (n int64, err error) {
	for p := range partitions {
		offsets, err := b.client.Offsets(b.ctx, topic, uint32(p))
		if err != nil {
			return 0, fmt.Errorf("topic %s: %w", topic, err)
		}
		n += offsets.Next - offsets.Earliest
	}
	return n, nil
}
