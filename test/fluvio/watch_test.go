package behaviour

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/weir-stream/weir/fluvio/admin"
)

// watchedTopic has a watch see the life of a topic, step by step.
func watchedTopic(t *testing.T, s *server) {
	ctx, cancel := context.WithCancel(limited(t))
	defer cancel()
	c := s.connect(t)
	name, other := s.name(), admin.New(s.connect(t))
	steps := []func() error{
		func() error { return other.CreateTopic(ctx, name, partitions(1)) },
		func() error { return other.AddPartitions(ctx, name, 1) },
		func() error { return other.DeleteTopic(ctx, name) },
	}
	s.deleteLater(t, name)
	step := func() {
		if err := steps[0](); err != nil {
			t.Error(err)
			cancel()
		}
		steps = steps[1:]
	}
	for change, err := range admin.New(c).WatchTopics(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		mine := change.Object.Name == name
		switch {
		case change.Type == admin.Current && len(steps) == 3, // all there was has been told
			mine && change.Type == admin.Put && change.Object.Status == "Provisioned" && change.Object.Partitions == 1 && len(steps) == 2,
			mine && change.Type == admin.Put && change.Object.Partitions == 2 && len(steps) == 1:
			step()
		case mine && change.Type == admin.Deleted && len(steps) == 0:
			return
		}
	}
}

// watchesBegin has watches of other objects tell first what there is.
func watchesBegin(t *testing.T, s *server) {
	ctx, c := limited(t), s.connect(t)
	a := admin.New(c)
	topic, module, spu := s.topic(t, c, partitions(2)), s.smartModule(t, a), spuID(t, c)
	mine := 0
	if err := untilCurrent(a.WatchPartitions(ctx), func(p admin.Partition) bool { return p.Topic == topic }, &mine); err != nil || mine != 2 {
		t.Errorf("partitions: %d of 2, %v", mine, err)
	}
	if err := untilCurrent(a.WatchSPUs(ctx), func(x admin.SPU) bool { return x.ID == spu }, &mine); err != nil || mine != 1 {
		t.Errorf("SPUs: %d of 1, %v", mine, err)
	}
	if err := untilCurrent(a.WatchSmartModules(ctx), func(m admin.SmartModule) bool { return m.Name == module }, &mine); err != nil || mine != 1 {
		t.Errorf("SmartModules: %d of 1, %v", mine, err)
	}
}

// untilCurrent counts, until everything there is has been told, the objects that are looked for.
func untilCurrent[T any](changes iter.Seq2[admin.Change[T], error], wanted func(T) bool, count *int) error {
	*count = 0
	for change, err := range changes {
		switch {
		case err != nil:
			return err
		case change.Type == admin.Current:
			return nil
		case change.Type == admin.Put && wanted(change.Object):
			*count++
		}
	}
	return errors.New("the watch ended")
}
