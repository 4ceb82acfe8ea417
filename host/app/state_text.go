package app

import (
	"fmt"
	"strings"
	"time"
)

// text is a lane for people.
func (l shownLane) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pipeline %s, topic %s partition %d\n", l.Pipeline, dashed(l.Topic, l.Topic != ""), l.Partition)
	fmt.Fprintf(&b, "  next offset %s, epoch %d", dashed(l.Next, l.Next >= 0), l.Epoch)
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
	for _, s := range l.Sinks {
		fmt.Fprintf(&b, "  %s: %d records", s.Name, s.Records)
		if s.Topic != "" {
			fmt.Fprintf(&b, " to %s over %d partitions", s.Topic, s.Partitions)
		}
		if s.Writer != "" {
			fmt.Fprintf(&b, "; writer %s, next ordinals %v, to be looked for from offsets %v", s.Writer, s.Ordinals, s.Positions)
		}
		b.WriteString("\n")
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
