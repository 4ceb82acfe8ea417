package app

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/weir-stream/weir/fluvio"
	"github.com/weir-stream/weir/fluvio/admin"
	"github.com/weir-stream/weir/host/checkpoint"
)

// completionTime is how long a shell waits for names: nobody wants to wait longer for a key press.
const completionTime = 2 * time.Second

// TopicNames are the names of topics, for shells to complete. A cluster that can't be asked has none.
func TopicNames(ctx context.Context, c Cluster) []string {
	return objectNames(ctx, c, func(ctx context.Context, a *admin.Admin) ([]admin.Topic, error) { return a.Topics(ctx) },
		func(t admin.Topic) string { return t.Name })
}

// SmartModuleNames are the names of SmartModules, for shells to complete.
func SmartModuleNames(ctx context.Context, c Cluster) []string {
	return objectNames(ctx, c, func(ctx context.Context, a *admin.Admin) ([]admin.SmartModule, error) { return a.SmartModules(ctx) },
		func(m admin.SmartModule) string { return m.Key() })
}

// ConsumerNames are the ids of consumers that have stored offsets, for shells to complete.
func ConsumerNames(ctx context.Context, c Cluster) (ids []string) {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	c.RetryBudget = 0
	_ = c.withClient(ctx, func(client *fluvio.Client) error { // names or none: there is nobody to tell
		offsets, err := client.ConsumerOffsets(ctx, fluvio.ConsumerOffsetFilter{})
		for _, o := range offsets {
			ids = append(ids, o.ID)
		}
		return err
	})
	slices.Sort(ids)
	return slices.Compact(ids) // one has an offset for each partition
}

// PipelineNames are the pipelines that a state folder has something of, for shells to complete. A folder that can't be read has none.
func PipelineNames(folder string) (names []string) {
	return laneNames(folder, func(s checkpoint.State) (string, bool) { return s.Pipeline, true })
}

// PipelinePartitions are the partitions of a pipeline that a state folder has something of, for shells to complete.
func PipelinePartitions(folder, pipeline string) []string {
	return laneNames(folder, func(s checkpoint.State) (string, bool) {
		return strconv.FormatUint(uint64(s.Partition), 10), s.Pipeline == pipeline
	})
}

func laneNames(folder string, name func(checkpoint.State) (name string, wanted bool)) (all []string) {
	states, _ := checkpoint.Dir{Path: folder}.List() // names or none: there is nobody to tell
	for _, s := range states {
		if n, wanted := name(s); wanted {
			all = append(all, n)
		}
	}
	return slices.Compact(all) // by pipeline and partition
}

func objectNames[T any](ctx context.Context, c Cluster, list func(context.Context, *admin.Admin) ([]T, error), name func(T) string) (all []string) {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	c.RetryBudget = 0
	_ = c.WithAdmin(ctx, func(a *admin.Admin) error { // names or none: there is nobody to tell
		items, err := list(ctx, a)
		for _, item := range items {
			all = append(all, name(item))
		}
		return err
	})
	return all
}
