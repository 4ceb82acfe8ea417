package app

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// text is a lane for people.
func (l shownLane) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pipeline %s, topic %s partition %d\n", l.Pipeline, dashed(l.Topic, l.Topic != ""), l.Partition)
	fmt.Fprintf(&b, "  next offset %s, epoch %s", dashed(l.Next, l.Next >= 0), dashed(l.Epoch, l.Next >= 0))
	if l.Running {
		fmt.Fprintf(&b, ", running in process %s", dashed(l.Process, l.Process != 0))
	}
	if l.Writers > 0 {
		fmt.Fprintf(&b, ", ordinals of %d writers seen", l.Writers)
	}
	if l.Plan != "" {
		fmt.Fprintf(&b, ", plan %.12s", l.Plan)
	}
	b.WriteString("\n")
	if l.Problem != "" {
		fmt.Fprintf(&b, "  can't be opened: %s\n", l.Problem)
	}
	for _, s := range l.Sinks {
		fmt.Fprintf(&b, "  %s: %d records", s.Name, s.Records)
		if s.Topic != "" {
			fmt.Fprintf(&b, " to %s over %d partitions", s.Topic, s.Partitions)
		}
		if s.Writer != "" {
			fmt.Fprintf(&b, ", as writer %s", s.Writer)
		}
		b.WriteString("\n")
		s.partitions(&b)
	}
	for _, f := range l.Files {
		if f.Damage != "" {
			fmt.Fprintf(&b, "  %s: %s\n", f.File, f.Damage)
			continue
		}
		fmt.Fprintf(&b, "  %s: epoch %d, next offset %d, saved %s\n", f.File, f.Epoch, f.Next, f.Saved.Format(time.RFC3339))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// placesInLine is how many partitions of a sink a line shows.
const placesInLine = 4

// partitions writes where each partition of the sink is, in columns.
func (s *shownSink) partitions(b *strings.Builder) {
	if len(s.Ordinals) == 0 {
		return
	}
	b.WriteString("    by partition: the next ordinal, and the offset from which it is looked for\n")
	wide := func(n int64) int { return len(strconv.FormatInt(n, 10)) }
	number, ordinal, position := wide(int64(len(s.Ordinals)-1)), wide(slices.Max(s.Ordinals)), wide(slices.Max(s.Positions))
	places := make([]string, len(s.Ordinals))
	for p := range places {
		places[p] = fmt.Sprintf("%*d: %*d from %*d", number, p, ordinal, s.Ordinals[p], position, s.Positions[p])
	}
	for line := range slices.Chunk(places, placesInLine) {
		b.WriteString("    " + strings.Join(line, "    ") + "\n")
	}
}

// dashed is a value, or a dash where there is none.
func dashed(value any, there bool) string {
	if !there {
		return "-"
	}
	return fmt.Sprint(value)
}

func ofPartition(partition int64) string {
	if partition < 0 {
		return ""
	}
	return fmt.Sprintf(" partition %d", partition)
}
