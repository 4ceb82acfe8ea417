package app

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/weir-stream/weir/fluvio/admin"
)

// shownPartition is a partition as JSON. Offsets and sizes below 0 are not known.
type shownPartition struct {
	Topic         string  `json:"topic"`
	Partition     uint32  `json:"partition"`
	Leader        int32   `json:"leader"`
	Replicas      []int32 `json:"replicas"`
	Status        string  `json:"status"`
	Size          int64   `json:"size"`
	LogStart      int64   `json:"log_start"`
	HighWatermark int64   `json:"high_watermark"`
	LogEnd        int64   `json:"log_end"`
	System        bool    `json:"system"`
}

func showPartition(p admin.Partition) shownPartition {
	return shownPartition{p.Topic, p.Partition, p.Leader, p.Replicas, p.Status, p.Size, p.LogStart, p.HighWatermark, p.LogEnd, p.System}
}

var partitionColumns = []column[shownPartition]{
	{"TOPIC", func(p shownPartition) string { return p.Topic }},
	{"PARTITION", func(p shownPartition) string { return strconv.FormatUint(uint64(p.Partition), 10) }},
	{"LEADER", func(p shownPartition) string { return strconv.Itoa(int(p.Leader)) }},
	{"REPLICAS", func(p shownPartition) string { return strings.Trim(fmt.Sprint(p.Replicas), "[]") }},
	{"STATUS", func(p shownPartition) string { return p.Status }},
	{"SIZE", func(p shownPartition) string { return known(p.Size) }},
	{"BASE", func(p shownPartition) string { return known(p.LogStart) }},
	{"HW", func(p shownPartition) string { return known(p.HighWatermark) }},
	{"LEO", func(p shownPartition) string { return known(p.LogEnd) }},
}

// known is a number, or empty where it is not known.
func known(n int64) string {
	if n < 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// ListPartitions lists the partitions of topics, or of all but those of the system, or of the system's alone.
func ListPartitions(ctx context.Context, c Cluster, topics []string, system bool, out Output) error {
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		if len(topics) > 0 { // a topic that is not there has no partitions, but that is no answer
			if _, err := a.Topics(ctx, topics...); err != nil {
				return err
			}
		}
		var partitions []admin.Partition
		var err error
		if system {
			partitions, err = a.SystemPartitions(ctx)
		} else {
			partitions, err = a.Partitions(ctx, topics...)
		}
		if err != nil {
			return err
		}
		return printList(out, shown(partitions, showPartition), partitionColumns)
	})
}
