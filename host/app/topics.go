package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/internal/fault"
)

// shownTopic is a topic as JSON. A zero retention or size is the cluster's default.
type shownTopic struct {
	Topic            string              `json:"topic"`
	Type             string              `json:"type"`
	Partitions       int                 `json:"partitions"`
	Replication      int                 `json:"replication"`
	IgnoreRack       bool                `json:"ignore_rack_assignment"`
	RetentionSeconds int64               `json:"retention_seconds"`
	SegmentSize      uint32              `json:"segment_size"`
	MaxPartitionSize uint64              `json:"max_partition_size"`
	Compression      string              `json:"compression"`
	Deduplication    *shownDeduplication `json:"deduplication"`
	System           bool                `json:"system"`
	Status           string              `json:"status"`
	Reason           string              `json:"reason"`
	Replicas         map[uint32][]int32  `json:"replicas"`
}

type shownDeduplication struct {
	Filter     string            `json:"filter"`
	Params     map[string]string `json:"params,omitempty"`
	Count      uint64            `json:"count"`
	AgeSeconds float64           `json:"age_seconds"`
}

func showTopic(t admin.Topic) shownTopic {
	s := shownTopic{
		Topic: t.Name, Type: t.Type, Partitions: t.Partitions, Replication: t.Replication, IgnoreRack: t.Config.IgnoreRack,
		RetentionSeconds: int64(t.Config.Retention / time.Second), SegmentSize: t.Config.SegmentSize, MaxPartitionSize: t.Config.MaxPartitionSize,
		Compression: t.Config.Compression.String(), System: t.Config.System, Status: t.Status, Reason: t.Reason, Replicas: t.Replicas,
	}
	if d := t.Config.Deduplication; d != nil {
		s.Deduplication = &shownDeduplication{d.Filter, d.Params, d.Count, d.Age.Seconds()}
	}
	return s
}

// topicColumns are those of a list; a description has them too.
var topicColumns = []column[shownTopic]{
	{"NAME", func(t shownTopic) string { return t.Topic }},
	{"TYPE", func(t shownTopic) string { return t.Type }},
	{"PARTITIONS", func(t shownTopic) string { return strconv.Itoa(t.Partitions) }},
	{"REPLICATION", func(t shownTopic) string { return strconv.Itoa(t.Replication) }},
	{"RETENTION", func(t shownTopic) string {
		return orDefault(t.RetentionSeconds, time.Duration(t.RetentionSeconds)*time.Second)
	}},
	{"COMPRESSION", func(t shownTopic) string { return t.Compression }},
	{"DEDUPLICATION", func(t shownTopic) string {
		if t.Deduplication == nil {
			return ""
		}
		return t.Deduplication.Filter
	}},
	{"STATUS", func(t shownTopic) string { return t.Status }},
	{"REASON", func(t shownTopic) string { return t.Reason }},
}

var topicDetails = append(slices.Clone(topicColumns),
	column[shownTopic]{"SEGMENT SIZE", func(t shownTopic) string { return orDefault(t.SegmentSize, t.SegmentSize) }},
	column[shownTopic]{"MAX PARTITION SIZE", func(t shownTopic) string { return orDefault(t.MaxPartitionSize, t.MaxPartitionSize) }},
	column[shownTopic]{"DEDUPLICATION WITHIN", func(t shownTopic) string {
		if t.Deduplication == nil {
			return ""
		}
		return fmt.Sprintf("%d records, %gs", t.Deduplication.Count, t.Deduplication.AgeSeconds)
	}},
	column[shownTopic]{"SYSTEM", func(t shownTopic) string { return strconv.FormatBool(t.System) }},
)

// orDefault shows a value, or that it is the cluster's to choose.
func orDefault[N int64 | uint32 | uint64](n N, shown any) string {
	if n == 0 {
		return "default"
	}
	return fmt.Sprint(shown)
}

// CreateTopic creates a topic. A dry run only checks.
func CreateTopic(ctx context.Context, c Cluster, name string, t admin.TopicConfig, out Output) error {
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		err := a.CreateTopic(ctx, name, t)
		if errors.Is(err, admin.ErrNotProvisioned) {
			return fmt.Errorf("topic %s is created, but not all its partitions are placed on SPUs, and no record can be sent to those: %w; "+
				"'weir topic delete %s' deletes it, 'weir spu list' shows how many SPUs there are", name, err, name)
		}
		if err != nil {
			return err
		}
		if t.DryRun {
			return out.print(map[string]any{"topic": name, "dry_run": true}, "topic %s could be created", name)
		}
		partitions := max(int(t.Partitions), 1)
		if len(t.Assigned) > 0 {
			partitions = len(t.Assigned)
		}
		return out.print(map[string]any{"topic": name, "partitions": partitions}, "topic %s created", name)
	})
}

// ListTopics lists topics, those of the system on their own.
func ListTopics(ctx context.Context, c Cluster, system bool, out Output) error {
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		list := func(ctx context.Context) ([]admin.Topic, error) { return a.Topics(ctx) }
		if system {
			list = a.SystemTopics
		}
		topics, err := list(ctx)
		if err != nil {
			return err
		}
		return printList(out, shown(topics, showTopic), topicColumns)
	})
}

// DescribeTopic shows one topic.
func DescribeTopic(ctx context.Context, c Cluster, name string, out Output) error {
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		t, err := a.Topic(ctx, name)
		if err != nil {
			return err
		}
		return printDetail(out, showTopic(t), topicDetails)
	})
}

// AddPartitions adds partitions to a topic.
func AddPartitions(ctx context.Context, c Cluster, name string, count uint32, out Output) error {
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		if err := a.AddPartitions(ctx, name, count); err != nil {
			return err
		}
		t, err := a.Topic(ctx, name)
		if err != nil {
			return err
		}
		return out.print(map[string]any{"topic": name, "added": count, "partitions": t.Partitions},
			"topic %s has %d partitions more, %d in all", name, count, t.Partitions)
	})
}

// DeleteConfig says how several things are deleted.
type DeleteConfig struct {
	Names           []string
	ContinueOnError bool // go on with the next one
	System          bool // even topics of the system
	// Confirm is asked before a system topic is deleted; nil: nobody is asked.
	Confirm func(question string) bool
	Failed  func(error) // told of errors that do not end it
}

// each deletes one by one. The error names all that failed.
func (d DeleteConfig) each(delete func(name string) error) error {
	failed := 0
	var first error
	for _, name := range d.Names {
		err := absent(delete(name))
		if err == nil {
			continue
		}
		if !d.ContinueOnError {
			return err
		}
		d.Failed(err)
		if failed++; first == nil {
			first = classed(err)
		}
	}
	if failed == 0 {
		return nil
	}
	err := fmt.Errorf("%d of %d are not deleted", failed, len(d.Names))
	if fault.Of(first) == fault.Input {
		return fault.InputError(err)
	}
	return fault.EnvironmentError(err)
}

// DeleteTopics deletes topics and their records.
func DeleteTopics(ctx context.Context, c Cluster, d DeleteConfig, out Output) error {
	return c.WithAdmin(ctx, func(a *admin.Admin) error {
		return d.each(func(name string) error {
			err := a.DeleteTopic(ctx, name)
			if errors.Is(err, admin.ErrSystemTopic) {
				err = d.deleteSystemTopic(ctx, a, name, err)
			}
			if err != nil {
				return err
			}
			return out.print(map[string]any{"topic": name, "deleted": true}, "topic %s deleted", name)
		})
	})
}

// deleteSystemTopic deletes it if that is wanted and confirmed; else it returns the refusal.
func (d DeleteConfig) deleteSystemTopic(ctx context.Context, a *admin.Admin, name string, refusal error) error {
	if !d.System {
		return fmt.Errorf("%w; --system deletes it, and the cluster may not do without", refusal)
	}
	if d.Confirm != nil && !d.Confirm(fmt.Sprintf("delete the system topic %s, which the cluster may not do without?", name)) {
		return fault.Inputf("topic %s is not deleted: it was not confirmed; --force asks nobody", name)
	}
	return a.ForceDeleteTopic(ctx, name)
}

// ReadAssignment reads a replica assignment as Fluvio's own command line takes it: [{"id": 0, "replicas": [5001, 5002]}, …].
func ReadAssignment(file string) ([][]int32, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.InputError(err)
	}
	var partitions []struct {
		ID       *uint32 `json:"id"`
		Replicas []int32 `json:"replicas"`
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&partitions); err != nil {
		return nil, fault.Inputf(`%s: %w; want [{"id": 0, "replicas": [5001]}, …]`, file, err)
	}
	assigned := make([][]int32, 0, len(partitions))
	for i, p := range partitions {
		if p.ID == nil || *p.ID != uint32(i) || len(p.Replicas) == 0 {
			return nil, fault.Inputf("%s: entry %d: want id %d and at least one SPU as replica", file, i, i)
		}
		assigned = append(assigned, p.Replicas)
	}
	if len(assigned) == 0 {
		return nil, fault.Inputf("%s: no partitions", file)
	}
	return assigned, nil
}

// shown translates a list.
func shown[T, S any](items []T, show func(T) S) []S {
	out := make([]S, len(items))
	for i := range items {
		out[i] = show(items[i])
	}
	return out
}
